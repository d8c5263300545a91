"""The department's own commands. What they print and how they end is a contract: docs/commands.md."""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING

from dunwell.cli.environment import Refused, home

if TYPE_CHECKING:  # Django is not set up when this module is read
    from dunwell.nightly.services import Progress
    from dunwell.oversight.export import Table

REFUSED, BUSY = 3, 4  # exit codes of the night


def run(options: argparse.Namespace) -> int:
    """Run a command that needs the database, whose environment is set. Answers the exit code."""
    import django
    from django.utils import translation

    django.setup()
    translation.activate("en")
    return {
        "migrate": _migrate,
        "worker": _worker,
        "lines": _lines,
        "intake": _intake,
        "nightly": _nightly,
        "lake": _lake,
        "report": _report,
        "why": _why,
        "evidence": _verify,
        "user": _user,
        "keys": _keys,
        "people": _people,
    }[options.command](options)


def _migrate(options: argparse.Namespace) -> int:
    from dunwell.cli.migrations import migrate

    applied = migrate()
    print(f"{applied} migrations applied, rights set.")
    return 0


def _lines(options: argparse.Namespace) -> int:
    import asyncio

    from dunwell.cli.lines import keep

    asyncio.run(keep(options.session))
    return 0


def _worker(options: argparse.Namespace) -> int:
    from dunwell.cli.worker import Worker

    Worker().run(once=options.once)
    return 0


def guess(options: argparse.Namespace) -> int:
    """A mapping proposed for one file, to standard output. Needs no database."""
    import os

    import django

    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "dunwell.settings")
    home()
    django.setup()
    from dunwell.intake import guess as guessing
    from dunwell.intake.refusal import Refused as FileRefused
    from dunwell.intake.sentences import refusal

    if len(options.files) != 1:
        raise Refused("--guess takes one file.")
    try:
        print(guessing.propose(_file(options.files[0])), end="")
    except FileRefused as refused:
        raise Refused(f"{options.files[0]}: {refusal({'code': refused.code, **refused.params})}") from None
    return 0


def _file(name: str) -> Path:
    path = Path(name)
    if not path.is_file():
        raise Refused(f"There is no file {name}.")
    return path


def _intake(options: argparse.Namespace) -> int:
    from dunwell.intake import sentences
    from dunwell.intake.refusal import Refused as FileRefused
    from dunwell.kernel.actor import Actor
    from dunwell.nightly import services as nightly

    paths = [_file(name) for name in options.files]
    try:
        answers = nightly.take_files(
            paths,
            business_date=options.business_date,
            now=datetime.now(UTC),
            by=Actor.program("intake"),
            mapping=_file(options.mapping) if options.mapping else None,
        )
    except FileRefused as refused:  # the mapping itself
        raise Refused(sentences.refusal({"code": refused.code, **refused.params})) from None
    if options.json:
        print(json.dumps([answer.as_json() for answer in answers], ensure_ascii=False, default=str))
    else:
        for answer in answers:
            if answer.refused:
                print(sentences.of_file(answer.file))
            else:
                print(
                    f"{answer.file.name}: {answer.file.rows_read} rows read, {answer.file.rows_taken} taken,"
                    f" {answer.file.rows_warned} warned, {answer.file.rows_quarantined} in quarantine,"
                    f" {sentences.totals(answer.file)}"
                    + (f", {gone} left out: erased" if (gone := answer.file.warnings.get("erased_person")) else "")
                    + (", taken before" if answer.outcome == "already" else "")
                )
    return 1 if any(answer.refused for answer in answers) else 0


