"""Decoding images to arrays, with Pillow, scaled while decoding where the format allows."""

import io

import numpy as np
from numpy.typing import NDArray

from kpl.dataset.errors import BadSample

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
        raise BadSample(f"The image cannot be decoded: {err}.") from err
    return np.asarray(pixels, dtype=np.uint8).reshape(pixels.height, pixels.width, channels)
