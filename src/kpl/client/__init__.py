"""The Python SDK: everything the command line does, as functions and values.

import kpl.client

kpl = kpl.client.connect()
run = kpl.runs.create(template="image_classification", parameters={"dataset": "digits"})
for update in kpl.runs.watch(run.id):
    print(update.num_done, "of", update.num_tasks)
"""

from kpl.client.connect import Address, connect, find_server
from kpl.client.local_server import LocalServer, local_server, start_server
from kpl.client.session import Client

__all__ = ["Address", "Client", "LocalServer", "connect", "find_server", "local_server", "start_server"]