def _nightly(options: argparse.Namespace) -> int:
    from dunwell.engine import spark
    from dunwell.kernel.actor import Actor
    from dunwell.nightly import services as nightly

    steps: list[dict[str, object]] = []

    def told(step: nightly.Progress) -> None:
        steps.append({
            "step": step.step, "rows": step.rows, "money": _spelled(step.money), "seconds": round(step.seconds, 3),
            "rows_before": step.rows_before, "money_before": _spelled(step.money_before), "unusual": list(step.unusual),
        })  # fmt: skip
        if not options.json:
            print("\n".join(_told(step)), flush=True)

    nightly.behind_the_desks()
    try:
        night = nightly.run(
            business_date=options.business_date,
            now=datetime.now(UTC),
            by=Actor.program("nightly"),
            dry_run=options.dry_run,
            progress=told,
            engine=options.engine,
            master=options.master or os.environ.get("DUNWELL_SPARK_MASTER", "local[*]"),
        )
    except spark.Missing as missing:
        raise Refused(str(missing)) from None
    except nightly.Busy:
        print("dunwell: Another run holds the lock.", file=sys.stderr)
        return BUSY
    except nightly.Refused as refused:
        if options.json:
            print(json.dumps({"state": "stopped", "reason": refused.as_json(), "steps": steps}))
        print(
            f"dunwell: The night of {options.business_date} stopped before publishing: {_reason(refused)}",
            file=sys.stderr,
        )
        return REFUSED
    state = "dry run" if options.dry_run else night.state
    if options.json:
        print(
            json.dumps(
                {"business_date": str(options.business_date), "run": night.number, "state": state, "steps": steps}
            )
        )
    else:
        print(f"{options.business_date}, run {night.number}: {state}")
    return 0


def _spelled(money: Mapping[str, Decimal]) -> dict[str, str]:
    return {currency: str(amount) for currency, amount in money.items()}


def _told(step: Progress) -> Iterator[str]:
    """A step's line; below it a line a currency, and what the night before had where it was another."""
    more = "" if step.rows_before is None else f" {step.rows - step.rows_before:>+14,} rows than the night before"
    yield f"{step.step:<18} {step.rows:>12,} rows {step.seconds:>9.2f} s{more}"
    for currency, amount in step.money.items():
        before = step.money_before.get(currency)
        yield f"    {currency} {amount:>26,.2f}" + ("" if before is None else f" {amount - before:>+22,.2f}")
    for odd in step.unusual:
        yield f"    unusual: {odd['what']} {odd['found']} {odd['currency']}; usual are {odd['low']} to {odd['high']}"


def _reason(refused: object) -> str:
    sentences: dict[str, str] = {
        "file_missing": "the file {kind} of {date} is missing.",
        "no_night": "no night was published yet.",
        "not_in_the_lake": "the table {table} of {date} is not in the lake any more.",
        "totals_off": "the total {name} {currency} is {found} and should be {expected}.",
    }
    code, params = refused.code, refused.params  # type: ignore[attr-defined]
    try:
        return sentences[code].format(**params)
    except KeyError:
        return f"{code} {' '.join(f'{k}={v}' for k, v in params.items())}".strip() + "."


def _lake(options: argparse.Namespace) -> int:
    from dunwell.engine import lake
    from dunwell.kernel.actor import Actor
    from dunwell.kernel.times import business_date
    from dunwell.nightly import services as nightly

    now = datetime.now(UTC)
    by, today = Actor.program(f"lake {options.what}"), business_date(now)
    if options.what == "check":
        sentences = list(nightly.check())
        print("\n".join(sentences) or "Every file holds what was written there.")
        return 1 if sentences else 0
    try:
        if options.what == "rebuild":
            night, rows = nightly.rebuild(now=now, by=by)
            print(f"{rows} rows written from the night of {night.business_date}, run {night.number}.")
            return 0
        did = nightly.compact(today=today) if options.what == "compact" else nightly.prune(today=today, now=now, by=by)
    except nightly.Busy:
        print("dunwell: A night is running.", file=sys.stderr)
        return BUSY
    except nightly.Refused as refused:
        raise Refused(f"The lake cannot say: {_reason(refused)}") from None
    except lake.Other as other:
        raise Refused(f"{other}. `dunwell lake check` names every such file.") from None
    print(f"{did.files} files, {did.bytes / 1e6:.1f} MB less.")
    return 0


