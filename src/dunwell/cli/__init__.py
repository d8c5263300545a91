"""The command `dunwell`. Commands are imported when they are called, so that `--help` is quick."""

from __future__ import annotations

import argparse
import os
import sys


def parser() -> argparse.ArgumentParser:
    top = argparse.ArgumentParser(prog="dunwell", description="Dunwell: the system of a card collections department.")
    top.add_argument("--version", action="store_true", help="print the version and end")
    commands = top.add_subparsers(dest="command", metavar="COMMAND")

    demo = commands.add_parser("demo", help="start everything with the demo portfolio")
    serve = commands.add_parser("serve", help="start everything")
    for command in (demo, serve):
        command.add_argument("--host", default="127.0.0.1", help="address to listen on (default %(default)s)")
        command.add_argument("--port", type=int, help="port; without it 8000, or the next free one")
        command.add_argument(
            "--cardholder-port", type=int, help="of the cardholders' page; without it 8100, or the next"
        )
    demo.add_argument("--accounts", type=_some, metavar="N", help="at its first start take N accounts only, of 30,000")
    own = commands.add_parser("cardholders", help="serve the cardholders' page alone, as on a host of its own")
    own.add_argument("--host", default="127.0.0.1", help="address to listen on (default %(default)s)")
    own.add_argument("--port", type=int, help="port; without it 8100, or the next free one")
    commands.add_parser("migrate", help="bring the database's tables and rights up to date").add_argument(
        "--database", help=argparse.SUPPRESS
    )
    commands.add_parser("lines", help="keep the sessions of the bank's lines to its providers").add_argument(
        "--session", type=int, default=1, help=argparse.SUPPRESS
    )
    commands.add_parser("worker", help="do the day's work: reassess, send, seal").add_argument(
        "--once", action="store_true", help="do every duty once and end"
    )

    intake = commands.add_parser("intake", help="take the bank's files in")
    intake.add_argument("--business-date", type=_day, metavar="D", help="the business date the files are of")
    intake.add_argument("--mapping", metavar="M.yaml", help="how the bank's layout becomes the contract")
    intake.add_argument("--guess", action="store_true", help="propose a mapping for a file, to standard output")
    intake.add_argument("--json", action="store_true", help="JSON instead of lines")
    intake.add_argument("files", nargs="+", metavar="FILE")

    nightly = commands.add_parser("nightly", help="run the night")
    nightly.add_argument("--business-date", type=_day, metavar="D", required=True)
    nightly.add_argument("--engine", choices=("duckdb", "spark"), default="duckdb")
    nightly.add_argument("--master", metavar="URL", help="Spark's master (DUNWELL_SPARK_MASTER, or local[*])")
    nightly.add_argument("--dry-run", action="store_true", help="all steps, nothing published")
    nightly.add_argument("--json", action="store_true", help="JSON instead of lines")

    lake = commands.add_parser("lake", help="what the nights left: upkeep, and PostgreSQL's columns from it")
    lake_does = lake.add_subparsers(dest="what", metavar="WHAT", required=True)
    lake_does.add_parser("check", help="whether each file holds what was written there")
    lake_does.add_parser("compact", help="pack files of some days ago more tightly")
    lake_does.add_parser("prune", help="delete what is kept no longer")
    lake_does.add_parser("rebuild", help="write the published columns again, from the lake and the facts since")

    report = commands.add_parser("report", help="a report's rows")
    report.add_argument("name", metavar="NAME", help="buckets, roll-rates, …")
    report.add_argument("--business-date", type=_day, metavar="D")
    report.add_argument("--from", dest="first", type=_day, metavar="D", help="inspection: the first day")
    report.add_argument("--to", dest="last", type=_day, metavar="D", help="inspection: the last day")
    report.add_argument("--sample", type=_some, metavar="N", help="inspection: how many contacts are drawn")
    report.add_argument("--seed", default="", metavar="TEXT", help="inspection: the same seed draws the same contacts")
    report.add_argument("--format", choices=("csv", "json", "xlsx"), default="csv")
    report.add_argument("--out", metavar="FILE", help="instead of standard output")

    why = commands.add_parser("why", help="the lines that sum to each figure of an account")
    why.add_argument("account", metavar="ACCOUNT")
    why.add_argument("--business-date", type=_day, metavar="D", required=True)

    check = commands.add_parser("check", help="the product's own rules on somebody else's cases; needs no database")
    check.add_argument(
        "what",
        metavar="WHAT",
        choices=("ageing", "interest", "allocation", "schedule", "rate", "contacts", "numbers", "days"),
        help="%(choices)s",
    )
    check.add_argument("file", metavar="FILE.csv")
    check.add_argument("--out", metavar="FILE", help="instead of standard output")

    evidence = commands.add_parser("evidence", help="the log").add_subparsers(
        dest="what", metavar="WHAT", required=True
    )
    evidence.add_parser("verify", help="check every record against its seal").add_argument(
        "path", nargs="?", metavar="PATH"
    )

    bench = commands.add_parser("bench", help="measure")
    bench.add_argument("what", metavar="WHAT")
    bench.add_argument("--accounts", type=int, metavar="N")
    bench.add_argument("--rounds", type=int, metavar="R")
    bench.add_argument("--json", metavar="FILE")

    users = commands.add_parser("user", help="staff who may sign in").add_subparsers(
        dest="what", metavar="WHAT", required=True
    )
    add = users.add_parser("add", help="make a user; prints the first password")
    add.add_argument("username")
    add.add_argument("--role", required=True)
    add.add_argument("--staff-no", required=True)
    add.add_argument("--name-zh", required=True)
    add.add_argument("--name-en", required=True)
    add.add_argument("--team", default="", help="a team's code")
    users.add_parser("password", help="set a new password; prints it").add_argument("username")
    users.add_parser("list", help="who there is")

    people = commands.add_parser("people", help="personal data of one person").add_subparsers(
        dest="what", metavar="WHAT", required=True
    )
    erase = people.add_parser("erase", help="forget a person, or say what forbids it")
    erase.add_argument("--check", action="store_true", help="only say whether anything forbids it")
    readmit = people.add_parser("readmit", help="let the bank's files bring an erased person again")
    for command in (erase, readmit):
        command.add_argument("party_no", metavar="PARTY_NO", help="the host's customer number")
        command.add_argument("--reason", default="", metavar="TEXT")

    keys = commands.add_parser("keys", help="the master key that wraps people's keys").add_subparsers(
        dest="what", metavar="WHAT", required=True
    )
    keys.add_parser("status", help="what each version of it wraps")
    keys.add_parser("rotate", help="make a new one and wrap everything under it; goes on when it was broken off")
    return top


