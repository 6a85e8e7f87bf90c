"""Makes it happen: starts, watches and stops processes, and reads what they write.

Named here is the seam alone, so that whoever describes work loads nothing that does it. The local executor is in
`kpl.runtime.executors.local`, environments in `kpl.runtime.environments`, logs and metrics in `kpl.runtime.logs` and
`kpl.runtime.metrics`, programs in the foreground in `kpl.runtime.foreground`.
"""

from kpl.runtime.executor import AttemptFiles, AttemptReport, Executor, Launch, LaunchInput

__all__ = ["AttemptFiles", "AttemptReport", "Executor", "Launch", "LaunchInput"]
