"""Letters a second: our documents beside Typst alone, with the same text and the same data, in one process.

    python -m benchmarks.letters --rounds 5

Ours turns the data into JSON and takes kept fonts and texts; the peer is given the JSON ready and a compiler made once. What
the signature costs is told apart. The aim: at least 80 of 100 of what Typst alone does.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

from benchmarks.parts import measuring

AIM = 0.8
LETTERS = 100
SQUARE = '<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"/>'
NOW = datetime(2026, 11, 24, 2, 0, tzinfo=UTC)


def _data(text: Any, number: int) -> dict[str, Any]:
    from dunwell.channels.rules import TABLE, blocks

    values = {
        "bank": "示例银行", "last4": "1234", "as_of": "2026-11-23", "balance": f"CNY {number:,}.00", "name": "林*远",
        "amount": "CNY 1,500.00", "due_date": "2026-10-19", "case_no": f"C-2611-{number:06}", "table": TABLE["zh-hans"],
    }  # fmt: skip
    lines = [["消费本金", f"{number:,}.00"], ["利息", "800.00"], ["欠款余额", f"{number + 800:,}.00"]]
    return {
        "bank": "示例银行", "title": text.title, "name": "林致远", "address": f"示例路{number}号",
        "date": date(2026, 11, 24), "reference": f"dw-{number}", "code": SQUARE,
        "blocks": blocks(text.body.format_map(values)),
        "accounts": [{"tail": "1234", "currency": "CNY", "as_of": date(2026, 11, 23), "lines": lines}],
    }  # fmt: skip


def _rate(make: Callable[[int], bytes]) -> tuple[float, float]:
    began, cpu = time.perf_counter(), time.process_time()
    for number in range(LETTERS):
        make(number)
    return LETTERS / (time.perf_counter() - began), (time.process_time() - cpu) / LETTERS


def figures(rounds: int) -> list[dict[str, Any]]:
    """Letters a second by CPU time, medians of alternating rounds."""
    import noto_cjk_sans_otc
    import typst

    import dunwell
    from dunwell.channels.services.texts import shipped
    from dunwell.evidence import documents
    from dunwell.evidence.rules import plain

    root = Path(dunwell.__file__).parent
    fonts = str(Path(noto_cjk_sans_otc.__file__).parent)
    compiler = typst.Compiler(
        str(root / "channels/typst/letter.typ"), root=str(root), font_paths=[fonts], ignore_system_fonts=True
    )
    text = next(t for t in shipped() if t.code == "LETTER-DEMAND" and t.language == "zh-hans")
    given = [_data(text, number) for number in range(LETTERS)]
    text = next(t for t in shipped() if t.code == "LETTER-DEMAND" and t.language == "zh-hans")
    given = [_data(text, number) for number in range(LETTERS)]
    ready = [json.dumps(plain({"author": "x", "language": "zh-hans", **data}), ensure_ascii=False) for data in given]
    stamp = int(NOW.timestamp())

    def bare(number: int) -> bytes:
        return compiler.compile(
            format="pdf", pdf_standards=documents.STANDARDS, sys_inputs={"data": ready[number]}, timestamp=stamp
        )

    def ours(number: int) -> bytes:
        return documents.pdf(room="channels", name="letter", data=given[number], language="zh-hans", now=NOW)

    def sealed(number: int) -> bytes:
        return documents.signed(ours(number), reason="催收函", now=NOW)

    began, began_cpu = time.perf_counter(), time.process_time()
    seconds: dict[str, list[float]] = {"bare": [], "ours": [], "sealed": []}
    for _ in range(rounds):
        for name, make in (("bare", bare), ("ours", ours), ("sealed", sealed)):
            make(0)
            seconds[name].append(_rate(make)[1])
    rate = {name: 1 / statistics.median(found) for name, found in seconds.items()}
    commit = subprocess.run(["git", "rev-parse", "--short", "HEAD"], capture_output=True, text=True).stdout.strip()
    shared = {
        "unit": "letters a CPU second", "reference": round(rate["bare"], 1), "reference_name": "Typst alone, same text and data",
        "wall_s": round(time.perf_counter() - began, 2), "cpu_s": round(time.process_time() - began_cpu, 2),
        "peak_rss_mb": round(measuring.peak_mb(), 1), "rounds": rounds, "commit": commit,
    }  # fmt: skip
    told = []
    for name, figure, aim in (("ours", "letters set", AIM), ("sealed", "letters set and signed", 0)):
        ratio = rate[name] / rate["bare"]
        told.append(
            {"figure": figure, "ours": round(rate[name], 1), "ratio": round(ratio, 3), "aim": aim,
             "met": ratio >= aim, **shared}
        )  # fmt: skip
    return told


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as home:
        os.environ.update(DJANGO_SETTINGS_MODULE="dunwell.settings", DUNWELL_HOME=home, DUNWELL_LOG="WARNING")
        import django

        django.setup()
        found = figures(options.rounds)
    for one in found:
        print(f"{one['figure']}: {one['ours']} {one['unit']}, {one['ratio']} of {one['reference_name']}")
    if options.json:
        options.json.write_text(json.dumps(found, indent=1))


if __name__ == "__main__":
    main()
