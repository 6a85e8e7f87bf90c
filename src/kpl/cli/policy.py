"""`kpl policy`."""

from datetime import datetime
from enum import StrEnum
from typing import Annotated, Any

import typer

from kpl.cli.context import context
from kpl.cli.output import Json, amounts, out, print_json, print_table
from kpl.cli.values import parse_duration_s
from kpl.errors import Invalid
from kpl.resources import parse_amounts
from kpl.scheduler import Hours
from kpl.scheduler.hours_text import format_hours, parse_hours
from kpl.schemas.queue import HoursBody, PolicyBody

app = typer.Typer(help="Policies: rules for each task of a queue.", no_args_is_help=True)

Name = Annotated[str, typer.Argument(help="Name of the queue; root is above all.")]


class Rule(StrEnum):
    MAX_RUN_TIME = "max-run-time"
    MAX = "max"
    IDLE_STOP = "idle-stop"
    KINDS = "kinds"
    HOURS = "hours"
    MIN_RUN = "min-run"


_FIELDS = {
    Rule.MAX_RUN_TIME: "max_run_time_s",
    Rule.MAX: "max_request",
    Rule.IDLE_STOP: "idle_stop_s",
    Rule.KINDS: "allowed_kinds",
    Rule.HOURS: "hours",
    Rule.MIN_RUN: "min_run_s",
}
_MEANINGS = {
    Rule.MAX_RUN_TIME: "a task that runs longer is stopped",
    Rule.MAX: "the most that one task may ask for",
    Rule.IDLE_STOP: "a notebook or service that was idle for this long is stopped",
    Rule.KINDS: "kinds of devices that may be asked for",
    Rule.HOURS: "when tasks may start",
    Rule.MIN_RUN: "how long a task runs before it makes room for others",
}


@app.command()
def show(name: Name, json: Json = False) -> None:
    """Show the rules of a queue: its own, and those that hold with what comes from above."""
    with context.client() as client:
        queue = client.queues.get(name)
    if json:
        print_json({"own": queue.policy, "effective": queue.effective_policy})
        return
    own, effective = _words(queue.policy), _words(queue.effective_policy)
    print_table(
        ("rule", "set here", "holds", "meaning"),
        [(rule, own.get(rule), effective.get(rule), meaning) for rule, meaning in _MEANINGS.items()],
        empty="",
    )


@app.command("set")
def set_(
    name: Name,
    max_run_time: Annotated[
        str | None, typer.Option(help="A task that runs longer is stopped, as in 60, 30m, 12h.")
    ] = None,
    max_: Annotated[
        str | None, typer.Option("--max", help="The most that one task may ask for, as in gpu=2,cpu=8.")
    ] = None,
    idle_stop: Annotated[
        str | None, typer.Option(help="Stop a notebook or service that was idle for this long.")
    ] = None,
    kinds: Annotated[
        str | None, typer.Option(help="Kinds of devices that may be asked for, as in gpu,npu; none for none.")
    ] = None,
    hours: Annotated[
        str | None,
        typer.Option(
            help="When tasks may start, by this machine's clock: 'mon-fri 20:00-08:00; sat,sun 00:00-24:00'."
        ),
    ] = None,
    min_run: Annotated[
        str | None, typer.Option(help="How long a task runs before it makes room for others.")
    ] = None,
    json: Json = False,
) -> None:
    """Set rules for each task of a queue and of those below it; rules that are not named stay."""
    rules: dict[str, Any] = {
        "max_run_time_s": None if max_run_time is None else parse_duration_s(max_run_time),
        "max_request": None if max_ is None else parse_amounts(max_),
        "idle_stop_s": None if idle_stop is None else parse_duration_s(idle_stop),
        "allowed_kinds": None if kinds is None else _parse_kinds(kinds),
        "hours": None if hours is None else _parse_hours(hours),
        "min_run_s": None if min_run is None else parse_duration_s(min_run),
    }
    named = {rule: value for rule, value in rules.items() if value is not None}
    if not named:
        raise Invalid("No rule is named.", hint=f"Name one or more: --{', --'.join(Rule)}.")
    _put(name, named, json=json)


@app.command()
def clear(
    name: Name,
    rules: Annotated[list[Rule] | None, typer.Argument(help="Rules to take away; all by default.")] = None,
    json: Json = False,
) -> None:
    """Take rules away from a queue; those of the queues above hold then."""
    _put(name, {_FIELDS[rule]: None for rule in rules or list(Rule)}, json=json)


def describe_rules(policy: PolicyBody) -> str:
    """The rules that are set, in one line; empty when there are none."""
    return "; ".join(f"{rule} {value}" for rule, value in _words(policy).items())


def _put(name: str, policy: dict[str, Any], *, json: bool) -> None:
    with context.client() as client:
        queue = client.queues.put(name, policy=policy)
    if json:
        print_json({"own": queue.policy, "effective": queue.effective_policy})
    else:
        out.print(f"{queue.name}: {describe_rules(queue.effective_policy) or 'no rules'}")


def _words(policy: PolicyBody) -> dict[Rule, str]:
    words = {
        Rule.MAX_RUN_TIME: _time(policy.max_run_time_s),
        Rule.MAX: None if policy.max_request is None else amounts(policy.max_request) or "nothing",
        Rule.IDLE_STOP: _time(policy.idle_stop_s),
        Rule.KINDS: None if policy.allowed_kinds is None else ", ".join(policy.allowed_kinds) or "none",
        Rule.HOURS: None if policy.hours is None else format_hours([_hours(each) for each in policy.hours]),
        Rule.MIN_RUN: _time(policy.min_run_s),
    }
    return {rule: text for rule, text in words.items() if text is not None}


def _time(seconds: float | None) -> str | None:
    """A time as it is typed, in the largest unit that it is a whole number of."""
    if seconds is None:
        return None
    units = ((86400, "d"), (3600, "h"), (60, "m"))
    return next((f"{seconds / size:g}{unit}" for size, unit in units if seconds % size == 0), f"{seconds:g}s")


def _hours(body: HoursBody) -> Hours:
    return Hours(frozenset(body.weekdays), body.from_minute, body.until_minute, body.utc_offset_minutes)


def _parse_hours(text: str) -> list[dict[str, Any]]:
    offset = datetime.now().astimezone().utcoffset()
    minutes = 0 if offset is None else int(offset.total_seconds() // 60)
    return [
        {
            "weekdays": sorted(each.weekdays),
            "from_minute": each.from_minute,
            "until_minute": each.until_minute,
            "utc_offset_minutes": each.utc_offset_minutes,
        }
        for each in parse_hours(text, utc_offset_minutes=minutes)
    ]


def _parse_kinds(text: str) -> list[str]:
    kinds = [kind.strip() for kind in text.split(",") if kind.strip()]
    return [] if kinds == ["none"] else kinds
