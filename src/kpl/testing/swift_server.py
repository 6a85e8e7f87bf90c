"""All of OpenStack Swift in one process on loopback, with the language of S3 in front; for tests.

Run by the system's Python, since Debian's packages lie there: `python3 swift_server.py FOLDER` serves what it keeps
below FOLDER and prints the port. Access key `test:tester`, secret `testing`. KPL is not needed to run it.
"""

# ruff: noqa: E402  eventlet wants to patch first
import array
import logging
import sys
import tempfile
from pathlib import Path
from typing import Any

import eventlet  # type: ignore[import-not-found, unused-ignore]

eventlet.monkey_patch()

from eventlet import wsgi  # type: ignore[import-not-found, unused-ignore]
from swift.common import utils  # type: ignore[import-not-found, unused-ignore]

_SWIFT = """
[swift-hash]
swift_hash_path_prefix = kpl
swift_hash_path_suffix = kpl
[storage-policy:0]
name = one
default = yes
"""
_PROXY = """
[DEFAULT]
swift_dir = {folder}
[pipeline:main]
pipeline = catch_errors memory s3api tempauth slo proxy-server
[app:proxy-server]
use = egg:swift#proxy
account_autocreate = true
allow_account_management = true
node_timeout = 30
conn_timeout = 5
[filter:catch_errors]
use = egg:swift#catch_errors
[filter:memory]
paste.filter_factory = swift_server:memory_factory
[filter:s3api]
use = egg:swift#s3api
location = us-east-1
[filter:tempauth]
use = egg:swift#tempauth
user_test_tester = testing .admin
[filter:slo]
use = egg:swift#slo
"""


class Memory:
    """What Swift asks of memcached, in a dictionary; nothing ends, as tests are short."""

    def __init__(self) -> None:
        self.values: dict[str, Any] = {}

    def get(self, key: str, **options: Any) -> Any:
        del options
        return self.values.get(key)

    def set(self, key: str, value: Any, **options: Any) -> None:
        del options
        self.values[key] = value

    def incr(self, key: str, delta: int = 1, **options: Any) -> int:
        del options
        self.values[key] = int(self.values.get(key, 0)) + delta
        return int(self.values[key])

    def delete(self, key: str, **options: Any) -> None:
        del options
        self.values.pop(key, None)


def memory_factory(settings: dict[str, str], **local: str) -> Any:
    """The middleware that hands `Memory` to the others."""
    del settings, local
    memory = Memory()

    def wrap(app: Any) -> Any:
        def call(environ: dict[str, Any], start_response: Any) -> Any:
            environ["swift.cache"] = memory
            return app(environ, start_response)

        return call

    return wrap


def main(folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    settings = folder / "swift.conf"
    settings.write_text(_SWIFT)
    utils.SWIFT_CONF_FILE = str(settings)
    utils.validate_configuration()
    from swift.account.server import AccountController  # type: ignore[import-not-found, unused-ignore]
    from swift.common import storage_policy
    from swift.common.ring import RingData  # type: ignore[import-not-found, unused-ignore]
    from swift.common.wsgi import SwiftHttpProtocol, loadapp  # type: ignore[import-not-found, unused-ignore]
    from swift.container.server import ContainerController  # type: ignore[import-not-found, unused-ignore]
    from swift.obj.server import ObjectController  # type: ignore[import-not-found, unused-ignore]

    storage_policy.reload_storage_policies()
    log = logging.getLogger("swift")
    (folder / "devices" / "one").mkdir(parents=True, exist_ok=True)
    conf = {
        "devices": str(folder / "devices"), "swift_dir": str(folder), "mount_check": "false",
        "allowed_sync_hosts": "127.0.0.1",
    }  # fmt: skip
    backends = {"account": AccountController, "container": ContainerController, "object": ObjectController}
    for name, controller in backends.items():
        listener = eventlet.listen(("127.0.0.1", 0))
        device = {
            "id": 0, "zone": 0, "region": 1, "device": "one", "ip": "127.0.0.1", "weight": 1,
            "port": listener.getsockname()[1],
        }  # fmt: skip
        device |= {"replication_ip": device["ip"], "replication_port": device["port"], "meta": ""}
        RingData([array.array("H", [0, 0])], [device], 31).save(str(folder / f"{name}.ring.gz"))
        server = controller(conf)
        eventlet.spawn(wsgi.server, listener, server, log=log, protocol=SwiftHttpProtocol)
    proxy_settings = folder / "proxy-server.conf"
    proxy_settings.write_text(_PROXY.format(folder=folder))
    sys.path.insert(0, str(Path(__file__).parent))
    proxy = loadapp(str(proxy_settings), global_conf={"log_name": "proxy"})
    listener = eventlet.listen(("127.0.0.1", 0))
    sys.stdout.write(f"{listener.getsockname()[1]}\n")
    sys.stdout.flush()
    wsgi.server(listener, proxy, log=log, protocol=SwiftHttpProtocol)


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else Path(tempfile.mkdtemp()))
