"""What routes ask for: the platform, the caller, and the parameters that all lists share.

@router.get("/runs", operation_id="list_runs")
def list_runs(platform: ThePlatform, caller: TheCaller, cursor: Cursor = None, limit: Limit = 50) ->
    Page[RunOut]: return runs.list_runs(platform, caller, ...)
"""

from typing import Annotated, cast

from fastapi import Depends, Query, Request

from kpl.errors import Denied
from kpl.schemas.page import Order, Sort
from kpl.sentence import Sentence
from kpl.server.services import sessions
from kpl.server.services.access import Caller
from kpl.server.services.platform import Platform
from kpl.server.services.sessions import SAFE_METHODS, SESSION_COOKIE, Credentials, bearer_token

PROJECT = "/api/v1/projects/{project}"
"""Where everything lies that belongs to a project."""


def get_platform(request: Request) -> Platform:
    return cast(Platform, request.app.state.platform)


def get_credentials(request: Request) -> Credentials:
    """What the request brings to prove who asks."""
    is_unsafe = request.method not in SAFE_METHODS
    if is_unsafe and request.headers.get("sec-fetch-site") == "cross-site":
        raise Denied(
            Sentence("The request comes from a page of another site.", "请求来自其他站点的页面。"),
            hint=Sentence("Use KPL's own pages or an API token.", "请使用 KPL 自己的页面或 API 令牌。"),
        )
    return Credentials(
        session=request.cookies.get(SESSION_COOKIE),
        bearer=bearer_token(request.headers.get("authorization")),
        csrf=request.headers.get("x-csrf-token"),
        is_unsafe=is_unsafe,
        address=address_of(request),
        request_id=request_id_of(request),
    )


def get_caller(
    request: Request,
    platform: Annotated[Platform, Depends(get_platform)],
    credentials: Annotated[Credentials, Depends(get_credentials)],
) -> Caller:
    """Who asks; raises NotSignedIn when nobody can be told."""
    caller = sessions.identify(platform, credentials)
    request.state.username = caller.username
    return caller


def address_of(request: Request) -> str:
    return request.client.host if request.client is not None else ""


def request_id_of(request: Request) -> str:
    return str(getattr(request.state, "request_id", ""))


def mark_answer_secret(request: Request) -> None:
    """For routes whose answer shows a secret this once: nothing may keep that answer."""
    request.state.is_answer_secret = True


ThePlatform = Annotated[Platform, Depends(get_platform)]
TheCaller = Annotated[Caller, Depends(get_caller)]
TheCredentials = Annotated[Credentials, Depends(get_credentials)]
Cursor = Annotated[str | None, Query(description="`next_cursor` of the page before.", max_length=512)]
Search = Annotated[
    str | None,
    Query(
        max_length=200,
        description="Words that must all stand in what an item is called, in upper or lower case; the first 8 count.",
    ),
]
SortBy = Annotated[Sort, Query(description="What the list is ordered by; `updated` is the last change.")]
OrderOf = Annotated[
    Order | None, Query(description="By default names begin with a, and times with the latest.")
]
Limit = Annotated[int, Query(ge=1, le=500, description="Most items in one page.")]
