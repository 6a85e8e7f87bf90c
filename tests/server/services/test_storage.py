"""What the store holds, what refers to it, and what a collection takes away."""

import os
import shutil
import time
from pathlib import Path

import pytest
from sqlalchemy import delete, select, text

from kpl.errors import Denied, Invalid
from kpl.schemas.storage import StorageOut
from kpl.server.background.counting import Counting
from kpl.server.db.tables.audit import AuditRow
from kpl.server.db.tables.models import ModelVersionRow
from kpl.server.db.tables.tasks import TaskOutputRow
from kpl.server.services import storage
from kpl.server.services.access import SERVER
from kpl.server.services.on_demand import OnDemand
from kpl.server.services.platform import Platform
from kpl.server.services.storage_counts import count_store
from kpl.testing.published import add_test, publish_dataset, publish_model, write_dataset
from kpl.testing.server import add_project, add_user
from kpl.testing.working_server import wait_until

DAY_S = 24 * 3600.0


@pytest.fixture
def filled(platform: Platform, tmp_path: Path) -> Platform:
    """Two projects: a dataset that both have, a model and a report of its test in one of them."""
    add_project(platform, "other")
    data = write_dataset(tmp_path / "digits")
    publish_dataset(platform, data, "digits")
    publish_dataset(platform, data, "copied", project="other")
    publish_model(platform, tmp_path / "model", "net")
    report = tmp_path / "report"
    report.mkdir()
    (report / "report.json").write_text("{}" * 50)
    add_test(platform, report, dataset=data, model=tmp_path / "model")
    return platform


def counted(platform: Platform) -> StorageOut:
    count_store(platform)
    return storage.get_storage(platform, SERVER)


def kinds_of(found: StorageOut) -> dict[str, int]:
    return {each.kind: each.num_artifacts for each in found.kinds}


def forget_model(platform: Platform) -> str:
    """Delete the model and all that says that a task had to do with it; returns its digest."""
    with platform.db.write() as session:
        digest = session.scalars(select(ModelVersionRow.digest)).one()
        session.execute(delete(ModelVersionRow))
        session.execute(delete(TaskOutputRow).where(TaskOutputRow.artifact == digest))
        session.execute(text("DELETE FROM task_inputs WHERE artifact = :digest"), {"digest": digest})
    return digest


def make_old(platform: Platform, digest: str) -> None:
    """As if it had been stored two days ago, as far as one can: files cannot be given an earlier time of change."""
    manifest = platform.settings.artifacts_dir / "trees" / digest[:2] / f"{digest}.json"
    two_days_ago = time.time() - 2 * DAY_S
    os.utime(manifest, (two_days_ago, two_days_ago))


def test_nothing_is_told_before_the_first_count(platform: Platform) -> None:
    found = storage.get_storage(platform, SERVER)
    assert (found.counted_at, found.num_artifacts, found.kinds, found.is_counting) == (None, 0, [], False)
    assert found.disk is not None
    assert 0 < found.disk.free_bytes < found.disk.size_bytes


def test_a_count_adds_up_by_kind_and_to_what_is_on_the_disk(filled: Platform) -> None:
    found = counted(filled)
    assert kinds_of(found) == {"dataset": 1, "model": 1, "algorithm": 0, "step": 1, "none": 0}
    blobs = [path.stat() for path in filled.settings.artifacts_dir.glob("blobs/*/*")]
    assert (found.num_files, found.size_bytes) == (len(blobs), sum(stat.st_size for stat in blobs))
    assert sum(each.size_bytes for each in found.kinds) == found.size_bytes
    assert {each.place: each.num_files for each in found.places}["database"] >= 1
    assert found.missing == []


def test_projects_are_charged_for_what_they_refer_to_once(filled: Platform) -> None:
    total = counted(filled).size_bytes
    first = storage.list_project_storage(filled, SERVER, limit=1)
    second = storage.list_project_storage(filled, SERVER, limit=1, cursor=first.next_cursor)
    (default,), (other,) = first.items, second.items
    assert (default.project, default.num_artifacts, default.size_bytes) == ("default", 3, total)
    assert (other.project, other.num_artifacts, list(other.kinds)) == ("other", 1, ["dataset"])
    assert other.size_bytes == default.kinds["dataset"]
    assert second.next_cursor is None
    with pytest.raises(Invalid, match="cursor"):
        storage.list_project_storage(filled, SERVER, cursor="InggeCI")


