"""Errors as the server answers them: problem details of RFC 9457 with a stable code and a hint."""

from pydantic import BaseModel, Field


class FieldProblem(BaseModel):
    """What is wrong with one field of a request."""

    path: str = Field(description="Path in the request, as in `body.nodes[3].name`.")
    message: str
    message_zh: str = Field(default="", description="`message` in Chinese, where that is known.")


class Problem(BaseModel):
    """Why a request was not carried out."""

    type: str = Field(
        default="about:blank", description="Kept for RFC 9457; `code` says the kind of problem."
    )
    title: str
    status: int
    detail: str = Field(description="What went wrong, where, with which value.")
    hint: str = Field(default="", description="What to do next.")
    detail_zh: str = Field(default="", description="`detail` in Chinese, where that is known.")
    hint_zh: str = Field(default="", description="`hint` in Chinese, where that is known.")
    code: str = Field(description="Stable word for programs, as in `not_found`.")
    instance: str = Field(description="Path of the request.")
    request_id: str = Field(description="Number of the request; the server's log has it too.")
    errors: list[FieldProblem] = Field(default_factory=list)
