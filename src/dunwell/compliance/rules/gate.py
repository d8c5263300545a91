"""May this contact be made, now? One implementation, a function of values.

Every failing rule is found, not only the first: who is refused is told everything that stands in the
way, and when all of it is gone.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from dunwell.compliance.rules import caps, windows
from dunwell.compliance.rules.content import BAN, LACKS
from dunwell.compliance.rules.pack import GROUPS, Gate, Pack, Rule, Words
from dunwell.compliance.rules.values import Attempt, Event, Flags
from dunwell.kernel.decision import Decision, Reason, Verdict
from dunwell.kernel.times import aware, local

UNKNOWN = "G-UNKNOWN"
MADE = ("time", "cap")  # what a contact that was made can still be shown to have broken
SEVERITY = {Verdict.ALLOW: 0, Verdict.REVIEW: 1, Verdict.BLOCK: 2}
PLACE = {group: position for position, group in enumerate(GROUPS)}
OK = Reason(rule="OK", verdict=Verdict.ALLOW, text_zh="可以联系", text_en="Contact is permitted")


@dataclass(frozen=True, slots=True)
class Failure:
    """A rule that does not pass; `clears_at` is the first later moment at which it alone would."""

    pack: Pack
    rule: str
    group: str
    verdict: Verdict = Verdict.BLOCK
    clears_at: datetime | None = None
    values: Mapping[str, Words] = field(default_factory=dict)
    confidence: str = ""


def decide(
    *, now: datetime, pack: Pack | tuple[Pack, ...], attempt: Attempt, history: tuple[Event, ...] | None, flags: Flags
) -> Decision:
    """BLOCK beats REVIEW beats ALLOW; the primary reason is the first of the winning verdict.

    Several packs may apply (he moved, a state beside its federation): all of them have to permit. `now` is
    aware (ValueError otherwise). `history` None means that it could not be read, which refuses. A contact
    that the debtor starts is never refused. An ALLOW to a collector whom no pack binds names the rule that
    says so.
    """
    aware(now)
    packs = (pack,) if isinstance(pack, Pack) else pack
    names = {"pack_id": "&".join(p.id for p in packs), "pack_version": "&".join(p.version for p in packs)}
    failures = _failures(now, packs, attempt, history, flags)
    if not failures:
        return Decision(Verdict.ALLOW, (_permitted(packs, attempt),), None, **names)
    verdict = max((failure.verdict for failure in failures), key=SEVERITY.__getitem__)
    primary = next(failure for failure in failures if failure.verdict is verdict)
    ordered = (primary, *(failure for failure in failures if failure is not primary))
    return Decision(
        verdict=verdict,
        reasons=tuple(_reason(failure) for failure in ordered),
        retry_after=_on_his_clock(_all_clear(now, failures, packs, attempt, history, flags), attempt),
        **names,
    )


def breaches(
    *, now: datetime, pack: Pack, attempt: Attempt, history: tuple[Event, ...], flags: Flags
) -> tuple[str, ...]:
    """The rules of hours, caps and rests that a contact broke which was made at `now` after those of `history`."""
    found = _failures(aware(now), (pack,), attempt, history, flags)
    return tuple(dict.fromkeys(failure.rule for failure in found if failure.group in MADE))


def _zones(pack: Pack, attempt: Attempt) -> tuple[str, ...]:
    return pack.looked_up(("zones", attempt.zones), lambda: windows.zones_of(pack.clock, attempt.zones))


def _on_his_clock(moment: datetime | None, attempt: Attempt) -> datetime | None:
    """The moment as his own clock shows it; unchanged where that is not known."""
    zones = windows.known(attempt.zones)
    return moment.astimezone(ZoneInfo(zones[0])) if moment is not None and zones else moment


def _permitted(packs: tuple[Pack, ...], attempt: Attempt) -> Reason:
    outside = [p for p in packs if p.collector_roles and attempt.actor not in p.collector_roles and p.scope_rule]
    if attempt.direction == "in" or len(outside) < len(packs):
        return OK
    rule = outside[0].rules[outside[0].scope_rule]
    return Reason(rule.id, Verdict.ALLOW, rule.text.zh, rule.text.en, outside[0].citation(rule), rule.confidence)


def closes_at(*, now: datetime, pack: Pack, attempt: Attempt, flags: Flags) -> datetime | None:
    """When the hours in which `now` lies end (law and own wish together); None when they do not end."""
    zones = _zones(pack, attempt)
    if not zones:
        return now
    ends = [windows.closes(now, zones, _lawful_hours(now, zones, pack, attempt, flags))]
    own = windows.own_hours(flags, pack.own_window_flag) if pack.own_window_honoured else ()
    if own:
        ends.append(windows.closes(now, zones[:1], windows.HoursOn(pack, attempt, flags, own)))
    return min((end for end in ends if end is not None), default=None)


def _all_clear(
    now: datetime,
    failures: list[Failure],
    packs: tuple[Pack, ...],
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
            flags = {name: value for name, value in flags.items() if name not in windows.OF_ONE_DAY}
        if any(failure.group != "time" for failure in failures):  # else it is an opening already
            moment = _open_from(moment, packs, attempt, flags)
        failures = _failures(moment, packs, attempt, history, flags)
    return None


def _open_from(moment: datetime, packs: tuple[Pack, ...], attempt: Attempt, flags: Flags) -> datetime:
    """The first moment from here on in lawful hours; the moment itself where there is none to be seen."""
    for pack in packs:
        zones = _zones(pack, attempt)
        opens = windows.next_open(moment, zones, _lawful_hours(moment, zones, pack, attempt, flags)) if zones else None
        moment = opens or moment
    return moment


def _failures(
    now: datetime, packs: tuple[Pack, ...], attempt: Attempt, history: tuple[Event, ...] | None, flags: Flags
) -> list[Failure]:
    """Every failing rule, in the order of groups, and within a group in the packs' order."""
    if attempt.direction == "in":
        return []
    found: list[Failure] = []
    for pack in packs:
        zones = _zones(pack, attempt)
        found += _unknowns(now, pack, attempt, history, zones)
        found += _gates(now, pack, attempt, flags, zones)
        found += _purposes(pack, attempt)
        found += _said(pack, attempt, flags)
        if zones:
            found += _hours(now, zones, pack, attempt, flags)
            if history is not None:
                found += _limits(now, zones[0], pack, attempt, history, flags)
                found += _rests(now, zones[0], pack, attempt, history, flags)
    if "released" in flags:
        released = flags["released"].split(",")
        found = [f for f in found if f.verdict is not Verdict.REVIEW or f.rule not in released]
    return sorted(found, key=lambda failure: PLACE[failure.group]) if len(found) > 1 else found