def _some(text: str) -> int:
    if not text.isdecimal() or not int(text):
        raise argparse.ArgumentTypeError(f"{text!r} is not a number above zero")
    return int(text)


def _day(text: str) -> object:
    from datetime import date

    try:
        return date.fromisoformat(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is not a date such as 2026-11-23") from None


def main(arguments: list[str] | None = None) -> None:
    """Run a command; ends the process with the exit code that contracts promise (2 for wrong usage)."""
    top = parser()
    options = top.parse_args(arguments)
    if options.version:
        from dunwell import __version__

        print(__version__)
        return
    if options.command is None:
        top.print_help(sys.stderr)
        sys.exit(2)
    if options.command == "intake" and not options.guess and options.business_date is None:
        top.error("intake needs --business-date D")
    from dunwell.cli.environment import Refused

    try:
        sys.exit(_run(options))
    except Refused as error:
        sys.exit(f"dunwell: {error}")
    except KeyboardInterrupt:
        sys.exit(130)
    except BrokenPipeError:  # `dunwell report … | head`
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(141)


def _run(options: argparse.Namespace) -> int:
    if options.command in ("demo", "serve"):
        from dunwell.cli import supervisor

        demo = options.command == "demo"
        accounts = options.accounts if demo else None
        return supervisor.run(
            demo=demo, host=options.host, port=options.port, cardholder_port=options.cardholder_port, accounts=accounts
        )
    if options.command == "cardholders":
        from dunwell.cli import supervisor

        return supervisor.serve_cardholders(host=options.host, port=options.port)
    if options.command == "check":
        from dunwell.cli import check

        return check.run(options)
    if options.command == "bench":
        from dunwell.cli import bench

        return bench.run(options)
    if options.command == "intake" and options.guess:
        from dunwell.cli import commands

        return commands.guess(options)
    from dunwell.cli import commands
    from dunwell.cli.environment import database

    with database():
        return commands.run(options)
