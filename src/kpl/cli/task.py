"""`kpl task`."""

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer

from kpl.cli.context import context
from kpl.cli.output import (
    Json,
    Limit,
    ago,
    counted,
    duration,
    nothing,
    number,
    out,
    print_fields,
    print_json,
    print_table,
    say,
    size,
    until,
)
from kpl.cli.run_view import what_came_of_it, what_it_does
from kpl.schemas.evaluation import EvaluatedSampleOut, EvaluationReportOut
from kpl.schemas.task import SearchState, TrialOrder

app = typer.Typer(help="Tasks: state, logs, metrics, outputs.", no_args_is_help=True)

TaskId = Annotated[int, typer.Argument(help="Number of the task.")]
_MOST_CONFUSED = 10
Attempt = Annotated[int | None, typer.Option(help="Which attempt; the latest by default.")]


@app.command("list")
def list_(
    run: Annotated[int | None, typer.Option(help="Only tasks of this run.")] = None,
    state: Annotated[str | None, typer.Option(help="Only tasks in this state.")] = None,
    limit: Limit = 20,
    json: Json = False,
) -> None:
    """List tasks, newest first."""
    with context.client() as client:
        tasks = list(client.tasks.list(run_id=run, state=state, limit=limit))
    if json:
        print_json(tasks)
        return
    print_table(
        ("task", "run", "name", "function", "state", "time", "created", "reason"),
        [
            (
                t.id,
                t.run_id,
                t.name,
                what_it_does(t),
                t.state,
                duration(t.duration_s),
                ago(t.created_at),
                what_came_of_it(t),
            )
            for t in tasks
        ],
        empty=nothing("No tasks.", run=run, state=state),
    )


@app.command()
def show(task_id: TaskId, json: Json = False) -> None:
    """Show a task: what it does, why, its attempts and outputs."""
    with context.client() as client:
        task = client.tasks.get(task_id)
        outputs = client.tasks.outputs(task_id)
        metrics = client.tasks.metrics(task_id)
    if json:
        print_json(task)
        return
    print_fields(
        [
            ("task", task.id),
            ("node", f"{task.name} of run {task.run_id}" if task.run_id else task.name),
            ("does", what_it_does(task, with_version=True)),
            ("state", task.state),
            ("reason", task.reason),
            ("why", task.why),
            ("search", _search(task.search)),
            ("queue", f"{task.queue}, priority {task.priority}"),
            ("made room", f"{task.num_preemptions} x, for others" if task.num_preemptions else None),
            ("time", duration(task.duration_s)),
            ("parameters", ", ".join(f"{key}={value}" for key, value in task.parameters.items())),
            ("metrics", ", ".join(f"{m.name} {number(m.last)}" for m in metrics.metrics)),
            ("notes", task.notes),
            ("digest", task.digest),
        ]
    )
    out.print()
    print_table(
        ("attempt", "state", "outcome", "exit code", "time", "message"),
        [
            (a.number, a.state, a.outcome, a.exit_code, duration(a.duration_s), a.message)
            for a in task.attempts
        ],
        empty="No attempts.",
    )
    out.print()
    print_table(
        ("output", "type", "files", "size", "published as", "artifact"),
        [
            (
                o.name,
                o.type,
                o.num_files,
                size(o.size_bytes) if o.size_bytes is not None else None,
                o.published_as,
                o.artifact,
            )
            for o in outputs.values()
        ],
        empty="No outputs.",
    )


@app.command()
def why(task_id: TaskId, json: Json = False) -> None:
    """Say why a task waits, its place in the queue, and when it will probably start."""
    with context.client() as client:
        found = client.tasks.why(task_id)
    if json:
        print_json(found)
        return
    place = f"{found.position} of {found.num_waiting} in queue {found.queue}" if found.position else None
    print_fields(
        [
            ("task", f"{found.task_id} {found.name}"),
            ("state", found.state),
            ("reason", found.reason.en),
            ("", found.reason.zh),
            ("place", place),
            ("priority", found.priority),
            ("starts in", f"about {until(found.expected_start_at)}" if found.expected_start_at else None),
        ]
    )
    if found.rejections is None:
        return
    out.print()
    print_table(
        ("machines", "passed over because"),
        [(each.num_machines, each.why.en) for each in found.rejections],
        empty="No machine was passed over.",
    )


