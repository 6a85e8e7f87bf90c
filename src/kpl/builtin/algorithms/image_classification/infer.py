"""Answer every sample of a dataset: the same samples come out with a layer `predictions`.

Answers are appended to a file among the checkpoints as they come; a killed inference goes on behind the last complete
batch, so every sample is answered exactly once.
"""

import json
import os
from pathlib import Path

import hardware
import numpy as np
from images import Images
from numpy.typing import NDArray
from predict import predict
from saved import load_classifier

from kpl.algorithm import author
from kpl.dataset import Dataset


def main() -> None:
    parameters = author.parameters()
    device = hardware.choose_device()
    model = load_classifier(author.input("model"))
    dataset = Dataset.open(author.input("dataset"))
    images = Images(dataset, model.height, model.width)

    answers = AnswerFile(author.checkpoints(), len(model.classes))
    num_before = answers.num_rows
    if num_before:
        author.note(
            f"Resumed after {num_before} of {len(dataset)} samples",
            text_zh=f"从第 {num_before} 个样本之后继续，共 {len(dataset)} 个",
        )
    todo = np.arange(num_before, len(dataset), dtype=np.int64)
    for scores in predict(model, images, todo, device, batch_size=parameters.batch_size):
        answers.append(scores)
        author.progress(
            answers.num_rows / len(dataset),
            f"{answers.num_rows} of {len(dataset)} samples",
            message_zh=f"样本 {answers.num_rows} / {len(dataset)}",
        )

    class_names, scores = in_names_of(dataset, model.classes, answers.read())
    best = scores.argmax(axis=1)
    layer = {"label": best, "score": scores[np.arange(len(scores)), best], "scores": scores}
    dataset.derive(author.output("dataset"), layers={"predictions": layer}, class_names=class_names)
    author.metric("samples", len(dataset))
    author.metric("answered_now", len(todo))
    author.metric("mean_score", float(layer["score"].mean()) if len(scores) else 0.0)
    print(f"{len(dataset)} samples answered, {len(todo)} of them in this attempt")


def in_names_of(
    dataset: Dataset, classes: list[str], scores: NDArray[np.float32]
) -> tuple[list[str], NDArray[np.float32]]:
    """Scores by the dataset's class ids, so that labels and predictions compare; new classes are added at the end."""
    class_names = [*dataset.class_names, *(name for name in classes if name not in dataset.class_names)]
    columns = np.zeros((len(scores), len(class_names)), dtype=np.float32)
    columns[:, [class_names.index(name) for name in classes]] = scores
    return class_names, columns


class AnswerFile:
    """Rows of float32 [classes], appended and counted so that only complete, synced rows are ever believed."""

    def __init__(self, folder: Path, num_classes: int) -> None:
        self._num_classes = num_classes
        self._path = folder / "scores.f32"
        self._count_path = folder / "scores.json"
        self.num_rows = 0
        if self._count_path.exists():
            self.num_rows = int(json.loads(self._count_path.read_text())["num_rows"])
        self._path.touch()
        os.truncate(self._path, self.num_rows * num_classes * 4)

    def append(self, scores: NDArray[np.float32]) -> None:
        with self._path.open("ab") as file:
            file.write(scores.astype("<f4").tobytes())
            file.flush()
            os.fsync(file.fileno())
        self.num_rows += len(scores)
        partial = self._count_path.with_suffix(".partial")
        with partial.open("w") as file_of_count:
            json.dump({"num_rows": self.num_rows}, file_of_count)
            file_of_count.flush()
            os.fsync(file_of_count.fileno())
        partial.replace(self._count_path)

    def read(self) -> NDArray[np.float32]:
        return np.fromfile(self._path, dtype="<f4").reshape(-1, self._num_classes).astype(np.float32)


if __name__ == "__main__":
    main()
