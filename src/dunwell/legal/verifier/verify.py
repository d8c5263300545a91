#!/usr/bin/env python3
"""Checks a set of proof. Needs Python 3.9 or newer and nothing else; asks no network, writes nothing.
检验证据包。只需 Python 3.9 及以上版本，不联网，不写文件。

    python3 verify.py                 in the unpacked folder, or
    python3 verify.py BUNDLE.zip      on the file as it was handed over
    python3 verify.py --key HEX …     with the public key that you were given by another way

It checks, and says what is not as it was:
1. every file against its SHA-256 in manifest.json, and that none is missing or added;
2. the signature over manifest.json (Ed25519, RFC 8032);
3. every record of the log: its hash from its fields, its way up the Merkle tree (RFC 6962) to a root,
   the chain of roots to a day's end, and the signature of that day;
4. every message's text against the hash that the log holds of it;
5. of what was destroyed when its period had ended, that the log says under which protocol, and its hash.
Exit 0: nothing was changed. Exit 1: something was, and is named.
"""

import hashlib
import io
import json
import sys
import zipfile
from pathlib import Path

MANIFEST, SIGNATURE, PROOF, SELF = "manifest.json", "manifest.sig", "log/proof.jsonl", "verify.py"
LEAF, NODE = b"\x00", b"\x01"

