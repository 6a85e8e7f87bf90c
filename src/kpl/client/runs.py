"""Runs: start, list, watch, stop, run again."""

import time
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from kpl.client.transport import RESTART_S, Transport
from kpl.errors import Unavailable
from kpl.orchestrator.state import RunState
from kpl.schemas.run import Origin, RerunRequest, RunCreate, RunDetail, RunOut, RunUpdate


class Runs:
    def __init__(self, transport: Transport, base: str) -> None:
        self._transport = transport
        self._base = f"{base}/runs"

    def create(
        self,
        *,
        pipeline: str | None = None,
        revision: int | None = None,
        template: str | None = None,
        document: Mapping[str, Any] | None = None,
        parameters: Mapping[str, Any] | None = None,
        name: str = "",
        origin: Origin = "sdk",
        priority: int = 0,
    ) -> RunDetail:
        """Start a run of exactly one of a saved pipeline, a template or a document.

        Raises:
            Invalid: the document or a parameter has problems; the message names node, port, reason and fix.
        """
        body = RunCreate(
            pipeline=pipeline,
            revision=revision,
            template=template,
            document=dict(document) if document is not None else None,
            parameters=dict(parameters or {}),
            name=name,
            origin=origin,
            priority=priority,
        )
        return self._transport.post(RunDetail, self._base, body)

    def list(
        self,
        *,
        state: str | None = None,
        pipeline: str | None = None,
        search: str | None = None,
        limit: int | None = None,
    ) -> Iterator[RunOut]:
        """Runs of the project, newest first, with these words in number, name, pipeline, template or owner."""
        query = {"state": state, "pipeline": pipeline, "search": search}
        return self._transport.pages(RunOut, self._base, query=query, limit=limit)

    def get(self, run_id: int) -> RunDetail:
        return self._transport.get(RunDetail, f"{self._base}/{run_id}")

    def cancel(self, run_id: int) -> RunOut:
        """Ask the run to stop; its running tasks get SIGTERM and then their grace period."""
        return self._transport.post(RunOut, f"{self._base}/{run_id}/cancel")

    def set_priority(self, run_id: int, priority: int) -> RunOut:
        """Give those tasks of the run that have not started another priority."""
        answer = self._transport.request("PATCH", f"{self._base}/{run_id}", body=RunUpdate(priority=priority))
        return RunOut.model_validate(answer.json())

    def rerun(self, run_id: int, *, from_node: str | None = None, origin: Origin = "sdk") -> RunDetail:
        """Run again what a run ran; with `from_node`, steps before that node are taken over as they are."""
        body = RerunRequest(from_node=from_node, origin=origin)
        return self._transport.post(RunDetail, f"{self._base}/{run_id}/rerun", body)

    def watch(self, run_id: int, *, timeout_s: float | None = None) -> Iterator[RunDetail]:
        """The run now and after each live event about it, progress and logs included, until it is over.

        Raises:
            Unavailable: it was not over after `timeout_s`.
        """
        deadline_s = None if timeout_s is None else time.monotonic() + timeout_s
        run = self._look(run_id)
        yield run
        if run.state.is_final:
            return
        for event in self._transport.events([f"run:{run_id}"], after=run.seq):
            if event.get("seq") is None or event["seq"] > run.seq:  # else the last look has seen it already
                run = self._look(run_id)
                yield run
            if run.state.is_final:
                return
            _check_deadline(run, deadline_s, timeout_s)

    def wait(
        self,
        run_id: int,
        *,
        timeout_s: float | None = None,
        on_change: Callable[[RunDetail], object] | None = None,
    ) -> RunDetail:
        """Wait until the run is over and return how it ended.

        Raises:
            Unavailable: it was not over after `timeout_s`.
        """
        if on_change is not None:
            for run in self.watch(run_id, timeout_s=timeout_s):
                on_change(run)
            return run
        deadline_s = None if timeout_s is None else time.monotonic() + timeout_s
        run = self._look(run_id)
        if run.state.is_final:
            return run
        for event in self._transport.events([f"run:{run_id}"], after=run.seq):
            # Nobody watches, so only what may be the end is worth a look.
            is_end = event["type"] == "run" and RunState(event["data"]["state"]).is_final
            if is_end or event["type"] in _MAY_BE_THE_END:
                run = self._look(run_id)
                if run.state.is_final:
                    break
            _check_deadline(run, deadline_s, timeout_s)
        return run

    def _look(self, run_id: int) -> RunDetail:
        """The run as it stands, also after a server that is being restarted."""
        return self._transport.get(RunDetail, f"{self._base}/{run_id}", patience_s=RESTART_S)


_MAY_BE_THE_END = frozenset({"idle", "hello", "resync"})


def _check_deadline(run: RunDetail, deadline_s: float | None, timeout_s: float | None) -> None:
    if deadline_s is not None and time.monotonic() > deadline_s:
        raise Unavailable(f"Run {run.id} is still {run.state} after {timeout_s:g} s.")
