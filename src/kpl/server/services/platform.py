"""What every service is handed first: the parts of the running server."""

import threading
from dataclasses import dataclass, field

from kpl.runtime.executor import Executor
from kpl.server.db import Database
from kpl.server.services.attempts import SignInAttempts
from kpl.server.services.clock import Clock, SystemClock
from kpl.server.services.live import LiveHub
from kpl.server.services.passwords import Passwords
from kpl.server.services.recent_samples import RecentSamples
from kpl.server.services.telemetry import Telemetry
from kpl.server.services.traffic import Traffic
from kpl.server.settings import Settings
from kpl.storage.artifacts import ArtifactStore


@dataclass(frozen=True, slots=True)
class Platform:
    """The parts of one running server.

    Args:
        executor: where attempts run.
        inbox_bell: set after a commit that put something into the orchestrator's inbox.
    """

    settings: Settings
    db: Database
    artifacts: ArtifactStore
    executor: Executor
    live: LiveHub
    passwords: Passwords
    attempts: SignInAttempts
    telemetry: Telemetry
    clock: Clock = field(default_factory=SystemClock)
    inbox_bell: threading.Event = field(default_factory=threading.Event)
    traffic: Traffic = field(default_factory=Traffic)
    samples: RecentSamples = field(default_factory=RecentSamples)

    def now_s(self) -> float:
        return self.clock.now_s()
