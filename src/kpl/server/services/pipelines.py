"""Pipelines: saving them revision by revision, checking them, and saying what a run would do."""

from collections.abc import Iterable, Sequence
from typing import Any

from sqlalchemy import delete, func, select
from sqlalchemy.orm import Session

from kpl.errors import Conflict, NotFound, nearest
from kpl.pipeline.document import to_plain
from kpl.pipeline.parsing import parse
from kpl.pipeline.problem import Problem
from kpl.pipeline.validate import check
from kpl.schemas.page import Order, Page, Sort
from kpl.schemas.pipeline import (
    PipelineCreate,
    PipelineDetail,
    PipelineOut,
    PipelineRevisionOut,
    PipelineUpdate,
    ProblemOut,
    ValidateOut,
    ValidateRequest,
)
from kpl.sentence import Sentence, chinese_of
from kpl.server.db.tables.pipelines import PipelineRevisionRow, PipelineRow
from kpl.server.db.tables.projects import ProjectRow
from kpl.server.db.tables.runs import RunRow
from kpl.server.services.access import Caller, Role, project_for
from kpl.server.services.audit import record
from kpl.server.services.catalog import catalog_of
from kpl.server.services.clock import utc
from kpl.server.services.errors import Stale
from kpl.server.services.paging import page_of
from kpl.server.services.platform import Platform
from kpl.server.services.searching import has_words
from kpl.server.services.sorting import sorted_page


def list_pipelines(
    platform: Platform,
    caller: Caller,
    project: str,
    *,
    search: str | None = None,
    sort: Sort = "created",
    order: Order | None = None,
    cursor: str | None = None,
    limit: int = 50,
) -> Page[PipelineOut]:
    """List the pipelines of a project, newest first unless sorted otherwise.

    A search looks at name, description and last author.
    """
    with platform.db.read() as session:
        owner = project_for(session, caller, project, Role.VIEWER)
        chosen = select(PipelineRow).where(PipelineRow.project_id == owner.id)
        if search is not None:
            called = (PipelineRow.name, PipelineRow.description, PipelineRow.updated_by)
            chosen = chosen.where(has_words(search, *called))
        rows, next_cursor = sorted_page(
            session, chosen, PipelineRow, sort=sort, order=order, cursor=cursor, limit=limit
        )
        return Page(items=_answers(session, rows), next_cursor=next_cursor)


def create_pipeline(
    platform: Platform, caller: Caller, project: str, asked: PipelineCreate
) -> PipelineDetail:
    """Save a new pipeline, complete or not."""
    require_developer(platform, caller, project)
    document = canonical(asked.document, name=asked.name)
    now_s = platform.now_s()
    with platform.db.write() as session:
        owner = project_for(session, caller, project, Role.DEVELOPER)
        if _find(session, owner, asked.name) is not None:
            raise Conflict(
                Sentence(
                    f"Project '{project}' has a pipeline '{asked.name}' already.",
                    f"项目“{project}”中已有流水线“{asked.name}”。",
                ),
                hint=Sentence(
                    "Choose another name, or save a new revision of it.", "请换一个名称，或保存为它的新修订。"
                ),
            )
        row = PipelineRow(
            project_id=owner.id,
            name=asked.name,
            description=asked.description,
            is_template=asked.is_template,
            revision=0,
            created_at_s=now_s,
            created_by=caller.username,
            updated_at_s=now_s,
            updated_by=caller.username,
        )
        session.add(row)
        _save(platform, session, caller, row, document)
        record(platform, session, caller, *_deed(row, "create"), project=project)
        _tell(platform, session, owner, row, "saved")
        return _detail(platform, session, row, document)


def get_pipeline(
    platform: Platform, caller: Caller, project: str, name: str, *, revision: int | None = None
) -> PipelineDetail:
    """Show a pipeline with its document, and what keeps it from running now."""
    with platform.db.read() as session:
        owner = project_for(session, caller, project, Role.VIEWER)
        row = pipeline_row(session, owner, name)
        document = document_of(session, row, revision)
        return _detail(platform, session, row, document, revision=revision)


def list_pipeline_revisions(
    platform: Platform,
    caller: Caller,
    project: str,
    name: str,
    *,
    cursor: str | None = None,
    limit: int = 50,
) -> Page[PipelineRevisionOut]:
    """List the saves of a pipeline, newest first."""
    with platform.db.read() as session:
        owner = project_for(session, caller, project, Role.VIEWER)
        row = pipeline_row(session, owner, name)
        chosen = select(PipelineRevisionRow).where(PipelineRevisionRow.pipeline_id == row.id)
        rows, next_cursor = page_of(session, chosen, PipelineRevisionRow.revision, cursor=cursor, limit=limit)
    items = [
        PipelineRevisionOut(
            revision=each.revision,
            num_nodes=each.num_nodes,
            created_at=utc(each.created_at_s),
            created_by=each.created_by,
        )
        for each in rows
    ]
    return Page(items=items, next_cursor=next_cursor)


