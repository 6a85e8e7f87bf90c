"""Makes it happen: starts, watches and stops processes, and reads what they write.

Reading metrics is in `kpl.runtime.metrics`, which loads NumPy; running a program in the foreground is in
`kpl.runtime.foreground`.
"""

from kpl.runtime.environments import environment_lock, host_lock, venv_lock
from kpl.runtime.executor import AttemptFiles, AttemptReport, Executor, Launch, LaunchInput
from kpl.runtime.executors.local import LocalExecutor
from kpl.runtime.logs import LogFile, LogMatch, LogPage

__all__ = [
    "AttemptFiles",
    "AttemptReport",
    "Executor",
    "Launch",
    "LaunchInput",
    "LocalExecutor",
    "LogFile",
    "LogMatch",
    "LogPage",
    "environment_lock",
    "host_lock",
    "venv_lock",
]
