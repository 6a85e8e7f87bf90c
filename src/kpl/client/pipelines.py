"""Pipelines: save, check, plan."""

from collections.abc import Iterator, Mapping
from typing import Any

from kpl.client.transport import Transport
from kpl.schemas.page import Order, Sort
from kpl.schemas.pipeline import (
    PipelineCreate,
    PipelineDetail,
    PipelineOut,
    PipelineUpdate,
    PlanOut,
    PlanRequest,
    ValidateOut,
    ValidateRequest,
)


class Pipelines:
    def __init__(self, transport: Transport, base: str) -> None:
        self._transport = transport
        self._base = f"{base}/pipelines"

    def list(
        self,
        *,
        search: str | None = None,
        sort: Sort = "created",
        order: Order | None = None,
        limit: int | None = None,
    ) -> Iterator[PipelineOut]:
        """Those of the project, all or those with these words in what they are called."""
        return self._transport.pages(
            PipelineOut, self._base, query={"search": search, "sort": sort, "order": order}, limit=limit
        )

    def get(self, name: str) -> PipelineDetail:
        return self._transport.get(PipelineDetail, f"{self._base}/{name}")

    def create(
        self,
        name: str,
        document: Mapping[str, Any],
        *,
        description: str = "",
        is_template: bool = False,
    ) -> PipelineDetail:
        body = PipelineCreate(
            name=name, document=dict(document), description=description, is_template=is_template
        )
        return self._transport.post(PipelineDetail, self._base, body)

    def save(self, name: str, document: Mapping[str, Any]) -> PipelineDetail:
        """Save the next revision, or the first.

        Raises:
            Conflict: somebody else saved between the look and the save.
        """
        path = f"{self._base}/{name}"
        current = next((item for item in self.list() if item.name == name), None)
        if current is None:
            return self.create(name, document)
        etag = self._transport.request("GET", path).headers["ETag"]
        answer = self._transport.request(
            "PUT", path, body=PipelineUpdate(document=dict(document)), headers={"If-Match": etag}
        )
        return PipelineDetail.model_validate(answer.json())

    def delete(self, name: str) -> None:
        self._transport.delete(f"{self._base}/{name}")

    def validate(
        self, document: Mapping[str, Any], *, parameters: Mapping[str, Any] | None = None
    ) -> ValidateOut:
        body = ValidateRequest(document=dict(document), parameters=dict(parameters or {}))
        return self._transport.post(ValidateOut, f"{self._base}/validate", body)

    def plan(
        self,
        *,
        pipeline: str | None = None,
        template: str | None = None,
        revision: int | None = None,
        document: Mapping[str, Any] | None = None,
        parameters: Mapping[str, Any] | None = None,
    ) -> PlanOut:
        """What would run, what would be reused, and why."""
        body = PlanRequest(
            pipeline=pipeline,
            template=template,
            revision=revision,
            document=dict(document) if document is not None else None,
            parameters=dict(parameters or {}),
        )
        return self._transport.post(PlanOut, f"{self._base}/plan", body)
