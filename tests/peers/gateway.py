"""A provider's HTTP gateway as a process of its own: `python gateway.py SECRET`. It knows bizIds, and misbehaves on wish.

What it is told comes as a line of JSON on stdin, what it sees goes to stdout. Written from the provider's side of
docs/channels.md; it shares no code with Dunwell.
"""

import hashlib
import hmac
import json
import os
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

SECRET = sys.argv[1]
told = {"answer": "OK", "status": 200, "vanish": False, "parts": 1}
known, lock = {}, threading.Lock()


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        moment, nonce = self.headers["X-Dunwell-Timestamp"], self.headers["X-Dunwell-Nonce"]
        right = hmac.new(SECRET.encode(), f"{moment}\n{nonce}\n".encode() + body, hashlib.sha256).hexdigest()
        if right != self.headers["X-Dunwell-Signature"]:
            self.answer(401, {"code": "SIGNATURE"})
            return
        said = json.loads(body)
        with lock:
            again = said["bizId"] in known
            number = known.setdefault(said["bizId"], f"g{len(known) + 1}")
        print(json.dumps({"event": "message", "again": again, "msgId": number, **said}), flush=True)
        if told["vanish"]:
            self.close_connection = True
            self.connection.close()
            return
        good = told["answer"] == "OK"
        if not good:
            known.pop(said["bizId"])
        self.answer(
            told["status"], {"code": told["answer"], **({"msgId": number, "parts": told["parts"]} if good else {})}
        )

    def answer(self, status, body):
        data = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, *_):
        pass


server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
threading.Thread(target=server.serve_forever, daemon=True).start()
print(json.dumps({"event": "listening", "port": server.server_address[1]}), flush=True)
for line in sys.stdin:
    told.update(json.loads(line)["to"])
    print(json.dumps({"event": "obeyed"}), flush=True)
os._exit(0)
