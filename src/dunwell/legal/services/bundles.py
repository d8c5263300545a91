"""A set of proof for a party and a period: a ZIP with an index to read, the originals, their hashes, and a verifier."""

from __future__ import annotations

import csv
import hashlib
import io
import json
import tempfile
import zipfile
from collections.abc import Iterable, Mapping
from datetime import date, datetime
from decimal import Decimal
from importlib.resources import files as resources
from pathlib import Path

from django.conf import settings
from django.db import transaction
from django.utils.translation import gettext as _
from django.utils.translation import override

from dunwell.arrears.rules import interest_terms
from dunwell.arrears.rules.judgment import CourtCut
from dunwell.channels.rules import whole_text
from dunwell.evidence import documents, proving
from dunwell.evidence import services as evidence
from dunwell.evidence.models import StoredFile
from dunwell.evidence.rules import plain
from dunwell.evidence.signing import signing_key
from dunwell.frame.templatetags.frame import money
from dunwell.kernel.actor import Actor
from dunwell.kernel.times import BANK_ZONE
from dunwell.legal import words
from dunwell.legal.models import Bundle
from dunwell.legal.queries import limitation, proof
from dunwell.legal.rules import papers as paper_rules
from dunwell.portfolio import services as portfolio
from dunwell.portfolio.models import Account, ContactPoint, Party

FORMAT = "dunwell.bundle/1"
SUFFIXES = {"audio/wav": ".wav", "audio/mpeg": ".mp3", "audio/ogg": ".ogg", "audio/amr": ".amr"}
VERIFIER = ("legal", "verifier", "verify.py")


