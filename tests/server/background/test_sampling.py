"""The loop that measures machines."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import select

from kpl.runtime.samples import MachineSample
from kpl.server.background.sampling import Sampling
from kpl.server.db.tables.samples import SampleRow
from kpl.server.services.platform import Platform
from kpl.testing.server import START_S, FakeClock, IdleExecutor, SignedIn
from kpl.testing.working_server import wait_until


class MeasuringExecutor(IdleExecutor):
    """An idle machine that measures."""

    def __init__(self, root: Path, now_s: Callable[[], float]) -> None:
        super().__init__(root)
        self.now_s = now_s
        self.is_broken = False

    def samples(self) -> tuple[MachineSample, ...]:
        if self.is_broken:
            raise OSError("no such file")
        return (MachineSample("here", self.now_s(), 0.5, 100, 1000, 5, 10),)


@pytest.fixture
def executor(tmp_path: Path, clock: FakeClock) -> MeasuringExecutor:
    return MeasuringExecutor(tmp_path, clock.now_s)


@pytest.fixture
def measuring(platform: Platform, executor: MeasuringExecutor) -> Platform:
    return replace(platform, executor=executor)


def minutes(platform: Platform) -> list[float]:
    with platform.db.read() as session:
        return list(session.scalars(select(SampleRow.at_s).order_by(SampleRow.at_s)))


def test_each_look_adds_a_sample_and_each_new_minute_a_row(measuring: Platform, clock: FakeClock) -> None:
    loop = Sampling(measuring)
    for _ in range(130):
        loop.look()
        clock.advance(1)
    assert len(measuring.samples.of("here")) == 130
    first = START_S // 60 * 60
    assert minutes(measuring) == [first, first + 60]
    loop.stop()
    assert minutes(measuring) == [first, first + 60, first + 120]


def test_loop_goes_on_after_a_failure_and_stops(
    measuring: Platform, executor: MeasuringExecutor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("kpl.server.background.sampling.INTERVAL_S", 0.01)
    monkeypatch.setattr("kpl.server.background.sampling.RETRY_S", 0.01)
    executor.is_broken = True
    loop = Sampling(measuring)
    loop.start()
    executor.is_broken = False
    wait_until(lambda: measuring.samples.of("here"), bool)
    loop.stop()
    assert not loop._thread.is_alive()


def test_route_answers_with_what_was_measured(platform: Platform, viewer: SignedIn, clock: FakeClock) -> None:
    platform.samples.add(MachineSample("here", START_S, 0.5, 100, 1000, 5, 10))
    clock.advance(1)
    address = "/api/v1/machines/here/metrics"
    answer = viewer.client.get(address, params={"since": "2025-06-15T15:00:00Z", "step": 1})
    assert answer.status_code == 200, answer.text
    assert (answer.json()["cpu"], answer.json()["step_s"]) == ([0.5], 1)
    assert viewer.client.get(address, params={"step": 0}).status_code == 422
    assert viewer.client.get("/api/v1/machines/there/metrics").status_code == 404
