"""Sentences for people, in the two languages of KPL.

What happened is said where it happens, with its values, in English and Chinese at once: whoever reads it later, in
whichever language, reads the same.
"""

from typing import Self


class Sentence(str):
    """An English sentence that knows its Chinese. Equal to, and written as, the English alone.

    One that is made by joining strings is plain English again: give both languages anew, with `in_chinese` of
    the parts.
    """

    __slots__ = ("zh",)
    zh: str

    def __new__(cls, en: str, zh: str) -> Self:
        made = super().__new__(cls, en)
        made.zh = zh
        return made

    def __reduce__(self) -> tuple[type[Self], tuple[str, str]]:
        return type(self), (str(self), self.zh)


def in_chinese(text: str) -> str:
    """The Chinese of a sentence; what is in one language only stays as it is."""
    return text.zh if isinstance(text, Sentence) else text


def chinese_of(text: str) -> str:
    """The Chinese of a sentence to be kept beside it; empty for what is in one language only."""
    return text.zh if isinstance(text, Sentence) else ""


def sentence(en: str, zh: str) -> str:
    """A sentence that was kept as two texts; `zh` is empty for what is in one language only."""
    return Sentence(en, zh) if zh else en
