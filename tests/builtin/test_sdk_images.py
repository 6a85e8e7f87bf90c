"""Images reach the network of the SDK as they reached it in training."""

import importlib.util
import sys
from pathlib import Path
from types import ModuleType

import numpy as np

import kpl

FOLDER = Path(kpl.__file__).parent / "builtin" / "algorithms" / "image_classification"


def load(path: Path, name: str) -> ModuleType:
    spec = importlib.util.spec_from_file_location(name, path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module  # dataclasses look themselves up there
    spec.loader.exec_module(module)
    return module


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
