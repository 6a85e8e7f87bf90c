"""The server's own interpreter with what is installed beside it."""

import hashlib
import platform
import sys
from functools import cache
from importlib.metadata import distributions
from pathlib import Path

from kpl.runtime.environments.base import Environment


def host_environment() -> Environment:
    return Environment(python=Path(sys.executable))


@cache
def host_lock() -> str:
    """Digest of the interpreter's version and of every installed distribution; taken once per process."""
    installed = sorted({f"{found.name.lower()}=={found.version}" for found in distributions()})
    return hashlib.sha256("\n".join([interpreter_version(), *installed]).encode()).hexdigest()


def interpreter_version() -> str:
    """As in `cpython-3.11.7-linux-x86_64`: packages built for one need not work in another."""
    return f"{sys.implementation.name}-{'.'.join(map(str, sys.version_info[:3]))}-{sys.platform}-{platform.machine()}"
