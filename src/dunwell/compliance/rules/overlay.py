"""An overlay on a pack: a state's rules on a federation's, a bank's stricter policy on the law. It may only tighten."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from decimal import Decimal, InvalidOperation
from types import MappingProxyType

from dunwell.compliance.rules.nodes import PackError
from dunwell.compliance.rules.pack import ALL, Ban, Cap, Duty, Gate, InForce, Interval, Pack, Selector, Window
from dunwell.kernel.decision import Verdict


def laid_on(base: Pack, overlay: Pack, *, binds_also: frozenset[str], file: str, approved: bool = False) -> Pack:
    """Both as one pack: every rule of both speaks, so what is added can only tighten.

    A row that says less than the row below it about the same thing would have no effect, and reads as if it
    had: it is refused with its line (PackError). `binds_also` are collectors whom the pack below leaves out
    and whom the bank's policy puts under it. Of an overlay that is `approved` it is a warning: both rows speak, the
    stricter one decides.
    """
    wrong = [f"{file}, line {line}: {sentence}" for line, sentence in _loosened(base, overlay)]
    if wrong and not approved:
        raise PackError(wrong[0])
    rules = dict(overlay.rules)
    if binds_also:
        rules |= {name: replace(r, binds=(r.binds or base.collector_roles) | binds_also) for name, r in rules.items()}
    else:
        rules |= {
            name: replace(rule, binds=rule.binds or (base if name in base.rules else overlay).collector_roles)
            for name, rule in rules.items()
        }
    roles = base.collector_roles | overlay.collector_roles | binds_also if base.collector_roles else ALL
    return replace(
        overlay,
        version=f"{base.version}+{overlay.version}",
        effective=_both(base.effective, overlay.effective),
        sha256=hashlib.sha256(f"{base.sha256}+{overlay.sha256}".encode()).hexdigest(),
        rules=MappingProxyType(rules),
        gates=base.gates + overlay.gates,
        party_purposes=base.party_purposes + overlay.party_purposes,
        windows=base.windows,
        narrower=(*base.narrower, overlay.windows) if overlay.windows else base.narrower,
        own_window_honoured=base.own_window_honoured,
        caps=base.caps + overlay.caps,
        cooloffs=base.cooloffs + overlay.cooloffs,
        bans=base.bans + overlay.bans,
        disclosures=base.disclosures + overlay.disclosures,
        simplified=MappingProxyType({**overlay.simplified, **base.simplified}),
        keepings=base.keepings + overlay.keepings,
        duties=MappingProxyType({**base.duties, **{name: _duty(base, duty) for name, duty in overlay.duties.items()}}),
        collector_roles=roles,
        scope_rule=base.scope_rule,
        warnings=(*base.warnings, *wrong),
    )


def _duty(base: Pack, duty: Duty) -> Duty:
    """A duty of the pack below with the stricter of each number."""
    below = base.duties.get(duty.rule)
    if below is None:
        return duty
    stricter = {
        name: value
        for name, value in duty.parameters.items()
        if _stricter(below, name, value) and name in below.parameters
    }
    return replace(below, parameters=MappingProxyType({**below.parameters, **stricter}))


def _stricter(below: Duty, name: str, value: str) -> bool:
    """Whether a bank may set this number, and sets it so that it asks at least as much."""
    if name not in below.tighter:
        return value == below.parameters.get(name)
    try:
        given, law = Decimal(value), Decimal(below.parameters[name])
    except InvalidOperation:
        return False
    return given.is_finite() and given > 0 and (given <= law if below.tighter[name] == "less" else given >= law)


def _both(one: InForce, other: InForce) -> InForce:
    firsts = [day for day in (one.first, other.first) if day]
    lasts = [day for day in (one.last, other.last) if day]
    return InForce(max(firsts, default=None), min(lasts, default=None))


def _loosened(base: Pack, overlay: Pack):  # noqa: ANN202  (line and sentence)
    for cap in overlay.caps:
        counted = {(below.subject, below.basis) for below in base.caps if below.rule == cap.rule}
        if counted and (cap.subject, cap.basis) not in counted:
            as_law = " or ".join(sorted(f"{basis} by {subject}" for subject, basis in counted))
            yield cap.line, f"{cap.rule} counts {as_law}: another count is a rule of its own."
        for below in base.caps:
            if _same_count(cap, below):
                yield from _looser_cap(cap, below)
    for window in overlay.windows:
        yield from _looser_window(window, base)
    for gate in overlay.gates:
        for below in base.gates:
            if gate.rule == below.rule and gate.flag == below.flag and _meet(gate.selector, below.selector):
                yield from _looser_gate(gate, below)
    for row in overlay.party_purposes:
        for below in base.party_purposes:
            added = row.purposes - below.purposes
            if row.parties & below.parties and added and below.verdict is Verdict.BLOCK:
                yield row.line, f"{row.rule} is loosened: {', '.join(sorted(added))} is not permitted."
    for cooloff in overlay.cooloffs:
        for below in base.cooloffs:
            if cooloff.rule == below.rule and (
                cooloff.days < below.days or cooloff.lifted_by not in ("", below.lifted_by)
            ):
                yield cooloff.line, f"{cooloff.rule} is loosened: {below.days} days, not {cooloff.days}."
    for keeping in overlay.keepings:
        for below in base.keepings:
            if (keeping.rule, keeping.item) == (below.rule, below.item) and keeping.months < below.months:
                yield keeping.line, f"{keeping.rule} is loosened: kept {below.months} months at least."

    for name, duty in overlay.duties.items():
        law = base.duties.get(name)
        for parameter, value in duty.parameters.items() if law else ():
            if not _stricter(law, parameter, value):
                yield duty.line, f"{name} is loosened: {parameter} is {_bound(law, parameter)}, not {value}."
    for ban in overlay.bans:
        mild = ban.verdict is Verdict.REVIEW
        if mild and any(one.verdict is Verdict.BLOCK and _same_ban(ban, one) for one in base.bans):
            yield ban.line, f"{ban.rule} is loosened: {ban.category} is BLOCK, not REVIEW."


def _bound(below: Duty, name: str) -> str:
    value, word = below.parameters.get(name, "no number of it"), below.tighter.get(name)
    return value if word is None else f"at {'most' if word == 'less' else 'least'} {value}"


def _same_ban(one: Ban, other: Ban) -> bool:
    return one.category == other.category or one.rule == other.rule


def _same_count(one: Cap, other: Cap) -> bool:
    same = ("rule", "subject", "basis", "over", "days")
    return all(getattr(one, name) == getattr(other, name) for name in same) and _meet(one.selector, other.selector)


def _meet(one: Selector, other: Selector) -> bool:
    """Whether there is an attempt of which both speak."""
    pairs = [(getattr(one, name), getattr(other, name)) for name in Selector.__slots__]
    return all(not a or not b or a & b for a, b in pairs)


def _looser_cap(cap: Cap, below: Cap):  # noqa: ANN202
    if cap.limit > below.limit:
        yield cap.line, f"{cap.rule} is loosened: at most {below.limit}, not {cap.limit}."
    if cap.lifted_by not in ("", below.lifted_by):
        yield cap.line, f"{cap.rule} is loosened: {cap.lifted_by} does not lift it."
    if cap.exclude - below.exclude:
        yield cap.line, f"{cap.rule} is loosened: {', '.join(sorted(cap.exclude - below.exclude))} counts."
    if cap.scope != below.scope and below.scope == "all_collectors":
        yield cap.line, f"{cap.rule} is loosened: it is counted over all collectors."


def _looser_window(window: Window, base: Pack):  # noqa: ANN202
    for layer in (base.windows, *base.narrower):
        for below in layer:
            days = not window.days or not below.days or window.days & below.days
            if window.rule != below.rule or not days or not _meet(window.selector, below.selector):
                continue
            if window.days != below.days and below.days:
                continue  # the general row of the overlay; the special day below still binds by itself
            outside = [hours for hours in window.intervals if not any(_within(hours, wide) for wide in below.intervals)]
            if outside:
                wide = ", ".join(map(str, below.intervals)) or "no contact"
                yield window.line, f"{window.rule} is loosened: {outside[0]} is not within {wide}."
            if window.override - below.override:
                names = ", ".join(sorted(window.override - below.override))
                yield window.line, f"{window.rule} is loosened: {names} does not lift it."


def _within(inner: Interval, outer: Interval) -> bool:
    return outer.start <= inner.start and inner.end <= outer.end


def _looser_gate(gate: Gate, below: Gate):  # noqa: ANN202
    if gate.passes - below.passes:
        yield gate.line, f"{gate.rule} is loosened: {', '.join(sorted(gate.passes - below.passes))} does not pass."
    if gate.verdict is Verdict.REVIEW and below.verdict is Verdict.BLOCK:
        yield gate.line, f"{gate.rule} is loosened: it is BLOCK, not REVIEW."
    if gate.at_least is not None and below.at_least is not None and gate.at_least < below.at_least:
        yield gate.line, f"{gate.rule} is loosened: at least {below.at_least}, not {gate.at_least}."
    if gate.days and below.days and gate.days < below.days:
        yield gate.line, f"{gate.rule} is loosened: {below.days} days, not {gate.days}."
    if any(values - below.unless.get(flag, ALL) for flag, values in gate.unless.items()):
        yield gate.line, f"{gate.rule} is loosened: nothing else lifts it."
