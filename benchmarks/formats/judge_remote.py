"""KPL Dataset in an independent benchmark of remote reading, which this file is given the folder of.

    python benchmarks/formats/judge_remote.py JUDGE --root DIR --py PYTHON --only kpl_dataset,lance

`JUDGE` is the folder with its `remote.py` and `tinys3.py`; the rest are its own arguments. It wants the files of its
own prototype (`kpl_c3_table`) too. `DIR/B/kpl_dataset/set` is
what `judge_adapter.KplDataset("B").write` makes. `kpl_dataset` reads over http, `kpl_dataset_s3` through the language
of S3, as Lance does.
"""

import os
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from kpl.dataset import Dataset

JUDGE = "KPL_BENCH_JUDGE"
S3 = "endpoint={url}&region=us-east-1&access_key_id=a&secret_access_key=b"
OURS = {
    "kpl_dataset": "{url}/b/B/kpl_dataset/set",
    "kpl_dataset_s3": "s3://b/B/kpl_dataset/set?" + S3,
}
Peer = tuple[Callable[[], Any], Callable[[Any], Iterator[Any]], Callable[[Any, list[int]], list[Any]] | None]


def ours(address: str) -> Peer:
    """The three functions that the benchmark asks of a reader."""

    def open_view() -> Any:
        return Dataset.open(address).tuples("data", "boxes", "cls")

    return (
        open_view,
        lambda view: (sample[0] for sample in view),
        lambda view, rows: [sample[0] for sample in view.take(rows)],
    )


def main() -> None:
    # it starts this file again for every measurement, with arguments of its own
    judge = Path(os.environ.get(JUDGE) or sys.argv.pop(1)).resolve()
    os.environ[JUDGE] = str(judge)
    sys.path[:0] = [str(judge), str(judge.parent)]
    import remote  # type: ignore[import-not-found]

    others = remote.peers
    # what the benchmark imports before its clock starts is looked up by name: its own prototype's, for ours
    names = {"kpl_dataset": "kpl_c3_index", "kpl_dataset_s3": "kpl_c3_index"}

    def peers(url: str, cache: str) -> dict[str, Peer]:
        found: dict[str, Peer] = others(url, cache)
        for name, address in OURS.items():
            found[name] = ours(address.format(url=url))
        if measured in OURS:
            found[names[measured]] = found[measured]
        return found

    measured = sys.argv[sys.argv.index("--child") + 1] if "--child" in sys.argv else ""
    remote.peers = peers
    remote.__file__ = __file__
    if measured in OURS:
        import obstore  # noqa: F401
        import urllib3  # noqa: F401

        import kpl.dataset.remote  # noqa: F401

        sys.argv[sys.argv.index("--child") + 1] = names[measured]
    remote.main()


if __name__ == "__main__":
    main()
