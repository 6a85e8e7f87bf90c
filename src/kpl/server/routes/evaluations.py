"""Evaluations: what a test found, at any threshold, and the samples behind each figure."""

from typing import Annotated

from fastapi import APIRouter, Query

from kpl.schemas.evaluation import (
    EvaluatedSamplesOut,
    EvaluationCurveOut,
    EvaluationReportOut,
    EvaluationSlicesOut,
    Outcome,
    SampleOrder,
)
from kpl.server.routes.dependencies import PROJECT, Cursor, Limit, TheCaller, ThePlatform
from kpl.server.services import evaluations

router = APIRouter(prefix=f"{PROJECT}/tasks/{{task_id}}/evaluation", tags=["evaluations"])

Threshold = Annotated[
    float | None,
    Query(
        ge=0,
        le=1,
        description="Answers whose score is lower count as none. Left out, 0; of a detection, where F1 is highest.",
    ),
]


@router.get("", operation_id="get_evaluation")
def get_evaluation(
    platform: ThePlatform, caller: TheCaller, project: str, task_id: int, threshold: Threshold = None
) -> EvaluationReportOut:
    """Show the report of a test: figures of each class, which classes are taken for which, what is missed."""
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


@router.get("/slices", operation_id="get_evaluation_slices")
def get_evaluation_slices(
    platform: ThePlatform,
    caller: TheCaller,
    project: str,
    task_id: int,
    *,
    threshold: Threshold = None,
    by: Annotated[
        str | None, Query(description="One of `divisions` of the answer; left out, the first.")
    ] = None,
) -> EvaluationSlicesOut:
    """Show the figures of parts of the report, as of each split, or of small objects; the worst first."""
    return evaluations.get_slices(platform, caller, project, task_id, threshold=threshold, by=by)


@router.get("/samples", operation_id="list_evaluated_samples")
def list_evaluated_samples(
    platform: ThePlatform,
    caller: TheCaller,
    project: str,
    task_id: int,
    *,
    threshold: Threshold = None,
    label: Annotated[str | None, Query(description="Only samples, or objects, of this class.")] = None,
    predicted: Annotated[
        str | None, Query(description="Only samples, or objects, answered with this class.")
    ] = None,
    outcome: Annotated[
        Outcome | None,
        Query(
            description="`error` is all but right. Of classifications there are `unanswered` ones, "
            "of detections `missed` and `false_alarm`."
        ),
    ] = None,
    by: Annotated[
        str | None, Query(description="With `value`: only of this part, as the slices name it.")
    ] = None,
    value: Annotated[
        str | None, Query(description="Name of the part; left out, the part that has no value.")
    ] = None,
    order: Annotated[
        SampleOrder,
        Query(
            description="By row, by how certain the answer is, best or worst first, or by how much is counted."
        ),
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
        by=by,
        value=value,
        order=order,
        cursor=cursor,
        limit=limit,
    )
