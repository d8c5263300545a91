"""A bank's dialler as a process of its own: `python dialler.py PORT SECRET`. It asks, dials nobody, tells, and misbehaves.

Written from its side of docs/campaigns.md; it shares no code with Dunwell. It is told by lines of JSON on stdin, answers
on stdout, and listens on a port of its own for what is taken back.
"""

import hashlib
import hmac
import json
import random
import sys
import threading
import time
import urllib.error
import urllib.request
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

BASE, SECRET = sys.argv[1], sys.argv[2]
pulled, dialled = [], {}
deaf = {"hook": False}


def signed(body):
    moment, nonce = str(int(time.time())), hashlib.sha256(str(random.random()).encode()).hexdigest()[:16]  # noqa: S311
    text = f"{moment}\n{nonce}\n".encode() + body
    signature = hmac.new(SECRET.encode(), text, hashlib.sha256).hexdigest()
    return {
        "X-Dunwell-Timestamp": moment, "X-Dunwell-Nonce": nonce, "X-Dunwell-Signature": signature,
        "Content-Type": "application/json",
    }  # fmt: skip


def ask(path, body=None):
    raw = f"GET {path}".encode() if body is None else json.dumps(body).encode()
    request = urllib.request.Request(  # noqa: S310
        BASE + path, None if body is None else raw, signed(raw), method="GET" if body is None else "POST"
    )
    try:
        with urllib.request.urlopen(request, timeout=30) as answer:  # noqa: S310
            return answer.status, json.loads(answer.read())
    except urllib.error.HTTPError as refused:
        return refused.code, {"said": refused.read().decode()[:300]}
    except (OSError, ValueError) as gone:
        return 0, {"said": type(gone).__name__}


class Hook(BaseHTTPRequestHandler):
    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        text = f"{self.headers['X-Dunwell-Timestamp']}\n{self.headers['X-Dunwell-Nonce']}\n".encode() + body
        right = hmac.new(SECRET.encode(), text, hashlib.sha256).hexdigest() == self.headers["X-Dunwell-Signature"]
        if right and not deaf["hook"]:
            pulled.extend(one["reference"] for one in json.loads(body)["pulled"])
        self.send_response(503 if deaf["hook"] else 200 if right else 401)
        self.end_headers()

    def log_message(self, *_):
        pass


def record(campaign, reference, call_id, at, **fields):
    return {"reference": reference, "call_id": call_id, "started_at": at.isoformat(), **fields}


def dial(campaign, reference, call_id, outcome):
    """Asks until somebody answers; dials only what was allowed; the records of the call, the unfinished one first."""
    for _ in range(60):
        status, answer = ask(f"/api/campaigns/{campaign}/dials", {"reference": reference, "call_id": call_id})
        if status:
            break
        time.sleep(0.2)
    if status != 200 or answer["refused"] or not answer.get("number"):
        return answer, []
    at = datetime.now(UTC) - timedelta(seconds=2)
    dialled.setdefault(reference, []).append(call_id)
    ring = record(campaign, reference, call_id, at)
    end = at + timedelta(seconds=1)
    talk = {"answered_at": at.isoformat()} if outcome in ("PTP", "TALK") else {}
    return answer, [ring, {**ring, **talk, "ended_at": end.isoformat(), "outcome": outcome, "agent": "A-7",
                           "caller_number": answer["caller_number"]}]  # fmt: skip


def tell(campaign, records):
    """Twice and out of order, until the server has taken all of them."""
    told = records * 2
    random.shuffle(told)
    for first in range(0, len(told), 7):
        while ask(f"/api/campaigns/{campaign}/results", told[first : first + 7])[0] != 200:
            time.sleep(0.2)


def work(campaign, rounds, workers, never):
    """Several callers at once, every entry again and again; a share of calls is never told."""
    status, page = ask(f"/api/campaigns/{campaign}/entries?after=0")
    jobs = [(one["reference"], nr) for nr in range(rounds) for one in page["entries"]]
    random.shuffle(jobs)
    lock = threading.Lock()

    def caller():
        while True:
            with lock:
                if not jobs:
                    return
                reference, nr = jobs.pop()
            outcome = random.choice(["NOANS", "BUSY", "PTP"])  # noqa: S311
            _, records = dial(campaign, reference, f"{reference}-{nr}", outcome)
            if records and random.random() >= never:  # noqa: S311
                tell(campaign, records)

    threads = [threading.Thread(target=caller) for _ in range(workers)]
    for one in threads:
        one.start()
    for one in threads:
        one.join()
    return {"dialled": dialled}


def main():
    server = ThreadingHTTPServer(("127.0.0.1", 0), Hook)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    print(json.dumps({"event": "listening", "port": server.server_address[1]}), flush=True)
    for line in sys.stdin:
        wish = json.loads(line)
        do = wish.pop("do")
        if do == "ask":
            status, answer = ask(wish["path"], wish.get("body"))
            print(json.dumps({"event": "answer", "status": status, "said": answer}), flush=True)
        elif do == "pulled":
            print(json.dumps({"event": "pulled", "references": list(pulled)}), flush=True)
        elif do == "deaf":
            deaf["hook"] = wish["on"]
            print(json.dumps({"event": "obeyed"}), flush=True)
        elif do == "work":
            print(json.dumps({"event": "worked", **work(**wish)}), flush=True)


main()