def test_largest_artifacts_come_first_with_what_refers_to_them(filled: Platform) -> None:
    counted(filled)
    first = storage.list_stored_artifacts(filled, SERVER, limit=2)
    rest = storage.list_stored_artifacts(filled, SERVER, limit=2, cursor=first.next_cursor)
    sizes = [each.size_bytes for each in (*first.items, *rest.items)]
    assert sizes == sorted(sizes, reverse=True)
    assert len(sizes) == 3
    (dataset,) = storage.list_stored_artifacts(filled, SERVER, kind="dataset").items
    assert [(each.type, each.project, each.name) for each in dataset.references[:2]] == [
        ("dataset", "other", "copied"),
        ("dataset", "default", "digits"),
    ]
    assert {each.type for each in dataset.references} == {"dataset", "made", "took"}
    assert all(each.task_id for each in dataset.references[2:])
    assert not dataset.has_more


def test_garbage_is_shown_before_it_goes_and_the_log_says_what_went(filled: Platform) -> None:
    before = counted(filled)
    digest = forget_model(filled)
    young = counted(filled)
    assert (young.removable.num_artifacts, young.removable.num_waiting) == (0, 1)
    (item,) = storage.list_garbage(filled, SERVER).items
    assert (item.digest, item.holds, item.is_removable) == (digest, "model", False)
    assert "weights.bin" in item.files
    make_old(filled, digest)
    old = counted(filled)
    assert (old.removable.num_artifacts, old.removable.num_waiting) == (1, 0)
    assert storage.list_garbage(filled, SERVER).items[0].is_removable
    removed = storage.collect_garbage(filled, SERVER)
    assert removed.num_artifacts == old.removable.num_artifacts
    assert removed.freed_bytes == old.removable.freed_bytes
    after = storage.get_storage(filled, SERVER)
    assert (after.num_artifacts, after.removable.num_artifacts) == (before.num_artifacts - 1, 0)
    assert storage.list_garbage(filled, SERVER).items == []
    with filled.db.read() as session:
        entry = session.scalars(select(AuditRow).where(AuditRow.action == "storage.collect")).one()
    assert entry.details["digests"] == [digest]


def test_garbage_that_is_referred_to_again_is_not_shown(filled: Platform, tmp_path: Path) -> None:
    forget_model(filled)
    counted(filled)
    publish_model(filled, tmp_path / "model", "again")
    assert storage.list_garbage(filled, SERVER).items == []


def test_a_missing_artifact_is_named_with_what_refers_to_it(filled: Platform) -> None:
    with filled.db.read() as session:
        digest = session.scalars(select(ModelVersionRow.digest)).one()
    (filled.settings.artifacts_dir / "trees" / digest[:2] / f"{digest}.json").unlink()
    found = counted(filled)
    assert (found.num_missing, [each.digest for each in found.missing]) == (1, [digest])
    assert found.missing[0].references[0].name == "net"


def test_counting_again_follows_what_changed(filled: Platform, tmp_path: Path) -> None:
    counted(filled)
    publish_dataset(filled, write_dataset(tmp_path / "more", num_samples=3, first=50), "more")
    digest = forget_model(filled)
    make_old(filled, digest)
    storage.collect_garbage(filled, SERVER)
    assert kinds_of(counted(filled)) == {"dataset": 2, "model": 0, "algorithm": 0, "step": 1, "none": 0}
    assert len(storage.list_stored_artifacts(filled, SERVER).items) == 3


def test_the_loop_counts_at_the_start_and_when_asked(filled: Platform) -> None:
    loop = Counting(filled)
    loop.start()
    try:
        first = wait_until(lambda: storage.get_storage(filled, SERVER), lambda found: not found.is_counting)
        assert kinds_of(first)["model"] == 1
        forget_model(filled)
        assert storage.request_count(filled, SERVER).is_counting
        again = wait_until(lambda: storage.get_storage(filled, SERVER), lambda found: not found.is_counting)
        assert kinds_of(again)["model"] == 0
        shutil.rmtree(filled.settings.artifacts_dir / "blobs")
        manifest = next(filled.settings.artifacts_dir.glob("trees/*/*.json"))
        manifest.write_bytes(b"{}")
        storage.request_count(filled, SERVER)
        failed = wait_until(lambda: storage.get_storage(filled, SERVER), lambda found: not found.is_counting)
        assert manifest.stem in failed.problem
        assert kinds_of(failed) == kinds_of(again)
    finally:
        loop.stop()


def test_who_asks_while_work_is_done_gets_it_once_more() -> None:
    work = OnDemand()
    work.ask()
    asked = work.wait()
    assert asked is not None
    work.ask()
    work.done(asked, "")
    assert work.is_busy
    assert work.wait() == 2
    work.close()
    assert work.wait() is None


def test_only_administrators_of_the_platform_see_the_store(platform: Platform) -> None:
    with pytest.raises(Denied):
        storage.list_garbage(platform, add_user(platform, "ann"))
