"""Bodies of requests and answers about signing in."""

from typing import Self

from pydantic import BaseModel, ConfigDict, Field, SecretStr, model_validator

from kpl.sentence import Sentence


class SessionCreate(BaseModel):
    """A sign-in: with user name and password, or with the token of a one-time link."""

    model_config = ConfigDict(extra="forbid")

    username: str | None = Field(default=None, max_length=63)
    password: SecretStr | None = Field(default=None, max_length=1024)
    link_token: SecretStr | None = Field(default=None, max_length=1024)

    @model_validator(mode="after")
    def _is_one_way(self) -> Self:
        with_password = self.username is not None and self.password is not None
        if with_password == (self.link_token is not None):
            raise ValueError(
                Sentence("give username and password, or link_token", "请填写用户名和密码，或 link_token")
            )
        return self


class SessionOut(BaseModel):
    """Who is signed in."""

    username: str
    display_name: str
    is_admin: bool = Field(description="Administrator of the platform.")
    must_change_password: bool = Field(description="Nothing but changing the password is possible.")
    scopes: list[str]
    csrf_token: str | None = Field(
        description="Send it as X-CSRF-Token with every change; None for callers with an API token."
    )
