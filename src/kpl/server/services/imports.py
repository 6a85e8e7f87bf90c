"""Imports: files become a dataset by a task like any other, so that they have a log, a queue and a history."""

from sqlalchemy.orm import Session

from kpl.algorithm.parameters import check_parameters
from kpl.schemas.dataset import DatasetImport
from kpl.schemas.task import TaskOut
from kpl.sentence import Sentence
from kpl.server.services import audit, uploads
from kpl.server.services.access import Caller, Role, project_for
from kpl.server.services.algorithms import builtin_algorithm
from kpl.server.services.catalog import algorithm_version
from kpl.server.services.platform import Platform
from kpl.server.services.stored import require_storage
from kpl.server.services.submission import NewTask, submit_task
from kpl.server.services.tasks import task_answers
from kpl.server.services.workspaces import workspace
from kpl.storage.download import ANY_HOST
from kpl.task import ArtifactInput, OutputSpec, TaskKind, TaskSpec
from kpl.task.ids import Digest

IMPORTER = "dataset_import"


def submit_import(platform: Platform, caller: Caller, project: str, request: DatasetImport) -> TaskOut:
    """Start the task that turns the files of a request into the next version of a dataset.

    Part of a use case that has checked whether the caller may name a folder on the server.
    """
    with platform.db.read() as session:
        project_for(session, caller, project, Role.DEVELOPER)
        require_storage(
            session, project, Sentence(f"a version of '{request.name}'", f"“{request.name}”的新版本")
        )
    archive = (
        None if request.upload_id is None else _store_upload(platform, caller, project, request.upload_id)
    )
    with platform.db.write() as session:
        owner = project_for(session, caller, project, Role.DEVELOPER)
        spec = _spec(platform, session, request, archive, is_admin=caller.is_admin)
        task = NewTask(
            name=f"import {request.name}", kind=TaskKind.BATCH, spec=spec, lineage=f"import:{request.name}"
        )
        row = submit_task(platform, session, caller, owner, task)
        audit.record(
            platform,
            session,
            caller,
            "dataset.import",
            f"dataset:{request.name}",
            project=project,
            details={
                "task": row.id,
                "path": request.path or "",
                "url": (request.url or "").partition("?")[0],  # what follows may be a signature
                "upload": request.upload_id or 0,
            },
        )
    if request.upload_id is not None:
        uploads.discard(platform, request.upload_id)
    return task_answers(platform, [row], project)[0]


def _store_upload(platform: Platform, caller: Caller, project: str, upload_id: int) -> Digest:
    """Keep the uploaded file as an artifact, under its own name in a folder of one file."""
    with platform.db.read() as session:
        owner = project_for(session, caller, project, Role.DEVELOPER)
        taken = uploads.take(platform, session, caller, owner, upload_id)
    with workspace(platform) as folder:
        (folder / taken.filename).hardlink_to(taken.path)
        return Digest(platform.artifacts.put_tree(folder).digest)


def _spec(
    platform: Platform,
    session: Session,
    request: DatasetImport,
    archive: Digest | None,
    *,
    is_admin: bool,
) -> TaskSpec:
    importer = algorithm_version(platform, builtin_algorithm(session, IMPORTER))
    function = importer.manifest.function("process")
    values = {
        "kind": request.kind,
        "format": request.format,
        "on_error": request.on_error,
        "path": request.path or "",
        "url": request.url or "",
        "max_bytes": platform.settings.max_upload_bytes,
        "private_hosts": [ANY_HOST] if is_admin else platform.settings.import_host_list,
    }
    kind = "" if request.kind == "auto" else request.kind  # known once it is there
    inputs = () if archive is None else (ArtifactInput("files", "files", "", archive),)
    return TaskSpec(
        program=importer.program("process"),
        parameters=check_parameters(function.parameters, values),
        inputs=inputs,
        outputs=tuple(
            OutputSpec(
                port.name,
                port.type,
                kind if port.type == "dataset" else port.kind,
                port.is_optional,
                publish=request.name if port.type == "dataset" else "",
            )
            for port in function.outputs
        ),
        resources=function.resources.request(),
        metrics=tuple(metric.name for metric in function.metrics),
        # What lies in a folder or at an address may have changed since; nothing of it went into the digest.
        must_run=archive is None,
    )
