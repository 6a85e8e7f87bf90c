"""Pictures of the console for docs/, taken from the running product with real objects.

    python tools/docs_pictures.py [--data-dir FOLDER] [--only REGEX] [--every-look FOLDER]

Starts a server, lets `kpl demo` train, test, compile and serve a model, imports generated street scenes, runs what else
is shown, and photographs each screen with Chromium in the sizes, themes and languages of web/e2e/pictures.mjs. With
--data-dir the objects are kept, so that pictures are taken again in a minute. With --every-look each screen is taken in
both widths, themes and languages, to be looked at: one picture a screen, below the given folder; docs/ stays as it is.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import street_scenes
from PIL import Image

from kpl.client import Client, LocalServer, local_server
from kpl.testing.console import PASSWORD, set_password

ROOT = Path(__file__).parents[1]
PICTURES = ROOT / "docs" / "pictures"
DEMO = "digits"
SCENES = "street-scenes"
PIPELINE = "digits-to-service"
NUM_SCENES = 180
SAMPLE = 7
MOST_BYTES = 150_000
"""Of one picture; it is stored less exactly when it would be larger."""
QUALITIES = (84, 74, 64, 50)
DEVICES = "gpu:a100=4"


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--data-dir", type=Path, help="keep the objects here")
    parser.add_argument("--only", default="", metavar="REGEX", help="screens to take, as in 'run|editor'")
    parser.add_argument("--every-look", type=Path, metavar="FOLDER", help="take each screen in all its looks")
    wanted = parser.parse_args()
    with (
        _folder(wanted.data_dir) as folder,
        local_server(folder / "data", options=("--simulate", DEVICES)) as server,
    ):
        with server.client() as client:
            objects = make(client, server, folder)
            set_password(client.users.sign_in_link("admin"))
        with tempfile.TemporaryDirectory(prefix="kpl-pictures-") as name:
            taken, is_every_look = Path(name), wanted.every_look is not None
            done = _take(server.url, taken, objects, wanted.only, is_every_look=is_every_look)
            if is_every_look:
                sheets(taken, wanted.every_look)
            else:
                total = keep(taken, PICTURES)
                print(f"{PICTURES.relative_to(ROOT)}: {total / 1e6:.1f} MB")
        with server.client() as client:
            for endpoint in client.endpoints.list():
                client.endpoints.stop(endpoint.name)
                client.tasks.wait(endpoint.task_id, until_over=True)
    return done


def make(client: Client, server: LocalServer, folder: Path) -> dict[str, Any]:
    """Make what the pictures show, or find it; the names and numbers by which the console finds it."""
    runs = {run.name: run for run in client.runs.list()}
    # Also with everything there: it serves the model again, which the end of the last taking stopped.
    _kpl(server, "demo")
    if SCENES not in {dataset.name for dataset in client.datasets.list()}:
        source = street_scenes.write(folder / "scenes", num_images=NUM_SCENES, seed=7)
        client.tasks.wait(client.datasets.import_folder(SCENES, source, kind="detection").id)
        _run(client, "split-scenes", document=_split(SCENES, train=0.7, val=0.15, test=0.15))
    template = client.templates.get("image_classification").document
    for name, rate, epochs in (("higher-rate", 0.01, 8), ("lower-rate", 0.0005, 12)):
        if name not in runs:
            values = {"dataset": DEMO, "model": f"{DEMO}-{name}", "learning_rate": rate, "epochs": epochs}
            _run(client, name, document=_until_tested(template), parameters=values)
    if "best-values" not in runs:
        values = {"dataset": DEMO, "model": f"{DEMO}-best-values", "epochs": 4}
        _run(client, "best-values", document=_searching(_until_tested(template)), parameters=values)
    if "broken" not in runs:
        _run(client, "broken", document=_split(DEMO, train=0, val=0, test=0), may_fail=True)
    runs = {run.name: run for run in client.runs.list()}
    client.pipelines.save(PIPELINE, template | {"name": PIPELINE, "parameters": _with_dataset(template)})
    _kpl(server, "storage", "show", "--count")
    image = next(iter(sorted((folder / "data" / "demo" / "images" / "7").glob("*.png"))))
    return {
        "scenes": SCENES,
        "sample": SAMPLE,
        "pipeline": PIPELINE,
        "run": _first(client, "demo"),
        "search": runs["best-values"].id,
        "failed": runs["broken"].id,
        "compared": [_first(client, "demo"), runs["higher-rate"].id, runs["lower-rate"].id],
        "model": DEMO,
        "endpoint": DEMO,
        "image": str(image),
        "now": (datetime.now(UTC) + timedelta(minutes=2)).isoformat(),
    }


def keep(taken: Path, folder: Path) -> int:
    """Store PNGs as WebP of at most MOST_BYTES; the bytes of all."""
    folder.mkdir(parents=True, exist_ok=True)
    for path in sorted(taken.glob("*.png")):
        target = folder / f"{path.stem}.webp"
        for quality in QUALITIES:
            with Image.open(path) as picture:
                picture.save(target, "WEBP", quality=quality, method=6)
            if target.stat().st_size <= MOST_BYTES:
                break
    return sum(path.stat().st_size for path in folder.glob("*.webp"))


def sheets(taken: Path, folder: Path) -> None:
    """Put the looks of each screen into one picture: widths beside each other, themes and languages below."""
    folder.mkdir(parents=True, exist_ok=True)
    looks: dict[str, list[Path]] = {}
    for path in sorted(taken.glob("*.png")):
        looks.setdefault(path.stem.rsplit("-", 3)[0], []).append(path)
    for name, paths in looks.items():
        pictures = [Image.open(path) for path in paths]
        width, height = (max(getattr(each, side) for each in pictures) for side in ("width", "height"))
        num_rows = -(-len(pictures) // 2)
        sheet = Image.new("RGB", (2 * width, num_rows * height), "magenta")
        for number, picture in enumerate(pictures):
            column, row = divmod(number, num_rows)
            sheet.paste(picture, (column * width, row * height))
        sheet.save(folder / f"{name}.png")


@contextmanager
def _folder(given: Path | None) -> Iterator[Path]:
    if given is not None:
        given.mkdir(parents=True, exist_ok=True)
        yield given.absolute()
        return
    with tempfile.TemporaryDirectory(prefix="kpl-pictures-") as folder:
        yield Path(folder)


def _first(client: Client, name: str) -> int:
    """The oldest run of a name: it did the work that later ones reuse."""
    return min(run.id for run in client.runs.list() if run.name == name)


def _kpl(server: LocalServer, *words: str) -> None:
    command = [sys.executable, "-m", "kpl.cli", "--data-dir", str(server.data_dir), *words]
    subprocess.run(command, check=True, stdout=sys.stderr, env={**os.environ, "KPL_SERVER": server.url})


def _run(
    client: Client,
    name: str,
    *,
    document: dict[str, Any],
    parameters: dict[str, Any] | None = None,
    may_fail: bool = False,
) -> None:
    made = client.runs.create(document=document, parameters=parameters, name=name, origin="ui")
    run = client.runs.wait(made.id, timeout_s=600)
    if run.state != "succeeded" and not may_fail:
        raise SystemExit(f"Run {name} is {run.state}. {run.reason}")


def _split(dataset: str, **shares: float) -> dict[str, Any]:
    """Divide a dataset anew, as its next version."""
    step = {"id": "split", "type": "algorithm", "algorithm": "dataset_split", "function": "process",
            "parameters": shares, "publish": {"dataset": dataset}}  # fmt: skip
    return {
        "schema": "kpl.pipeline/v1",
        "name": "split",
        "nodes": [{"id": "data", "type": "dataset", "dataset": dataset}, step],
        "edges": [{"from": "data.dataset", "to": "split.dataset"}],
    }


def _until_tested(template: dict[str, Any]) -> dict[str, Any]:
    """The template without what comes after the test."""
    kept = {"data", "split", "train", "test"}
    nodes = [node for node in template["nodes"] if node["id"] in kept]
    ends = [(edge, {edge["from"].split(".")[0], edge["to"].split(".")[0]}) for edge in template["edges"]]
    return template | {"nodes": nodes, "edges": [edge for edge, nodes_of in ends if nodes_of <= kept]}


def _searching(document: dict[str, Any]) -> dict[str, Any]:
    """The document with the values of its training searched."""
    ranges = {
        "learning_rate": {"min": 0.0002, "max": 0.01, "log": True},
        "dropout": {"min": 0.0, "max": 0.5},
        "network": {"choices": ["auto", "small", "medium"]},
    }
    search = {"parameters": ranges, "trials": 16, "parallel": 2, "pruning": True}
    nodes = [node | ({"search": search} if node["id"] == "train" else {}) for node in document["nodes"]]
    return document | {"nodes": nodes}


def _with_dataset(template: dict[str, Any]) -> dict[str, Any]:
    parameters: dict[str, Any] = template["parameters"]
    return parameters | {"dataset": parameters["dataset"] | {"default": DEMO}}


def _take(url: str, folder: Path, objects: dict[str, Any], only: str, *, is_every_look: bool) -> int:
    done = subprocess.run(
        ["node", "e2e/pictures.mjs"],
        cwd=ROOT / "web",
        check=False,
        env={
            **os.environ,
            "KPL_E2E_URL": url,
            "KPL_E2E_PASSWORD": PASSWORD,
            "KPL_PICTURES": str(folder),
            "KPL_PICTURES_OBJECTS": json.dumps(objects),
            "KPL_PICTURES_ONLY": only,
            "KPL_PICTURES_EVERY_LOOK": "1" if is_every_look else "",
        },
    )
    return done.returncode


if __name__ == "__main__":
    sys.exit(main())
