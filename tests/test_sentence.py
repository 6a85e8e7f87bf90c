import copy
import pickle

from kpl.sentence import Sentence, chinese_of, in_chinese, sentence


def test_sentence_is_its_english_and_knows_its_chinese() -> None:
    said = Sentence("first time", "首次执行")
    assert said == "first time"
    assert f"{said}!" == "first time!"
    assert (in_chinese(said), chinese_of(said)) == ("首次执行", "首次执行")


def test_text_in_one_language_stands_for_both_but_is_kept_as_one() -> None:
    assert (in_chinese("OOM"), chinese_of("OOM")) == ("OOM", "")
    assert not isinstance(sentence("OOM", ""), Sentence)


def test_sentence_is_copied_with_both_languages() -> None:
    said = sentence("first time", "首次执行")
    assert chinese_of(pickle.loads(pickle.dumps(said))) == "首次执行"
    assert chinese_of(copy.deepcopy(said)) == "首次执行"
