import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from xxhash import xxh3_64_intdigest

from kpl.dataset import codec
from kpl.dataset.codec import Buffer, Column, ShardDirectory
from kpl.dataset.errors import DatasetDamaged, UnsupportedFormat
from kpl.dataset.fields import field
from kpl.errors import KPLError

_DIRECTORY = ShardDirectory(
    "labels", (Column(field("label", "category"), (Buffer("values", "<i4", 64, 8, 7),)),)
)
_FILE = codec.seal(codec.SHARD, b"\1\0\0\0\2\0\0\0", _DIRECTORY)


def _open(data: bytes) -> tuple[str, ShardDirectory]:
    return codec.unseal(memoryview(data), codec.SHARD, ShardDirectory, where="file")


@given(st.binary(max_size=300))
def test_unsealing_undoes_sealing(body: bytes) -> None:
    data = codec.seal(codec.SHARD, body, _DIRECTORY)
    content_id, directory = _open(data)
    assert directory == _DIRECTORY
    assert content_id == data[16:32].hex()
    assert data[64 : 64 + len(body)] == body


@given(st.integers(0, len(_FILE) - 1), st.integers(1, 255))
def test_a_flipped_byte_is_noticed_or_outside_of_what_was_read(position: int, change: int) -> None:
    data = bytearray(_FILE)
    data[position] ^= change
    try:
        _, directory = _open(bytes(data))
    except KPLError:
        return
    assert directory == _DIRECTORY
    assert 64 <= position < 128  # the body, which the checks of its buffers cover


@given(st.integers(0, len(_FILE) - 1))
def test_a_file_cut_short_is_refused(length: int) -> None:
    with pytest.raises(KPLError):
        _open(_FILE[:length])


@given(st.binary(max_size=400))
def test_any_bytes_give_an_error_of_ours(data: bytes) -> None:
    with pytest.raises(KPLError):
        _open(data)


def test_a_newer_format_version_is_named() -> None:
    data = bytearray(_FILE)
    data[8] = 2
    data[56:64] = xxh3_64_intdigest(bytes(data[:56])).to_bytes(8, "little")
    with pytest.raises(UnsupportedFormat, match="format version 2"):
        _open(bytes(data))


def test_another_kind_of_file_is_named() -> None:
    data = codec.seal(codec.INDEX, b"", _DIRECTORY)
    with pytest.raises(DatasetDamaged, match="a shard is expected, this is a index"):
        _open(data)


def test_a_directory_of_another_shape_is_refused() -> None:
    class Other(msgspec.Struct):
        number: int

    data = codec.seal(codec.SHARD, b"", Other(3))
    with pytest.raises(UnsupportedFormat, match="directory"):
        _open(data)


def test_header_and_trailer_have_the_sizes_of_the_specification() -> None:
    assert codec._HEADER.size == codec.HEADER_BYTES == 64
    assert codec._TRAILER.size == codec.TRAILER_BYTES == 32
