import shutil
from pathlib import Path

import pytest

from kpl.algorithm.check import check_algorithm
from kpl.algorithm.runner import Runner

_EXAMPLES = Path(__file__).parents[2] / "examples" / "algorithms"
_TOOLS = {"hello_shell": "sh", "hello_c": "cc", "hello_nodejs": "node", "hello_perl": "perl"}


@pytest.mark.parametrize("name", sorted(path.name for path in _EXAMPLES.iterdir()))
def test_every_example_passes_the_check(name: str, runner: Runner) -> None:
    tool = _TOOLS.get(name)
    if tool and shutil.which(tool) is None:
        pytest.skip(f"'{tool}' is not installed")
    report = check_algorithm(_EXAMPLES / name, runner, timeout_s=120)
    assert [str(finding) for finding in report.findings] == []
    assert report.passed
