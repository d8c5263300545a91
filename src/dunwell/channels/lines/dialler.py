"""What we push to a dialler: signed JSON to its web-hook."""

from __future__ import annotations

import http.client
import json
import secrets
import ssl
from datetime import datetime
from urllib.parse import urlsplit

from dunwell.channels.lines import signing
from dunwell.channels.lines.reading import Line


def post(line: Line, said: dict[str, object], now: datetime) -> bool:
    """Whether the dialler took it (HTTP 2xx). An answer that does not come counts as not taken: it is told again."""
    to, timeout = urlsplit(line.options["url"]), min(line.options["timeout_seconds"], 5)
    connection = (
        http.client.HTTPSConnection(to.netloc, timeout=timeout, context=ssl.create_default_context())
        if to.scheme == "https"
        else http.client.HTTPConnection(to.netloc, timeout=timeout)
    )
    body = json.dumps(said, separators=(",", ":")).encode()
    moment, nonce = str(int(now.timestamp())), secrets.token_hex(12)
    headers = {
        "Content-Type": "application/json; charset=utf-8",
        signing.MOMENT: moment,
        signing.NONCE: nonce,
        signing.SIGNATURE: signing.sign(line.options["secret"], moment, nonce, body),
    }
    try:
        connection.request("POST", to.path or "/", body, headers)
        return 200 <= connection.getresponse().status < 300
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()
