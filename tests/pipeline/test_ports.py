import pytest

from kpl.pipeline.ports import Port, refusal, with_inherited_kinds

BOXES = Port("out", "dataset", ("detection",))
ANY = Port("out", "dataset")


@pytest.mark.parametrize(
    ("source", "target", "reason"),
    [
        (BOXES, Port("in", "dataset", ("detection",)), ""),
        (BOXES, Port("in", "dataset"), ""),
        (ANY, Port("in", "dataset", ("detection",)), ""),
        (Port("out", "dataset", ("text", "tabular")), Port("in", "dataset", ("tabular",)), ""),
        (
            Port("out", "dataset", ("semantic_segmentation",)),
            Port("in", "dataset", ("detection",)),
            "the dataset is of kind semantic_segmentation, the input takes detection",
        ),
        (BOXES, Port("in", "model"), "the output is of type dataset, the input takes model"),
        (
            Port("out", "endpoint"),
            Port("in", "files"),
            "a served model leaves nothing behind that could be handed over",
        ),
    ],
)
def test_links_are_refused_by_type_and_kind(source: Port, target: Port, reason: str) -> None:
    assert refusal(source, target) == reason


def test_an_output_without_a_kind_keeps_the_kind_that_comes_in() -> None:
    inputs = {"data": Port("data", "dataset"), "model": Port("model", "model")}
    kinds = with_inherited_kinds({"out": ANY, "log": Port("log", "files")}, inputs, {"data": BOXES})
    assert kinds["out"].kind == "detection"
    assert kinds["log"].kinds == ()


def test_an_output_that_could_follow_two_inputs_has_no_kind() -> None:
    inputs = {"a": Port("a", "dataset"), "b": Port("b", "dataset")}
    assert with_inherited_kinds({"out": ANY}, inputs, {"a": BOXES, "b": BOXES})["out"].kinds == ()


def test_a_stated_kind_is_kept() -> None:
    crops = Port("out", "dataset", ("classification",))
    kinds = with_inherited_kinds({"out": crops}, {"a": Port("a", "dataset")}, {"a": BOXES})
    assert kinds["out"] == crops
