"""Real telephones for the tests: baresip as the collector's, SIPp as the debtor's. Debian: baresip-core, sip-tester."""

from __future__ import annotations

import contextlib
import math
import os
import shutil
import socket
import struct
import subprocess
import time
import wave
from collections.abc import Iterator
from pathlib import Path

MODULES = "/usr/lib/baresip/modules"
SCENARIOS = Path(__file__).parent


def needed() -> None:
    """One clear line where a program is missing."""
    lacking = [
        name for name, program in (("baresip-core", "baresip"), ("sip-tester", "sipp")) if not shutil.which(program)
    ]
    assert not lacking, f"these tests need {' and '.join(lacking)} (Debian: apt install {' '.join(lacking)})"


def free_port(kind: int = socket.SOCK_STREAM) -> int:
    with socket.socket(socket.AF_INET, kind) as found:
        found.bind(("127.0.0.1", 0))
        return found.getsockname()[1]


@contextlib.contextmanager
def seat(folder: Path) -> Iterator[tuple[int, Path]]:
    """A collector's telephone: its control port, and the folder of its recordings."""
    needed()
    config, sounds = folder / "baresip", folder / "sounds"
    config.mkdir(parents=True)
    sounds.mkdir()
    _tone(folder / "voice.wav")
    (config / "accounts").write_text("<sip:seat@127.0.0.1>;regint=0;audio_codecs=PCMU/8000\n")
    (config / "contacts").write_text("\n")
    for _ in range(5):  # it takes the port after its SIP port too, for TLS, and ends where another has it
        control = free_port()
        (config / "config").write_text(_config(folder, sounds, control))
        with (folder / "baresip.log").open("wb") as said:
            process = subprocess.Popen(
                ["baresip", "-f", str(config)], stdin=subprocess.DEVNULL, stdout=said, stderr=subprocess.STDOUT
            )
        if _listens(process, control):
            break
    else:
        raise AssertionError(f"baresip does not start: {(folder / 'baresip.log').read_text()}")
    try:
        yield control, sounds
    finally:
        process.kill()
        process.wait()


def _config(folder: Path, sounds: Path, control: int) -> str:
    modules = "\n".join(f"module {name}.so" for name in ("account", "g711", "aufile", "sndfile", "menu", "ctrl_tcp"))
    rtp = 20000 + os.getpid() % 1000 * 10  # below the ports that the system hands out
    return (
        f"net_interface 127.0.0.1\nsip_listen 127.0.0.1:{free_port(socket.SOCK_DGRAM)}\n"
        f"audio_player aufile,{folder / 'heard.wav'}\naudio_source aufile,{folder / 'voice.wav'}\naudio_alert none\n"
        f"module_path {MODULES}\n{modules}\nsnd_path {sounds}\nctrl_tcp_listen 127.0.0.1:{control}\n"
        f"rtp_ports {rtp}-{rtp + 9}\n"
    )


def _listens(process: subprocess.Popen, port: int, seconds: float = 20) -> bool:
    until = time.monotonic() + seconds
    while time.monotonic() < until and process.poll() is None:
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
            return True
        time.sleep(0.05)
    process.kill()
    process.wait()
    return False


def _tone(path: Path, seconds: int = 60) -> None:
    with wave.open(str(path), "wb") as out:
        out.setnchannels(1)
        out.setsampwidth(2)
        out.setframerate(8000)
        second = b"".join(struct.pack("<h", int(8000 * math.sin(2 * math.pi * 440 * i / 8000))) for i in range(8000))
        out.writeframes(second * seconds)


@contextlib.contextmanager
def debtor(scenario: str, port: int) -> Iterator[subprocess.Popen]:
    """The debtor's telephone, playing one of the scenarios beside this file for one call."""
    needed()
    command = ["sipp", "-sf", str(SCENARIOS / f"{scenario}.xml"), "-i", "127.0.0.1", "-p", str(port), "-m", "1",
               "-mi", "127.0.0.1", "-mp", str(free_port(socket.SOCK_DGRAM)), "-rtp_echo", "-nostdin", "-timeout", "60"]  # fmt: skip
    process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    until = time.monotonic() + 60
    while time.monotonic() < until and f":{port:04X} " not in Path("/proc/net/udp").read_text():
        time.sleep(0.05)
    try:
        yield process
    finally:
        process.kill()
        process.wait()
