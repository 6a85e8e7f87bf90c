"""Errors: what they say, and names near to a wrong one."""

from kpl.errors import Invalid, KPLError, NotFound, nearest
from kpl.sentence import Sentence, chinese_of, in_chinese


def test_an_error_says_what_went_wrong_and_what_to_do() -> None:
    error = Invalid("epochs is 0.", hint="Give at least 1.")
    assert str(error) == "epochs is 0. Give at least 1."
    assert (error.code, isinstance(error, KPLError)) == ("invalid", True)
    assert str(NotFound("gone")) == "gone"


def test_near_names_are_offered_before_all_names() -> None:
    assert nearest("digts", ["digits", "faces"]) == "Did you mean 'digits'?"
    assert nearest("xyz", ["digits", "faces"]) == "Known: 'digits', 'faces'."
    assert nearest("xyz", []) == ""
    assert nearest("q", [f"name{i:02}" for i in range(12)]).endswith("'name09', ...")


def test_an_error_is_one_sentence_in_both_languages() -> None:
    error = Invalid(Sentence("No disk.", "没有磁盘。"), hint=Sentence("Add one.", "请添加。"))
    assert error.sentence == str(error) == "No disk. Add one."
    assert in_chinese(error.sentence) == "没有磁盘。请添加。"
    assert chinese_of(Invalid("No disk.", hint="Add one.").sentence) == ""
