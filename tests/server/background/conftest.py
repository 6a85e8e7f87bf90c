"""A server that works: loop, local executor and real processes, shared by the tests of a file."""

from collections.abc import Iterator

import pytest

from kpl.testing.working_server import Working, working


@pytest.fixture(scope="module")
def works(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Working]:
    with working(tmp_path_factory.mktemp("works") / "data") as made:
        yield made
        made.end_all()
