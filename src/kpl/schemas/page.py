"""Lists in pages."""

from typing import Generic, Literal, TypeVar

from pydantic import BaseModel, Field

Item = TypeVar("Item")


class Page(BaseModel, Generic[Item]):
    """One page of a list; `next_cursor` is None on the last."""

    items: list[Item]
    next_cursor: str | None = Field(default=None, description="Send it as `cursor` to get the next page.")


Sort = Literal["created", "name", "updated"]
Order = Literal["asc", "desc"]
