"""The Philly trace (Microsoft, 2017): gangs of GPUs by virtual cluster, which become queues.

`submit_s,duration_s,num_gpus,vc`, derived from https://github.com/msr-fiddle/philly-traces.
"""

from kpl.resources import DeviceRequest, ResourceRequest
from kpl.scheduler.simulate import Job
from kpl.scheduler.snapshot import WaitingTask
from kpl.scheduler.traces.table import rows
from kpl.task.ids import TaskId

COLUMNS = ("submit_s", "duration_s", "num_gpus", "vc")
GPUS_OF_A_MACHINE = 8


def read_philly(text: str, name: str = "trace") -> list[Job]:
    """Each job is one worker of up to 8 GPUs, or a gang of as few equal workers as there can be. No CPU is recorded."""
    requests: dict[int, ResourceRequest] = {}
    jobs = []
    for number, row in enumerate(rows(text, name, COLUMNS), start=1):
        gpus = row.integer("num_gpus")
        workers = _num_workers(gpus)
        of_each = gpus // workers
        if of_each not in requests:
            requests[of_each] = ResourceRequest(0, 0, (DeviceRequest("gpu", of_each),) if of_each else ())
        task = WaitingTask(
            TaskId(number),
            requests[of_each],
            row.text("vc"),
            since_s=row.number("submit_s"),
            min_workers=workers,
            max_workers=workers,
            is_preemptible=True,
            saves_checkpoints=True,
        )
        jobs.append(Job(task, max(1.0, row.number("duration_s"))))
    return jobs


def _num_workers(gpus: int) -> int:
    workers = max(1, -(-gpus // GPUS_OF_A_MACHINE))
    while gpus % workers:
        workers += 1
    return workers