@app.command()
def trials(
    task_id: TaskId,
    sort: Annotated[TrialOrder, typer.Option(help="By number, or by value, the best first.")] = "trial",
    limit: Limit = 100,
    json: Json = False,
) -> None:
    """List what a search over parameters tried, and what came of each trial."""
    with context.client() as client:
        task = client.tasks.get(task_id)
        found = list(client.tasks.trials(task_id, sort=sort, limit=limit))
    if json:
        print_json(found)
        return
    metric = task.search.metric if task.search else "value"
    names = list(found[0].parameters) if found else []
    print_table(
        ("trial", "task", *names, metric, "", "state", "time", "reason"),
        [
            (
                t.trial,
                t.task_id,
                *(_parameter(t.parameters.get(name)) for name in names),
                None if t.value is None else number(t.value),
                "best" if t.is_best else "",
                "stopped early" if t.is_stopped_early else t.state,
                duration(t.duration_s),
                t.reason,
            )
            for t in found
        ],
        empty="No trials yet.",
    )


def _search(search: SearchState | None) -> str | None:
    if search is None:
        return None
    counts = {"done": search.done, "going on": search.running, "failed": search.failed}
    counts["stopped early"] = search.stopped_early
    told = ", ".join(f"{count} {name}" for name, count in counts.items() if count)
    best = f"; best: trial {search.best_trial}, task {search.best_task_id}" if search.best_trial else ""
    return f"up to {search.trials} trials: {told or 'none yet'}{best}"


def _parameter(value: object) -> str:
    return number(value) if isinstance(value, float) else str(value)


@app.command()
def evaluation(
    task_id: TaskId,
    threshold: Annotated[
        float | None,
        typer.Option(
            min=0,
            max=1,
            help="Answers whose score is lower count as none. By default 0; of a detection, where F1 is highest.",
        ),
    ] = None,
    mistakes: Annotated[
        int, typer.Option(min=0, help="How many samples with mistakes to list, the worst first.")
    ] = 10,
    json: Json = False,
) -> None:
    """Show what a test found: figures of each class, what is taken for what or missed, the worst mistakes."""
    with context.client() as client:
        found = client.tasks.evaluation(task_id, threshold=threshold)
        is_detection = found.detection is not None
        wrong = list(
            client.tasks.evaluated_samples(
                task_id,
                threshold=found.threshold,
                outcome="error" if is_detection else "wrong",
                order="most" if is_detection else "certain",
                limit=mistakes,
            )
        )
    if json:
        print_json(found)
        return
    print_fields(
        [
            ("task", f"{found.task_id} {found.task_name}"),
            ("model", _version(found.model.name, found.model.version) if found.model else None),
            ("dataset", _version(found.dataset.name, found.dataset.version)),
            ("split", f"{found.dataset.split}, {counted(found.num_samples, 'sample')}"),
            *_figures(found),
        ]
    )
    out.print()
    areas = ("AP50", "AP") if is_detection else ("average precision",)
    print_table(
        ("class", "objects" if is_detection else "samples", "precision", "recall", "F1", *areas),
        [
            (one.name, one.support, one.precision, one.recall, one.f1)
            + ((one.average_precision_50,) if is_detection else ())
            + (one.average_precision,)
            for one in found.classes
        ],
        empty="No classes.",
    )
    out.print()
    _print_confusions(found)
    out.print()
    _print_mistakes(wrong)


