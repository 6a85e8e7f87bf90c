"""Users of the platform."""

from collections.abc import Iterator

from pydantic import SecretStr

from kpl.client.transport import Transport
from kpl.schemas.user import SignInLinkOut, UserCreated, UserOut


class Users:
    def __init__(self, transport: Transport) -> None:
        self._transport = transport
        self._base = "/api/v1/users"

    def list(self, *, limit: int | None = None) -> Iterator[UserOut]:
        return self._transport.pages(UserOut, self._base, limit=limit)

    def get(self, username: str) -> UserOut:
        return self._transport.get(UserOut, f"{self._base}/{username}")

    def create(
        self,
        username: str,
        *,
        display_name: str = "",
        password: SecretStr | None = None,
        is_admin: bool = False,
    ) -> UserCreated:
        """Make a user; without a password the answer holds a one-time password that must be changed."""
        body: dict[str, object] = {
            "username": username,
            "display_name": display_name,
            "is_admin": is_admin,
        }
        if password is not None:
            body["password"] = password.get_secret_value()
        return self._transport.post(UserCreated, self._base, body)

    def set_active(self, username: str, is_active: bool) -> UserOut:
        """Let a user in, or keep them out without deleting them."""
        answer = self._transport.request("PATCH", f"{self._base}/{username}", body={"is_active": is_active})
        return UserOut.model_validate(answer.json())

    def sign_in_link(self, username: str) -> str:
        """The address of a one-time link that signs the user in."""
        link = self._transport.post(SignInLinkOut, f"{self._base}/{username}/sign-in-link")
        return f"{self._transport.url}{link.path}"

    def delete(self, username: str) -> None:
        self._transport.delete(f"{self._base}/{username}")
