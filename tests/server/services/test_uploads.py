"""Uploads in pieces."""

import hashlib
import itertools
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from kpl.errors import Conflict, Denied, Invalid, KPLError, NotFound, Unavailable
from kpl.schemas.upload import UploadCreate, UploadOut
from kpl.server.services import uploads
from kpl.server.services.access import Caller, Role, project_for
from kpl.server.services.errors import TooLarge, WrongOffset
from kpl.server.services.platform import Platform
from kpl.testing.server import FakeClock, add_user

CONTENT = bytes(range(256)) * 40


@pytest.fixture
def dev(platform: Platform) -> Caller:
    return add_user(platform, "dev", roles={"default": Role.DEVELOPER})


def announce(
    platform: Platform, caller: Caller, content: bytes = CONTENT, filename: str = "a.zip"
) -> UploadOut:
    new = UploadCreate(filename=filename, size_bytes=len(content), sha256=hashlib.sha256(content).hexdigest())
    return uploads.create_upload(platform, caller, "default", new)


def append(platform: Platform, caller: Caller, upload_id: int, offset: int, data: bytes) -> int:
    with uploads.open_piece(platform, caller, "default", upload_id, offset=offset) as writer:
        writer.write(data)
        return writer.offset


def taken(platform: Platform, caller: Caller, upload_id: int) -> Path:
    with platform.db.read() as session:
        project = project_for(session, caller, "default", Role.DEVELOPER)
        return uploads.take(platform, session, caller, project, upload_id).path


USES: list[Callable[[Platform, Caller], Any]] = [
    announce,
    lambda p, c: uploads.get_upload(p, c, "default", 1),
    lambda p, c: uploads.open_piece(p, c, "default", 1, offset=0),
    lambda p, c: uploads.complete_upload(p, c, "default", 1),
    lambda p, c: uploads.delete_upload(p, c, "default", 1),
]


@pytest.mark.parametrize("use", USES)
def test_uploading_is_for_developers(
    platform: Platform, dev: Caller, use: Callable[[Platform, Caller], Any]
) -> None:
    announce(platform, dev)
    with pytest.raises(Denied, match="needs developer"):
        use(platform, add_user(platform, "view", roles={"default": Role.VIEWER}))
    with pytest.raises(NotFound, match="no project"):
        use(platform, add_user(platform, "stranger"))


@pytest.mark.parametrize("use", USES[1:])
def test_uploads_of_others_are_theirs(
    platform: Platform, dev: Caller, use: Callable[[Platform, Caller], Any]
) -> None:
    assert announce(platform, dev).id == 1
    with pytest.raises(Denied, match="belongs to 'dev'"):
        use(platform, add_user(platform, "other", roles={"default": Role.DEVELOPER}))


def test_an_upload_of_another_project_is_not_found(platform: Platform, dev: Caller) -> None:
    with pytest.raises(NotFound, match="no upload 99"):
        uploads.get_upload(platform, dev, "default", 99)


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(cuts=st.lists(st.integers(1, len(CONTENT) - 1), max_size=6, unique=True).map(sorted))
def test_pieces_of_any_size_make_the_whole(platform: Platform, cuts: list[int]) -> None:
    caller = Caller(1, "root", is_admin=True)
    upload = announce(platform, caller)
    edges = [0, *cuts, len(CONTENT)]
    for start, end in itertools.pairwise(edges):
        assert uploads.get_upload(platform, caller, "default", upload.id).offset == start
        assert append(platform, caller, upload.id, start, CONTENT[start:end]) == end
    assert uploads.complete_upload(platform, caller, "default", upload.id).is_complete
    assert taken(platform, caller, upload.id).read_bytes() == CONTENT
    uploads.discard(platform, upload.id)


@pytest.mark.parametrize("offset", [0, 99, 101, len(CONTENT)])
def test_a_piece_that_does_not_fit_on_is_told_where_to_go_on(
    platform: Platform, dev: Caller, offset: int
) -> None:
    upload = announce(platform, dev)
    append(platform, dev, upload.id, 0, CONTENT[:100])
    with pytest.raises(WrongOffset) as caught:
        append(platform, dev, upload.id, offset, CONTENT[100:200])
    assert caught.value.offset == 100


def test_only_one_piece_arrives_at_a_time(platform: Platform, dev: Caller) -> None:
    upload = announce(platform, dev)
    with uploads.open_piece(platform, dev, "default", upload.id, offset=0) as writer:
        writer.write(CONTENT[:10])
        with pytest.raises(Conflict, match="Another piece"):
            uploads.open_piece(platform, dev, "default", upload.id, offset=0)
    append(platform, dev, upload.id, 10, CONTENT[10:20])


def test_racing_clients_cannot_mix_their_pieces(platform: Platform, dev: Caller) -> None:
    upload = announce(platform, dev)

    def send_all() -> None:
        offset = 0
        while offset < len(CONTENT):
            try:
                offset = append(platform, dev, upload.id, offset, CONTENT[offset : offset + 500])
            except WrongOffset as error:
                offset = error.offset
            except Conflict:
                continue

    threads = [threading.Thread(target=send_all) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=60)
    uploads.complete_upload(platform, dev, "default", upload.id)
    assert taken(platform, dev, upload.id).read_bytes() == CONTENT


def test_bytes_beyond_the_announced_size_are_refused(platform: Platform, dev: Caller) -> None:
    upload = announce(platform, dev)
    with pytest.raises(TooLarge, match="announced size"):
        append(platform, dev, upload.id, 0, CONTENT + b"x")
    assert append(platform, dev, upload.id, 0, CONTENT) == len(CONTENT)