def update_pipeline(
    platform: Platform,
    caller: Caller,
    project: str,
    name: str,
    asked: PipelineUpdate,
    *,
    expected_revision: int | None = None,
) -> PipelineDetail:
    """Save the next revision; refused when somebody saved since the expected one."""
    require_developer(platform, caller, project)
    document = canonical(asked.document, name=name)
    with platform.db.write() as session:
        owner = project_for(session, caller, project, Role.DEVELOPER)
        row = pipeline_row(session, owner, name)
        _check_revision(row, expected_revision)
        if asked.description is not None:
            row.description = asked.description
        if asked.is_template is not None:
            row.is_template = asked.is_template
            row.is_shared = row.is_shared and asked.is_template
        if document != document_of(session, row, None):
            _save(platform, session, caller, row, document)
        record(platform, session, caller, *_deed(row, "update"), project=project)
        _tell(platform, session, owner, row, "saved")
        return _detail(platform, session, row, document)


def delete_pipeline(
    platform: Platform, caller: Caller, project: str, name: str, *, expected_revision: int | None = None
) -> None:
    """Delete a pipeline with all of its revisions; its runs keep their frozen copies."""
    with platform.db.write() as session:
        owner = project_for(session, caller, project, Role.DEVELOPER)
        row = pipeline_row(session, owner, name)
        _check_revision(row, expected_revision)
        session.execute(delete(PipelineRow).where(PipelineRow.id == row.id))
        record(platform, session, caller, *_deed(row, "delete"), project=project)
        _tell(platform, session, owner, row, "deleted")


def validate_document(
    platform: Platform, caller: Caller, project: str, asked: ValidateRequest
) -> ValidateOut:
    """Say everything that keeps a document from running in this project."""
    with platform.db.read() as session:
        owner = project_for(session, caller, project, Role.VIEWER)
        catalog = catalog_of(platform, session, owner.id)
        problems = problem_answers(check(asked.document, catalog, asked.parameters))
    return ValidateOut(is_valid=not any(each.severity == "error" for each in problems), problems=problems)


def require_developer(platform: Platform, caller: Caller, project: str) -> None:
    """Refuse before the work on a document, which may be large; whoever writes asks once more."""
    with platform.db.read() as session:
        project_for(session, caller, project, Role.DEVELOPER)


def pipeline_row(session: Session, project: ProjectRow, name: str) -> PipelineRow:
    """The pipeline of that name. Raises NotFound with the nearest names."""
    row = _find(session, project, name)
    if row is None:
        names = session.scalars(select(PipelineRow.name).where(PipelineRow.project_id == project.id))
        raise NotFound(
            Sentence(
                f"Project '{project.name}' has no pipeline '{name}'.",
                f"项目“{project.name}”没有流水线“{name}”。",
            ),
            hint=nearest(name, list(names)),
        )
    return row


def document_of(session: Session, row: PipelineRow, revision: int | None) -> dict[str, Any]:
    """The document of one revision, the latest when none is named."""
    wanted = row.revision if revision is None else revision
    found: dict[str, Any] | None = session.scalar(
        select(PipelineRevisionRow.document).where(
            PipelineRevisionRow.pipeline_id == row.id, PipelineRevisionRow.revision == wanted
        )
    )
    if found is None:
        raise NotFound(
            Sentence(
                f"Pipeline '{row.name}' has no revision {wanted}.", f"流水线“{row.name}”没有修订 {wanted}。"
            ),
            hint=Sentence(f"It has {row.revision}.", f"共有 {row.revision} 个修订。"),
        )
    return found


def problem_answers(problems: Iterable[Problem]) -> list[ProblemOut]:
    """Problems of a document as answers show them."""
    return [
        ProblemOut(
            path=each.path,
            node=each.node,
            port=each.port,
            reason=each.what,
            fix=each.fix,
            reason_zh=chinese_of(each.what),
            fix_zh=chinese_of(each.fix),
            severity=each.severity,
        )
        for each in problems
    ]


def _find(session: Session, project: ProjectRow, name: str) -> PipelineRow | None:
    return session.scalar(
        select(PipelineRow).where(PipelineRow.project_id == project.id, PipelineRow.name == name)
    )


