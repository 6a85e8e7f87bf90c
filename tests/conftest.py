"""What tests of all packages share."""

import os
from pathlib import Path

import pytest


@pytest.fixture(scope="session")
def real_data() -> Path:
    """Folder of real data sets, as KPL_TEST_DATA names it."""
    default = Path(__file__).parents[1].parent / "shared" / "data"
    folder = Path(os.environ.get("KPL_TEST_DATA", default))
    if not folder.is_dir():
        pytest.skip("no real data: set KPL_TEST_DATA to the folder of data sets")
    return folder
