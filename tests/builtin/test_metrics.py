"""The figures of image classification against scikit-learn's."""

import importlib.util
import sys
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import kpl

reference = pytest.importorskip("sklearn.metrics", reason="scikit-learn is the reference")
FOLDER = Path(kpl.__file__).parent / "builtin" / "algorithms" / "image_classification"


def load(path: Path, name: str) -> ModuleType:
    spec = importlib.util.spec_from_file_location(name, path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module  # dataclasses look themselves up there
    spec.loader.exec_module(module)
    return module


metrics = load(FOLDER / "metrics.py", "image_classification_metrics")


@settings(max_examples=50, deadline=None)
@given(st.integers(2, 7), st.integers(1, 60), st.integers(0, 2**32 - 1))
def test_class_figures_equal_the_reference(num_classes: int, count: int, seed: int) -> None:
    generator = np.random.default_rng(seed)
    labels = generator.integers(num_classes, size=count)
    predicted = generator.integers(num_classes, size=count)
    confusion = metrics.confusion_matrix(labels, predicted, num_classes)
    classes = range(num_classes)
    assert (confusion == reference.confusion_matrix(labels, predicted, labels=classes)).all()
    found = metrics.class_scores(confusion)
    expected = reference.precision_recall_fscore_support(labels, predicted, labels=classes, zero_division=0)
    for number, row in enumerate(zip(*expected, strict=True)):
        one = found[number]
        assert (one.precision, one.recall, one.f1, one.support) == pytest.approx(row)


@settings(max_examples=50, deadline=None)
@given(st.integers(3, 7), st.integers(1, 60), st.integers(1, 7), st.integers(0, 2**32 - 1))
def test_top_k_accuracy_equals_the_reference(num_classes: int, count: int, k: int, seed: int) -> None:
    generator = np.random.default_rng(seed)
    labels = generator.integers(num_classes, size=count)
    scores = generator.permuted(
        np.tile(np.arange(num_classes, dtype=np.float32), (count, 1)), axis=1
    )  # no equal scores: which of them come first is free
    found = metrics.top_k_accuracy(scores, labels, min(k, num_classes - 1))
    expected = reference.top_k_accuracy_score(
        labels, scores, k=min(k, num_classes - 1), labels=range(num_classes)
    )
    assert found == pytest.approx(expected)


def test_the_sdk_decodes_images_as_training_does(tmp_path: Path) -> None:
    from io import BytesIO

    from PIL import Image

    ours = load(FOLDER / "images.py", "image_classification_images")
    sdk = load(FOLDER / "sdk" / "predict.py", "image_classification_sdk_predict")
    generator = np.random.default_rng(0)
    photo = Image.fromarray(generator.integers(0, 256, (90, 120, 3), np.uint8))
    upright = Image.Exif()
    upright[0x0112] = 6  # the camera was held on its side
    sixteen = Image.fromarray(generator.integers(0, 65536, (20, 30), np.uint16))
    files = []
    for image, form, options in (
        (photo, "PNG", {}),
        (photo, "JPEG", {"exif": upright}),
        (photo.convert("P"), "PNG", {}),
        (photo.convert("LA"), "PNG", {}),
        (sixteen, "PNG", {}),
    ):
        buffer = BytesIO()
        image.save(buffer, form, **options)
        files.append(buffer.getvalue())
    for data in files:
        pixels = ours.decode(data, 16, 24)
        assert pixels.shape == (16, 24, 3)
        assert pixels.dtype == np.uint8
        assert (pixels == sdk.decode(data, 16, 24)).all()
    assert ours.decode(files[-1], 20, 30).std() > 10
