import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kpl.dataset.convert import ImportReport, ImportStopped, pack
from kpl.dataset.convert.parallel import in_order

MakePng = Callable[..., bytes]


@settings(deadline=None)
@given(st.lists(st.integers(), max_size=60), st.integers(0, 4))
def test_results_come_in_the_order_of_the_items(items: list[int], num_threads: int) -> None:
    assert list(in_order(lambda item: item * 2, items, num_threads=num_threads)) == [
        item * 2 for item in items
    ]


@pytest.mark.parametrize("num_threads", [1, 3])
def test_an_error_comes_at_its_item_or_just_before(num_threads: int) -> None:
    results = in_order(lambda item: 60 // (42 - item), range(100), num_threads=num_threads)
    seen: list[int] = []
    with pytest.raises(ZeroDivisionError):
        seen.extend(results)
    assert seen == [60 // (42 - item) for item in range(len(seen))]
    assert len(seen) in range(39, 43)


def test_few_items_are_ahead_and_an_early_end_leaves_no_thread() -> None:
    num_taken = 0

    def items() -> Iterator[int]:
        nonlocal num_taken
        for item in range(10_000):
            num_taken += 1
            yield item

    before = threading.active_count()
    results = in_order(str, items(), num_threads=3)
    assert [next(results) for _ in range(8)] == [str(item) for item in range(8)]
    assert num_taken <= 8 + 8 * 3 + 4
    results.close()
    assert threading.active_count() == before


def _source(folder: Path, make_png: MakePng) -> Path:
    for number in range(40):
        path = folder / "src" / "ab"[number % 2] / f"{number:02}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"broken" if number % 9 == 4 else make_png(20, 10, seed=number))
    return folder / "src"


def test_any_number_of_threads_gives_the_same_dataset_and_report(tmp_path: Path, make_png: MakePng) -> None:
    source = _source(tmp_path, make_png)
    seen: list[int] = []

    def imported(num_threads: int) -> ImportReport:
        return pack(
            source,
            tmp_path / f"set {num_threads}",
            num_threads=num_threads,
            progress=lambda done, total: seen.append(done),
        )

    first = imported(1)
    assert (first.num_samples, first.num_problems) == (36, 4)
    assert [imported(num_threads) for num_threads in (2, 5)] == [first, first]
    assert seen == [*range(1, 41)] * 3


def test_several_threads_stop_at_the_first_problem_in_order(tmp_path: Path, make_png: MakePng) -> None:
    source = _source(tmp_path, make_png)
    with pytest.raises(ImportStopped, match=r"a/04\.png"):
        pack(source, tmp_path / "set", num_threads=4, on_error="stop")
    assert not (tmp_path / "set").exists()
