"""The schedulable unit: what a task is to do, where it stands, and its attempts."""

from kpl.task.spec import (
    ArtifactInput,
    EnvironmentSpec,
    Objective,
    OutputSpec,
    Program,
    SearchedParameter,
    SearchSpec,
    TaskInput,
    TaskKind,
    TaskOutputInput,
    TaskSpec,
)
from kpl.task.state import Attempt, AttemptState, Outcome, SearchProgress, Task, TaskState

__all__ = [
    "ArtifactInput",
    "Attempt",
    "AttemptState",
    "EnvironmentSpec",
    "Objective",
    "Outcome",
    "OutputSpec",
    "Program",
    "SearchProgress",
    "SearchSpec",
    "SearchedParameter",
    "Task",
    "TaskInput",
    "TaskKind",
    "TaskOutputInput",
    "TaskSpec",
    "TaskState",
]
