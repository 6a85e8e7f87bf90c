"""Tables of tasks: where each stands, what it was frozen to do, its attempts, its inputs and outputs.

What changes often (`tasks`) is kept apart from what is large and never changes (`task_specs`). Inputs and
outputs by digest make lineage a matter of an index in both directions.
"""

from typing import Any

from sqlalchemy import JSON, ForeignKey, Index, String, false, text
from sqlalchemy.orm import Mapped, mapped_column

from kpl.server.db.base import Base


class TaskRow(Base):
    """Where a task stands.

    Args:
        lineage: what it is the same step of from run to run, as in `pipeline:digits`; with `name` it finds
            the earlier task to compare with.
        is_final: as its state says; the index on open tasks does not grow with history.
        num_attempts: number of its latest attempt.
        queue: name of the queue that it waits in.
        parent_id: the search whose trial it is; `trial` counts from 1, so none is added twice.
        value: the best value of its metric that a trial reported.
        search: of a search, what it searches and how far it is.
        attained_s: device-seconds that earlier attempts have had; core-seconds where it asks for no device.
    """

    __tablename__ = "tasks"
    __table_args__ = (
        Index("ix_tasks_run", "run_id", "id"),
        Index("ix_tasks_digest", "project_id", "digest", "state"),
        Index("ix_tasks_lineage", "project_id", "lineage", "name", "id"),
        Index("ix_tasks_project", "project_id", "id"),
        Index("ix_tasks_function", "project_id", "function", "id"),
        Index("ix_tasks_finished", "finished_at_s", "id"),
        Index(
            "ux_tasks_trial",
            "parent_id",
            "trial",
            unique=True,
            sqlite_where=text("parent_id IS NOT NULL"),
            postgresql_where=text("parent_id IS NOT NULL"),
        ),
        Index(
            "ix_tasks_endpoint",
            "project_id",
            "endpoint",
            "id",
            sqlite_where=text("endpoint <> ''"),
            postgresql_where=text("endpoint <> ''"),
        ),
        Index(
            "ix_tasks_open",
            "id",
            sqlite_where=text("is_final = 0"),
            postgresql_where=text("is_final = false"),
        ),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    project_id: Mapped[int] = mapped_column(ForeignKey("projects.id", ondelete="CASCADE"))
    run_id: Mapped[int | None] = mapped_column(ForeignKey("runs.id", ondelete="CASCADE"))
    name: Mapped[str]
    lineage: Mapped[str] = mapped_column(default="")
    kind: Mapped[str]
    algorithm: Mapped[str]
    version: Mapped[str]
    function: Mapped[str]
    endpoint: Mapped[str] = mapped_column(default="")
    depends_on: Mapped[list[int]] = mapped_column(JSON)
    state: Mapped[str]
    is_final: Mapped[bool] = mapped_column(default=False)
    reason: Mapped[str] = mapped_column(default="")
    why: Mapped[str] = mapped_column(default="")
    reason_zh: Mapped[str] = mapped_column(default="", server_default="")
    why_zh: Mapped[str] = mapped_column(default="", server_default="")
    digest: Mapped[str | None] = mapped_column(String(64))
    reused_from: Mapped[int | None]
    cancel_requested: Mapped[bool] = mapped_column(default=False)
    num_failures: Mapped[int] = mapped_column(default=0)
    not_before_s: Mapped[float] = mapped_column(default=0.0)
    ready_at_s: Mapped[float | None]
    num_attempts: Mapped[int] = mapped_column(default=0)
    queue: Mapped[str] = mapped_column(default="", server_default="")
    priority: Mapped[int] = mapped_column(default=0, server_default="0")
    expected_run_s: Mapped[float | None]
    attained_s: Mapped[float] = mapped_column(default=0.0, server_default="0")
    num_preemptions: Mapped[int] = mapped_column(default=0, server_default="0")
    parent_id: Mapped[int | None]
    trial: Mapped[int | None]
    value: Mapped[float | None]
    fell_behind: Mapped[bool] = mapped_column(default=False, server_default=false())
    search: Mapped[dict[str, Any] | None] = mapped_column(JSON(none_as_null=True))
    created_by: Mapped[str] = mapped_column(default="")
    created_at_s: Mapped[float]
    started_at_s: Mapped[float | None]
    finished_at_s: Mapped[float | None]


class TaskSpecRow(Base):
    """What a task is to do, as JSON of `kpl.task.TaskSpec`; never changed."""

    __tablename__ = "task_specs"

    task_id: Mapped[int] = mapped_column(ForeignKey("tasks.id", ondelete="CASCADE"), primary_key=True)
    spec: Mapped[str]


class AttemptRow(Base):
    """One try of a task; kept after it has ended."""

    __tablename__ = "attempts"
    __table_args__ = (
        Index("ux_attempts_number", "task_id", "number", unique=True),
        Index("ix_attempts_ended", "ended_at_s"),
    )

    id: Mapped[str] = mapped_column(String(40), primary_key=True)
    task_id: Mapped[int] = mapped_column(ForeignKey("tasks.id", ondelete="CASCADE"))
    number: Mapped[int]
    state: Mapped[str]
    stop_requested: Mapped[bool] = mapped_column(default=False)
    address: Mapped[str] = mapped_column(default="")
    outcome: Mapped[str | None]
    exit_code: Mapped[int | None]
    message: Mapped[str] = mapped_column(default="")
    message_zh: Mapped[str] = mapped_column(default="", server_default="")
    placement: Mapped[dict[str, Any]] = mapped_column(JSON)
    created_at_s: Mapped[float]
    started_at_s: Mapped[float | None]
    ended_at_s: Mapped[float | None]


class TaskInputRow(Base):
    """An input of a task; `artifact` is None until the task that makes it has finished."""

    __tablename__ = "task_inputs"
    __table_args__ = (
        Index("ix_task_inputs_artifact", "artifact"),
        Index("ix_task_inputs_source", "source_task_id"),
    )

    task_id: Mapped[int] = mapped_column(ForeignKey("tasks.id", ondelete="CASCADE"), primary_key=True)
    name: Mapped[str] = mapped_column(primary_key=True)
    artifact: Mapped[str | None] = mapped_column(String(64))
    source_task_id: Mapped[int | None]
    source_output: Mapped[str | None]


class TaskOutputRow(Base):
    """A stored output of a task. `published_as` names the version it became, as in `digits@3`."""

    __tablename__ = "task_outputs"
    __table_args__ = (Index("ix_task_outputs_artifact", "artifact"),)

    task_id: Mapped[int] = mapped_column(ForeignKey("tasks.id", ondelete="CASCADE"), primary_key=True)
    name: Mapped[str] = mapped_column(primary_key=True)
    artifact: Mapped[str] = mapped_column(String(64))
    published_as: Mapped[str] = mapped_column(default="")
