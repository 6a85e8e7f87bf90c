"""`kpl queue`."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Annotated

import typer

from kpl.cli.context import context
from kpl.cli.output import (
    Json,
    Limit,
    Yes,
    ago,
    amounts,
    confirm,
    out,
    print_fields,
    print_json,
    print_table,
    say,
    until,
)
from kpl.cli.policy import describe_rules
from kpl.cli.values import parse_quota
from kpl.schemas.queue import QueuedTaskOut, QueueOut

app = typer.Typer(help="Queues: quotas, who runs and who waits.", no_args_is_help=True)

Name = Annotated[str, typer.Argument(help="Name of the queue; PROJECT/USER is that of a user.")]
_AMOUNTS = "as in cpu=8,memory=64Gi,gpu=4,gpu:a100=2,tasks=10; none for no such amounts"


@app.command("list")
def list_(json: Json = False) -> None:
    """List queues as a tree: what each is guaranteed, uses, has borrowed, and may have at most."""
    with context.client() as client:
        queues = list(client.queues.list())
    if json:
        print_json(queues)
        return
    print_table(
        ("queue", "guaranteed", "used", "borrowed", "limit", "weight", "running", "waiting"),
        [
            (
                f"{'  ' * depth}{q.name}",
                amounts(q.guaranteed),
                _without_tasks(q.used),
                amounts(q.borrowed),
                amounts(q.limit),
                f"{q.weight:g}",
                q.num_running,
                q.num_waiting,
            )
            for depth, q in _tree(queues)
        ],
        empty="No queues: you are not a member of any project.",
    )


@app.command()
def show(name: Name, limit: Limit = 50, json: Json = False) -> None:
    """Show a queue: its quota and rules, who runs in it, who waits, why and for how long."""
    with context.client() as client:
        queue = client.queues.get(name)
        tasks = list(client.queues.tasks(name, limit=limit))
    if json:
        print_json({"queue": queue, "tasks": tasks})
        return
    print_fields(
        [
            ("queue", f"{queue.name} below {queue.parent}" if queue.parent else queue.name),
            ("guaranteed", amounts(queue.guaranteed)),
            ("used", amounts(queue.used)),
            ("borrowed", amounts(queue.borrowed)),
            ("limit", amounts(queue.limit)),
            ("limit of a user", amounts(queue.user_limit)),
            ("weight", f"{queue.weight:g}"),
            ("rules", describe_rules(queue.effective_policy)),
        ]
    )
    out.print()
    running = [task for task in tasks if task.started_at is not None]
    waiting = [task for task in tasks if task.started_at is None]
    print_table(
        ("task", "node", "user", "state", "holds", "since"),
        [
            (
                _number(t),
                _node(t),
                t.username,
                t.state,
                _without_tasks(t.amounts),
                ago(t.started_at or t.created_at),
            )
            for t in running
        ],
        empty="Nothing runs in it.",
    )
    out.print()
    print_table(
        ("place", "task", "node", "user", "priority", "asks for", "starts in", "reason"),
        [
            (
                t.position,
                _number(t),
                _node(t),
                t.username,
                t.priority,
                f"{amounts(t.amounts)}, {t.devices}",
                until(t.expected_start_at),
                t.reason.en if t.reason is not None else None,
            )
            for t in waiting
        ],
        empty="Nobody waits in it.",
    )
    left = queue.num_running + queue.num_waiting - len(tasks)
    if left > 0:
        say(f"{left} more: kpl queue show {name} --limit {len(tasks) + left}", style="dim")


@app.command("set")
def set_(
    name: Name,
    guaranteed: Annotated[
        str | None, typer.Option(help=f"What its tasks get before anybody borrows, {_AMOUNTS}.")
    ] = None,
    limit: Annotated[str | None, typer.Option(help="What its tasks never hold more of.")] = None,
    user_limit: Annotated[str | None, typer.Option(help="The same for each user.")] = None,
    weight: Annotated[
        float | None, typer.Option(help="What lies idle is lent in proportion to this; 1 by default.")
    ] = None,
    parent: Annotated[str | None, typer.Option(help="The queue above; root by default.")] = None,
    json: Json = False,
) -> None:
    """Set up a queue for an organisation, a project or PROJECT/USER, or change it; the rest stays as it is."""
    with context.client() as client:
        queue = client.queues.put(
            name,
            parent=parent,
            weight=weight,
            guaranteed=parse_quota(guaranteed),
            limit=parse_quota(limit),
            user_limit=parse_quota(user_limit),
        )
    if json:
        print_json(queue)
        return
    promised = amounts(queue.guaranteed) or "nothing"
    out.print(f"{queue.name}: guaranteed {promised}; limit {amounts(queue.limit) or 'none'}")


@app.command()
def delete(name: Name, yes: Yes = False) -> None:
    """Take away the quota and rules of a project, or the whole queue of an organisation or user."""
    confirm(f"Delete what was set up for queue {name}?", is_confirmed=yes)
    with context.client() as client:
        client.queues.delete(name)


def _tree(queues: Sequence[QueueOut]) -> Iterator[tuple[int, QueueOut]]:
    """The queues with their depth, each below the one above it."""
    names = {queue.name for queue in queues}

    def walk(parent: str, depth: int) -> Iterator[tuple[int, QueueOut]]:
        for queue in queues:
            if (queue.parent if queue.parent in names else "") == parent:
                yield depth, queue
                yield from walk(queue.name, depth + 1)

    return walk("", 0)


def _without_tasks(of: Mapping[str, int]) -> str:
    """Amounts without the number of tasks, which stands beside them anyway."""
    return amounts({resource: amount for resource, amount in of.items() if resource != "tasks"})


def _number(task: QueuedTaskOut) -> int | None:
    return task.task_id or None


def _node(task: QueuedTaskOut) -> str:
    return f"{task.project}: {task.name}" if task.task_id else "of another project"