def _figures(found: EvaluationReportOut) -> list[tuple[str, object]]:
    if found.detection is None:
        return [
            ("answered", f"{number(100 * found.coverage)} % at threshold {found.threshold:g}"),
            ("accuracy", found.accuracy),
            ("macro F1", found.macro_f1),
        ]
    one = found.detection
    return [
        ("mAP", found.metrics.get("map")),
        ("mAP50", found.metrics.get("map50")),
        ("threshold", f"{found.threshold:g} (F1 is highest at {one.best_threshold:g})"),
        ("precision", f"{number(one.precision)}, {one.num_false_alarms} false alarms"),
        ("recall", f"{number(one.recall)}, {one.num_missed} of {one.num_objects} objects missed"),
        ("F1", one.f1),
    ]


def _print_confusions(found: EvaluationReportOut) -> None:
    """What is taken for what, most frequent first; of a detection also what is missed or made up."""
    names: dict[int | None, str] = {one.class_id: one.name for one in found.classes}
    if found.detection is not None:
        names[None] = "nothing"
    confused = [
        each
        for each in found.confusions
        if each.predicted != each.label and (found.detection or each.predicted is not None)
    ]
    confused.sort(key=lambda each: -each.count)
    print_table(
        ("objects" if found.detection else "samples", "of class", "answered with"),
        [
            (each.count, names.get(each.label, each.label), names.get(each.predicted, each.predicted))
            for each in confused[:_MOST_CONFUSED]
        ],
        empty="No class is taken for another.",
    )


def _print_mistakes(samples: Sequence[EvaluatedSampleOut]) -> None:
    detected = [(each.row, each.detection) for each in samples if each.detection is not None]
    if detected:
        print_table(
            ("row", "right", "wrong", "missed", "false alarms"),
            [
                (row, one.num_right, one.num_wrong, one.num_missed, one.num_false_alarms)
                for row, one in detected
            ],
            empty="No mistakes.",
        )
        return
    print_table(
        ("row", "class", "answered with", "score"),
        [(each.row, each.label, each.predicted, each.score) for each in samples],
        empty="No mistakes.",
    )


def _version(name: str | None, version: int | None) -> str:
    return "not published" if name is None else f"{name}@{version}"


@app.command()
def priority(
    task_id: TaskId,
    value: Annotated[int, typer.Argument(help="Higher goes first; -100 to 100 for developers.")],
) -> None:
    """Change the priority of a task that has not started; for one below 0, write it after --."""
    with context.client() as client:
        client.tasks.set_priority(task_id, value)
    say(f"Task {task_id} has priority {value}.")


@app.command()
def logs(
    task_id: TaskId,
    attempt: Attempt = None,
    follow: Annotated[
        bool, typer.Option("--follow", "-f", help="Until the task is over, through all of its attempts.")
    ] = False,
    search: Annotated[
        str | None, typer.Option(help="Only lines that hold this text, with their numbers.")
    ] = None,
) -> None:
    """Print the log of a task."""
    with context.client() as client:
        if search is not None:
            found = client.tasks.search_log(task_id, search, attempt=attempt)
            for match in found.matches:
                typer.echo(f"{match.line}: {match.text}")
            say(f"{found.num_matches:,} of {counted(found.num_lines, 'line')}", style="dim")
            return
        for line in client.tasks.log_lines(task_id, attempt=attempt, follow=follow):
            typer.echo(line)


@app.command()
def download(
    task_id: TaskId,
    output: Annotated[str, typer.Argument(help="Name of the output.")],
    destination: Annotated[Path, typer.Argument(help="Folder to write into.")],
) -> None:
    """Save all files of an output."""
    with context.client() as client:
        stored = client.tasks.outputs(task_id)[output]
        if stored.artifact is None:
            say(f"Output {output} of task {task_id} is empty so far.", style="yellow")
            raise typer.Exit(1)
        for path in client.artifacts.download(stored.artifact, destination):
            out.print(str(path))


@app.command()
def cancel(task_id: TaskId) -> None:
    """Stop a task: SIGTERM, then SIGKILL after its grace period."""
    with context.client() as client:
        client.tasks.cancel(task_id)
    say(f"Task {task_id} is asked to stop.")
