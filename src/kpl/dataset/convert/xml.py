"""Reading small XML files from strangers.

Elements with their line numbers, no entities, bounded depth and size.
"""

import re
from dataclasses import dataclass, field
from xml.parsers import expat

from kpl.sentence import Sentence

_MAX_BYTES = 16 << 20
_MAX_DEPTH = 64
_DECLARED = re.compile(rb"""<\?xml[^>]*?encoding\s*=\s*["']([A-Za-z0-9._-]+)["']""")


class XmlError(Exception):
    """The file cannot be read as XML; never leaves the importer."""

    def __init__(self, reason: str, line: int) -> None:
        super().__init__(reason)
        self.reason, self.line = reason, line


@dataclass(slots=True)
class Element:
    """A tag with its text and children, and the line at which it begins."""

    tag: str
    line: int
    text: str = ""
    children: list["Element"] = field(default_factory=list)
    attributes: dict[str, str] = field(default_factory=dict)

    def find(self, tag: str) -> "Element | None":
        """The first child of that tag."""
        return next((child for child in self.children if child.tag == tag), None)

    def find_all(self, tag: str) -> list["Element"]:
        """All children of that tag."""
        return [child for child in self.children if child.tag == tag]

    def text_of(self, tag: str) -> str:
        """Text of the first child of that tag without spaces around it; empty where there is none."""
        child = self.find(tag)
        return child.text.strip() if child is not None else ""


def parse_xml(data: bytes, *, max_bytes: int = _MAX_BYTES) -> Element:
    """The root element.

    Raises:
        XmlError: not well-formed, too large, too deep, or with entities of its own.
    """
    if len(data) > max_bytes:
        raise XmlError(
            Sentence(
                f"{len(data)} bytes are too many for an annotation", f"标注文件过大，有 {len(data)} 字节"
            ),
            0,
        )
    parser = expat.ParserCreate("utf-8")
    document = Element("", 0)
    open_elements = [document]

    def start(tag: str, attributes: dict[str, str]) -> None:
        if len(open_elements) > _MAX_DEPTH:
            raise XmlError(
                Sentence("elements stand too deep inside each other", "元素嵌套过深"),
                parser.CurrentLineNumber,
            )
        element = Element(tag, parser.CurrentLineNumber, attributes=attributes)
        open_elements[-1].children.append(element)
        open_elements.append(element)

    def end(_: str) -> None:
        open_elements.pop()

    def text(data: str) -> None:
        open_elements[-1].text += data

    def entity(*_: object) -> None:
        raise XmlError(
            Sentence("it declares entities, which annotations do not need", "声明了实体，标注文件不需要实体"),
            parser.CurrentLineNumber,
        )

    parser.StartElementHandler, parser.EndElementHandler = start, end
    parser.CharacterDataHandler, parser.EntityDeclHandler = text, entity
    parser.buffer_text = True
    try:
        parser.Parse(_as_utf8(data), True)
    except expat.ExpatError as err:
        raise XmlError(
            Sentence(
                f"not XML: {expat.errors.messages[err.code]}",
                f"不是有效的 XML（{expat.errors.messages[err.code]}）",
            ),
            err.lineno,
        ) from err
    return document.children[0]


def _as_utf8(data: bytes) -> bytes:
    """The same text in UTF-8, whatever its declaration or byte order mark says."""
    declared = _DECLARED.match(data[:200])
    encoding = (
        declared[1].decode() if declared else "utf-16" if data[:2] in (b"\xff\xfe", b"\xfe\xff") else "utf-8"
    )
    try:
        return data.decode(encoding).encode()
    except (LookupError, UnicodeError) as err:
        raise XmlError(
            Sentence(
                f"not in the encoding {encoding}; save it as UTF-8",
                f"内容与声明的编码 {encoding} 不符，请另存为 UTF-8",
            ),
            1,
        ) from err
