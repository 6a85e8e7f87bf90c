import pytest
from hypothesis import given
from hypothesis import strategies as st

from kpl.dataset.convert.xml import XmlError, parse_xml


def test_elements_know_their_line_and_text() -> None:
    root = parse_xml(b"<a>\n <b> one </b>\n <b>two</b>\n</a>")
    assert [(each.line, each.text.strip()) for each in root.find_all("b")] == [(2, "one"), (3, "two")]
    assert root.text_of("b") == "one"
    assert root.text_of("c") == ""


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "gbk", "latin-1"])
def test_declared_encodings_are_read(encoding: str) -> None:
    word = "é" if encoding == "latin-1" else "猫"
    name = encoding.removesuffix("-sig")
    data = f"<?xml version='1.0' encoding='{name}'?><a>{word}</a>".encode(encoding)
    assert parse_xml(data).text == word


def test_elements_too_deep_and_files_too_large_are_refused() -> None:
    with pytest.raises(XmlError, match="too deep"):
        parse_xml(b"<a>" * 1000)
    with pytest.raises(XmlError, match="too many"):
        parse_xml(b" " * (17 << 20))


def test_entities_are_refused() -> None:
    bomb = b'<!DOCTYPE x [<!ENTITY a "ha"><!ENTITY b "&a;&a;">]><x>&b;</x>'
    with pytest.raises(XmlError, match="entities"):
        parse_xml(bomb)
    with pytest.raises(XmlError):
        parse_xml(b'<!DOCTYPE x [<!ENTITY a SYSTEM "file:///etc/passwd">]><x>&a;</x>')


@given(st.binary(max_size=80) | st.text('<>/ab&;!?"=', max_size=60).map(str.encode))
def test_any_bytes_give_an_element_or_an_error_of_ours(data: bytes) -> None:
    try:
        parse_xml(data)
    except XmlError as err:
        assert err.reason  # noqa: PT017