def _unknowns(
    now: datetime, pack: Pack, attempt: Attempt, history: tuple[Event, ...] | None, zones: tuple[str, ...]
) -> Iterator[Failure]:
    if (
        zones
        and history is not None
        and attempt.point
        and attempt.party in pack.parties
        and attempt.channel in pack.channels
        and attempt.purpose in pack.purposes
        and attempt.actor in pack.actors
        and pack.effective.on(local(now, zones[0]).date())
    ):
        return
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
    return Failure(pack, UNKNOWN, "stop", values={"what": pack.unknowns[what]})


def _gates(now: datetime, pack: Pack, attempt: Attempt, flags: Flags, zones: tuple[str, ...]) -> Iterator[Failure]:
    for gate, name in pack.gates_for((attempt.channel, attempt.party, attempt.purpose, attempt.actor), flags):
        if gate.days:
            yield from _counted_days(now, pack, gate, flags, name, zones)
            continue
        verdict = gate_verdict(gate, flags, attempt.channel)
        if verdict is UNKNOWN_VALUE:
            yield _unknown(pack, gate.unknown_what)
        elif verdict is not Verdict.ALLOW:
            until = _until(flags, name)
            if until is not None and until <= now:
                continue
            yield Failure(pack, gate.rule, gate.group, Verdict(verdict), until, gate.values)


def _counted_days(
    now: datetime, pack: Pack, gate: Gate, flags: Flags, name: str, zones: tuple[str, ...]
) -> Iterator[Failure]:
    """A gate that lasts so many days from a date; a date that cannot be read stops without end."""
    given = flags[name]
    if given == "no":
        return
    clears = None
    try:
        first = date.fromisoformat(given)
    except ValueError:
        first = None
    if first is not None and zones:
        days = gate.days + (gate.more_days if flags.get(gate.extended_by, "no") != "no" else 0)
        clears = windows.at_second(first + timedelta(days=days), 0, zones[0])
        if now >= clears or local(now, zones[0]).date() < first:
            return
    yield Failure(pack, gate.rule, gate.group, gate.verdict, clears, gate.values)


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
        if attempt.party in row.parties and attempt.purpose not in row.purposes and pack.binds(row.rule, attempt.actor):
            yield Failure(pack, row.rule, "party", row.verdict)


