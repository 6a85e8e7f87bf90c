"""Failed sign-ins, counted in memory: who fails too often has to wait.

The count is of this process and forgotten when it restarts; that is enough against guessing, for a password
takes longer to guess than a restart. Counted are pairs of user and address, so that nobody can lock somebody
else out, and addresses alone, at ten times the limit, against trying many users.
"""

import threading
from collections import OrderedDict, deque

from kpl.sentence import Sentence
from kpl.server.services.errors import TooManyAttempts

_MAX_KEYS = 10_000
_ADDRESS_FACTOR = 10


class SignInAttempts:
    """Args:
    limit: failures within `window_s` after which a pair of user and address has to wait.

    Threads: any.
    """

    def __init__(self, *, limit: int, window_s: float) -> None:
        self._limit = limit
        self._window_s = window_s
        self._failures: OrderedDict[tuple[str, str], deque[float]] = OrderedDict()
        self._lock = threading.Lock()

    def check(self, username: str, address: str, now_s: float) -> None:
        """Raise TooManyAttempts when this user at this address has to wait."""
        with self._lock:
            wait_s = max(
                self._wait_s((username, address), self._limit, now_s),
                self._wait_s(("", address), self._limit * _ADDRESS_FACTOR, now_s),
            )
        if wait_s > 0:
            raise TooManyAttempts(
                Sentence("Too many failed sign-ins.", "登录失败次数过多。"),
                hint=Sentence(f"Try again in {wait_s:.0f} s.", f"请在 {wait_s:.0f} 秒后再试。"),
                retry_after_s=wait_s,
            )

    def add_failure(self, username: str, address: str, now_s: float) -> None:
        with self._lock:
            for key, limit in (
                ((username, address), self._limit),
                (("", address), self._limit * _ADDRESS_FACTOR),
            ):
                failures = self._failures.setdefault(key, deque(maxlen=limit))
                failures.append(now_s)
                self._failures.move_to_end(key)
                if username == "":
                    break
            while len(self._failures) > _MAX_KEYS:
                self._failures.popitem(last=False)

    def forget(self, username: str, address: str) -> None:
        """A sign-in went well: begin anew for this user at this address."""
        with self._lock:
            self._failures.pop((username, address), None)

    def _wait_s(self, key: tuple[str, str], limit: int, now_s: float) -> float:
        failures = self._failures.get(key)
        if failures is None or len(failures) < limit:
            return 0.0
        return max(0.0, failures[-limit] + self._window_s - now_s)
