"""The global options, and the client that they lead to."""

from dataclasses import dataclass
from pathlib import Path

from kpl.client import Client, connect


@dataclass(slots=True)
class Context:
    server: str | None = None
    token: str | None = None
    project: str = "default"
    data_dir: Path | None = None
    is_debug: bool = False

    def client(self) -> Client:
        """A client of the server that the options, the variables or this machine name."""
        return connect(server=self.server, token=self.token, project=self.project, data_dir=self.data_dir)


context = Context()
