"""The client: one server, one token, one project, and a member for each noun."""

from types import TracebackType
from typing import Self

from kpl.client.algorithms import Algorithms
from kpl.client.artifacts import Artifacts
from kpl.client.datasets import Datasets
from kpl.client.endpoints import Endpoints
from kpl.client.machines import Machines
from kpl.client.models import Models
from kpl.client.pipelines import Pipelines
from kpl.client.projects import Projects
from kpl.client.queues import Queues
from kpl.client.runs import Runs
from kpl.client.scheduler import Scheduler
from kpl.client.storage import Storage
from kpl.client.tasks import Tasks
from kpl.client.templates import Templates
from kpl.client.tokens import Tokens
from kpl.client.transport import Transport
from kpl.client.uploads import Uploads
from kpl.client.users import Users


class Client:
    """Everything that can be asked of a server.

    Args:
        url: address of the server, as in `http://127.0.0.1:8700`.
        token: API token; without one only public addresses answer.
        project: the project that nouns below it belong to.
    """

    def __init__(
        self, url: str, *, token: str | None = None, project: str = "default", timeout_s: float = 30.0
    ) -> None:
        self.url = url.rstrip("/")
        self.project = project
        self.transport = Transport(self.url, token=token, timeout_s=timeout_s)
        base = f"/api/v1/projects/{project}"
        self.users = Users(self.transport)
        self.tokens = Tokens(self.transport)
        self.projects = Projects(self.transport)
        self.machines = Machines(self.transport)
        self.queues = Queues(self.transport)
        self.scheduler = Scheduler(self.transport)
        self.storage = Storage(self.transport)
        self.uploads = Uploads(self.transport, base)
        self.datasets = Datasets(self.transport, base, self.uploads)
        self.models = Models(self.transport, base)
        self.algorithms = Algorithms(self.transport, base, self.uploads)
        self.artifacts = Artifacts(self.transport, base)
        self.templates = Templates(self.transport, base)
        self.pipelines = Pipelines(self.transport, base)
        self.tasks = Tasks(self.transport, base)
        self.runs = Runs(self.transport, base)
        self.endpoints = Endpoints(self.transport, base, project)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        self.transport.close()
