"""Endpoints: deployed models that answer requests."""

import math
import mimetypes
import time
from collections.abc import Iterator, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

from kpl.client.transport import Transport
from kpl.errors import NotFound, Unavailable
from kpl.schemas.endpoint import DeploymentOut, EndpointCreate, EndpointOut, EndpointTrafficOut


class Endpoints:
    def __init__(self, transport: Transport, base: str, project: str) -> None:
        self._transport = transport
        self._base = f"{base}/endpoints"
        self._serve = f"/serve/{project}"

    def list(self, *, search: str | None = None, limit: int | None = None) -> Iterator[EndpointOut]:
        """Those of the project, all or those with these words in what they are called."""
        return self._transport.pages(EndpointOut, self._base, query={"search": search}, limit=limit)

    def get(self, name: str) -> EndpointOut:
        return self._transport.get(EndpointOut, f"{self._base}/{name}")

    def create(
        self,
        name: str,
        model: str,
        *,
        version: int | None = None,
        algorithm: str | None = None,
        parameters: Mapping[str, Any] | None = None,
        priority: int = 0,
    ) -> EndpointOut:
        """Deploy a model version, the latest by default, under a name; a service that has the name is replaced once
        the new one is ready."""
        body = EndpointCreate(
            name=name,
            model=model,
            version=version,
            algorithm=algorithm,
            parameters=dict(parameters or {}),
            priority=priority,
        )
        return self._transport.post(EndpointOut, self._base, body)

    def traffic(
        self,
        name: str,
        *,
        since: datetime | None = None,
        until: datetime | None = None,
        step_s: float | None = None,
    ) -> EndpointTrafficOut:
        """Requests, errors and latencies by time; of the last hour where nothing else is said."""
        query = {
            "since": None if since is None else since.isoformat(),
            "until": None if until is None else until.isoformat(),
            "step": step_s,
        }
        return self._transport.get(EndpointTrafficOut, f"{self._base}/{name}/traffic", query=query)

    def deployments(self, name: str, *, limit: int | None = None) -> Iterator[DeploymentOut]:
        """What the endpoint was given, the newest first."""
        return self._transport.pages(DeploymentOut, f"{self._base}/{name}/deployments", limit=limit)

    def roll_back(self, name: str, *, to: int | None = None) -> EndpointOut:
        """Put back what answered before, or what task `to` served: the same model, algorithm and parameters. What
        answers now goes on until that is ready.

        Raises:
            NotFound: there is nothing to go back to.
        """
        deployments = list(self.deployments(name, limit=500))
        current = next((each.task_id for each in deployments if each.is_current), math.inf)
        for each in deployments:
            is_wanted = each.task_id == to if to else each.task_id < current and each.ready_at is not None
            if is_wanted and each.model is not None and each.model.name is not None:
                return self.create(
                    name,
                    each.model.name,
                    version=each.model.version,
                    algorithm=f"{each.algorithm}@{each.algorithm_version}",
                    parameters=each.parameters,
                )
        what = "nothing that answered before" if to is None else f"no published model of task {to}"
        raise NotFound(f"Endpoint '{name}' has {what}.", hint=f"See `kpl endpoint history {name}`.")

    def stop(self, name: str) -> EndpointOut:
        return self._transport.post(EndpointOut, f"{self._base}/{name}/stop")

    def delete(self, name: str) -> None:
        self._transport.delete(f"{self._base}/{name}")

    def wait_ready(self, name: str, *, timeout_s: float = 120.0) -> EndpointOut:
        """Wait until the endpoint answers with what it was given last; until then, what answered before goes on.

        Raises:
            Unavailable: it failed, was stopped or was not ready in time.
        """
        deadline_s = time.monotonic() + timeout_s
        while True:
            newest = next(self.deployments(name, limit=1))
            if newest.state == "ready":
                return self.get(name)
            if newest.state in ("failed", "stopped") or time.monotonic() > deadline_s:
                raise Unavailable(
                    f"Endpoint '{name}': task {newest.task_id} is {newest.state}. {newest.reason}".strip(),
                    hint=f"See `kpl task logs {newest.task_id}`.",
                )
            for _ in self._transport.events([f"task:{newest.task_id}"]):
                break

    def predict(self, name: str, image: Path | bytes, *, content_type: str | None = None) -> dict[str, Any]:
        """Send an image and return the typed answer."""
        content = image.read_bytes() if isinstance(image, Path) else image
        if content_type is None:
            guessed = mimetypes.guess_type(image.name)[0] if isinstance(image, Path) else None
            content_type = guessed or "application/octet-stream"
        answer = self._transport.request(
            "POST", f"{self._serve}/{name}/predict", content=content, headers={"Content-Type": content_type}
        )
        found: dict[str, Any] = answer.json()
        return found

    def infer(self, name: str, request: Mapping[str, Any]) -> dict[str, Any]:
        """Ask by Open Inference Protocol v2: `{"inputs": [{name, shape, datatype, data}]}`."""
        answer = self._transport.request("POST", f"{self._serve}/{name}/v2/models/{name}/infer", body=request)
        found: dict[str, Any] = answer.json()
        return found
