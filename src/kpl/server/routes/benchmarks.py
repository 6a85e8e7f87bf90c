"""What was measured of algorithms."""

from fastapi import APIRouter

from kpl.schemas.benchmark import BenchmarkOut
from kpl.server.routes.dependencies import PROJECT, TheCaller, ThePlatform
from kpl.server.services import benchmarks

router = APIRouter(prefix=f"{PROJECT}/benchmarks", tags=["algorithms"])


@router.get("", operation_id="list_benchmarks")
def list_benchmarks(platform: ThePlatform, caller: TheCaller, project: str) -> list[BenchmarkOut]:
    """List algorithms with the best accuracy and latency on each device, from the latest 200 tests and compilations."""
    return benchmarks.list_benchmarks(platform, caller, project)
