"""What every service is handed first: the parts of the running server."""

import threading
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from kpl.runtime.executor import Executor
from kpl.server.db import Database
from kpl.server.services.attempts import SignInAttempts
from kpl.server.services.clock import Clock, SystemClock
from kpl.server.services.latest import Latest
from kpl.server.services.live import LiveHub
from kpl.server.services.on_demand import OnDemand
from kpl.server.services.passwords import Passwords
from kpl.server.services.recent_samples import RecentSamples
from kpl.server.services.telemetry import Telemetry
from kpl.server.services.traffic import Traffic
from kpl.server.settings import Settings
from kpl.storage.artifacts import ArtifactStore

if TYPE_CHECKING:
    from kpl.server.services.scheduling import Outlook

OUTLOOK_LIFETIME_S = 5.0


@dataclass(frozen=True, slots=True)
class Platform:
    """The parts of one running server.

    Args:
        executor: where attempts run.
        inbox_bell: set after a commit that put something into the orchestrator's inbox.
        outlook: what the scheduler said when somebody last looked.
        counting: of what the artifact store holds.
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
    counting: OnDemand = field(default_factory=OnDemand)
    outlook: "Latest[Outlook]" = field(default_factory=lambda: Latest(lifetime_s=OUTLOOK_LIFETIME_S))

    def now_s(self) -> float:
        return self.clock.now_s()
