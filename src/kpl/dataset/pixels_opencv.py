"""Decoding images with OpenCV, faster than Pillow; used where it is installed.

The only file that needs opencv-python-headless.
"""

import cv2
import numpy as np
from numpy.typing import NDArray

from kpl.dataset.errors import BadSample
from kpl.dataset.image import ImageInfo
from kpl.sentence import Sentence

# Rotation by EXIF is left alone: boxes and masks speak of the pixels as they are stored.
_STORED = cv2.IMREAD_IGNORE_ORIENTATION
_COLOUR = {
    1: cv2.IMREAD_COLOR | _STORED,
    2: cv2.IMREAD_REDUCED_COLOR_2 | _STORED,
    4: cv2.IMREAD_REDUCED_COLOR_4 | _STORED,
    8: cv2.IMREAD_REDUCED_COLOR_8 | _STORED,
}
_GREY = {
    1: cv2.IMREAD_GRAYSCALE | _STORED,
    2: cv2.IMREAD_REDUCED_GRAYSCALE_2 | _STORED,
    4: cv2.IMREAD_REDUCED_GRAYSCALE_4 | _STORED,
    8: cv2.IMREAD_REDUCED_GRAYSCALE_8 | _STORED,
}


def decode_into(data: bytes | bytearray | memoryview, info: ImageInfo, out: NDArray[np.uint8]) -> None:
    """Decode an image, scaled to `out`.

    Args:
        info: what its header says; a JPEG is decoded at half, a quarter or an eighth of its size where that
            is still as large as `out`.
        out: [height, width, 1 or 3] pixels, red first, to be filled.
    Raises:
        BadSample: it cannot be decoded.
    """
    height, width, channels = out.shape
    factor = 1
    if info.format == "jpeg":
        factor = next((f for f in (8, 4, 2) if info.width >= width * f and info.height >= height * f), 1)
    flags = (_GREY if channels == 1 else _COLOUR)[factor]
    try:
        image = cv2.imdecode(np.frombuffer(data, np.uint8), flags)
    except cv2.error as err:
        raise BadSample(Sentence(f"The image cannot be decoded: {err}.", f"无法解码图像（{err}）。")) from err
    if image is None:
        raise BadSample(
            Sentence(
                "The image cannot be decoded: OpenCV does not understand it.", "无法解码图像：OpenCV 不支持。"
            )
        )
    target = out[:, :, 0] if channels == 1 else out
    if image.shape[:2] == (height, width):
        target[...] = image
    else:
        is_halved = image.shape[0] >= 2 * height or image.shape[1] >= 2 * width
        how = cv2.INTER_AREA if is_halved else cv2.INTER_LINEAR
        target[...] = cv2.resize(image, (width, height), interpolation=how)
    if channels == 3:
        cv2.cvtColor(out, cv2.COLOR_BGR2RGB, dst=out)
