"""A gateway over HTTP, as Chinese providers have it: for SMS by registered signature and approved template, and for
what an app, a WeChat service account or 企业微信 shows by the bank's own message hub (docs/channels.md gives the calls)."""

from __future__ import annotations

import http.client
import json
import secrets
import ssl
import time
from datetime import UTC
from urllib.parse import urlsplit

from dunwell.channels.lines import signing
from dunwell.channels.lines.port import HandedOver, Parcel, Part
from dunwell.channels.lines.reading import Line

BUSINESS_ID = "dw-"  # before the message's number: the same at every attempt, and given back in receipts
LATER = frozenset({"THROTTLED", "BUSY"})
DEAD = frozenset({"MOBILE_INVALID", "USER_UNKNOWN"})


class Gateway:
    """One gateway, one kept connection."""

    def __init__(self, line: Line) -> None:
        self.line = line
        self._connection: http.client.HTTPConnection | None = None

    def open(self) -> None:
        """A connection, unless there is one; OSError when it cannot be had now."""
        if self._connection is None:
            to, timeout = urlsplit(self.line.options["url"]), self.line.options["timeout_seconds"]
            connection = (
                http.client.HTTPSConnection(to.netloc, timeout=timeout, context=ssl.create_default_context())
                if to.scheme == "https"
                else http.client.HTTPConnection(to.netloc, timeout=timeout)
            )
            connection.connect()
            self._connection = connection

    def close(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def hand_over(self, parcel: Parcel) -> HandedOver:
        """Post one message. An answer that does not come, or is none of the gateway's own, leaves it in doubt."""
        try:
            self.open()
        except OSError as down:
            return HandedOver("refused", f"{type(down).__name__}: {down}", begun=False, line_down=True)
        body = json.dumps(self._body(parcel), ensure_ascii=False, separators=(",", ":")).encode()
        moment, nonce = str(int(time.time_ns() // 1_000_000_000)), secrets.token_hex(12)
        headers = {
            "Content-Type": "application/json; charset=utf-8",
            signing.MOMENT: moment,
            signing.NONCE: nonce,
            signing.SIGNATURE: signing.sign(self.line.options["secret"], moment, nonce, body),
        }
        try:
            self._connection.request("POST", urlsplit(self.line.options["url"]).path or "/", body, headers)  # type: ignore[union-attr]
            answer = self._connection.getresponse()  # type: ignore[union-attr]
            said = answer.read(65_536)
        except (OSError, http.client.HTTPException) as broken:
            self.close()
            return HandedOver("unknown", f"{type(broken).__name__}: {broken}"[:200], line_down=True)
        return self._read(answer.status, said)

    def _body(self, parcel: Parcel) -> dict[str, object]:
        until = parcel.valid_until.astimezone(UTC).isoformat(timespec="seconds") if parcel.valid_until else None
        named = {
            "account": self.line.options["account"],
            "bizId": f"{BUSINESS_ID}{parcel.message_id}",
            "templateCode": parcel.template,
            "templateParam": dict(parcel.values),
            "validUntil": until,
        }
        if self.line.adapter == "http_sms":
            return {**named, "mobile": parcel.to, "signName": parcel.signature}
        return {**named, "service": self.line.options["service"], "user": parcel.to, "text": parcel.text}

    def _read(self, status: int, body: bytes) -> HandedOver:
        try:
            said = json.loads(body)
            code = str(said["code"])
        except (ValueError, KeyError, TypeError):
            if status >= 500:
                return HandedOver("unknown", f"HTTP {status}", line_down=True)
            return HandedOver("refused", f"HTTP {status}", lasting=status != 429, line_down=status in (401, 403, 404))
        if code == "OK" and status < 300:
            billed = max(1, int(said.get("parts", 1)))
            parts = (Part(1, str(said["msgId"])),) if said.get("msgId") else ()
            return HandedOver("sent", parts=parts, billed=billed)
        if status >= 500 and code not in LATER:
            return HandedOver("unknown", f"HTTP {status} {code}"[:80], line_down=True)
        detail = f"{code} {said.get('message', '')}".strip()[:80]
        return HandedOver(
            "refused", detail, lasting=code not in LATER, dead=code in DEAD or code in self.line.options["dead"]
        )
