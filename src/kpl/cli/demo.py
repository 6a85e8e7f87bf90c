"""`kpl demo`: real data to a trained, tested, compiled and served model, as a user would through the public API."""

import io
import json
import statistics
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import typer
from rich import box
from rich.table import Table

from kpl.cli.context import context
from kpl.cli.output import counted, duration, out, say, size
from kpl.cli.run_view import run_view
from kpl.client import Client, connect, local_server
from kpl.client.connect import default_data_dir
from kpl.errors import Invalid, KPLError
from kpl.schemas.run import RunDetail
from kpl.schemas.task import TaskOut

NAME = "digits"
LEAST_ACCURACY = 0.97
NUM_REQUESTS = 20


def demo(
    standalone: Annotated[
        bool, typer.Option(help="Start a server for the demo on a free port, and stop it at the end.")
    ] = False,
    data_dir: Annotated[
        Path | None, typer.Option(help="Data folder of the server that is started or used.")
    ] = None,
) -> None:
    """Take 1,797 handwritten digits from files to a served model: split, train, test, infer, compile, deploy."""
    folder = (data_dir or context.data_dir or default_data_dir()).expanduser().absolute()
    began_s = time.monotonic()
    if not standalone:
        with connect(
            server=context.server, token=context.token, project=context.project, data_dir=folder
        ) as client:
            _demonstrate(client, folder / "demo", began_s, console=client.url)
        return
    with local_server(folder) as server, server.client(project=context.project) as client:
        _demonstrate(client, folder / "demo", began_s, console=f"{_usual_address()} once `make up` runs")
        endpoint = client.endpoints.stop(NAME)
        client.tasks.wait(endpoint.task_id, until_over=True)
    say("The demo's server is stopped; `make up` starts it again with everything shown here.")


@dataclass(frozen=True, slots=True)
class _Found:
    """What the demo promises to show."""

    run: RunDetail
    imported: TaskOut
    accuracy: float
    before: float
    after: float
    latency_ms: float
    answer: dict[str, Any]
    answer_ms: float
    model: Path
    package: Path


def _usual_address() -> str:
    """Where a server listens unless it is told otherwise."""
    from kpl.server.settings import Settings

    fields = Settings.model_fields
    return f"http://{fields['host'].default}:{fields['port'].default}"


def _demonstrate(client: Client, folder: Path, began_s: float, *, console: str) -> None:
    images = write_digits(folder / "images")
    say(f"1. Import {sum(1 for _ in images.rglob('*.png'))} images from {images}")
    imported = _import(client, images)
    say("2. Run the template image_classification")
    run = client.runs.create(
        template="image_classification",
        parameters={"dataset": NAME, "model": NAME, "endpoint": NAME},
        name="demo",
        origin="cli",
    )
    with run_view() as view:
        run = client.runs.wait(run.id, on_change=view.update)
    if run.state != "succeeded":
        raise Invalid(f"Run {run.id} is {run.state}. {run.reason}", hint=f"See `kpl run logs {run.id}`.")
    say("3. Send an image to the endpoint")
    found = _look(client, run, imported, images, folder)
    _report(found, time.monotonic() - began_s, console)
    if found.accuracy < LEAST_ACCURACY:
        raise Invalid(f"Test accuracy is {found.accuracy:.4f}, below {LEAST_ACCURACY}.")


def write_digits(folder: Path) -> Path:
    """Write the 1,797 handwritten digits of scikit-learn as PNG files, one folder for each class.

    Source: E. Alpaydin, C. Kaynak, Optical Recognition of Handwritten Digits, UCI Machine Learning Repository, 1998.
    """
    try:
        from PIL import Image
        from sklearn.datasets import load_digits
    except ImportError as error:
        raise Invalid(
            f"The demo needs {error.name}.", hint="Install it with `pip install 'kpl-platform[demo]'`."
        ) from error
    digits = load_digits()
    for number, (pixels, label) in enumerate(zip(digits.images, digits.target, strict=True)):
        path = folder / str(label) / f"{number:04d}.png"
        if not path.exists():
            path.parent.mkdir(parents=True, exist_ok=True)
            encoded = io.BytesIO()
            Image.fromarray((pixels * 255 / 16).astype("uint8")).save(encoded, "PNG")
            path.write_bytes(encoded.getvalue())
    return folder


