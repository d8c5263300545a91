"""May this contact be made, now? One implementation, a function of values.

Every failing rule is found, not only the first: who is refused is told everything that stands in the
way, and when all of it is gone.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from dunwell.compliance.rules import caps, windows
from dunwell.compliance.rules.pack import GROUPS, Gate, Pack, Rule, Words
from dunwell.compliance.rules.values import Attempt, Event, Flags
from dunwell.kernel.decision import Decision, Reason, Verdict
from dunwell.kernel.times import aware, local

UNKNOWN = "G-UNKNOWN"
SEVERITY = {Verdict.ALLOW: 0, Verdict.REVIEW: 1, Verdict.BLOCK: 2}
OK = Reason(rule="OK", verdict=Verdict.ALLOW, text_zh="可以联系", text_en="Contact is permitted")


@dataclass(frozen=True, slots=True)
class Failure:
    """A rule that does not pass; `clears_at` is the first later moment at which it alone would."""

    rule: str
    group: str
    verdict: Verdict = Verdict.BLOCK
    clears_at: datetime | None = None
    values: Mapping[str, Words] = field(default_factory=dict)
    confidence: str = ""


def decide(*, now: datetime, pack: Pack, attempt: Attempt, history: tuple[Event, ...] | None, flags: Flags) -> Decision:
    """BLOCK beats REVIEW beats ALLOW; the primary reason is the first of the winning verdict.

    `now` is aware (ValueError otherwise). `history` None means that it could not be read, which
    refuses. A contact that the debtor starts is never refused.
    """
    aware(now)
    failures = _failures(now, pack, attempt, history, flags)
    if not failures:
        return Decision(Verdict.ALLOW, (OK,), None, pack.id, pack.version)
    verdict = max((failure.verdict for failure in failures), key=SEVERITY.__getitem__)
    primary = next(failure for failure in failures if failure.verdict is verdict)
    ordered = (primary, *(failure for failure in failures if failure is not primary))
    return Decision(
        verdict=verdict,
        reasons=tuple(_reason(pack, failure) for failure in ordered),
        retry_after=_all_clear(now, failures, pack, attempt, history, flags),
        pack_id=pack.id,
        pack_version=pack.version,
    )


def closes_at(*, now: datetime, pack: Pack, attempt: Attempt, flags: Flags) -> datetime | None:
    """When the hours in which `now` lies end (law and own wish together); None when they do not end."""
    zones = windows.zones_of(pack.clock, attempt.zones)
    if not zones:
        return now
    ends = [windows.closes(now, zones, _lawful_hours(now, zones, pack, attempt, flags))]
    own = windows.own_hours(flags, pack.own_window_flag)
    if own:
        ends.append(windows.closes(now, zones[:1], windows.HoursOn(pack, attempt, flags, own)))
    return min((end for end in ends if end is not None), default=None)


def _all_clear(
    now: datetime,
    failures: list[Failure],
    pack: Pack,
    attempt: Attempt,
    history: tuple[Event, ...] | None,
    flags: Flags,
) -> datetime | None:
    """The earliest moment at which every rule passes; None when a rule has no computable end.

    No rule passes before its own `clears_at`, so the latest of them is a lower bound; from there the
    question is asked again (a cap that is free at midnight meets the window that opens at eight).
    """
    moment = now
    for _ in range(64):
        if not failures:
            return moment
        clearing = [failure.clears_at for failure in failures]
        if any(clear is None for clear in clearing):
            return None
        moment = max(clear for clear in clearing if clear is not None)
        if moment.astimezone(now.tzinfo).date() != now.date():
            flags = {name: value for name, value in flags.items() if name != "holiday"}  # said of that day only
        failures = _failures(moment, pack, attempt, history, flags)
    return None


def _failures(
    now: datetime, pack: Pack, attempt: Attempt, history: tuple[Event, ...] | None, flags: Flags
) -> list[Failure]:
    """Every failing rule, in the order of groups, and within a group in the pack's order."""
    if attempt.direction == "in":
        return []
    zones = windows.zones_of(pack.clock, attempt.zones)
    found = [*_unknowns(now, pack, attempt, history, zones), *_gates(now, pack, attempt, flags)]
    found += _purposes(pack, attempt)
    if zones:
        found += _hours(now, zones, pack, attempt, flags)
        if history is not None:
            found += _limits(now, zones[0], pack, attempt, history, flags)
    in_order = {group: position for position, group in enumerate(GROUPS)}
    return sorted(found, key=lambda failure: in_order[failure.group])


def _unknowns(
    now: datetime, pack: Pack, attempt: Attempt, history: tuple[Event, ...] | None, zones: tuple[str, ...]
) -> Iterator[Failure]:
    known = {
        "zone": bool(zones),
        "party": attempt.party in pack.parties,
        "channel": attempt.channel in pack.channels,
        "purpose": attempt.purpose in pack.purposes,
        "actor": attempt.actor in pack.actors,
        "point": bool(attempt.point),
        "history": history is not None,
        "pack": not zones or pack.effective.on(local(now, zones[0]).date()),
    }
    for what, is_known in known.items():
        if not is_known:
            yield _unknown(pack, what)


