"""Evaluations: what a test found, at any threshold, and the samples behind each figure."""

from typing import Annotated

from fastapi import APIRouter, Query

from kpl.schemas.evaluation import (
    EvaluatedSamplesOut,
    EvaluationCurveOut,
    EvaluationReportOut,
    Outcome,
    SampleOrder,
)
from kpl.server.routes.dependencies import PROJECT, Cursor, Limit, TheCaller, ThePlatform
from kpl.server.services import evaluations

router = APIRouter(prefix=f"{PROJECT}/tasks/{{task_id}}/evaluation", tags=["evaluations"])

Threshold = Annotated[
    float, Query(ge=0, le=1, description="Answers whose best score is lower count as none.")
]


@router.get("", operation_id="get_evaluation")
def get_evaluation(
    platform: ThePlatform, caller: TheCaller, project: str, task_id: int, threshold: Threshold = 0.0
) -> EvaluationReportOut:
    """Show the report of a test: figures of each class, and which classes are taken for which."""
    return evaluations.get_evaluation(platform, caller, project, task_id, threshold=threshold)


@router.get("/curve", operation_id="get_evaluation_curve")
def get_evaluation_curve(
    platform: ThePlatform,
    caller: TheCaller,
    project: str,
    task_id: int,
    class_name: Annotated[
        str | None, Query(alias="class", description="One class against all others; left out, all answers.")
    ] = None,
) -> EvaluationCurveOut:
    """Show how precision, recall and false alarms change with the threshold."""
    return evaluations.get_curve(platform, caller, project, task_id, class_name=class_name)


@router.get("/samples", operation_id="list_evaluated_samples")
def list_evaluated_samples(
    platform: ThePlatform,
    caller: TheCaller,
    project: str,
    task_id: int,
    *,
    threshold: Threshold = 0.0,
    label: Annotated[str | None, Query(description="Only samples of this class.")] = None,
    predicted: Annotated[str | None, Query(description="Only samples answered with this class.")] = None,
    outcome: Outcome | None = None,
    order: Annotated[
        SampleOrder, Query(description="By row, or by how certain the answer is, best or worst first.")
    ] = "certain",
    cursor: Cursor = None,
    limit: Limit = 50,
) -> EvaluatedSamplesOut:
    """List the samples that a figure counts, with their answers."""
    return evaluations.list_evaluated_samples(
        platform,
        caller,
        project,
        task_id,
        threshold=threshold,
        label=label,
        predicted=predicted,
        outcome=outcome,
        order=order,
        cursor=cursor,
        limit=limit,
    )