def test_a_wrong_digest_begins_anew(platform: Platform, dev: Caller) -> None:
    upload = announce(platform, dev)
    append(platform, dev, upload.id, 0, CONTENT[::-1])
    with pytest.raises(Invalid, match="sha256"):
        uploads.complete_upload(platform, dev, "default", upload.id)
    append(platform, dev, upload.id, 0, CONTENT)
    uploads.complete_upload(platform, dev, "default", upload.id)


def test_an_incomplete_upload_is_not_used(platform: Platform, dev: Caller) -> None:
    upload = announce(platform, dev)
    append(platform, dev, upload.id, 0, CONTENT[:50])
    with pytest.raises(WrongOffset, match="50 of"):
        uploads.complete_upload(platform, dev, "default", upload.id)
    with pytest.raises(Conflict, match="not complete"):
        taken(platform, dev, upload.id)


def test_completing_twice_changes_nothing(platform: Platform, dev: Caller) -> None:
    upload = announce(platform, dev)
    append(platform, dev, upload.id, 0, CONTENT)
    first = uploads.complete_upload(platform, dev, "default", upload.id)
    assert uploads.complete_upload(platform, dev, "default", upload.id) == first
    with pytest.raises(Conflict, match="is complete"):
        uploads.open_piece(platform, dev, "default", upload.id, offset=0)


def test_a_server_that_died_after_the_check_completes_later(platform: Platform, dev: Caller) -> None:
    upload = announce(platform, dev)
    append(platform, dev, upload.id, 0, CONTENT)
    folder = platform.settings.uploads_dir / str(upload.id)
    (folder / "part").rename(folder / "a.zip")
    assert uploads.complete_upload(platform, dev, "default", upload.id).is_complete


def test_an_empty_file_can_be_uploaded(platform: Platform, dev: Caller) -> None:
    upload = announce(platform, dev, b"")
    uploads.complete_upload(platform, dev, "default", upload.id)
    assert taken(platform, dev, upload.id).read_bytes() == b""


@pytest.mark.parametrize(
    "filename", ["..", ".", "a/b.zip", "a\\b", "part", "a\0b", "\u202egpj.exe", "ü" * 200]
)
def test_only_plain_file_names_are_taken(platform: Platform, dev: Caller, filename: str) -> None:
    with pytest.raises(Invalid, match="filename"):
        announce(platform, dev, filename=filename)


def test_a_file_that_is_too_large_is_refused_before_it_is_sent(platform: Platform, dev: Caller) -> None:
    huge = UploadCreate(filename="a", size_bytes=platform.settings.max_upload_bytes + 1, sha256="0" * 64)
    with pytest.raises(TooLarge, match="KPL_MAX_UPLOAD_BYTES"):
        uploads.create_upload(platform, dev, "default", huge)


def test_a_full_disk_is_said_beforehand(platform: Platform, dev: Caller) -> None:
    generous = platform.settings.model_copy(update={"max_upload_bytes": 1 << 62})
    object.__setattr__(platform, "settings", generous)
    with pytest.raises(Unavailable, match="disk has"):
        uploads.create_upload(
            platform, dev, "default", UploadCreate(filename="a", size_bytes=1 << 61, sha256="0" * 64)
        )


def test_nobody_opens_uploads_without_end(platform: Platform, dev: Caller) -> None:
    few = platform.settings.model_copy(update={"max_open_uploads": 2})
    object.__setattr__(platform, "settings", few)
    announce(platform, dev)
    announce(platform, dev)
    with pytest.raises(Conflict, match="2 unfinished uploads"):
        announce(platform, dev)


def test_what_is_given_up_is_removed(platform: Platform, dev: Caller, clock: FakeClock) -> None:
    old = announce(platform, dev)
    append(platform, dev, old.id, 0, CONTENT[:10])
    clock.advance(platform.settings.upload_lifetime_s * 0.9)
    alive = announce(platform, dev)
    clock.advance(platform.settings.upload_lifetime_s * 0.2)
    uploads.remove_expired(platform)
    with pytest.raises(NotFound):
        uploads.get_upload(platform, dev, "default", old.id)
    append(platform, dev, alive.id, 0, CONTENT[:10])
    assert [folder.name for folder in platform.settings.uploads_dir.iterdir()] == [str(alive.id)]


def test_a_piece_prolongs_the_life_of_its_upload(platform: Platform, dev: Caller, clock: FakeClock) -> None:
    upload = announce(platform, dev)
    for start in range(3):
        clock.advance(platform.settings.upload_lifetime_s * 0.8)
        uploads.remove_expired(platform)
        append(platform, dev, upload.id, start, CONTENT[start : start + 1])


def test_folders_of_nobody_are_removed(platform: Platform, dev: Caller) -> None:
    announce(platform, dev)
    lost = platform.settings.uploads_dir / "4711"
    lost.mkdir(parents=True)
    (lost / "part").write_bytes(b"x")
    uploads.remove_expired(platform)
    assert not lost.exists()


def test_a_deleted_upload_is_gone_from_the_disk(platform: Platform, dev: Caller) -> None:
    upload = announce(platform, dev)
    append(platform, dev, upload.id, 0, CONTENT)
    uploads.delete_upload(platform, dev, "default", upload.id)
    assert list(platform.settings.uploads_dir.iterdir()) == []
    with pytest.raises(KPLError):
        append(platform, dev, upload.id, 0, CONTENT)