def _report(options: argparse.Namespace) -> int:
    from django.conf import settings

    from dunwell.identity.models import Entity
    from dunwell.oversight import export

    bank = Entity.objects.filter(code=settings.BANK_ENTITY).first()
    entity_id = bank.pk if bank else 0
    if options.name == "inspection":
        if not (options.first and options.last and options.first <= options.last):
            raise Refused("An inspection is of days: --from D --to D, the first not after the last.")
    elif not options.business_date:
        raise Refused(f"The report {options.name} is of a day: --business-date D.")
    try:
        if options.name == "inspection":
            table = export.inspection_table(
                options.first, options.last, entity_id=entity_id, seed=options.seed, size=options.sample
            )
        elif options.name == "stays":
            table = _stays(options.business_date)
        else:
            table = export.report(options.name, options.business_date, entity_id=entity_id, now=datetime.now(UTC))
    except KeyError:
        known = ", ".join(sorted((*export.REPORTS, "inspection", "stays")))
        raise Refused(f"There is no report {options.name!r}; there are {known}.") from None
    except export.NoFigures:
        raise Refused(f"No night was published for {options.business_date}.") from None
    write: dict[str, Callable[..., bytes]] = {"csv": export.as_csv, "json": export.as_json, "xlsx": export.as_xlsx}
    data = write[options.format](table)
    if options.out:
        Path(options.out).write_bytes(data)
    else:
        sys.stdout.flush()
        sys.stdout.buffer.write(data)
        sys.stdout.buffer.flush()
    return 0


def _stays(business_date: date) -> Table:
    """`stays`: when each account in work entered and left each bucket; no last day: still in it."""
    from dunwell.nightly.computed import NotKnown
    from dunwell.nightly.stays import stays
    from dunwell.oversight.export import NoFigures, Table

    try:
        found = stays(business_date=business_date)
    except NotKnown:
        raise NoFigures(business_date) from None
    return Table("stays", ("account_no", "bucket", "entered_on", "left_on"), found)


def _why(options: argparse.Namespace) -> int:
    from dunwell.cli.why import lines

    for line in lines(account_no=options.account, business_date=options.business_date):
        print(line)
    return 0


def _verify(options: argparse.Namespace) -> int:
    from dunwell.evidence import services as evidence
    from dunwell.evidence.destroyed import by_protocol

    try:
        found = evidence.verify(Path(options.path) if options.path else None)
    except (ValueError, OSError) as error:
        raise Refused(f"{options.path}: {error}") from None
    for change in found.changed:
        print(change)
    for gone in found.excused:
        print(gone)
    for number, count in by_protocol(found.destroyed.values()):
        print(f"protocol {number}: {count} destroyed")
    print(found)
    return 1 if found.changed else 0


def _keys(options: argparse.Namespace) -> int:
    from dunwell.cli import keys

    return keys.run(options)


def _people(options: argparse.Namespace) -> int:
    from dunwell.cli import people

    return people.run(options)


def _user(options: argparse.Namespace) -> int:
    from django.conf import settings
    from django.core.exceptions import ValidationError
    from django.db import transaction

    from dunwell.evidence import services as evidence
    from dunwell.identity import services
    from dunwell.identity.models import Entity, Team, User
    from dunwell.kernel.actor import Actor

    if options.what == "list":
        for user in User.objects.order_by("username"):
            print(f"{user.username}\t{user.role}\t{user.name_en}\t{'active' if user.is_active else 'closed'}")
        return 0
    by, now, password = Actor.program("dunwell user"), datetime.now(UTC), services.first_password()
    try:
        with transaction.atomic():
            if options.what == "add":
                entity, _ = Entity.objects.get_or_create(
                    code=settings.BANK_ENTITY, defaults={"kind": "bank", "name_zh": "本行", "name_en": "The bank"}
                )
                team = Team.objects.get(code=options.team) if options.team else None
                user = services.create_user(
                    username=options.username,
                    staff_no=options.staff_no,
                    name_zh=options.name_zh,
                    name_en=options.name_en,
                    entity=entity,
                    team=team,
                    role=options.role,
                    password=password,
                )
            else:
                user = User.objects.get(username=options.username)
                services.set_password(user=user, password=password)
            kind = "user.created" if options.what == "add" else "user.password_set"
            evidence.write(
                kind=kind, now=now, by=by, entity_id=user.entity_id, data={"user": user.pk, "role": user.role}
            )
    except ValidationError as error:
        raise Refused(" ".join(error.messages)) from None
    except Team.DoesNotExist:
        raise Refused(f"There is no team {options.team!r}.") from None
    except User.DoesNotExist:
        raise Refused(f"There is no user {options.username!r}.") from None
    print(f"{user.username}\t{password}")
    return 0
