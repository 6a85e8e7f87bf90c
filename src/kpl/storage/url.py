"""From an address to the storage behind it. A further kind of storage is one more line in the table below."""

import os
from collections.abc import Callable
from pathlib import Path
from urllib.parse import unquote, urlsplit

from kpl.errors import Invalid, nearest
from kpl.storage.base import Storage
from kpl.storage.local import LocalStorage
from kpl.storage.remote import HttpStorage, ObjectStorage


def open_storage(url: str) -> Storage:
    """Open the storage at `url`: a path, `file:///path`, `http(s)://`, `s3://`, `gs://` or `az://`.

    Raises:
        Invalid: nothing is known of the scheme.
    """
    scheme, separator, _ = url.partition("://")
    if not separator:
        return LocalStorage(Path(url).expanduser())
    if scheme not in _SCHEMES:
        raise Invalid(f"'{url}': no storage is known for '{scheme}://'.", hint=nearest(scheme, _SCHEMES))
    return _SCHEMES[scheme](url)


def is_remote(address: str | os.PathLike[str]) -> bool:
    """Whether an address is elsewhere than in a folder of this machine."""
    text = os.fspath(address)
    return "://" in text and not text.startswith("file://")


def _open_file(url: str) -> Storage:
    parts = urlsplit(url)
    if parts.netloc not in ("", "localhost"):
        raise Invalid(
            f"'{url}' names the machine '{parts.netloc}', but file:// reads from this machine alone.",
            hint="Write three slashes: file:///path.",
        )
    return LocalStorage(Path(unquote(parts.path)))


_SCHEMES: dict[str, Callable[[str], Storage]] = {
    "file": _open_file,
    "http": HttpStorage,
    "https": HttpStorage,
    "s3": ObjectStorage,
    "gs": ObjectStorage,
    "az": ObjectStorage,
}
