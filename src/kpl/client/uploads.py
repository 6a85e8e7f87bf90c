"""Uploads: a file or folder, sent in pieces, resumed where it broke off, checked by its digest."""

import hashlib
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from kpl.client.transport import Transport
from kpl.errors import Conflict, Invalid, Unavailable
from kpl.schemas.upload import UploadCreate, UploadOut
from kpl.storage.archive import pack

PIECE_BYTES = 8 << 20
_TRIES = 5

Progress = Callable[[int, int], object]
"""Called with bytes sent and bytes in all."""


def ignore_progress(_sent: int, _total: int) -> None:
    """For callers who do not watch."""


class Uploads:
    def __init__(self, transport: Transport, base: str) -> None:
        self._transport = transport
        self._base = f"{base}/uploads"

    def send(self, source: Path, *, progress: Progress = ignore_progress) -> int:
        """Upload a file, or a folder as one archive, and return the id of the completed upload.

        Raises:
            Invalid: `source` does not exist.
            Unavailable: the server could not be reached for several tries in a row.
        """
        if source.is_dir():
            with tempfile.TemporaryDirectory(prefix="kpl-upload-") as folder:
                archive = Path(folder, f"{source.resolve().name}.tar")
                with archive.open("wb") as file:
                    file.writelines(pack(source))
                return self._send_file(archive, progress)
        if not source.is_file():
            raise Invalid(f"'{source}' is neither a file nor a folder.", hint="Check the path.")
        return self._send_file(source, progress)

    def _send_file(self, path: Path, progress: Progress) -> int:
        size_bytes = path.stat().st_size
        with path.open("rb") as file:
            sha256 = hashlib.file_digest(file, "sha256").hexdigest()
        body = UploadCreate(filename=path.name, size_bytes=size_bytes, sha256=sha256)
        upload = self._transport.post(UploadOut, self._base, body)
        address = f"{self._base}/{upload.id}"
        offset, failures = upload.offset, 0
        with path.open("rb") as file:
            while offset < size_bytes:
                file.seek(offset)
                try:
                    answer = self._transport.request(
                        "PATCH",
                        address,
                        content=file.read(PIECE_BYTES),
                        headers={"Upload-Offset": str(offset)},
                    )
                    offset, failures = int(answer.headers["Upload-Offset"]), 0
                except (Unavailable, Conflict):
                    failures += 1
                    if failures == _TRIES:
                        raise
                    time.sleep(0.2 * 2**failures)
                    offset = self._transport.get(UploadOut, address).offset
                progress(offset, size_bytes)
        return self._transport.post(UploadOut, f"{address}/complete").id
