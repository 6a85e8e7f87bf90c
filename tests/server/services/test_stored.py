"""Limits of storage."""

import pytest

from kpl.errors import Conflict
from kpl.schemas.dataset import DatasetImport
from kpl.schemas.queue import QueuePut
from kpl.schemas.upload import UploadCreate
from kpl.server.db.tables.datasets import DatasetRow, DatasetVersionRow
from kpl.server.db.tables.projects import ProjectRow
from kpl.server.services import imports, queues, uploads
from kpl.server.services.access import SERVER, Role
from kpl.server.services.platform import Platform
from kpl.server.services.stored import stored_mib
from kpl.testing.server import add_project, add_user

MIB = 1 << 20


def keep(platform: Platform, project: str, size_bytes: int) -> None:
    """A dataset version of that size."""
    with platform.db.write() as session:
        owner = session.query(ProjectRow).filter_by(name=project).one()
        dataset = DatasetRow(project_id=owner.id, name="photos", created_at_s=0.0, created_by="ann")
        session.add(dataset)
        session.flush()
        session.add(
            DatasetVersionRow(
                project_id=owner.id,
                dataset_id=dataset.id,
                version=1,
                kind="unlabelled",
                digest="a" * 64,
                num_samples=1,
                class_names=[],
                splits={},
                size_bytes=size_bytes,
                created_at_s=0.0,
                created_by="ann",
            )
        )


def test_uploads_that_do_not_fit_below_a_limit_are_refused_with_both_amounts(platform: Platform) -> None:
    add_project(platform, "vision")
    ann = add_user(platform, "ann", roles={"default": Role.DEVELOPER, "vision": Role.DEVELOPER})
    queues.put_queue(platform, SERVER, "lab", QueuePut(limit={"storage": 10}))
    for project in ("default", "vision"):
        queues.put_queue(platform, SERVER, project, QueuePut(parent="lab"))
    keep(platform, "vision", 6 * MIB - 1)

    def announce(size_bytes: int) -> None:
        new = UploadCreate(filename="more.zip", size_bytes=size_bytes, sha256="b" * 64)
        uploads.create_upload(platform, ann, "default", new)

    announce(4 * MIB)
    with pytest.raises(Conflict, match=r"no room for 'more\.zip': queue 'lab' keeps 6Mi of at most 10Mi"):
        announce(4 * MIB + 1)
    assert queues.get_queue(platform, ann, "vision").used == {"storage": 6}
    assert queues.get_queue(platform, ann, "lab").used == {"storage": 6}


def test_nothing_is_imported_once_a_limit_is_reached(platform: Platform) -> None:
    queues.put_queue(platform, SERVER, "default", QueuePut(limit={"storage": 2}))
    keep(platform, "default", 2 * MIB)
    with platform.db.read() as session:
        assert stored_mib(session) == {"default": 2}
    request = DatasetImport(name="photos", kind="unlabelled", format="images", path="/somewhere")
    with pytest.raises(Conflict, match="no room for a version of 'photos'"):
        imports.submit_import(platform, SERVER, "default", request)
