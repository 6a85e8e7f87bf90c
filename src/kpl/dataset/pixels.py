"""Decoding images to arrays, scaled while decoding where the format allows.

With OpenCV where it is installed and asked for, else with Pillow.
"""

import importlib.util
import io
from functools import cache
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from kpl.dataset.errors import BadSample
from kpl.dataset.image import ImageInfo, image_info
from kpl.sentence import Sentence

Decoder = Literal["auto", "opencv", "pillow"]

_MODES = {1: "L", 3: "RGB", 4: "RGBA"}


def decode_image(
    data: bytes | bytearray | memoryview, *, size: tuple[int, int] | None = None, channels: int = 3
) -> NDArray[np.uint8]:
    """The pixels of an encoded image.

    Args:
        data: a JPEG, PNG or whatever else Pillow reads.
        size: (height, width) to scale to; as it is by default.
        channels: 1, 3 or 4.
    Returns:
        [height, width, channels] pixels.
    Raises:
        BadSample: it cannot be decoded.
    """
    from PIL import Image, UnidentifiedImageError

    mode = _MODES[channels]
    try:
        with Image.open(io.BytesIO(data)) as image:
            if size is not None:
                # lets the JPEG decoder leave out detail that the scaling would throw away
                image.draft(mode, (size[1], size[0]))
            pixels = image.convert(mode)
            if size is not None and pixels.size != (size[1], size[0]):
                pixels = pixels.resize((size[1], size[0]), Image.Resampling.BILINEAR)
    except (UnidentifiedImageError, OSError, ValueError, SyntaxError, Image.DecompressionBombError) as err:
        raise BadSample(Sentence(f"The image cannot be decoded: {err}.", f"无法解码图像（{err}）。")) from err
    return np.asarray(pixels, dtype=np.uint8).reshape(pixels.height, pixels.width, channels)


def decode_into(
    data: bytes | bytearray | memoryview, out: NDArray[np.uint8], *, decoder: Decoder = "auto"
) -> None:
    """Decode an image straight into a place of a batch, scaled to its size.

    Args:
        data: a JPEG, PNG, ...
        out: [height, width, channels] pixels to be filled; channels 1, 3 or 4.
        decoder: `auto` takes OpenCV where it is installed. The two scale by slightly different rules: name one
            for pixels that are equal on every machine.
    Raises:
        BadSample: it cannot be decoded.
    """
    height, width, channels = out.shape
    if channels in (1, 3) and (decoder == "opencv" or (decoder == "auto" and _has_opencv())):
        from kpl.dataset import pixels_opencv

        pixels_opencv.decode_into(data, _info(data), out)
    else:
        out[...] = decode_image(data, size=(height, width), channels=channels)


def _info(data: bytes | bytearray | memoryview) -> ImageInfo:
    try:
        return image_info(data)
    except BadSample:  # the decoder has the last word, and may know more formats
        return ImageInfo("", 0, 0, 0)


@cache
def _has_opencv() -> bool:
    return importlib.util.find_spec("cv2") is not None
