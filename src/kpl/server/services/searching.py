"""Searching in lists: every word that is asked for must stand somewhere in what a row is called."""

from sqlalchemy import ColumnElement, SQLColumnExpression, and_, or_

MOST_WORDS = 8
"""Words beyond these are not looked at."""


def words_of(search: str) -> list[str]:
    """The words that are searched for."""
    return search.split()[:MOST_WORDS]


def has_word(word: str, *texts: SQLColumnExpression[str | None]) -> ColumnElement[bool]:
    """Whether a word, or a part of one, stands in one of the texts, in upper or lower case."""
    return or_(*(text.icontains(word, autoescape=True) for text in texts))


def has_words(search: str, *texts: SQLColumnExpression[str | None]) -> ColumnElement[bool]:
    """Whether each word that is searched for stands in one of the texts."""
    return and_(True, *(has_word(word, *texts) for word in words_of(search)))
