"""Signing in and out."""

from typing import Annotated

from fastapi import APIRouter, Cookie, Request, Response

from kpl.schemas.session import SessionCreate, SessionOut
from kpl.server.routes.dependencies import TheCaller, TheCredentials, ThePlatform
from kpl.server.services import sessions
from kpl.server.services.platform import Platform
from kpl.server.services.sessions import SESSION_COOKIE, SignIn

router = APIRouter(prefix="/api/v1/session", tags=["session"])


@router.post("", operation_id="sign_in")
def sign_in(
    platform: ThePlatform,
    credentials: TheCredentials,
    body: SessionCreate,
    request: Request,
    response: Response,
) -> SessionOut:
    """Begin a session; the answer sets its cookie."""
    where = {"address": credentials.address, "request_id": credentials.request_id}
    if body.link_token is not None:
        begun = sessions.sign_in_by_link(platform, body.link_token.get_secret_value(), **where)
    else:
        assert body.username is not None
        assert body.password is not None
        begun = sessions.sign_in(platform, body.username, body.password.get_secret_value(), **where)
    _set_cookie(platform, request, response, begun)
    return begun.session


@router.get("", operation_id="get_session")
def get_session(
    platform: ThePlatform,
    caller: TheCaller,
    secret: Annotated[str | None, Cookie(alias=SESSION_COOKIE, include_in_schema=False)] = None,
) -> SessionOut:
    """Tell who is signed in."""
    return sessions.get_session(platform, caller, secret if caller.session_id is not None else None)


@router.delete("", operation_id="sign_out", status_code=204)
def sign_out(platform: ThePlatform, caller: TheCaller, response: Response) -> None:
    """End the session."""
    sessions.sign_out(platform, caller)
    response.delete_cookie(SESSION_COOKIE, path="/")


def _set_cookie(platform: Platform, request: Request, response: Response, begun: SignIn) -> None:
    response.set_cookie(
        SESSION_COOKIE,
        begun.secret,
        max_age=int(begun.max_age_s),
        path="/",
        httponly=True,
        samesite="lax",
        secure=platform.settings.uses_tls or request.url.scheme == "https",
    )
