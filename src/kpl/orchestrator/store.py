"""Where the loop keeps its state.

The server's store is a database; `kpl.orchestrator.memory_store` serves tests and single runs.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from kpl.orchestrator.state import Changes, Request, State
from kpl.task import Task, TaskSpec
from kpl.task.ids import AttemptId, Digest, TaskId


@dataclass(frozen=True, slots=True)
class Inbox:
    """What people asked for since the last look, in order; `last_id` goes back to `apply` as consumed."""

    last_id: int
    events: Sequence[Request]


@dataclass(frozen=True, slots=True)
class Finished:
    """A finished task that may be reused: its outputs are in the artifact store."""

    task_id: TaskId
    outputs: dict[str, Digest]


@dataclass(frozen=True, slots=True)
class Earlier:
    """The last task that ran for the same node of the same pipeline, to say what differs now.

    `run_time_s` is how long its last attempt took when it succeeded.
    """

    task_id: TaskId
    spec: TaskSpec
    inputs: dict[str, Digest]
    digest: Digest
    run_time_s: float | None = None


class Store(Protocol):
    """One loop at a time owns the state, its leader; everybody else adds to the inbox, in transactions."""

    def load(self) -> State:
        """Read all that is not over, and the queues (without machines)."""

    def inbox(self, after_id: int) -> Inbox:
        """Read what came in after `after_id`; `after_id` 0 reads everything not yet consumed."""

    def apply(self, changes: Changes, *, consumed_id: int, expected_version: int) -> int:
        """In one transaction: check the version, replace the records, drop the inbox up to `consumed_id`.

        Returns:
            the new version.
        Raises:
            Conflict: somebody else applied changes; load again.
        """

    def find_finished(self, task: Task, digest: Digest) -> Finished | None:
        """The latest task of the same project that succeeded with this digest.

        For a service: the latest that is ready now under the same endpoint.
        """

    def find_earlier(self, task: Task) -> Earlier | None:
        """The task to compare with when nothing can be reused."""

    def find_reported(self, task_id: TaskId) -> AttemptId | None:
        """The attempt whose reports hold for a task that is done: of a task that was reused, those of the one that ran,
        and of a search, those of its best trial.

        None when none ever ran, or the record of it is gone.
        """

    def project_name(self, project_id: int) -> str:
        """Name of a project, for the processes of its tasks."""