def _unknown(pack: Pack, what: str) -> Failure:
    return Failure(rule=UNKNOWN, group="stop", values={"what": pack.unknowns[what]})


def _gates(now: datetime, pack: Pack, attempt: Attempt, flags: Flags) -> Iterator[Failure]:
    for gate in pack.gates:
        if not gate.selector.takes(
            channel=attempt.channel, party=attempt.party, purpose=attempt.purpose, actor=attempt.actor
        ):
            continue
        verdict = gate_verdict(gate, flags, attempt.channel)
        if verdict is UNKNOWN_VALUE:
            yield _unknown(pack, gate.unknown_what)
        elif verdict is not Verdict.ALLOW:
            until = _until(flags, gate.flag.format(channel=attempt.channel))
            if until is not None and until <= now:
                continue
            yield Failure(gate.rule, gate.group, Verdict(verdict), until, gate.values)


UNKNOWN_VALUE = "unknown"


def gate_verdict(gate: Gate, flags: Flags, channel: str) -> Verdict | str:
    """What one gate alone says to the flags: a verdict, or UNKNOWN_VALUE."""
    value = flags.get(gate.flag.format(channel=channel))
    if value is None:
        return gate.verdict if gate.absent_fails else Verdict.ALLOW
    if gate.at_least is not None:
        enough = value.isascii() and value.isdigit() and int(value) >= gate.at_least
        return Verdict.ALLOW if enough else gate.verdict
    if value in gate.passes or any(flags.get(name) in lifting for name, lifting in gate.unless.items()):
        return Verdict.ALLOW
    if value in gate.unknown:
        return UNKNOWN_VALUE
    return Verdict.REVIEW if value in gate.review else gate.verdict


def _until(flags: Flags, flag: str) -> datetime | None:
    try:
        return aware(datetime.fromisoformat(flags[f"{flag}_until"]))
    except (KeyError, ValueError):
        return None


def _purposes(pack: Pack, attempt: Attempt) -> Iterator[Failure]:
    for row in pack.party_purposes:
        if attempt.party in row.parties and attempt.purpose not in row.purposes:
            yield Failure(row.rule, "party", row.verdict)


def _lawful_hours(now: datetime, zones: tuple[str, ...], pack: Pack, attempt: Attempt, flags: Flags) -> windows.HoursOn:
    return windows.HoursOn(pack, attempt, flags).today_is(local(now, zones[0]).date())


def _hours(now: datetime, zones: tuple[str, ...], pack: Pack, attempt: Attempt, flags: Flags) -> Iterator[Failure]:
    hours_on = _lawful_hours(now, zones, pack, attempt, flags)
    opens = windows.next_open(now, zones, hours_on)
    if opens != now:
        window = windows.window_for(pack, attempt, local(now, zones[0]).date(), flags)
        rule, confidence = (window.rule, window.confidence) if window else (pack.windows[-1].rule, "")
        text = ", ".join(str(hours) for hours in window.intervals) if window else ""
        yield Failure(rule, "time", Verdict.BLOCK, opens, {"window": Words(text, text)}, confidence)
    own = windows.own_hours(flags, pack.own_window_flag)
    if own is None:
        yield _unknown(pack, "wish")
    elif own:
        opens = windows.next_open(now, zones[:1], windows.HoursOn(pack, attempt, flags, own))
        if opens != now:
            text = ", ".join(map(str, own))
            yield Failure(pack.own_window_rule, "time", Verdict.BLOCK, opens, {"window": Words(text, text)})


def _limits(
    now: datetime, zone: str, pack: Pack, attempt: Attempt, history: tuple[Event, ...], flags: Flags
) -> Iterator[Failure]:
    today = local(now, zone).date()
    for cap in pack.caps:
        chosen = cap.selector.takes(
            channel=attempt.channel, party=attempt.party, purpose=attempt.purpose, actor=attempt.actor
        )
        if not chosen or not pack.rules[cap.rule].in_force.on(today):
            continue
        if cap.lifted_by and flags.get(cap.lifted_by, "no") != "no":
            continue
        found = caps.count(cap, now=now, attempt=attempt, history=history, pack=pack, zone=zone)
        if found.full:
            used, limit = str(found.used), str(found.limit)
            yield Failure(
                cap.rule,
                "cap",
                Verdict.BLOCK,
                caps.free_from(found, zone),
                {"used": Words(used, used), "limit": Words(limit, limit)},
            )


def _reason(pack: Pack, failure: Failure) -> Reason:
    rule: Rule = pack.rules[failure.rule]
    return Reason(
        rule=rule.id,
        verdict=failure.verdict,
        text_zh=rule.text.zh.format(**{name: words.zh for name, words in failure.values.items()}),
        text_en=rule.text.en.format(**{name: words.en for name, words in failure.values.items()}),
        citation=pack.citation(rule),
        confidence=failure.confidence or rule.confidence,
        retry_after=failure.clears_at,
    )
