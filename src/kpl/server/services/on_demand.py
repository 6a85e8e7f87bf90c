"""Work that a background loop does when somebody asks for it, and how those who asked learn that it is done."""

import threading


class OnDemand:
    """Requests for one kind of work; whoever asks while it is being done gets it done once more. Threads: any."""

    def __init__(self) -> None:
        self.problem = ""
        """Why the last try failed, a `Sentence` where that is known; empty when it did not."""
        self.lock = threading.Lock()
        """For whoever does the work: one at a time."""
        self._changed = threading.Condition()
        self._num_asked = 0
        self._num_done = 0
        self._is_closed = False

    @property
    def is_busy(self) -> bool:
        """Whether something that was asked for is not done yet."""
        return self._num_asked > self._num_done

    def ask(self) -> None:
        with self._changed:
            self._num_asked += 1
            self._changed.notify_all()

    def wait(self) -> int | None:
        """Wait until somebody asks; returns how often it was asked for so far, None when it is closed."""
        with self._changed:
            self._changed.wait_for(lambda: self._is_closed or self.is_busy)
            return None if self._is_closed else self._num_asked

    def done(self, num_asked: int, problem: str) -> None:
        """All that was asked for up to then is done."""
        with self._changed:
            self.problem = problem
            self._num_done = num_asked

    def close(self) -> None:
        """Let whoever waits for work go."""
        with self._changed:
            self._is_closed = True
            self._changed.notify_all()
