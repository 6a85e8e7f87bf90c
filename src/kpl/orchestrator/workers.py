"""The threads on which commands are carried out, and the bookkeeping of what is under way.

All methods belong to the loop's thread; only the work itself runs elsewhere.
"""

import logging
from collections import deque
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, replace
from functools import partial

from kpl.errors import KPLError, Unavailable
from kpl.orchestrator.handlers import Handlers
from kpl.orchestrator.state import Choose, Collect, Command, Compare, Event, StartAttempt, StopAttempt
from kpl.sentence import Sentence
from kpl.task import Task
from kpl.task.ids import AttemptId

# What cannot be done now is tried again after 1, 2, 4 and 8 seconds, then it has failed; stops are never
# given up.
MAX_TRIES = 5
LONGEST_DELAY_S = 30.0

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class _Job:
    """A command under way. With a `failure`, what remains is to say what that means for the task."""

    command: Command
    task: Task
    num_tries: int = 0
    failure: str = ""
    retry_at_s: float | None = None


class Workers:
    """Carries out each command once at a time and keeps the answers until they are asked for.

    Args:
        wake: called from a worker's thread when there is an answer.
    """

    def __init__(self, handlers: Handlers, *, num_threads: int, wake: Callable[[], None]) -> None:
        self._handlers = handlers
        self._wake = wake
        self._jobs: dict[Command, _Job] = {}
        self._futures: dict[Command, Future[Event | None]] = {}
        self._answers: deque[tuple[_Job, Event | BaseException | None]] = deque()
        self._clean_after_start: set[AttemptId] = set()
        # Storing outputs may take minutes, and choosing values seconds: they must not keep others from starting.
        self._short = ThreadPoolExecutor(num_threads, thread_name_prefix="kpl-commands")
        self._long = ThreadPoolExecutor(max(1, num_threads // 2), thread_name_prefix="kpl-outputs")

    @property
    def has_answers(self) -> bool:
        return bool(self._answers)

    @property
    def is_busy(self) -> bool:
        return any(job.retry_at_s is None for job in self._jobs.values())

    @property
    def retry_at_s(self) -> float | None:
        """When the next command that could not be carried out is to be tried again."""
        return min(
            (job.retry_at_s for job in self._jobs.values() if job.retry_at_s is not None), default=None
        )

    def submit(self, command: Command, task: Task) -> None:
        """Carry out a command, unless it is under way already."""
        if command not in self._jobs:
            self._begin(_Job(command, task))

    def events(self, now_s: float) -> list[Event]:
        """What the commands carried out since the last call have led to; tries again what is due."""
        for job in list(self._jobs.values()):
            if job.retry_at_s is not None and job.retry_at_s <= now_s:
                self._begin(replace(job, retry_at_s=None))
        events: list[Event] = []
        while self._answers:
            job, answer = self._answers.popleft()
            if isinstance(answer, BaseException):
                self._take_error(job, answer, now_s)
                continue
            self._end(job)
            if answer is not None:
                events.append(answer)
        return events

    def clean(self, attempt_id: AttemptId) -> None:
        """Delete what an attempt left behind, but not while its start may still be on the way."""
        if any(isinstance(c, StartAttempt) and c.attempt_id == attempt_id for c in self._jobs):
            self._clean_after_start.add(attempt_id)
            return
        future = self._long.submit(self._handlers.executor.clean, attempt_id)
        future.add_done_callback(partial(_log_failed_clean, attempt_id))

    def close(self) -> None:
        """Finish what is being done, drop commands that were not begun, end the threads."""
        for future in self._futures.values():
            future.cancel()
        self._short.shutdown()
        self._long.shutdown()

    def _begin(self, job: _Job) -> None:
        self._jobs[job.command] = job
        pool = self._long if isinstance(job.command, Collect | Choose | Compare) else self._short
        if job.failure:
            future = pool.submit(self._handlers.give_up, job.command, job.failure)
        else:
            future = pool.submit(self._handlers.carry_out, job.command, job.task)
        self._futures[job.command] = future
        future.add_done_callback(partial(self._answer, job))

    def _answer(self, job: _Job, future: Future[Event | None]) -> None:
        if not future.cancelled():
            error = future.exception()
            self._answers.append((job, future.result() if error is None else error))
            self._wake()

    def _end(self, job: _Job) -> None:
        del self._jobs[job.command], self._futures[job.command]
        if isinstance(job.command, StartAttempt) and job.command.attempt_id in self._clean_after_start:
            self._clean_after_start.remove(job.command.attempt_id)
            self.clean(job.command.attempt_id)

    def _take_error(self, job: _Job, error: BaseException, now_s: float) -> None:
        reason = _tell(error)
        if not isinstance(error, KPLError | OSError):
            _log.error("%s failed for a reason that KPL did not expect.", job.command, exc_info=error)
        num_tries = job.num_tries + 1
        may_pass = isinstance(error, Unavailable) and num_tries < MAX_TRIES
        if may_pass or job.failure or isinstance(job.command, StopAttempt):
            _log.warning("%s will be tried again: %s", job.command, reason)
            delay_s = min(LONGEST_DELAY_S, 2.0 ** (num_tries - 1))
            self._jobs[job.command] = replace(job, num_tries=num_tries, retry_at_s=now_s + delay_s)
        else:
            self._begin(replace(job, num_tries=0, failure=reason))


def _tell(error: BaseException) -> str:
    if isinstance(error, KPLError):
        return error.sentence
    if isinstance(error, OSError):
        return str(error)
    what = f"{type(error).__name__}: {error}"
    return Sentence(
        f"unexpected error in KPL, see the server's log: {what}", f"KPL 内部错误，详见服务器日志：{what}"
    )


def _log_failed_clean(attempt_id: AttemptId, future: Future[None]) -> None:
    error = None if future.cancelled() else future.exception()
    if error is not None:
        _log.warning("The files of attempt %s could not be removed: %s", attempt_id, error)