def canonical(document: dict[str, Any], *, name: str) -> dict[str, Any]:
    """The document in its one form, under the pipeline's name; equal documents are saved as equal values."""
    return to_plain(parse({**document, "name": name}, source=f"pipeline '{name}'"))


def _check_revision(row: PipelineRow, expected: int | None) -> None:
    if expected is not None and expected != row.revision:
        raise Stale(
            Sentence(
                f"Pipeline '{row.name}' is at revision {row.revision}, saved by {row.updated_by}; "
                f"this change is based on revision {expected}.",
                f"流水线“{row.name}”已是修订 {row.revision}，由 {row.updated_by} 保存；此修改基于修订 {expected}。",
            ),
            hint=Sentence(
                "Read it again and make the change there, or save it under another name.",
                "请重新读取后再修改，或以其他名称保存。",
            ),
        )


def _save(
    platform: Platform, session: Session, caller: Caller, row: PipelineRow, document: dict[str, Any]
) -> None:
    row.revision += 1
    row.updated_at_s = platform.now_s()
    row.updated_by = caller.username
    session.flush()
    session.add(
        PipelineRevisionRow(
            pipeline_id=row.id,
            revision=row.revision,
            document=document,
            num_nodes=len(document.get("nodes", [])),
            created_at_s=row.updated_at_s,
            created_by=caller.username,
        )
    )
    session.flush()


def _deed(row: PipelineRow, verb: str) -> tuple[str, str]:
    """What the audit log calls it, and what it was done to."""
    noun = "template" if row.is_template else "pipeline"
    return f"{noun}.{verb}", f"{noun}:{row.name}"


def _tell(platform: Platform, session: Session, project: ProjectRow, row: PipelineRow, what: str) -> None:
    platform.live.publish(
        session,
        "pipeline",
        topics=[f"project:{project.name}"],
        data={"name": row.name, "revision": row.revision, "change": what},
        project_id=project.id,
        at_s=platform.now_s(),
    )


def _detail(
    platform: Platform,
    session: Session,
    row: PipelineRow,
    document: dict[str, Any],
    *,
    revision: int | None = None,
) -> PipelineDetail:
    catalog = catalog_of(platform, session, row.project_id)
    answer = _answers(session, [row])[0]
    shown = {} if revision is None else {"revision": revision, "num_nodes": len(document.get("nodes", []))}
    return PipelineDetail(
        **answer.model_dump() | shown,
        document=document,
        problems=problem_answers(check(document, catalog, {})),
    )


def _answers(session: Session, rows: Sequence[PipelineRow]) -> list[PipelineOut]:
    num_nodes = _num_nodes(session, rows)
    runs = _latest_runs(session, rows)
    answers = []
    for row in rows:
        num_runs, last = runs.get(row.name, (0, None))
        answers.append(
            PipelineOut(
                name=row.name,
                description=row.description,
                is_template=row.is_template,
                revision=row.revision,
                num_nodes=num_nodes.get(row.id, 0),
                num_runs=num_runs,
                last_run_id=None if last is None else last.id,
                last_run_state=None if last is None else last.state,
                created_at=utc(row.created_at_s),
                created_by=row.created_by,
                updated_at=utc(row.updated_at_s),
                updated_by=row.updated_by,
            )
        )
    return answers


def _num_nodes(session: Session, rows: Sequence[PipelineRow]) -> dict[int, int]:
    found = session.execute(
        select(PipelineRevisionRow.pipeline_id, PipelineRevisionRow.num_nodes)
        .join(PipelineRow, PipelineRow.id == PipelineRevisionRow.pipeline_id)
        .where(
            PipelineRow.id.in_([row.id for row in rows]),
            PipelineRevisionRow.revision == PipelineRow.revision,
        )
    )
    return {each.pipeline_id: each.num_nodes for each in found}


def _latest_runs(session: Session, rows: Sequence[PipelineRow]) -> dict[str, tuple[int, RunRow | None]]:
    if not rows:
        return {}
    counted = session.execute(
        select(RunRow.pipeline, func.count().label("num"), func.max(RunRow.id).label("last"))
        .where(RunRow.project_id == rows[0].project_id, RunRow.pipeline.in_([row.name for row in rows]))
        .group_by(RunRow.pipeline)
    ).all()
    latest = {
        run.id: run for run in session.scalars(select(RunRow).where(RunRow.id.in_([c.last for c in counted])))
    }
    return {each.pipeline: (each.num, latest.get(each.last)) for each in counted}
