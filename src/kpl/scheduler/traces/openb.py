"""The openb trace (Alibaba, 2023): pods with shares of GPUs on machines of several models.

https://github.com/alibaba/clusterdata, folder cluster-trace-gpu-v2023.
"""

from kpl.resources import Device, DeviceRequest, Machine, ResourceRequest
from kpl.scheduler.simulate import Job
from kpl.scheduler.snapshot import WaitingTask
from kpl.scheduler.traces.table import rows
from kpl.task.ids import TaskId

POD_COLUMNS = (
    "name", "cpu_milli", "memory_mib", "num_gpu", "gpu_milli", "gpu_spec", "qos", "creation_time", "deletion_time",
)  # fmt: skip
NODE_COLUMNS = ("sn", "cpu_milli", "memory_mib", "gpu", "model")


def read_pods(text: str, name: str = "trace") -> list[Job]:
    """Each pod is a task that runs from its creation to its deletion; its class of service becomes its queue.

    Those called BE, best effort, may be preempted.
    """
    requests: dict[ResourceRequest, ResourceRequest] = {}
    jobs = []
    for number, row in enumerate(rows(text, name, POD_COLUMNS), start=1):
        count, models = row.integer("num_gpu"), tuple(filter(None, row.text("gpu_spec").split("|")))
        share = row.integer("gpu_milli") if count == 1 else 1000
        devices = (DeviceRequest("gpu", count, share, models),) if count else ()
        request = ResourceRequest(row.integer("cpu_milli"), row.integer("memory_mib"), devices)
        request = requests.setdefault(request, request)
        created_s, quality = row.number("creation_time"), row.text("qos")
        task = WaitingTask(
            TaskId(number), request, quality or "root", since_s=created_s, is_preemptible=quality == "BE"
        )
        jobs.append(Job(task, max(1.0, row.number("deletion_time") - created_s)))
    return jobs


def read_nodes(text: str, name: str = "machines") -> tuple[Machine, ...]:
    """Each node is a machine; the memory of its GPUs is not recorded."""
    return tuple(
        Machine(
            row.text("sn"),
            row.integer("cpu_milli"),
            row.integer("memory_mib"),
            tuple(Device("gpu", index, model=row.text("model")) for index in range(row.integer("gpu"))),
        )
        for row in rows(text, name, NODE_COLUMNS)
    )
