"""Bodies of answers about logs. Lines are counted from 0; each attempt has a log of its own."""

from pydantic import BaseModel, Field


class LogOut(BaseModel):
    """A window of a log.

    `num_lines` grows while the attempt runs; a last line without its newline counts once the newline arrives
    or the attempt has ended.
    """

    attempt: int
    start: int
    lines: list[str] = Field(
        description="Without newline; bytes that are not UTF-8 are replaced; cut at 16 KiB."
    )
    num_lines: int
    size_bytes: int
    is_final: bool = Field(description="The attempt has ended: nothing will be added.")


class LogMatchOut(BaseModel):
    line: int
    text: str


class LogSearchOut(BaseModel):
    attempt: int
    query: str
    matches: list[LogMatchOut]
    num_matches: int = Field(description="All there are, also beyond the listed ones.")
    num_lines: int


class LogErrorOut(BaseModel):
    """Where the log of an attempt tells of an error, else its last line; empty while it is still written."""

    attempt: int
    from_end: int | None = Field(description="The line, counted from the end: 1 is the last one.")
    text: str = Field(description="Cut at 400 characters.")
