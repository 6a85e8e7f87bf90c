"""API tokens of the caller."""

from collections.abc import Iterator, Sequence

from kpl.client.transport import Transport
from kpl.schemas.token import ScopeName, TokenCreate, TokenCreated, TokenOut


class Tokens:
    def __init__(self, transport: Transport) -> None:
        self._transport = transport
        self._base = "/api/v1/tokens"

    def list(self, *, limit: int | None = None) -> Iterator[TokenOut]:
        return self._transport.pages(TokenOut, self._base, limit=limit)

    def create(
        self,
        name: str,
        *,
        scopes: Sequence[ScopeName] = ("read", "write"),
        project: str | None = None,
        expires_in_s: float | None = None,
    ) -> TokenCreated:
        """Make a token; its secret is in this answer and nowhere else."""
        body = TokenCreate(name=name, scopes=[*scopes], project=project, expires_in_s=expires_in_s)
        return self._transport.post(TokenCreated, self._base, body)

    def delete(self, token_id: int) -> None:
        self._transport.delete(f"{self._base}/{token_id}")