# --- Ed25519, as RFC 8032 section 5.1 gives it: the checking half ---
P = 2**255 - 19
L = 2**252 + 27742317777372353535851937790883648493
D = -121665 * pow(121666, P - 2, P) % P
ROOT = pow(2, (P - 1) // 4, P)


def _x(y, sign):
    square = (y * y - 1) * pow(D * y * y + 1, P - 2, P) % P
    x = pow(square, (P + 3) // 8, P)
    if (x * x - square) % P:
        x = x * ROOT % P
    if (x * x - square) % P or (x == 0 and sign):
        return None
    return P - x if x & 1 != sign else x


_BY = 4 * pow(5, P - 2, P) % P
BASE = (_x(_BY, 0), _BY, 1, _x(_BY, 0) * _BY % P)


def _add(a, b):
    e, f = (a[1] - a[0]) * (b[1] - b[0]) % P, (a[1] + a[0]) * (b[1] + b[0]) % P
    g, h = 2 * a[3] * b[3] * D % P, 2 * a[2] * b[2] % P
    w, x, y, z = f - e, h - g, h + g, f + e
    return w * x % P, y * z % P, x * y % P, w * z % P


def _times(number, point):
    result = (0, 1, 1, 0)
    while number:
        if number & 1:
            result = _add(result, point)
        point = _add(point, point)
        number >>= 1
    return result


def _point(data):
    y = int.from_bytes(data, "little")
    sign, y = y >> 255, y & ((1 << 255) - 1)
    x = _x(y, sign) if y < P else None
    return None if x is None else (x, y, 1, x * y % P)


def signed_by(public, message, signature):
    """Whether the Ed25519 signature of the message is the public key's."""
    if len(public) != 32 or len(signature) != 64:
        return False
    a, r, s = _point(public), _point(signature[:32]), int.from_bytes(signature[32:], "little")
    if a is None or r is None or s >= L:
        return False
    h = int.from_bytes(hashlib.sha512(signature[:32] + public + message).digest(), "little") % L
    left, right = _times(s, BASE), _add(r, _times(h, a))
    return (left[0] * right[2] - right[0] * left[2]) % P == 0 and (left[1] * right[2] - right[1] * left[2]) % P == 0


# --- the log ---
def hashed(data, algorithm):
    return hashlib.new(algorithm, data).digest()


def record_bytes(fields):
    names = ("entity_id", "recorded_at", "business_date", "kind", "actor_id", "actor", "party_id", "case_id")
    row = ["dunwell.log/1", *(fields[name] for name in names), fields["account_id"], fields["data"]]
    return json.dumps(row, ensure_ascii=False, sort_keys=True, separators=(",", ":"), allow_nan=False).encode()


def check_log(lines, changed, key):
    """The records of the proof by number, those whose day is signed, and those that are not sealed yet."""
    head, records, seals, days = {}, {}, {}, {}
    for line in lines:
        row = json.loads(line)
        if "format" in row:
            head = row
        elif "record" in row:
            records[row["record"]["id"]] = row["record"]
        elif "seal" in row:
            seals[row["seal"]] = row
        else:
            days[row["seal_id"]] = row
    public = bytes.fromhex(key or head.get("public_key", ""))
    good = _signed_seals(seals, days, public, changed)
    signed = loose = 0
    for number, record in records.items():
        found = hashed(record_bytes(record["fields"]), record["algorithm"])
        if found.hex() != record["hash"]:
            changed.append(f"record {number}: its fields are not those that were hashed")
            continue
        if record["seal"] is None:
            loose += 1
            continue
        link = seals[record["seal"]]
        node = hashed(LEAF + number.to_bytes(8, "big") + found, link["algorithm"])
        for side, beside in record["path"]:
            pair = (bytes.fromhex(beside), node) if side == "left" else (node, bytes.fromhex(beside))
            node = hashed(NODE + pair[0] + pair[1], link["algorithm"])
        if node.hex() != link["root"]:
            changed.append(f"record {number}: it is not in the batch that seal {record['seal']} closed")
        elif record["seal"] in good:
            signed += 1
        else:
            loose += 1
    return records, signed, loose


def _signed_seals(seals, days, public, changed):
    """The seals from which an unbroken chain leads to a day whose signature is right."""
    good, after, onward = set(), None, False
    for number in sorted(seals, reverse=True):
        link = seals[number]
        before = bytes.fromhex(link["previous"]) if link["previous"] else b""
        about = f"{link['records']}|{link['sealed_at']}".encode()
        whole = hashed(before + bytes.fromhex(link["root"]) + about, link["algorithm"]).hex() == link["chain"]
        if not whole:
            changed.append(f"seal {number}: its link in the chain is not the one that was made")
        day = days.get(number)
        if day is not None:
            text = f"dunwell.day/1|{day['day']}|{number}|{link['chain']}".encode()
            joined = day["root"] == link["chain"] and signed_by(public, text, bytes.fromhex(day["signed"]))
            if not joined:
                changed.append(f"day {day['day']}: its signature is not right")
        else:
            joined = onward and after["previous"] == link["chain"]
            if onward and not joined:
                changed.append(f"seal {after['seal']}: it does not follow the seal before it")
        after, onward = link, whole and joined
        if onward:
            good.add(number)
    return good


# --- the files ---
def opened(place):
    """Name -> bytes of every file of a folder or of a ZIP file."""
    if place.is_dir():
        return {p.relative_to(place).as_posix(): p.read_bytes() for p in sorted(place.rglob("*")) if p.is_file()}
    with zipfile.ZipFile(io.BytesIO(place.read_bytes())) as archive:
        return {name: archive.read(name) for name in archive.namelist() if not name.endswith("/")}


def verify(files, key=""):
    """What was changed, what was destroyed under a protocol, and a line that says what was looked at."""
    changed = []
    try:
        manifest = json.loads(files.get(MANIFEST, b""))
        public = bytes.fromhex(key or manifest["public_key"])
        listed = {one["path"]: one for one in manifest["files"]}
    except (ValueError, KeyError, TypeError) as error:
        return [f"{MANIFEST}: it cannot be read ({error})"], [], f"{len(files)} files"
    if not signed_by(public, files[MANIFEST], files.get(SIGNATURE, b"")):
        changed.append(f"{MANIFEST}: its signature is not right")
    for name, one in listed.items():
        if name not in files:
            changed.append(f"{name}: it is missing")
        elif hashlib.sha256(files[name]).hexdigest() != one["sha256"]:
            changed.append(f"{name}: its content is not the one that was handed out")
    for name in sorted(set(files) - set(listed) - {MANIFEST, SIGNATURE}):
        changed.append(f"{name}: it was not handed out with the others")
    proof = files.get(PROOF, b"").decode("utf-8").splitlines()
    try:
        records, signed, loose = check_log(proof, changed, key or manifest["public_key"])
    except (ValueError, KeyError, TypeError) as error:
        changed.append(f"{PROOF}: it cannot be read ({error})")
        records, signed, loose = {}, 0, 0
    _check_texts(files, manifest, records, changed)
    destroyed = _check_destroyed(manifest, records, changed)
    said = f"{len(listed)} files, {len(records)} records ({signed} under a signed day, {loose} not signed yet)"
    return changed, destroyed, said


def _check_texts(files, manifest, records, changed):
    for one in manifest.get("messages", []):
        record, name = records.get(one["record"]), one["path"]
        if record is None or name not in files:
            continue
        if record["fields"]["data"].get("text_sha256") != hashlib.sha256(files[name]).hexdigest():
            changed.append(f"{name}: it is not the text whose hash record {one['record']} holds")


def _check_destroyed(manifest, records, changed):
    """A line for each thing of which the log says that it was destroyed; one of which it does not is a change."""
    lines = []
    for one in manifest.get("destroyed", []):
        record = records.get(one["record"])
        fields = record["fields"] if record else {}
        data = fields.get("data", {})
        told = (fields.get("kind"), data.get("row"), data.get("protocol"), data.get("sha256"))
        if told != ("retention.destroyed", one["row"], one["protocol"], one["sha256"]):
            changed.append(f"{one['path']}: record {one['record']} does not say that it was destroyed")
        else:
            lines.append(f"{one['path']}: destroyed under protocol {one['protocol']} (record {one['record']})")
    return lines


def main(words):
    key = ""
    if "--key" in words:
        at = words.index("--key")
        key, words = words[at + 1], words[:at] + words[at + 2 :]
    place = Path(words[0]) if words else Path(__file__).resolve().parent
    changed, destroyed, said = verify(opened(place), key)
    print(f"{said}, {len(changed)} changed")
    for one in destroyed:
        print(f"  {one}")
    for one in changed:
        print(f"  {one}")
    return 1 if changed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
