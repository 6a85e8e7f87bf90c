"""Parameter values, by key or by attribute."""

import os
import sys
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any

from kpl.algorithm import protocol
from kpl.errors import NotFound, nearest


class Parameters(Mapping[str, Any]):
    """Read-only values: `parameters["lr"]`, `parameters.lr`, `parameters.get("lr", 0.1)`."""

    def __init__(self, values: Mapping[str, Any]) -> None:
        self._values = dict(values)

    def __getitem__(self, name: str) -> Any:
        value = self._values[name]
        return Parameters(value) if isinstance(value, dict) else value

    def __iter__(self) -> Iterator[str]:
        return iter(self._values)

    def __len__(self) -> int:
        return len(self._values)

    def __getattr__(self, name: str) -> Any:
        # Names with underscores in front belong to Python (copying, pickling), not to parameters.
        if name.startswith("_"):
            raise AttributeError(name)
        if name not in self._values:
            raise NotFound(
                f"There is no parameter '{name}'.",
                hint=nearest(name, self._values) or "Declare it under 'parameters' in algorithm.yaml.",
            )
        return self[name]

    def __repr__(self) -> str:
        return f"Parameters({self._values!r})"


def parameters() -> Parameters:
    """The values of this task. Outside the platform: the defaults in `algorithm.yaml` beside the script."""
    path = os.environ.get(protocol.PARAMETERS)
    return Parameters(protocol.read_parameters(Path(path)) if path else _defaults_beside_script())


@cache
def _defaults_beside_script() -> dict[str, Any]:
    """Defaults for the function that the script is named after: `train.py` for `train`."""
    from kpl.algorithm.manifest import MANIFEST_NAME, load_manifest
    from kpl.algorithm.parameters import default_parameters

    script = Path(sys.argv[0]).resolve()
    if not (script.parent / MANIFEST_NAME).is_file():
        return {}
    functions = {str(name): function for name, function in load_manifest(script.parent).functions.items()}
    return default_parameters(functions[script.stem].parameters) if script.stem in functions else {}
