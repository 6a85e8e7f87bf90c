"""Finding a server and a token: arguments first, then variables, then a server running on this machine."""

import json
import os
from dataclasses import dataclass
from pathlib import Path

from kpl.client.session import Client
from kpl.errors import NotFound

DEFAULT_DATA_DIR = Path("~/.kpl")


@dataclass(frozen=True, slots=True)
class Address:
    url: str
    token: str


def default_data_dir() -> Path:
    """Where a server on this machine keeps its data unless told otherwise."""
    return Path(os.environ.get("KPL_DATA_DIR") or DEFAULT_DATA_DIR).expanduser()


def find_server(
    *, server: str | None = None, token: str | None = None, data_dir: Path | None = None
) -> Address:
    """Find which server to talk to and with which token.

    Args:
        server: address of the server; else `KPL_SERVER`, else what a server with `data_dir` wrote down there.
        token: API token; else `KPL_TOKEN`, else the local token of the server in `data_dir`.
        data_dir: data folder of a server on this machine; else `KPL_DATA_DIR`, else the default one.
    Raises:
        NotFound: no server is named, and none has run with that data folder.
    """
    server = server or os.environ.get("KPL_SERVER")
    token = token or os.environ.get("KPL_TOKEN")
    folder = data_dir or default_data_dir()
    if server is None:
        try:
            server = str(json.loads((folder / "server.json").read_text())["url"])
        except (OSError, ValueError, KeyError) as err:
            raise NotFound(
                f"No KPL server is known: neither --server nor KPL_SERVER is set, and none runs with {folder}.",
                hint="Start one with `kpl up`, or name one with --server URL and KPL_TOKEN.",
            ) from err
    if token is None:
        try:
            token = (folder / "local-token").read_text().strip()
        except OSError as err:
            raise NotFound(
                f"No token for {server}: KPL_TOKEN is not set and {folder / 'local-token'} cannot be read.",
                hint="Make one in the console under Tokens, or with `kpl token create`.",
            ) from err
    return Address(url=server.rstrip("/"), token=token)


def connect(
    *,
    server: str | None = None,
    token: str | None = None,
    project: str = "default",
    data_dir: Path | None = None,
) -> Client:
    """A client of the server that `find_server` finds."""
    address = find_server(server=server, token=token, data_dir=data_dir)
    return Client(address.url, token=address.token, project=project)
