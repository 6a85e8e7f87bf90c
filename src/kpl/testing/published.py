"""Small datasets and models put into a server as if a task had made them."""

import io
from collections.abc import Mapping
from pathlib import Path

from sqlalchemy.orm import Session

from kpl.algorithm.model import save_model
from kpl.dataset import DatasetWriter
from kpl.server.db.tables.projects import ProjectRow
from kpl.server.db.tables.tasks import TaskInputRow, TaskOutputRow, TaskRow, TaskSpecRow
from kpl.server.services.platform import Platform
from kpl.server.services.publishing import publisher
from kpl.server.services.spec_text import encode_spec
from kpl.task import ArtifactInput, OutputSpec, Program, TaskSpec
from kpl.task.ids import Digest

CLASSES = ("cat", "dog", "owl")


def image_bytes(value: int, *, size: int = 12) -> bytes:
    """A grey PNG image of `size` x `size` pixels."""
    from PIL import Image

    encoded = io.BytesIO()
    Image.new("RGB", (size, size), (value % 256,) * 3).save(encoded, "PNG")
    return encoded.getvalue()


def write_dataset(folder: Path, *, num_samples: int = 9, first: int = 0) -> Path:
    """A classification dataset of three classes; every third sample is in split `test`."""
    with DatasetWriter(folder, kind="classification", class_names=list(CLASSES)) as writer:
        for number in range(num_samples):
            split = "test" if number % 3 == 2 else "train"
            writer.add(f"{number}.png", image=image_bytes(number + first), label=number % 3, split=split)
    return folder


def publish_dataset(platform: Platform, folder: Path, name: str, *, project: str = "default") -> str:
    """Make a dataset's folder a version of `name`; returns `name@version`."""
    return _publish(platform, folder, OutputSpec("dataset", "dataset", publish=name), project)


def publish_model(
    platform: Platform,
    folder: Path,
    name: str,
    *,
    project: str = "default",
    metrics: Mapping[str, float] | None = None,
) -> str:
    """Make a small model in `folder` and a version of `name` from it; returns `name@version`."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "weights.bin").write_bytes(bytes(range(16)))
    save_model(folder, task="classification", classes=CLASSES, metrics=metrics or {"accuracy": 0.9})
    return _publish(platform, folder, OutputSpec("model", "model", publish=name), project)


def write_detection_dataset(folder: Path, *, num_samples: int = 4) -> Path:
    """A detection dataset of grey pictures of 40 x 40 pixels with a cat on the left and a dog on the right."""
    with DatasetWriter(folder, kind="detection", class_names=list(CLASSES)) as writer:
        for number in range(num_samples):
            boxes = [[0, 0, 10, 10], [20, 20, 40, 40]]
            writer.add(
                f"{number}.png", image=image_bytes(number, size=40), boxes=boxes, labels=[0, 1], split="test"
            )
    return folder


def add_test(
    platform: Platform, report: Path, *, dataset: Path, model: Path | None = None, project: str = "default"
) -> int:
    """Add a finished test, of a model or of a dataset's answers, that left the folder `report`; returns its number."""
    took = {"dataset": dataset} if model is None else {"model": model, "dataset": dataset}
    taken = {name: platform.artifacts.put_tree(folder).digest for name, folder in took.items()}
    made = platform.artifacts.put_tree(report).digest
    program = Program("image_classification", "1.0.0", "test", Digest("0" * 64), ("python", "test.py"))
    spec = TaskSpec(
        program,
        inputs=tuple(
            ArtifactInput(name, name, "classification", Digest(digest)) for name, digest in taken.items()
        ),
        outputs=(OutputSpec("report", "files", "metrics"),),
    )
    with platform.db.write() as session:
        project_id = session.query(ProjectRow).filter_by(name=project).one().id
        task_id = _add_finished_task(platform, session, project_id)
        session.add(TaskSpecRow(task_id=task_id, spec=encode_spec(spec)))
        for name, digest in taken.items():
            session.add(TaskInputRow(task_id=task_id, name=name, artifact=digest))
        session.add(TaskOutputRow(task_id=task_id, name="report", artifact=made))
        return task_id


def _publish(platform: Platform, folder: Path, output: OutputSpec, project: str) -> str:
    digest = platform.artifacts.put_tree(folder).digest
    publish = publisher(platform.artifacts, platform.clock)
    with platform.db.write() as session:
        project_id = session.query(ProjectRow).filter_by(name=project).one().id
        task_id = _add_finished_task(platform, session, project_id)
        session.add(TaskOutputRow(task_id=task_id, name=output.name, artifact=digest, published_as=""))
        return publish(
            session, project_id=project_id, task_id=task_id, output=output, name=output.publish, digest=digest
        )


def _add_finished_task(platform: Platform, session: Session, project_id: int) -> int:
    row = TaskRow(
        project_id=project_id,
        run_id=None,
        name="made for a test",
        kind="batch",
        algorithm="maker",
        version="1.0",
        function="process",
        depends_on=[],
        state="succeeded",
        is_final=True,
        created_by="ann",
        created_at_s=platform.now_s(),
    )
    session.add(row)
    session.flush()
    return row.id
