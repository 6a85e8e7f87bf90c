"""API tokens."""

from typing import Annotated

from fastapi import APIRouter, Depends, Query

from kpl.schemas.page import Page
from kpl.schemas.token import TokenCreate, TokenCreated, TokenOut
from kpl.server.routes.dependencies import Cursor, Limit, TheCaller, ThePlatform, mark_answer_secret
from kpl.server.services import tokens

router = APIRouter(prefix="/api/v1/tokens", tags=["tokens"])


@router.get("", operation_id="list_tokens")
def list_tokens(
    platform: ThePlatform,
    caller: TheCaller,
    username: Annotated[str | None, Query(description="Whose; one's own when left out.")] = None,
    cursor: Cursor = None,
    limit: Limit = 50,
) -> Page[TokenOut]:
    """List tokens, newest first."""
    return tokens.list_tokens(platform, caller, username=username, cursor=cursor, limit=limit)


@router.post("", operation_id="create_token", status_code=201, dependencies=[Depends(mark_answer_secret)])
def create_token(platform: ThePlatform, caller: TheCaller, body: TokenCreate) -> TokenCreated:
    """Make a token; it is shown in this answer only."""
    return tokens.create_token(platform, caller, body)


@router.delete("/{token_id}", operation_id="delete_token", status_code=204)
def delete_token(platform: ThePlatform, caller: TheCaller, token_id: int) -> None:
    """Delete a token; it stops working at once."""
    tokens.delete_token(platform, caller, token_id)
