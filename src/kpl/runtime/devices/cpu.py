"""What the machine itself offers to processes of this one: cores and memory, as limited by its container."""

import os
from pathlib import Path

_MEMORY_LIMITS = (Path("/sys/fs/cgroup/memory.max"), Path("/sys/fs/cgroup/memory/memory.limit_in_bytes"))


def cpu_milli() -> int:
    """Thousandths of the cores that this process may run on."""
    return 1000 * len(os.sched_getaffinity(0))


def memory_mib() -> int:
    """Memory in MiB: the machine's, or the limit of the container that we are in."""
    total_bytes = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    for path in _MEMORY_LIMITS:
        try:
            text = path.read_text(encoding="ascii").strip()
        except OSError:
            continue
        if text.isdigit():
            total_bytes = min(total_bytes, int(text))
    return total_bytes >> 20
