"""Bodies of requests and answers about users."""

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, SecretStr

from kpl.schemas.names import Name


class UserCreate(BaseModel):
    """A new user. Without a password the answer holds a one-time password that has to be changed."""

    model_config = ConfigDict(extra="forbid")

    username: Name
    display_name: str = Field(default="", max_length=100)
    password: SecretStr | None = Field(default=None, max_length=1024)
    is_admin: bool = Field(default=False, description="Administrator of the platform.")


class UserUpdate(BaseModel):
    """What to change; whatever is left out stays. Users change their own name and password, administrators all."""

    model_config = ConfigDict(extra="forbid")

    display_name: str | None = Field(default=None, max_length=100)
    password: SecretStr | None = Field(default=None, max_length=1024)
    current_password: SecretStr | None = Field(
        default=None, max_length=1024, description="Needed to change one's own password."
    )
    is_admin: bool | None = None
    is_active: bool | None = Field(
        default=None, description="Whoever is not active cannot sign in, and tokens do not work."
    )


class UserOut(BaseModel):
    username: str
    display_name: str
    is_admin: bool
    is_active: bool
    must_change_password: bool
    created_at: AwareDatetime
    last_seen_at: AwareDatetime | None


class UserCreated(UserOut):
    """A new user; `one_time_password` is shown this once."""

    one_time_password: str | None


class SignInLinkOut(BaseModel):
    """A link that signs a user in once."""

    path: str = Field(description="Path on this server; open it in a browser.")
    expires_at: AwareDatetime
