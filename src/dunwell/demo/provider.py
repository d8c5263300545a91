"""A payment provider to try with: `python -m dunwell.demo.provider`. No money moves.

Written from the provider's side of docs/selfservice.md; it shares no code with the rest. A browser comes with a signed
order, somebody presses "pay", and the provider posts what came of it until it is heard. On stdin it takes lines of JSON
(`{"to": {...}}`) that make it misbehave, for tests; what it does goes to stdout.
"""

from __future__ import annotations

import argparse
import base64
import html
import json
import os
import secrets
import socket
import sys
import threading
import time
import urllib.error
import urllib.request
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qsl, urlsplit

import yaml
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

CODE, MERCHANT = "sample-pay", "sample-merchant"
NAMES = {"zh-hans": "示例支付", "en": "Sample Pay"}
AGAIN_AFTER = (1, 2, 5, 15, 60, 300)  # seconds between attempts that were not heard
PAGE = """<!doctype html><html lang="zh-Hans"><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<link rel="icon" href="data:,"><title>示例支付 Sample Pay</title><body><h1>示例支付 Sample Pay</h1>
<p>{currency} {amount}</p><p>收款账户 Into account: {account}</p>
<form method="post" action="/pay"><input type="hidden" name="order" value="{order}">
<p><button name="what" value="paid">确认支付 Pay</button> <button name="what" value="failed">取消 Cancel</button></p></form>
<p>这是演示，不会真的扣款。 This is a demonstration; no money moves.</p></body></html>"""

orders: dict[str, dict[str, str]] = {}
told: dict[str, object] = {}


def say(**event: object) -> None:
    sys.stdout.write(json.dumps(event, ensure_ascii=False) + "\n")
    sys.stdout.flush()


def tell(order: dict[str, str], body: bytes, signature: str) -> None:
    """Post what came of an order until it is heard."""
    for pause in (0, *AGAIN_AFTER):
        time.sleep(pause)
        head = {"Content-Type": "application/json", "X-Signature": signature}
        try:
            with urllib.request.urlopen(urllib.request.Request(order["tell"], body, head), timeout=10) as heard:
                say(event="told", order=order["orderNo"], status=heard.status)
                return
        except urllib.error.HTTPError as error:
            say(event="told", order=order["orderNo"], status=error.code)
            if error.code in (401, 404):
                return
        except OSError as error:
            say(event="not heard", order=order["orderNo"], error=str(error))


def come_to_pass(order: dict[str, str], what: str) -> None:
    """The order is paid or given up: say so to who asked, once, or as a test wishes."""
    said = {
        "merchant": order["merchant"], "orderNo": order["orderNo"], "reference": f"P{secrets.token_hex(8)}", "state": what,
        "amount": order["amount"], "currency": order["currency"], "account": order["account"],
        "paidAt": datetime.now(UTC).isoformat(timespec="seconds"), **dict(told.get("instead") or {}),
    }  # fmt: skip
    body = json.dumps(said).encode()
    signature = base64.b64encode(KEY.sign(body)).decode()
    if told.get("hold"):
        say(event="held", order=order["orderNo"], body=body.decode(), signature=signature)
        return
    for _ in range(int(told.get("times", 1))):  # type: ignore[call-overload]
        threading.Thread(target=tell, args=(order, body, signature), daemon=True).start()


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        fields = dict(parse_qsl(urlsplit(self.path).query, keep_blank_values=True))
        signature = fields.pop("signature", "")
        text = "\n".join(f"{name}={fields[name]}" for name in sorted(fields))
        try:
            MERCHANT_KEY.verify(base64.urlsafe_b64decode(signature), text.encode())
        except (InvalidSignature, ValueError):
            self.answer(400, "The order is not signed by the merchant.")
            return
        orders[fields["orderNo"]] = fields
        shown = {name: html.escape(fields[name]) for name in ("currency", "amount", "account")}
        self.answer(200, PAGE.format(**shown, order=html.escape(fields["orderNo"])))

    def do_POST(self) -> None:
        form = dict(parse_qsl(self.rfile.read(int(self.headers["Content-Length"])).decode()))
        order = orders.get(form.get("order", ""))
        if order is None:
            self.answer(404, "There is no such order.")
            return
        come_to_pass(order, "paid" if form.get("what") == "paid" else "failed")
        self.send_response(303)
        self.send_header("Location", order["back"])
        self.send_header("Content-Length", "0")
        self.end_headers()

    def answer(self, status: int, text: str) -> None:
        data = text.encode()
        self.send_response(status)
        self.send_header("Content-Type", "text/html; charset=utf-8")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, *_: object) -> None:
        pass


def own_key(path: Path) -> Ed25519PrivateKey:
    if not path.exists():
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "wb") as out:
            out.write(Ed25519PrivateKey.generate().private_bytes_raw())
    return Ed25519PrivateKey.from_private_bytes(path.read_bytes())


def listening(fd: int | None) -> ThreadingHTTPServer:
    if fd is None:
        return ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    web = ThreadingHTTPServer(("127.0.0.1", 0), Handler, bind_and_activate=False)
    web.socket.close()
    web.socket = socket.socket(fileno=fd)
    web.server_address = web.socket.getsockname()
    web.server_name, web.server_port = str(web.server_address[0]), int(web.server_address[1])
    return web


parser = argparse.ArgumentParser(prog="dunwell.demo.provider")
parser.add_argument("--fd", type=int, help="a listening socket that was inherited")
parser.add_argument("--address", default="", help="where browsers reach it")
parser.add_argument("--merchant", type=Path, required=True, help="the merchant's public key, 32 bytes")
parser.add_argument("--key", type=Path, required=True, help="its own private key; made when it is not there")
parser.add_argument("--tell-us", type=Path, required=True, help="the payments.yaml that it writes for the merchant")

if __name__ == "__main__":
    options = parser.parse_args()
    KEY = own_key(options.key)
    MERCHANT_KEY = Ed25519PublicKey.from_public_bytes(options.merchant.read_bytes())
    server = listening(options.fd)
    address = options.address or f"http://127.0.0.1:{server.server_address[1]}"
    file = {
        "code": CODE, "name": NAMES, "merchant": MERCHANT, "checkout": f"{address}/checkout",
        "key": base64.b64encode(KEY.public_key().public_bytes_raw()).decode(),
    }  # fmt: skip
    draft = options.tell_us.with_suffix(".part")
    draft.write_text(yaml.safe_dump(file, allow_unicode=True), encoding="utf-8")
    draft.replace(options.tell_us)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    say(event="listening", address=address)
    for line in sys.stdin:
        told.update(json.loads(line)["to"])
        say(event="obeyed")
    threading.Event().wait()  # without a stdin it serves until it is ended
