"""The one place that turns errors into HTTP answers: `application/problem+json`."""

from http import HTTPStatus

import structlog
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import Response
from starlette.exceptions import HTTPException

from kpl.errors import Conflict, Denied, Invalid, KPLError, NotFound, Unavailable
from kpl.schemas.problem import FieldProblem, Problem
from kpl.sentence import Sentence, chinese_of
from kpl.server.field_problems import field_faults, tell_faults
from kpl.server.services.errors import NotSignedIn, Stale, TooLarge, TooManyAttempts, WrongOffset

MEDIA_TYPE = "application/problem+json"

STATUS: dict[type[KPLError], HTTPStatus] = {
    NotSignedIn: HTTPStatus.UNAUTHORIZED,
    TooManyAttempts: HTTPStatus.TOO_MANY_REQUESTS,
    Stale: HTTPStatus.PRECONDITION_FAILED,
    TooLarge: HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
    NotFound: HTTPStatus.NOT_FOUND,
    Conflict: HTTPStatus.CONFLICT,
    Invalid: HTTPStatus.UNPROCESSABLE_ENTITY,
    Denied: HTTPStatus.FORBIDDEN,
    Unavailable: HTTPStatus.SERVICE_UNAVAILABLE,
    KPLError: HTTPStatus.INTERNAL_SERVER_ERROR,
}
"""Status of each error; a class that is not here has that of its nearest base."""

_CODES = {401: "not_signed_in", 404: "not_found", 405: "not_allowed", 412: "stale", 413: "too_large"}

log = structlog.get_logger("kpl.server")


def add_problem_handlers(app: FastAPI) -> None:
    """Answer every error of the app as a problem."""
    app.add_exception_handler(KPLError, _known_error)
    app.add_exception_handler(RequestValidationError, _invalid_request)
    app.add_exception_handler(HTTPException, _http_error)
    app.add_exception_handler(Exception, _bug)


def problem_response(problem: Problem, headers: dict[str, str] | None = None) -> Response:
    """The answer that carries a problem."""
    return Response(
        problem.model_dump_json(),
        status_code=problem.status,
        media_type=MEDIA_TYPE,
        headers={"Cache-Control": "no-store", **(headers or {})},
    )


def status_of(error: KPLError) -> HTTPStatus:
    """The HTTP status of an error."""
    return next(STATUS[cls] for cls in type(error).__mro__ if cls in STATUS)


def problem_of(request: Request, error: KPLError) -> tuple[Problem, dict[str, str]]:
    """The problem that tells of an error, and the headers that go with it."""
    status = status_of(error)
    headers: dict[str, str] = {}
    if isinstance(error, NotSignedIn):
        headers["WWW-Authenticate"] = "Bearer"
    if isinstance(error, TooManyAttempts):
        headers["Retry-After"] = str(max(1, round(error.retry_after_s)))
    if isinstance(error, WrongOffset):
        headers["Upload-Offset"] = str(error.offset)
    return _problem(request, status, detail=error.message, hint=error.hint, code=error.code), headers


def request_id(request: Request) -> str:
    """The number of a request, given by the outermost middleware."""
    return str(request.scope.get("state", {}).get("request_id", ""))


def _problem(
    request: Request,
    status: HTTPStatus,
    *,
    detail: str,
    code: str,
    hint: str = "",
    errors: list[FieldProblem] | None = None,
) -> Problem:
    return Problem(
        title=status.phrase,
        status=status.value,
        detail=detail,
        hint=hint,
        detail_zh=chinese_of(detail),
        hint_zh=chinese_of(hint),
        code=code,
        instance=request.url.path,
        request_id=request_id(request),
        errors=errors or [],
    )


def _known_error(request: Request, error: Exception) -> Response:
    assert isinstance(error, KPLError)
    problem, headers = problem_of(request, error)
    if problem.status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        log.warning("request_failed", code=error.code, detail=error.message, request_id=problem.request_id)
    return problem_response(problem, headers)


def _invalid_request(request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)
    faults = field_faults(error.errors())
    problem = _problem(
        request,
        HTTPStatus.UNPROCESSABLE_ENTITY,
        detail=tell_faults(faults),
        code="invalid",
        hint=Sentence("/api/v1/openapi.json describes the request.", "请求的格式见 /api/v1/openapi.json。"),
        errors=[
            FieldProblem(path=f.path, message=str(f.message), message_zh=chinese_of(f.message))
            for f in faults
        ],
    )
    return problem_response(problem)


def _http_error(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    status = HTTPStatus(error.status_code)
    detail = error.detail
    if status is HTTPStatus.NOT_FOUND and detail == status.phrase:
        path = request.url.path
        detail = Sentence(f"There is nothing at {path}.", f"{path} 处没有内容。")
    code = _CODES.get(status.value, "invalid" if status < HTTPStatus.INTERNAL_SERVER_ERROR else "error")
    problem = _problem(request, status, detail=detail, code=code)
    return problem_response(problem, dict(error.headers or {}))


def _bug(request: Request, error: Exception) -> Response:
    number = request_id(request)
    # The web server logs the traceback next, but does not know the number.
    log.error("request_failed", code="bug", request_id=number, cause=f"{type(error).__name__}: {error}")
    problem = _problem(
        request,
        HTTPStatus.INTERNAL_SERVER_ERROR,
        detail=Sentence("The server failed; this is a bug in KPL.", "服务器出错；这是 KPL 的缺陷。"),
        hint=Sentence(
            f"The server's log has the cause under request id {number}.",
            f"原因见服务器日志，请求编号 {number}。",
        ),
        code="bug",
    )
    return problem_response(problem)
