"""Users of the platform."""

from fastapi import APIRouter, Depends

from kpl.schemas.page import Page
from kpl.schemas.user import SignInLinkOut, UserCreate, UserCreated, UserOut, UserUpdate
from kpl.server.routes.dependencies import Cursor, Limit, TheCaller, ThePlatform, mark_answer_secret
from kpl.server.services import users

router = APIRouter(prefix="/api/v1/users", tags=["users"])


@router.get("", operation_id="list_users")
def list_users(
    platform: ThePlatform, caller: TheCaller, cursor: Cursor = None, limit: Limit = 50
) -> Page[UserOut]:
    """List the users by name."""
    return users.list_users(platform, caller, cursor=cursor, limit=limit)


@router.post("", operation_id="create_user", status_code=201, dependencies=[Depends(mark_answer_secret)])
def create_user(platform: ThePlatform, caller: TheCaller, body: UserCreate) -> UserCreated:
    """Make a user, who has to choose a new password at the first sign-in."""
    return users.create_user(platform, caller, body)


@router.get("/{username}", operation_id="get_user")
def get_user(platform: ThePlatform, caller: TheCaller, username: str) -> UserOut:
    """Show a user."""
    return users.get_user(platform, caller, username)


@router.patch("/{username}", operation_id="update_user")
def update_user(platform: ThePlatform, caller: TheCaller, username: str, body: UserUpdate) -> UserOut:
    """Change a user, or one's own password."""
    return users.update_user(platform, caller, username, body)


@router.delete("/{username}", operation_id="delete_user", status_code=204)
def delete_user(platform: ThePlatform, caller: TheCaller, username: str) -> None:
    """Delete a user, with sessions and tokens."""
    users.delete_user(platform, caller, username)


@router.post(
    "/{username}/sign-in-link",
    operation_id="create_sign_in_link",
    status_code=201,
    dependencies=[Depends(mark_answer_secret)],
)
def create_sign_in_link(platform: ThePlatform, caller: TheCaller, username: str) -> SignInLinkOut:
    """Make a link that signs the user in once."""
    return users.create_sign_in_link(platform, caller, username)
