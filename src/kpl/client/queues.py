"""Queues: quotas, policies, who runs and who waits."""

from collections.abc import Iterator, Mapping
from typing import Any

from kpl.client.transport import Transport
from kpl.schemas.queue import QueuedTaskOut, QueueOut


class Queues:
    """Amounts are as in `kpl.resources.Amounts`; `kpl.resources.parse_amounts` reads them from text."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport
        self._base = "/api/v1/queues"

    def list(self, *, limit: int | None = None) -> Iterator[QueueOut]:
        """The queues of one's projects and those above, by name."""
        return self._transport.pages(QueueOut, self._base, limit=limit)

    def get(self, name: str) -> QueueOut:
        return self._transport.get(QueueOut, f"{self._base}/{name}")

    def tasks(self, name: str, *, limit: int | None = None) -> Iterator[QueuedTaskOut]:
        """Who runs in the queue and those below it, then who waits, by place in the queue."""
        return self._transport.pages(QueuedTaskOut, f"{self._base}/{name}/tasks", limit=limit)

    def put(
        self,
        name: str,
        *,
        parent: str | None = None,
        weight: float | None = None,
        guaranteed: Mapping[str, int] | None = None,
        limit: Mapping[str, int] | None = None,
        user_limit: Mapping[str, int] | None = None,
        policy: Mapping[str, Any] | None = None,
    ) -> QueueOut:
        """Set up a queue, or change it; what is left out stays as it is.

        Args:
            policy: rules as in `kpl.schemas.queue.PolicyBody`; None for a rule takes it away.
        """
        named = {
            "parent": parent,
            "weight": weight,
            "guaranteed": guaranteed,
            "limit": limit,
            "user_limit": user_limit,
            "policy": policy,
        }
        body = {key: value for key, value in named.items() if value is not None}
        answer = self._transport.request("PUT", f"{self._base}/{name}", body=body)
        return QueueOut.model_validate(answer.json())

    def delete(self, name: str) -> None:
        self._transport.delete(f"{self._base}/{name}")
