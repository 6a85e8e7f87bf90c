"""Endpoints: services that answer under a name. An endpoint is what the service tasks of that name are together.

Of several tasks under one name the newest that is ready answers; the orchestrator ends the older ones.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import Select, and_, delete, select, update
from sqlalchemy.orm import Session

from kpl.algorithm.parameters import check_parameters
from kpl.errors import Invalid, NotFound, Unavailable, nearest
from kpl.pipeline.catalog import AlgorithmVersion, Catalog, ModelVersion
from kpl.pipeline.ports import Port, refusal
from kpl.schemas.endpoint import (
    DeploymentOut,
    EndpointCreate,
    EndpointModelOut,
    EndpointOut,
    EndpointState,
    TrafficOut,
)
from kpl.schemas.page import Page
from kpl.sentence import Sentence, in_chinese, sentence
from kpl.server.db import after_commit
from kpl.server.db.tables.models import ModelRow, ModelVersionRow
from kpl.server.db.tables.projects import ProjectRow
from kpl.server.db.tables.tasks import AttemptRow, TaskInputRow, TaskRow, TaskSpecRow
from kpl.server.db.tables.traffic import TrafficRow
from kpl.server.services import audit
from kpl.server.services.access import Caller, Role, project_for
from kpl.server.services.admission import require_priority
from kpl.server.services.catalog import catalog_of
from kpl.server.services.clock import utc
from kpl.server.services.paging import decode_cursor, encode_cursor, page_of
from kpl.server.services.platform import Platform
from kpl.server.services.searching import has_words
from kpl.server.services.spec_text import decode_spec
from kpl.server.services.state_words import state_in_chinese
from kpl.server.services.store import CANCEL_TASK, post, stopped_by
from kpl.server.services.submission import NewTask, submit_task
from kpl.task import ArtifactInput, TaskKind, TaskSpec, TaskState

SERVE = "serve"
_NO_SERVICE = (TaskState.REUSED, TaskState.SKIPPED)

_TRY_AGAIN = Sentence("Try again in a moment.", "请稍后再试。")
_DEPLOY_AGAIN = Sentence("Deploy it again.", "请重新部署。")


@dataclass(frozen=True, slots=True)
class Target:
    """Where the proxy sends a request: the address that the executor reported for a ready service."""

    project: str
    endpoint: str
    task_id: int
    address: str


_MODEL = (
    select(ModelRow.name)
    .join(ModelVersionRow, ModelVersionRow.model_id == ModelRow.id)
    .join(
        TaskInputRow,
        and_(TaskInputRow.artifact == ModelVersionRow.digest, TaskInputRow.task_id == TaskRow.id),
    )
    .where(ModelVersionRow.project_id == TaskRow.project_id)
    .limit(1)
    .correlate(TaskRow)
    .scalar_subquery()
)


def list_endpoints(
    platform: Platform,
    caller: Caller,
    project: str,
    *,
    search: str | None = None,
    cursor: str | None = None,
    limit: int = 50,
) -> Page[EndpointOut]:
    """List the endpoints of a project by name; a search looks at names and the models that answered under them."""
    with platform.db.read() as session:
        owner = project_for(session, caller, project, Role.VIEWER)
        chosen = _services(owner).with_only_columns(TaskRow.endpoint).distinct()
        if search is not None:
            chosen = chosen.where(has_words(search, TaskRow.endpoint, _MODEL))
        if cursor is not None:
            chosen = chosen.where(TaskRow.endpoint > decode_cursor(cursor, str))
        names = session.scalars(chosen.order_by(TaskRow.endpoint).limit(limit + 1)).all()
        items = [_answer(platform, session, owner, _tasks_of(session, owner, name)) for name in names[:limit]]
    return Page(items=items, next_cursor=encode_cursor(names[limit - 1]) if len(names) > limit else None)


def get_endpoint(platform: Platform, caller: Caller, project: str, name: str) -> EndpointOut:
    """Show an endpoint: whether it answers, with which model, and its recent traffic."""
    with platform.db.read() as session:
        owner = project_for(session, caller, project, Role.VIEWER)
        return _answer(platform, session, owner, require_endpoint(session, owner, name))


def create_endpoint(platform: Platform, caller: Caller, project: str, asked: EndpointCreate) -> EndpointOut:
    """Deploy a model version. Under the name of an endpoint that exists, the new model takes over once it is ready.

    Raises:
        Invalid: the algorithm cannot serve this model, or a parameter is refused.
    """
    with platform.db.read() as session:
        owner = project_for(session, caller, project, Role.DEVELOPER)
        reference = asked.model if asked.version is None else f"{asked.model}@{asked.version}"
        catalog = catalog_of(platform, session, owner.id)
        model = catalog.model(reference)
        spec = _serving(_algorithm(session, owner, catalog, model, asked.algorithm), model, asked)
    with platform.db.write() as session:
        owner = project_for(session, caller, project, Role.DEVELOPER)
        require_priority(session, caller, owner, asked.priority)
        task = NewTask(
            name=f"serve {model.reference}",
            kind=TaskKind.SERVICE,
            spec=spec,
            lineage=f"endpoint:{asked.name}",
            priority=asked.priority,
        )
        submit_task(platform, session, caller, owner, task)
        audit.record(
            platform,
            session,
            caller,
            "endpoint.create",
            f"endpoint:{asked.name}",
            project=project,
            details={"model": model.reference},
        )
        session.flush()
        return _answer(platform, session, owner, _tasks_of(session, owner, asked.name))


def stop_endpoint(platform: Platform, caller: Caller, project: str, name: str) -> EndpointOut:
    """Ask the services of an endpoint to end; it stays in the list and can be deployed anew."""
    with platform.db.write() as session:
        owner = project_for(session, caller, project, Role.DEVELOPER)
        tasks = require_endpoint(session, owner, name)
        _stop(platform, session, caller, tasks)
        audit.record(platform, session, caller, "endpoint.stop", f"endpoint:{name}", project=project)
        return _answer(platform, session, owner, tasks)


def delete_endpoint(platform: Platform, caller: Caller, project: str, name: str) -> None:
    """Stop an endpoint and take its name off the list; its tasks stay in the history."""
    with platform.db.write() as session:
        owner = project_for(session, caller, project, Role.DEVELOPER)
        tasks = require_endpoint(session, owner, name)
        _stop(platform, session, caller, tasks)
        session.execute(
            update(TaskRow)
            .where(TaskRow.project_id == owner.id, TaskRow.endpoint == name)
            .values(endpoint="")
            .execution_options(synchronize_session=False)
        )
        session.execute(
            delete(TrafficRow).where(TrafficRow.project_id == owner.id, TrafficRow.endpoint == name)
        )
        after_commit(session, lambda: platform.traffic.forget(project, name))
        audit.record(platform, session, caller, "endpoint.delete", f"endpoint:{name}", project=project)


def list_deployments(
    platform: Platform,
    caller: Caller,
    project: str,
    name: str,
    *,
    cursor: str | None = None,
    limit: int = 50,
) -> Page[DeploymentOut]:
    """List what an endpoint was given, the newest first."""
    with platform.db.read() as session:
        owner = project_for(session, caller, project, Role.VIEWER)
        current = _current(require_endpoint(session, owner, name))
        chosen = _services(owner).where(TaskRow.endpoint == name)
        tasks, following = page_of(session, chosen, TaskRow.id, cursor=cursor, limit=limit)
        items = [_deployment(session, owner, task, is_current=task is current) for task in tasks]
    return Page(items=items, next_cursor=following)


def find_target(platform: Platform, caller: Caller, project: str, name: str) -> Target:
    """Where requests to an endpoint go now.

    Raises:
        Unavailable: it does not answer now; the message says why.
    """
    with platform.db.read() as session:
        owner = project_for(session, caller, project, Role.VIEWER)
        tasks = require_endpoint(session, owner, name)
        task = _current(tasks)
        attempt = None if task.state != TaskState.READY else _latest_attempt(session, task)
        if attempt is None or not attempt.address:
            state = _state(task)
            reason = sentence(task.reason, task.reason_zh)
            en, zh = (f": {reason}", f"：{in_chinese(reason)}") if reason else ("", "")
            raise Unavailable(
                Sentence(
                    f"Endpoint '{name}' of project '{project}' is {state}{en}.",
                    f"项目“{project}”的端点“{name}”{state_in_chinese(state)}{zh}。",
                ),
                hint=_TRY_AGAIN if state in ("starting", "restarting") else _DEPLOY_AGAIN,
            )
        return Target(owner.name, name, task.id, attempt.address)


def _services(project: ProjectRow) -> Select[TaskRow]:
    return select(TaskRow).where(
        TaskRow.project_id == project.id, TaskRow.endpoint != "", TaskRow.state.not_in(_NO_SERVICE)
    )


def _tasks_of(session: Session, project: ProjectRow, name: str) -> Sequence[TaskRow]:
    """The newest services under a name, the newest first; enough to find the one that answers."""
    chosen = _services(project).where(TaskRow.endpoint == name).order_by(TaskRow.id.desc())
    return session.scalars(chosen.limit(50)).all()


def require_endpoint(session: Session, project: ProjectRow, name: str) -> Sequence[TaskRow]:
    """The newest services under a name. Raises NotFound when there never was one."""
    tasks = _tasks_of(session, project, name)
    if not tasks:
        known = session.scalars(_services(project).with_only_columns(TaskRow.endpoint).distinct().limit(500))
        raise NotFound(
            Sentence(
                f"Project '{project.name}' has no endpoint '{name}'.",
                f"项目“{project.name}”没有服务“{name}”。",
            ),
            hint=nearest(name, list(known)),
        )
    return tasks


def _current(tasks: Sequence[TaskRow]) -> TaskRow:
    """The task that answers, else the newest that may answer soon, else the newest of all."""
    ready = next((task for task in tasks if task.state == TaskState.READY), None)
    return ready or next((task for task in tasks if not task.is_final), None) or tasks[0]


def _stop(platform: Platform, session: Session, caller: Caller, tasks: Sequence[TaskRow]) -> None:
    for task in tasks:
        if not task.is_final and not task.cancel_requested:
            post(platform, session, CANCEL_TASK, task_id=task.id, reason=stopped_by(caller))


_STATES_ZH: Mapping[EndpointState, str] = {
    "ready": "就绪",
    "stopping": "停止中",
    "failed": "失败",
    "stopped": "已停止",
    "restarting": "重启中",
    "starting": "启动中",
}


def _state(task: TaskRow) -> EndpointState:
    if task.state == TaskState.READY:
        return "ready"
    if task.state == TaskState.STOPPING or (task.cancel_requested and not task.is_final):
        return "stopping"
    if task.is_final:
        return "failed" if task.state == TaskState.FAILED else "stopped"
    return "restarting" if task.num_failures or task.ready_at_s is not None else "starting"


def _answer(
    platform: Platform, session: Session, project: ProjectRow, tasks: Sequence[TaskRow]
) -> EndpointOut:
    task = _current(tasks)
    successor = next((each for each in tasks if each.id > task.id and not each.is_final), None)
    reason, reason_zh = task.reason, task.reason_zh
    if successor is not None:
        state = _state(successor)
        reason = f"task {successor.id} is {state} to replace it. {reason}".strip()
        reason_zh = f"任务 {successor.id}（{_STATES_ZH[state]}）将接替它。{reason_zh}"
    traffic = platform.traffic.summary(project.name, task.endpoint, platform.now_s())
    return EndpointOut(
        name=task.endpoint,
        project=project.name,
        state=_state(task),
        reason=reason,
        reason_zh=reason_zh,
        url=f"/serve/{project.name}/{task.endpoint}",
        model=_model_of(session, project, task),
        algorithm=task.algorithm,
        algorithm_version=task.version,
        task_id=task.id,
        run_id=task.run_id,
        num_restarts=max(0, task.num_attempts - 1),
        created_at=utc(task.created_at_s),
        ready_at=utc(task.ready_at_s),
        traffic=TrafficOut(
            num_requests=traffic.num_requests,
            num_errors=traffic.num_errors,
            requests_per_s=traffic.requests_per_s,
            p50_ms=_ms(traffic.p50_s),
            p99_ms=_ms(traffic.p99_s),
            last_request_at=utc(traffic.last_request_at_s),
        ),
    )


def _deployment(session: Session, project: ProjectRow, task: TaskRow, *, is_current: bool) -> DeploymentOut:
    spec = decode_spec(session.scalars(select(TaskSpecRow.spec).where(TaskSpecRow.task_id == task.id)).one())
    return DeploymentOut(
        task_id=task.id,
        state=_state(task),
        reason=task.reason,
        reason_zh=task.reason_zh,
        model=_model_of(session, project, task),
        algorithm=task.algorithm,
        algorithm_version=task.version,
        parameters=dict(spec.parameters),
        created_at=utc(task.created_at_s),
        created_by=task.created_by,
        ready_at=utc(task.ready_at_s),
        ended_at=utc(task.finished_at_s),
        is_current=is_current,
    )


def _ms(seconds: float | None) -> float | None:
    return None if seconds is None else round(seconds * 1000, 3)


def _model_of(session: Session, project: ProjectRow, task: TaskRow) -> EndpointModelOut | None:
    """The model that a service was given, under the name that it was published by."""
    spec = decode_spec(session.scalars(select(TaskSpecRow.spec).where(TaskSpecRow.task_id == task.id)).one())
    names = [each.name for each in spec.inputs if each.type == "model"]
    digest = session.scalar(
        select(TaskInputRow.artifact).where(TaskInputRow.task_id == task.id, TaskInputRow.name.in_(names))
    )
    if digest is None:
        return None
    version = session.execute(
        select(ModelRow.name, ModelVersionRow.version)
        .join(ModelVersionRow, ModelVersionRow.model_id == ModelRow.id)
        .where(ModelVersionRow.project_id == project.id, ModelVersionRow.digest == digest)
        .order_by(ModelVersionRow.id.desc())
        .limit(1)
    ).first()
    return EndpointModelOut(
        name=None if version is None else version.name,
        version=None if version is None else version.version,
        digest=digest,
    )


def _latest_attempt(session: Session, task: TaskRow) -> AttemptRow | None:
    return session.scalar(
        select(AttemptRow).where(AttemptRow.task_id == task.id, AttemptRow.number == task.num_attempts)
    )


def _algorithm(
    session: Session, project: ProjectRow, catalog: Catalog, model: ModelVersion, named: str | None
) -> AlgorithmVersion:
    """The algorithm that is named, else exactly the version that made the model, else its latest."""
    if named is not None:
        return catalog.algorithm(named)
    source = session.scalar(
        select(TaskRow)
        .join(ModelVersionRow, ModelVersionRow.source_task_id == TaskRow.id)
        .where(ModelVersionRow.project_id == project.id, ModelVersionRow.digest == model.digest)
        .limit(1)
    )
    if source is None:
        raise Invalid(
            Sentence(
                f"Nobody knows which algorithm made model '{model.reference}'.",
                f"不知道模型“{model.reference}”由哪个算法生成。",
            ),
            hint=Sentence("Name the algorithm that shall serve it.", "请指定用来提供服务的算法。"),
        )
    try:
        return catalog.algorithm(f"{source.algorithm}@{source.version}")
    except NotFound:
        return catalog.algorithm(source.algorithm)


def _serving(version: AlgorithmVersion, model: ModelVersion, asked: EndpointCreate) -> TaskSpec:
    """What a service of this model does."""
    function = version.function(SERVE)
    port = _model_port(version, function.inputs, model)
    return TaskSpec(
        program=version.program(function.name),
        parameters=check_parameters(function.parameters, asked.parameters),
        inputs=(ArtifactInput(port.name, "model", model.task, model.digest),),
        resources=function.resources.request(),
        metrics=function.metrics,
        endpoint=asked.name,
    )


def _model_port(version: AlgorithmVersion, inputs: Mapping[str, Port], model: ModelVersion) -> Port:
    """The input that takes the model; any other must be optional."""
    given = Port("model", "model", (model.task,) if model.task else ())
    for port in inputs.values():
        others = [each.name for each in inputs.values() if each is not port and not each.is_optional]
        if port.type != "model" or others:
            continue
        problem = refusal(given, port)
        if problem:
            raise Invalid(
                Sentence(
                    f"'{version.reference}' cannot serve model '{model.reference}': {problem}.",
                    f"“{version.reference}”无法为模型“{model.reference}”提供服务：{in_chinese(problem)}。",
                ),
                hint=Sentence("Name another algorithm.", "请指定其他算法。"),
            )
        return port
    raise Invalid(
        Sentence(
            f"Function 'serve' of '{version.reference}' does not take just one model.",
            f"“{version.reference}”的 serve 函数不是只接收一个模型。",
        ),
        hint=Sentence(
            "Deploy it with a pipeline that provides all of its inputs.",
            "请用能提供其全部输入的流水线来部署。",
        ),
    )
