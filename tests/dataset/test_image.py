import io
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from kpl.dataset import BadSample
from kpl.dataset.image import image_info
from kpl.dataset.pixels import decode_image


def _encoded(
    format_name: str, size: tuple[int, int] = (37, 21), mode: str = "RGB", **options: object
) -> bytes:
    data = io.BytesIO()
    Image.effect_noise(size, 90).convert(mode).save(data, format_name, **options)
    return data.getvalue()


@pytest.mark.parametrize("format_name", ["JPEG", "PNG", "GIF", "BMP", "WEBP", "TIFF"])
def test_headers_agree_with_pillow(format_name: str) -> None:
    info = image_info(_encoded(format_name))
    assert (info.format, info.width, info.height) == (format_name.lower(), 37, 21)
    if format_name not in ("GIF",):
        assert info.channels == 3


@pytest.mark.parametrize(("mode", "channels"), [("L", 1), ("RGB", 3), ("RGBA", 4), ("LA", 2), ("P", 3)])
def test_channels_of_png(mode: str, channels: int) -> None:
    assert image_info(_encoded("PNG", mode=mode)).channels == channels


def test_progressive_and_grey_jpeg() -> None:
    assert image_info(_encoded("JPEG", progressive=True))[1:] == (37, 21, 3)
    assert image_info(_encoded("JPEG", mode="L"))[1:] == (37, 21, 1)
    assert image_info(_encoded("JPEG") + b"something a camera appended" * 100)[1:3] == (37, 21)


@pytest.mark.parametrize("format_name", ["JPEG", "PNG"])
def test_an_image_cut_short_is_refused(format_name: str) -> None:
    data = _encoded(format_name, (60, 60))
    for length in (0, 1, 10, 30, len(data) // 2, len(data) - 20):
        with pytest.raises(BadSample):
            image_info(data[:length])


_JPEG, _PNG = _encoded("JPEG"), _encoded("PNG")


@given(st.sampled_from([_JPEG, _PNG]), st.integers(0, 400), st.binary(min_size=1, max_size=4))
def test_damaged_headers_give_an_error_of_ours_or_numbers(data: bytes, position: int, patch: bytes) -> None:
    changed = data[:position] + patch + data[position + len(patch) :]
    try:
        info = image_info(changed)
    except BadSample:
        return
    assert info.width > 0
    assert info.height > 0


@given(st.binary(max_size=60))
def test_anything_else_is_not_an_image(data: bytes) -> None:
    with pytest.raises(BadSample):
        image_info(data)


def test_decoding_scales_and_converts(make_png: Callable[..., bytes]) -> None:
    assert decode_image(make_png(8, 6)).shape == (6, 8, 3)
    assert decode_image(make_png(8, 6), size=(3, 4), channels=1).shape == (3, 4, 1)
    assert decode_image(memoryview(_JPEG), size=(10, 10)).dtype == "uint8"
    with pytest.raises(BadSample, match="cannot be decoded"):
        decode_image(b"no image")
