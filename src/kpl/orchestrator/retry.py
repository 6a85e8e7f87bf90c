"""What follows a failed attempt: the plain sentence on it, another try, or the end. Pure."""

from kpl.orchestrator.lifecycle import move_task
from kpl.task import Attempt, AttemptState, Outcome, Task, TaskKind, TaskState

FIRST_BACKOFF_S = 1.0
LONGEST_BACKOFF_S = 60.0
# A service that was ready for this long has proved itself: what happens afterwards counts anew.
PROVEN_AFTER_S = 60.0
MAX_SERVICE_FAILURES = 3

_SIGNAL_NAMES = {1: "SIGHUP", 2: "SIGINT", 3: "SIGQUIT", 4: "SIGILL", 6: "SIGABRT", 7: "SIGBUS", 8: "SIGFPE",
                 9: "SIGKILL", 11: "SIGSEGV", 13: "SIGPIPE", 14: "SIGALRM", 15: "SIGTERM"}  # fmt: skip


def backoff_s(num_failures: int) -> float:
    """How long to wait before the next try: 1 s after the first failure in a row, doubling up to 60 s."""
    assert num_failures >= 1
    return min(LONGEST_BACKOFF_S, FIRST_BACKOFF_S * 2.0 ** min(num_failures - 1, 16))


def after_failure(task: Task, why: str, *, now_s: float, is_awaited: bool) -> Task:
    """Queue the task for another try, or fail it.

    Args:
        why: what went wrong, as from `describe_end`.
        is_awaited: whether an unfinished run waits for this task.
    """
    assert task.attempt is not None
    if task.kind is TaskKind.SERVICE:
        return _after_service_failure(task, task.attempt, why, now_s=now_s, is_awaited=is_awaited)
    number, limit = task.attempt.number - task.num_preemptions, task.spec.max_attempts
    failures = task.num_failures + 1
    if number >= limit:
        tries = f" (attempt {number} of {limit})" if limit > 1 else ""
        return move_task(task, TaskState.FAILED, now_s=now_s, reason=f"{why}{tries}", num_failures=failures)
    return _queue_again(task, f"attempt {number} of {limit} failed: {why}", failures, now_s)


def _after_service_failure(task: Task, attempt: Attempt, why: str, *, now_s: float, is_awaited: bool) -> Task:
    ended_at_s = attempt.ended_at_s if attempt.ended_at_s is not None else now_s
    proven = (
        task.state is TaskState.READY
        and task.ready_at_s is not None
        and ended_at_s - task.ready_at_s >= PROVEN_AFTER_S
    )
    failures = 1 if proven else task.num_failures + 1
    was_ever_ready = task.ready_at_s is not None
    if attempt.outcome is Outcome.TIMED_OUT and not was_ever_ready:
        # It had all the time that it was given: to wait as long once more would only hide why.
        return move_task(task, TaskState.FAILED, now_s=now_s, reason=why, num_failures=failures)
    if failures >= MAX_SERVICE_FAILURES and (is_awaited or not was_ever_ready):
        often = (
            f"failed {failures} times in a row"
            if was_ever_ready
            else f"was never ready in {failures} attempts"
        )
        return move_task(
            task,
            TaskState.FAILED,
            now_s=now_s,
            reason=f"{often}, the last time: {why}",
            num_failures=failures,
        )
    return _queue_again(task, f"attempt {attempt.number} failed: {why}", failures, now_s)


def _queue_again(task: Task, reason: str, failures: int, now_s: float) -> Task:
    delay_s = backoff_s(failures)
    return move_task(
        task,
        TaskState.QUEUED,
        now_s=now_s,
        reason=f"{reason}; next try after {delay_s:g} s",
        num_failures=failures,
        not_before_s=now_s + delay_s,
    )


def describe_end(task: Task, attempt: Attempt) -> str:
    """One plain sentence on how an attempt ended."""
    assert attempt.state is AttemptState.ENDED
    message = attempt.message
    match attempt.outcome:
        case Outcome.EXITED if attempt.exit_code == 0:
            return "the service ended by itself with exit code 0, but a service should not end"
        case Outcome.EXITED:
            said = f"the process ended with exit code {attempt.exit_code}"
        case Outcome.SIGNALLED:
            said = f"the process was killed by {_signal(attempt.exit_code)}"
        case Outcome.TIMED_OUT:
            limit = "" if task.timeout_s is None else f" of {task.timeout_s:g} s"
            if task.kind is TaskKind.SERVICE:
                return f"the service was not ready within its time limit{limit} and was ended; its log may say why"
            return f"the process ran longer than its time limit{limit} and was ended"
        case Outcome.NOT_STARTED:
            said = "the process could not be started"
        case Outcome.STOPPED:
            said = "the process was stopped, but not by a user of KPL"
        case _:
            said, message = "the process was lost", message or "it is gone and left no exit status"
    return f"{said}: {message}" if message else said


def _signal(exit_code: int | None) -> str:
    number = abs(exit_code or 0)
    name = f"signal {number}" + (f" ({_SIGNAL_NAMES[number]})" if number in _SIGNAL_NAMES else "")
    return f"{name}, as happens when memory runs out" if number == 9 else name
