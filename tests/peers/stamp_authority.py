"""A time-stamping authority: `openssl ts` behind a small web server. Prints its address as one line of JSON.

python -m tests.peers.stamp_authority FOLDER      makes its certificates there: ca.pem is the one to trust
"""

from __future__ import annotations

import http.server
import json
import subprocess
import sys
from pathlib import Path

CONFIG = """
[tsa]
serial = {folder}/serial
signer_cert = {folder}/tsa.pem
signer_key = {folder}/tsa.key
certs = {folder}/ca.pem
signer_digest = sha256
default_policy = 1.2.3.4.1
digests = sha256
ordering = no
tsa_name = no
ess_cert_id_chain = no
"""


def openssl(*words: str) -> None:
    subprocess.run(["openssl", *words], check=True, capture_output=True)


def make(folder: Path) -> None:
    """A certificate authority and a signer for time stamping."""
    (folder / "serial").write_text("01\n")
    (folder / "ts.cnf").write_text(CONFIG.format(folder=folder))
    (folder / "ext").write_text("extendedKeyUsage=critical,timeStamping\nkeyUsage=critical,digitalSignature\n")
    openssl("req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "3650", "-subj", "/CN=Test authority",
            "-addext", "keyUsage=critical,keyCertSign,cRLSign", "-keyout", f"{folder}/ca.key",
            "-out", f"{folder}/ca.pem")  # fmt: skip
    openssl("req", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=Test stamper", "-keyout", f"{folder}/tsa.key",
            "-out", f"{folder}/tsa.csr")  # fmt: skip
    openssl("x509", "-req", "-days", "3650", "-in", f"{folder}/tsa.csr", "-CA", f"{folder}/ca.pem", "-CAkey",
            f"{folder}/ca.key", "-CAcreateserial", "-extfile", f"{folder}/ext", "-out", f"{folder}/tsa.pem")  # fmt: skip


def serve(folder: Path) -> None:
    class Authority(http.server.BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            asked = folder / "asked.tsq"
            asked.write_bytes(self.rfile.read(int(self.headers["Content-Length"])))
            answer = folder / "answer.tsr"
            openssl("ts", "-reply", "-config", f"{folder}/ts.cnf", "-section", "tsa", "-queryfile", str(asked),
                    "-out", str(answer))  # fmt: skip
            self.send_response(200)
            self.send_header("Content-Type", "application/timestamp-reply")
            self.end_headers()
            self.wfile.write(answer.read_bytes())

        def log_message(self, *_: object) -> None:
            pass

    server = http.server.HTTPServer(("127.0.0.1", 0), Authority)
    print(json.dumps({"event": "ready", "url": f"http://127.0.0.1:{server.server_port}/"}), flush=True)
    server.serve_forever()


if __name__ == "__main__":
    place = Path(sys.argv[1])
    if not (place / "ca.pem").exists():
        make(place)
    serve(place)
