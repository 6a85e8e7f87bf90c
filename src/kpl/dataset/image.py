"""Width, height and channels of an encoded image from its header, without decoding.

Pillow only for rare formats.
"""

import io
import struct
from typing import NamedTuple

from kpl.dataset.errors import BadSample
from kpl.sentence import Sentence

_PNG_CHANNELS = {0: 1, 2: 3, 3: 3, 4: 2, 6: 4}
_JPEG_FRAMES = frozenset({*range(0xC0, 0xD0)} - {0xC4, 0xC8, 0xCC})
_JPEG_STANDALONE = frozenset({0x01, *range(0xD0, 0xD8)})
_MAX_SIDE = 1 << 20


class ImageInfo(NamedTuple):
    """What the header of an image says."""

    format: str
    width: int
    height: int
    channels: int


def image_info(data: bytes | bytearray | memoryview) -> ImageInfo:
    """Read the header of an image.

    Raises:
        BadSample: not an image, or cut short.
    """
    head = bytes(data[:32])
    try:
        info = _parse(head, data)
    except (struct.error, IndexError) as err:
        raise BadSample(Sentence("the image is cut short", "图像不完整")) from err
    if not (0 < info.width <= _MAX_SIDE and 0 < info.height <= _MAX_SIDE):
        raise BadSample(
            Sentence(
                f"the image header says {info.width} x {info.height} pixels",
                f"图像文件头中的尺寸为 {info.width} × {info.height} 像素，不合理",
            )
        )
    return info


def _parse(head: bytes, data: bytes | bytearray | memoryview) -> ImageInfo:
    if head.startswith(b"\xff\xd8"):
        return _jpeg(data)
    if head.startswith(b"\x89PNG\r\n\x1a\n"):
        return _png(head, data)
    if head[:6] in (b"GIF87a", b"GIF89a"):
        width, height = struct.unpack_from("<HH", head, 6)
        return ImageInfo("gif", width, height, 3)
    if head.startswith(b"BM"):
        width, height, _, bits = struct.unpack_from("<iiHH", head, 18)
        return ImageInfo("bmp", width, abs(height), 4 if bits == 32 else 3)
    return _other(data)


def _png(head: bytes, data: bytes | bytearray | memoryview) -> ImageInfo:
    width, height, _, colour = struct.unpack_from(">IIBB", head, 16)
    if colour not in _PNG_CHANNELS or head[12:16] != b"IHDR":
        raise BadSample(Sentence("the PNG header is damaged", "PNG 文件头已损坏"))
    if bytes(data[-8:-4]) != b"IEND" and b"IEND" not in bytes(data[-4096:]):
        raise BadSample(Sentence("the PNG is cut short: it has no end", "PNG 不完整，缺少结尾"))
    return ImageInfo("png", width, height, _PNG_CHANNELS[colour])


def _jpeg(data: bytes | bytearray | memoryview) -> ImageInfo:
    info: ImageInfo | None = None
    position = 2
    while True:
        while data[position] != 0xFF:  # some writers leave stray bytes between segments
            position += 1
        while data[position] == 0xFF:
            position += 1
        marker = data[position]
        position += 1
        if marker in _JPEG_STANDALONE:
            continue
        if marker == 0xD9:
            break
        (length,) = struct.unpack_from(">H", data, position)
        if marker in _JPEG_FRAMES:
            height, width, channels = struct.unpack_from(">HHB", data, position + 3)
            info = ImageInfo("jpeg", width, height, channels)
        if marker == 0xDA:
            break
        position += length
    if info is None:
        raise BadSample(Sentence("the JPEG has no frame header", "JPEG 缺少帧头"))
    if not _has_end(data, position):
        raise BadSample(Sentence("the JPEG is cut short: it has no end marker", "JPEG 不完整，缺少结束标记"))
    return info


def _has_end(data: bytes | bytearray | memoryview, begin: int) -> bool:
    """Whether an end marker follows the scan.

    Cameras may append much after it, so all of it is searched if need be.
    """
    return b"\xff\xd9" in bytes(data[max(begin, len(data) - 64) :]) or b"\xff\xd9" in bytes(data[begin:])


def _other(data: bytes | bytearray | memoryview) -> ImageInfo:
    try:
        from PIL import Image, UnidentifiedImageError
    except ImportError as err:
        raise BadSample(
            Sentence(
                "not a JPEG, PNG, GIF or BMP; other formats need Pillow installed",
                "不是 JPEG、PNG、GIF 或 BMP；其他格式需要安装 Pillow",
            )
        ) from err
    try:
        with Image.open(io.BytesIO(data)) as image:
            return ImageInfo((image.format or "").lower(), image.width, image.height, len(image.getbands()))
    except (UnidentifiedImageError, OSError, ValueError, SyntaxError, Image.DecompressionBombError) as err:
        raise BadSample(Sentence("not an image", "不是图像")) from err