def _import(client: Client, images: Path) -> TaskOut:
    task = client.datasets.import_folder(NAME, images, kind="classification")
    done = client.tasks.wait(task.id)
    if done.state not in ("succeeded", "reused"):
        raise Invalid(f"The import is {done.state}. {done.reason}", hint=f"See `kpl task logs {task.id}`.")
    dataset = client.datasets.get(NAME).latest
    how = f" ({done.why})" if done.state == "reused" else ""
    say(
        f"   {NAME}@{dataset.version}: {counted(dataset.num_samples, 'sample')}, "
        f"{counted(len(dataset.class_names), 'class')}{how}"
    )
    return done


def _look(client: Client, run: RunDetail, imported: TaskOut, images: Path, folder: Path) -> _Found:
    tasks = {task.name: task for task in run.tasks}
    tested = _metrics(client, tasks["test"])
    compiled = _metrics(client, tasks["compile"])
    image = next(iter(sorted((images / "7").glob("*.png"))))
    client.endpoints.wait_ready(NAME)
    answer = client.endpoints.predict(NAME, image)
    answer_ms = statistics.median(_time_answer_ms(client, image) for _ in range(NUM_REQUESTS))
    version = client.models.get(NAME).latest.version
    client.models.download(NAME, version, folder / "model")
    artifact = client.tasks.outputs(tasks["compile"].id)["package"].artifact
    if artifact is None or "label" not in answer:
        raise KPLError("The run left no SDK package, or the endpoint gave no label.")
    archives = [p for p in client.artifacts.download(artifact, folder / "sdk") if p.suffix == ".zip"]
    say(f"   {image.relative_to(images.parent)} -> {answer['label']}")
    return _Found(
        run=run,
        imported=imported,
        accuracy=tested["accuracy"],
        before=compiled["accuracy_before"],
        after=compiled["accuracy_after"],
        latency_ms=compiled["latency_ms"],
        answer=answer,
        answer_ms=answer_ms,
        model=folder / "model",
        package=archives[0],
    )


def _time_answer_ms(client: Client, image: Path) -> float:
    began_s = time.perf_counter()
    client.endpoints.predict(NAME, image)
    return (time.perf_counter() - began_s) * 1000


def _metrics(client: Client, task: TaskOut) -> dict[str, float]:
    """Last values of what a task reported; for a reused task, of the one that it was reused from."""
    reported = client.tasks.metrics(task.reused_from or task.id)
    return {metric.name: metric.last for metric in reported.metrics}


def _report(found: _Found, took_s: float, console: str) -> None:
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, show_edge=False, header_style="bold")
    table.add_column("step")
    table.add_column("time", justify="right")
    table.add_column("why")
    for task in (found.imported, *found.run.tasks):
        table.add_row("import" if task is found.imported else task.name, duration(task.duration_s), task.why)
    out.print()
    out.print(table, soft_wrap=False, width=None if out.is_terminal else 120)
    reused = sum(task.state == "reused" for task in (found.imported, *found.run.tasks))
    total = len(found.run.tasks) + 1
    facts = [
        ("steps reused", f"{reused} of {total}"),
        ("test accuracy", f"{found.accuracy:.4f}"),
        ("accuracy before and after compilation", f"{found.before:.4f} -> {found.after:.4f}"),
        ("latency of the compiled model", f"{found.latency_ms:.2f} ms"),
        ("answer of the endpoint", json.dumps(_short(found.answer), ensure_ascii=False)),
        ("latency of the endpoint, median", f"{found.answer_ms:.1f} ms"),
        ("model", str(found.model)),
        ("SDK package", f"{found.package} ({size(found.package.stat().st_size)})"),
        ("console", console),
        ("time in all", duration(took_s)),
    ]
    width = max(len(name) for name, _ in facts)
    out.print()
    for name, value in facts:
        out.print(f"{name:<{width}}  {value}")


def _short(answer: dict[str, Any]) -> dict[str, Any]:
    """The answer with its two best scores; the rest adds nothing to a table."""
    scores = answer.get("scores", [])[:2]
    return {"label": answer["label"], "scores": scores}
