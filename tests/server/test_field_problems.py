from datetime import datetime
from typing import Any, Literal, get_args

import pytest
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator
from pydantic_core import core_schema

from kpl.sentence import Sentence, in_chinese
from kpl.server import field_problems
from kpl.server.field_problems import FieldFault, field_faults, tell_faults


class Asked(BaseModel):
    model_config = ConfigDict(extra="forbid")

    name: str = Field("a", min_length=2, max_length=4, pattern="^[a-z]+$")
    count: int = Field(1, ge=1, lt=10)
    share: float = Field(0.5, gt=0, le=1)
    kind: Literal["train", "test", "infer"] = "train"
    tags: list[str] = Field(default_factory=list, max_length=1)
    at: datetime | None = None
    is_on: bool = True
    inner: dict[str, int] = Field(default_factory=dict)

    @model_validator(mode="after")
    def _is_allowed(self) -> "Asked":
        if self.name == "root":
            raise ValueError(Sentence("root is taken", "root 已被占用"))
        if self.name == "main":
            raise ValueError("main is taken")
        return self


def faults_of(values: dict[str, Any]) -> list[FieldFault]:
    with pytest.raises(ValidationError) as caught:
        Asked.model_validate(values)
    return field_faults([{**each, "loc": ("body", *each["loc"])} for each in caught.value.errors()])


@pytest.mark.parametrize(
    ("values", "zh"),
    [
        ({"name": 1}, "name：应为文本"),
        ({"name": "a"}, "name：至少 2 个字符"),
        ({"name": "abcde"}, "name：最多 4 个字符"),
        ({"name": "A1"}, "name：格式不符，应匹配 ^[a-z]+$"),
        ({"count": 0}, "count：应不小于 1"),
        ({"count": 10}, "count：应小于 10"),
        ({"count": "many"}, "count：应为整数"),
        ({"count": 1.5}, "count：应为整数"),
        ({"share": 0}, "share：应大于 0.0"),
        ({"share": 1.5}, "share：应不大于 1.0"),
        ({"share": "half"}, "share：应为数字"),
        ({"kind": "x"}, "kind：应为 'train'、'test'、'infer' 之一"),
        ({"tags": ["a", "b"]}, "tags：最多 1 项，现有 2 项"),
        ({"tags": "a"}, "tags：应为列表"),
        ({"is_on": "so so"}, "is_on：应为 true 或 false"),
        ({"at": "noon"}, "at：不是有效的时间：应如 2026-01-31T08:00:00Z"),
        ({"inner": {"a": "x"}}, "inner.a：应为整数"),
        ({"colour": "red"}, "colour：没有此字段"),
        ({"name": "root"}, "请求内容：root 已被占用"),
        ({"name": "main"}, "请求内容：main is taken"),
    ],
)
def test_fault_is_told_in_chinese(values: dict[str, Any], zh: str) -> None:
    assert in_chinese(tell_faults(faults_of(values))) == zh


def test_english_is_that_of_pydantic() -> None:
    [fault] = faults_of({"name": "a"})
    assert fault.message == "String should have at least 2 characters"
    assert tell_faults([fault]) == "body.name: String should have at least 2 characters"


def test_five_faults_are_shown_at_most() -> None:
    faults = [FieldFault("body.a", Sentence("Field required", "必填"))] * 6
    assert tell_faults(faults).endswith("Field required; ...")
    assert in_chinese(tell_faults(faults)).endswith("必填 等")
    assert in_chinese(tell_faults(faults[:5])).endswith("必填")


def test_chinese_is_for_errors_that_pydantic_knows() -> None:
    assert field_problems.IN_CHINESE.keys() <= set(get_args(core_schema.ErrorType))