def _said(pack: Pack, attempt: Attempt, flags: Flags) -> Iterator[Failure]:
    """What the scan of its text found (rules.content), one failure a rule."""
    if not any(name.startswith((BAN, LACKS)) for name in flags):
        return
    told: set[str] = set()
    for ban in pack.bans:
        speaks = not ban.parties or attempt.party in ban.parties
        found = flags.get(f"{BAN}{ban.category}", "no") != "no"
        if found and speaks and ban.rule not in told and pack.binds(ban.rule, attempt.actor):
            told.add(ban.rule)
            yield Failure(pack, ban.rule, "content", ban.verdict)
    for disclosure in pack.disclosures:
        lacking = any(flags.get(f"{LACKS}{key}", "no") != "no" for key in disclosure.keys)
        if lacking and attempt.channel in disclosure.channels and pack.binds(disclosure.rule, attempt.actor):
            yield Failure(pack, disclosure.rule, "content")


def _lawful_hours(now: datetime, zones: tuple[str, ...], pack: Pack, attempt: Attempt, flags: Flags) -> windows.HoursOn:
    return windows.HoursOn(pack, attempt, flags).today_is(local(now, zones[0]).date())


def _hours(now: datetime, zones: tuple[str, ...], pack: Pack, attempt: Attempt, flags: Flags) -> Iterator[Failure]:
    window = None
    for zone in zones:
        window = window or windows.refusing(pack, attempt, local(now, zone), flags)
    if window is not None:
        opens = windows.next_open(now, zones, _lawful_hours(now, zones, pack, attempt, flags))
        text = ", ".join(str(hours) for hours in window.intervals)
        words = Words(text or "当日不得联系", text or "none on this day")
        yield Failure(pack, window.rule, "time", Verdict.BLOCK, opens, {"window": words}, window.confidence)
    if not pack.own_window_honoured or pack.own_window_flag not in flags:
        return
    own = windows.own_hours(flags, pack.own_window_flag)
    if own is None:
        yield _unknown(pack, "wish")
    elif own:
        opens = windows.next_open(now, zones[:1], windows.HoursOn(pack, attempt, flags, own))
        if opens != now:
            text = ", ".join(map(str, own))
            yield Failure(pack, pack.own_window_rule, "time", Verdict.BLOCK, opens, {"window": Words(text, text)})


def _limits(
    now: datetime, zone: str, pack: Pack, attempt: Attempt, history: tuple[Event, ...], flags: Flags
) -> Iterator[Failure]:
    today = local(now, zone).date()
    for cap in pack.caps_for((attempt.channel, attempt.party, attempt.purpose, attempt.actor)):
        if not pack.rules[cap.rule].in_force.on(today):
            continue
        if not caps.speaks(cap.when, flags) or caps.lifted(cap, flags, today):
            continue
        found = caps.count(cap, now=now, attempt=attempt, history=history, pack=pack, zone=zone, today=today)
        if found.full:
            used, limit = str(found.used), str(found.limit)
            values = {"used": Words(used, used), "limit": Words(limit, limit)}
            yield Failure(pack, cap.rule, "cap", Verdict.BLOCK, found.free_at, values)


def _rests(
    now: datetime, zone: str, pack: Pack, attempt: Attempt, history: tuple[Event, ...], flags: Flags
) -> Iterator[Failure]:
    for cooloff in pack.cooloffs:
        chosen = cooloff.selector.takes(
            channel=attempt.channel, party=attempt.party, purpose=attempt.purpose, actor=attempt.actor
        )
        if not chosen or not pack.binds(cooloff.rule, attempt.actor):
            continue
        today = local(now, zone).date()
        if not pack.rules[cooloff.rule].in_force.on(today) or caps.lifted(cooloff, flags, today):
            continue
        until = caps.rests_until(cooloff, now=now, attempt=attempt, history=history, pack=pack, zone=zone)
        if until is not None:
            days = str(cooloff.days)
            yield Failure(pack, cooloff.rule, "cap", Verdict.BLOCK, until, {"days": Words(days, days)})


def _reason(failure: Failure) -> Reason:
    pack = failure.pack
    rule: Rule = pack.rules[failure.rule]
    return Reason(
        rule=rule.id,
        verdict=failure.verdict,
        text_zh=_filled(rule.text.zh, {name: words.zh for name, words in failure.values.items()}),
        text_en=_filled(rule.text.en, {name: words.en for name, words in failure.values.items()}),
        citation=pack.citation(rule),
        confidence=failure.confidence or rule.confidence,
        retry_after=failure.clears_at,
    )


class _Known(dict[str, str]):
    """A rule that forbids by its hours and by its count fills only what this failure has."""

    def __missing__(self, name: str) -> str:
        return "…"


def _filled(text: str, values: Mapping[str, str]) -> str:
    return text.format_map(_Known(values)) if "{" in text else text
