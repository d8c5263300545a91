"""The bank's host as a process of its own: `python host.py OUT BACK DAY [REJECTED_KIND …]`.

It reads every file of instructions below OUT once, books what it does not refuse, each number once, and leaves its answers
as `BACK/instruction_answers_DAY.csv`. Written from the host's side of docs/arrangements.md; it shares no code with Dunwell.
"""

import csv
import json
import sys
from pathlib import Path

out, back, day, refuses = Path(sys.argv[1]), Path(sys.argv[2]), sys.argv[3], set(sys.argv[4:])
back.mkdir(exist_ok=True)
ledger = back / "booked.json"
booked = json.loads(ledger.read_text()) if ledger.exists() else {}
answers = []
for path in sorted(out.glob("instructions_*.csv")):
    with path.open(newline="", encoding="utf-8") as file:
        for row in csv.DictReader(file):
            if row["instruction_id"] in booked:
                continue
            payload = json.loads(row["payload"])
            if row["kind"] == "plan_booking":
                assert sum(round(float(each[2]) * 100) for each in payload["instalments"] if each[0]) == round(
                    float(row["amount"]) * 100
                )
            no = row["kind"] in refuses
            booked[row["instruction_id"]] = "rejected" if no else "confirmed"
            reason = "blocked by the card system" if no else ""
            answers.append(
                [row["instruction_id"], booked[row["instruction_id"]], day, reason, f"H{row['instruction_id']}"]
            )
ledger.write_text(json.dumps(booked))
with (back / f"instruction_answers_{day}.csv").open("w", newline="", encoding="utf-8") as file:
    writer = csv.writer(file)
    writer.writerow(["instruction_id", "answer", "booked_on", "reason", "host_ref"])
    writer.writerows(answers)
print(len(answers))
