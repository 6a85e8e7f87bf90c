"""What follows a failed attempt: the plain sentence on it, another try, or the end. Pure."""

from kpl.orchestrator.lifecycle import move_task
from kpl.sentence import Sentence, in_chinese
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
        last = Sentence(
            f"{why} (attempt {number} of {limit})",
            f"{in_chinese(why)}（第 {number} 次尝试，最多 {limit} 次）",
        )
        reason = last if limit > 1 else why
        return move_task(task, TaskState.FAILED, now_s=now_s, reason=reason, num_failures=failures)
    reason = Sentence(
        f"attempt {number} of {limit} failed: {why}",
        f"第 {number} 次尝试（最多 {limit} 次）失败：{in_chinese(why)}",
    )
    return _queue_again(task, reason, failures, now_s)


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
            Sentence(f"failed {failures} times in a row", f"连续失败 {failures} 次")
            if was_ever_ready
            else Sentence(f"was never ready in {failures} attempts", f"{failures} 次尝试均未就绪")
        )
        reason = Sentence(f"{often}, the last time: {why}", f"{often.zh}，最后一次：{in_chinese(why)}")
        return move_task(task, TaskState.FAILED, now_s=now_s, reason=reason, num_failures=failures)
    failed = Sentence(
        f"attempt {attempt.number} failed: {why}", f"第 {attempt.number} 次尝试失败：{in_chinese(why)}"
    )
    return _queue_again(task, failed, failures, now_s)


def _queue_again(task: Task, reason: Sentence, failures: int, now_s: float) -> Task:
    delay_s = backoff_s(failures)
    return move_task(
        task,
        TaskState.QUEUED,
        now_s=now_s,
        reason=Sentence(f"{reason}; next try after {delay_s:g} s", f"{reason.zh}；{delay_s:g} 秒后再试"),
        num_failures=failures,
        not_before_s=now_s + delay_s,
    )


def describe_end(task: Task, attempt: Attempt) -> Sentence:
    """One plain sentence on how an attempt ended."""
    assert attempt.state is AttemptState.ENDED
    message = attempt.message
    match attempt.outcome:
        case Outcome.EXITED if attempt.exit_code == 0:
            return Sentence(
                "the service ended by itself with exit code 0, but a service should not end",
                "服务以退出码 0 自行结束，但服务不应结束",
            )
        case Outcome.EXITED:
            return _gave_up(attempt)
        case Outcome.SIGNALLED:
            said = _killed(attempt.exit_code)
        case Outcome.TIMED_OUT:
            return _timed_out(task)
        case Outcome.NOT_STARTED:
            said = Sentence("the process could not be started", "进程未能启动")
        case Outcome.STOPPED:
            said = Sentence(
                "the process was stopped, but not by a user of KPL", "进程被停止，但不是由 KPL 用户停止"
            )
        case _:
            said = Sentence("the process was lost", "进程已丢失")
            message = message or Sentence(
                "it is gone and left no exit status", "进程已不在，且没有留下退出状态"
            )
    return Sentence(f"{said}: {message}", f"{said.zh}：{in_chinese(message)}") if message else said


def _gave_up(attempt: Attempt) -> Sentence:
    """What the process said of the cause goes first: the exit code says that there is one, no more."""
    said = Sentence(
        f"the process ended with exit code {attempt.exit_code}", f"进程以退出码 {attempt.exit_code} 结束"
    )
    cause = attempt.message
    if not cause:
        return said
    quoted = cause.zh if isinstance(cause, Sentence) else f"“{cause}”"
    return Sentence(f"{cause} ({said})", f"{quoted}（{said.zh}）")


def _timed_out(task: Task) -> Sentence:
    limit_s = task.timeout_s
    of, zh = ("", "") if limit_s is None else (f" of {limit_s:g} s", f" {limit_s:g} 秒")
    if task.kind is TaskKind.SERVICE:
        return Sentence(
            f"the service was not ready within its time limit{of} and was ended; its log may say why",
            f"服务未在时限{zh}内就绪，已被结束；原因请看日志",
        )
    return Sentence(
        f"the process ran longer than its time limit{of} and was ended", f"进程运行超过时限{zh}，已被结束"
    )


def _killed(exit_code: int | None) -> Sentence:
    number = abs(exit_code or 0)
    name = f" ({_SIGNAL_NAMES[number]})" if number in _SIGNAL_NAMES else ""
    en, zh = (", as happens when memory runs out", "，内存不足时会如此") if number == 9 else ("", "")
    return Sentence(
        f"the process was killed by signal {number}{name}{en}", f"进程被信号 {number}{name} 终止{zh}"
    )