class NotMade(ValueError):
    """A bundle that cannot be made; `code` says why: reason, days."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


@transaction.atomic
def make_bundle(
    *,
    party_id: int,
    first: date,
    last: date,
    cut_off: date,
    reason: str,
    language: str,
    cuts: Mapping[int, CourtCut],
    by: Actor,
    now: datetime,
    key: str,
) -> Bundle:
    """Make, sign and keep the set of proof of a party from `first` to `last`, the claim at the close of `cut_off`.

    `cuts` has for accounts (by their key) what courts commonly leave standing at that close, by the night's programs.

    The same key is the same bundle. What should be in it and is not stands in the index and in `missing`. People's data
    are in clear: who made it and why is logged. NotMade without a reason, or when the days are turned round.
    """
    known = Bundle.objects.filter(key=key).first()
    if known is not None:
        return known
    if not reason.strip():
        raise NotMade("reason")
    if last < first or cut_off < first:
        raise NotMade("days")
    party = Party.objects.select_related("entity").get(pk=party_id)
    identity = portfolio.reveal_identity(party_id=party_id, by=by, reason=reason, now=now)
    with override(language):
        content = _Content(party, proof.Period(first, last), cut_off, language, now, cuts)
        archive = content.zipped(identity, reason)
    with tempfile.NamedTemporaryFile(suffix=".zip") as draft:
        draft.write(archive)
        draft.flush()
        kept = evidence.keep_file(path=Path(draft.name), name=f"{party.party_no}_{first}_{last}.zip", now=now)
    bundle = Bundle.objects.create(
        entity=party.entity, party=party, from_day=first, to_day=last, cut_off=cut_off, reason=reason.strip()[:200],
        file=kept, missing=content.missing, recorded_at=now, recorded_by=by.user_id, key=key,
    )  # fmt: skip
    evidence.write(
        kind="bundle.made", now=now, by=by, entity_id=party.entity_id, party_id=party.pk,
        data={"bundle": bundle.pk, "from": first, "to": last, "cut_off": cut_off, "reason": bundle.reason,
              "sha256": kept.sha256, "files": len(content.files), "missing": len(content.missing)},
        rows=[bundle],
    )  # fmt: skip
    return bundle


class _Content:
    """What goes into one bundle, gathered once."""

    def __init__(
        self,
        party: Party,
        period: proof.Period,
        cut_off: date,
        language: str,
        now: datetime,
        cuts: Mapping[int, CourtCut],
    ) -> None:
        self.cuts = cuts
        self.party, self.period, self.cut_off, self.language, self.now = party, period, cut_off, language, now
        self.accounts = list(Account.objects.filter(party=party).order_by("account_no"))
        self.files: dict[str, tuple[bytes, str]] = {}  # path -> content, what it is
        self.missing: list[str] = []
        self.destroyed: list[dict[str, object]] = []
        self._gone = proof.gone(party)
        self.contacts = proof.contacts(party, period)
        self.messages = proof.messages(party, period)
        self.payments = proof.payments(self.accounts, period)
        self.claims, without = proof.claims(self.accounts, cut_off)
        for account in without:
            self.missing.append(
                _("position of account %(account)s at %(day)s") % {"account": account.account_no, "day": cut_off}
            )
        self.missing += [
            _("variant of the claim cut at the courts' ceiling, account %(account)s")
            % {"account": claim.account.account_no}
            for claim in self.claims
            if claim.account.pk not in cuts
        ]
        self._tables()
        self._texts()
        self._recordings()
        self._papers()
        self._log()

    def zipped(self, identity: portfolio.Identity, reason: str) -> bytes:
        """The archive: index, files, manifest, signature, verifier."""
        self.files["verify.py"] = (resources("dunwell").joinpath(*VERIFIER).read_bytes(), _("the verifier"))
        index = documents.pdf(
            room="legal", name="bundle", data=self._index(identity, reason), language=self.language, now=self.now
        )
        self.files["index.pdf"] = (documents.signed(index, reason=reason, now=self.now), _("index, signed"))
        key, name = signing_key()
        manifest = {
            "format": FORMAT,
            "made_at": self.now.isoformat(),
            "party": self.party.party_no,
            "from": str(self.period.first),
            "to": str(self.period.last),
            "cut_off": str(self.cut_off),
            "public_key": key.public_key().public_bytes_raw().hex(),
            "key_id": name,
            "files": [
                {"path": path, "sha256": hashlib.sha256(data).hexdigest(), "size": len(data), "what": what}
                for path, (data, what) in sorted(self.files.items())
            ],
            "messages": [
                {"path": _text_path(one), "record": one.record} for one in self.messages if one.record is not None
            ],
            "missing": self.missing,
            "destroyed": self.destroyed,
        }
        text = json.dumps(manifest, ensure_ascii=False, indent=1).encode()
        out = io.BytesIO()
        with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
            for path, (data, _what) in sorted(self.files.items()):
                archive.writestr(path, data)
            archive.writestr("manifest.json", text)
            archive.writestr("manifest.sig", key.sign(text))
        return out.getvalue()

    def _tables(self) -> None:
        for kind, columns, order, what in (
            ("statements", proof.STATEMENT_COLUMNS, "account_no, statement_date", _("statements")),
            ("transactions", proof.TRANSACTION_COLUMNS, "account_no, posting_date, host_ref", _("transactions")),
        ):
            rows = proof.from_the_host(kind, columns, self.accounts, order)
            self._csv(f"tables/{kind}.csv", columns, rows, what)
            since = proof.first_file(self.party.entity_id, kind)
            opened = min((a.open_date for a in self.accounts if a.open_date), default=None)
            if since is None:
                self.missing.append(_("%(what)s: no file is known") % {"what": what})
            elif opened is not None and opened < since:
                self.missing.append(
                    _("%(what)s from the opening on %(opened)s to %(since)s: the files known here begin then")
                    % {"what": what, "opened": opened, "since": since}
                )
        self._csv(
            "tables/payments.csv",
            ("account_no", "posting_date", "host_ref", "kind", "amount", "taken_back", "currency"),
            [
                (p.account.account_no, p.posting_date, p.host_ref, p.kind, p.amount, _taken_back(p), p.currency)
                for p in self.payments
            ],
            _("payments"),
        )
        names = tuple(proof.Reached.__slots__)
        self._csv("tables/contacts.csv", names, [[getattr(c, n) for n in names] for c in self.contacts], _("contacts"))

    def _csv(self, path: str, columns: Iterable[str], rows: Iterable[Iterable[object]], what: str) -> None:
        out = io.StringIO()
        writer = csv.writer(out, lineterminator="\n")
        writer.writerow(columns)
        writer.writerows([["" if cell is None else plain(cell) for cell in row] for row in rows])
        self.files[path] = (out.getvalue().encode("utf-8-sig"), what)

    def _texts(self) -> None:
        for one in self.messages:
            if not one.text and self._was_destroyed(f"channels.message {one.message_id}", _text_path(one)):
                continue
            self.files[_text_path(one)] = (whole_text(one.subject, one.text), _("message as sent"))
            if one.record is None:
                self.missing.append(_("hash in the log of message %(number)s") % {"number": one.message_id})
            if one.letter is not None:
                path = f"letters/{one.message_id}.pdf"
                self._kept(path, one.letter, f"channels.letter {one.message_id}", _("letter as handed over"))
            if not any(state == "delivered" for _at, state, _detail in one.events):
                self.missing.append(_("receipt of message %(number)s") % {"number": one.message_id})

    def _recordings(self) -> None:
        found = proof.recordings(self.contacts)
        for one in found:
            suffix = SUFFIXES.get(one.media_type, "")
            name = f"recordings/contact-{one.contact_id}-{one.recording_id}{suffix}"
            said = _("recording of contact %(number)s") % {"number": one.contact_id}
            self._kept(name, one.file, f"channels.recording {one.recording_id}", said)
        heard = {one.contact_id for one in found}
        self.missing += [
            _("recording of contact %(number)s") % {"number": one.contact_id}
            for one in self.contacts
            if one.answered and one.contact_id not in heard
        ]

    def _papers(self) -> None:
        found = proof.papers(self.party, self.accounts, self.cut_off)
        for paper in found:
            whose = paper.account.account_no if paper.account else ("bank" if paper.party_id is None else "party")
            suffix = Path(paper.file.name).suffix.lower()[:8]
            name = f"papers/{whose}/{paper.kind}-{paper.pk}{suffix}"
            said = paper_rules.kinds()[paper.kind].name(self.language)
            self._kept(name, paper.file, f"legal.paper {paper.pk}", said)
        for account in self.accounts:
            there = [p.kind for p in found if p.account_id in (account.pk, None)]
            for kind in paper_rules.missing(there):
                whose = account.account_no if kind.of == "account" else ""
                said = f"{kind.name(self.language)} {whose}".strip()
                if said not in self.missing:
                    self.missing.append(said)

    def _kept(self, path: str, file: StoredFile, row: str, what: str) -> None:
        """A kept file goes in; one that cannot be read is missing, and why is said."""
        try:
            self.files[path] = (evidence.read_file(file), what)
        except evidence.Destroyed:
            if not self._was_destroyed(row, path):
                self.missing.append(_("%(name)s: destroyed, and the log does not say so") % {"name": path})
        except evidence.Damaged:
            self.missing.append(_("%(name)s: the kept file is damaged") % {"name": path})

    def _was_destroyed(self, row: str, path: str) -> bool:
        """Whether the log says that a record was destroyed under a protocol: then the bundle says it, too."""
        gone = self._gone.get(row)
        if gone is None:
            return False
        said = {"name": path, "number": gone.protocol, "record": gone.record}
        self.missing.append(_("%(name)s: destroyed under protocol %(number)s (record %(record)s)") % said)
        self.destroyed.append(
            {"path": path, "row": row, "protocol": gone.protocol, "sha256": gone.sha256, "record": gone.record}
        )
        return True

    def _log(self) -> None:
        lines = proving.prove(proof.log_records(self.party, self.period))
        text = "".join(json.dumps(line, ensure_ascii=False, sort_keys=True) + "\n" for line in lines)
        self.files["log/proof.jsonl"] = (text.encode(), _("the log's records with their proof"))

    def _index(self, identity: portfolio.Identity, reason: str) -> dict[str, object]:
        bank = self.party.entity.name(self.language)
        return {
            "author": bank,
            "title": _("Set of proof"),
            "head": bank,
            "about": [
                [_("Person"), identity.name],
                [_("Identity number"), identity.id_no],
                [_("Customer number"), self.party.party_no],
                [_("Accounts"), ", ".join(a.account_no for a in self.accounts)],
                *[[_("Contact point"), self._point(point, value)] for point, value in proof.points(self.party)],
                [_("Period"), f"{self.period.first} – {self.period.last}"],
                [_("Cut-off"), str(self.cut_off)],
                [_("Made"), self.now.astimezone(BANK_ZONE).strftime("%Y-%m-%d %H:%M:%S %z")],
                [_("Reason"), reason],
                [_("Public key of the log (Ed25519)"), signing_key()[0].public_key().public_bytes_raw().hex()],
            ],
            "missing": self.missing,
            "claims": [self._claim(claim) for claim in self.claims],
            "clocks": self._clocks(),
            "payments": [
                [p.posting_date, f"{p.account.account_no} {p.host_ref}", money(_taken_back(p)), money(p.amount)]
                for p in self.payments
            ],
            "contacts": [
                [
                    c.local_at.strftime("%Y-%m-%d %H:%M:%S"),
                    words.channel(c.channel),
                    f"{words.party_type(c.party_type)} {c.point}",
                    c.by,
                    words.outcome(c.outcome),
                    f"{c.verdict} {c.rule} {c.pack}",
                ]
                for c in self.contacts
            ],
            "messages": [
                {
                    "about": f"{m.at:%Y-%m-%d %H:%M:%S} {words.channel(m.channel)} {m.to} {m.template}",
                    "text": f"{m.subject} {m.text}".strip(),
                    "receipts": [f"{at:%Y-%m-%d %H:%M:%S} {words.state(state)} {detail}".strip() for at, state, detail in m.events],
                }
                for m in self.messages
            ],
            "tables": sorted(path for path in self.files if path.startswith("tables/")),
            "files": [
                [path, len(data), hashlib.sha256(data).hexdigest()] for path, (data, _what) in sorted(self.files.items())
            ],
            "how": _(
                "Unpack the archive and run: python3 verify.py. It needs nothing else, and names every file and every "
                "record that is not as it was handed out. Compare the public key above with the one that the bank gave "
                "you by another way."
            ),
        }  # fmt: skip

    def _point(self, point: ContactPoint, value: str) -> str:
        since = _("known since %(day)s at the latest") % {"day": point.known_since} if point.known_since else ""
        return f"{value} ({'; '.join(filter(None, (words.source(point.source), since)))})"

    def _claim(self, claim: proof.Claim) -> dict[str, object]:
        lines = [[words.component(name), money(amount)] for name, amount in claim.components if amount]
        if claim.credit_balance:
            lines.append([_("Credit balance"), money(-claim.credit_balance)])
        lines.append([_("Sum"), money(claim.total)])
        amounts = dict(claim.components)
        return {
            "account": claim.account.account_no,
            "currency": claim.account.currency,
            "cut_off": claim.cut_off,
            "lines": lines,
            "daily": [
                [words.component(name), money(amounts[name]), str(rate), str(a_day.normalize())]
                for name, rate, a_day in claim.daily
            ],
            "cut_head": _("Cut at %(ceiling)s %% a year (%(confidence)s)") % self._ceiling(claim),
            "cut": self._cut(claim),
        }

    def _ceiling(self, claim: proof.Claim) -> dict[str, object]:
        terms = interest_terms.in_force(self.cut_off, product=claim.account.product, issuer=settings.BANK_ENTITY)
        return {
            "ceiling": (terms.court_ceiling * 100).normalize(),
            "confidence": interest_terms.document()["court_ceiling"]["source"]["confidence"],
        }

    def _cut(self, claim: proof.Claim) -> list[list[str]]:
        """The variant: what lies above the ceiling is taken off the claim; an excess paid before goes to the principal."""
        cut = self.cuts.get(claim.account.pk)
        if cut is None:
            return []
        return [
            [_("Interest, late charges and fees, as computed"), money(cut.claimed)],
            [_("The ceiling for these days"), money(cut.allowed)],
            [_("Left standing of them"), money(cut.payable)],
            [_("The claim by the contract"), money(claim.total)],
            [_("Above the ceiling"), money(-cut.cut)],
            [_("The claim cut"), money(claim.total - cut.cut)],
        ]

    def _clocks(self) -> list[dict[str, object]]:
        found = limitation.clocks([account.pk for account in self.accounts], on=self.period.last)
        numbers = {account.pk: account.account_no for account in self.accounts}
        return [
            {
                "account": numbers[account],
                "ends": str(clock.expires_on or _("stands still")),
                "lines": [
                    [
                        line.on,
                        f"{words.event(line.kind, self.language)} {line.evidence}".strip(),
                        line.rule,
                        _("yes") if line.counted else _("no"),
                        str(line.expires_on or "–"),
                    ]
                    for line in clock.lines
                ],
            }
            for account, clock in sorted(found.items())
        ]


def _text_path(one: proof.Sent) -> str:
    return f"messages/{one.message_id}.txt"


def _taken_back(payment: proof.Payment) -> Decimal:
    return sum((reversal.amount for reversal in payment.reversals.all()), Decimal("0.00"))
