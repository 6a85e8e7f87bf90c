"""The HTTP routes of an endpoint.

GET  /v2, /v2/health/live, /v2/health/ready
GET  /v2/models/NAME[/versions/VERSION][/ready]
POST /v2/models/NAME[/versions/VERSION]/infer     Open Inference Protocol, JSON or binary tensors
POST /predict                                     an image file, as a form field or as the body
GET  /metrics                                     for Prometheus
"""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager, contextmanager
from http import HTTPStatus
from typing import Any

import msgspec
from fastapi import FastAPI, Request, Response
from starlette.datastructures import UploadFile
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from kpl import __version__
from kpl.algorithm.author.serving import tensors
from kpl.algorithm.author.serving.answers import make_answer
from kpl.algorithm.author.serving.batcher import Batcher
from kpl.algorithm.author.serving.endpoint import Endpoint, PredictionError, prediction_error
from kpl.algorithm.author.serving.metrics import Metrics
from kpl.algorithm.author.serving.tensors import RequestInvalid
from kpl.errors import Invalid, KPLError, NotFound, Unavailable, nearest
from kpl.sentence import Sentence, chinese_of


class TooLarge(Invalid):
    """A request's body is over the limit."""

    code = "too_large"


class UnsupportedMedia(Invalid):
    """A request's body is of a type that is not understood here."""

    code = "unsupported_media"


class Service:
    """One endpoint at work. `is_ready` is taken back when the process is asked to end."""

    def __init__(self, endpoint: Endpoint) -> None:
        self.endpoint = endpoint
        self.metrics = Metrics()
        self.is_ready = False
        self.batcher = Batcher(
            endpoint.run,
            max_batch=endpoint.max_batch,
            max_delay_s=endpoint.max_delay_s,
            max_waiting=endpoint.max_waiting,
            on_batch=self.metrics.batch.observe,
        )
        self.decoders = ThreadPoolExecutor(thread_name_prefix="decode")

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Answer batches; ready inside."""
        loop = asyncio.create_task(self.batcher.run())
        self.is_ready = True
        yield
        self.is_ready = False
        loop.cancel()
        self.batcher.close()
        self.decoders.shutdown(wait=False)


def make_app(service: Service, *, base_path: str = "") -> ASGIApp:
    """The endpoint as an ASGI app. Paths are understood with and without `base_path` in front."""

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        async with service.running():
            yield

    app = FastAPI(
        title=service.endpoint.name,
        version=service.endpoint.version,
        lifespan=lifespan,
        redirect_slashes=False,
    )
    app.add_exception_handler(KPLError, _on_error)
    app.add_exception_handler(HTTPException, _on_http_error)
    _add_health(app, service)
    _add_models(app, service)
    _add_answers(app, service)
    return _Front(app, service.endpoint.max_body_bytes, base_path.rstrip("/"))


def _add_health(app: FastAPI, service: Service) -> None:
    @app.get("/v2")
    async def server() -> Response:
        return _json({"name": "kpl", "version": __version__, "extensions": ["binary_tensor_data"]})

    @app.get("/v2/health/live")
    async def live() -> Response:
        return _json({"live": True})

    @app.get("/v2/health/ready")
    async def ready() -> Response:
        return _json({"ready": service.is_ready}, status=200 if service.is_ready else 503)

    @app.get("/metrics")
    async def metrics() -> Response:
        service.metrics.waiting.set(service.batcher.num_waiting)
        return Response(service.metrics.text(), media_type="text/plain; version=0.0.4; charset=utf-8")


def _add_models(app: FastAPI, service: Service) -> None:
    @app.get("/v2/models/{name}")
    @app.get("/v2/models/{name}/versions/{version}")
    async def model(name: str, version: str | None = None) -> Response:
        _check_name(service.endpoint, name, version)
        return _json(tensors.metadata(service.endpoint))

    @app.get("/v2/models/{name}/ready")
    @app.get("/v2/models/{name}/versions/{version}/ready")
    async def model_ready(name: str, version: str | None = None) -> Response:
        _check_name(service.endpoint, name, version)
        body = {"name": name, "ready": service.is_ready}
        return _json(body, status=200 if service.is_ready else 503)


def _add_answers(app: FastAPI, service: Service) -> None:
    @app.post("/v2/models/{name}/infer")
    @app.post("/v2/models/{name}/versions/{version}/infer")
    async def infer(request: Request, name: str, version: str | None = None) -> Response:
        async def answer() -> Response:
            _check_name(service.endpoint, name, version)
            return await _infer(service, request)

        return await _measured(service, "infer", request, answer)

    @app.post("/predict")
    async def predict(request: Request) -> Response:
        return await _measured(service, "predict", request, lambda: _predict(service, request))


def _check_name(endpoint: Endpoint, name: str, version: str | None) -> None:
    if name != endpoint.name:
        raise NotFound(
            Sentence(f"There is no model '{name}' here.", f"此处没有模型“{name}”。"),
            hint=nearest(name, [endpoint.name]),
        )
    if version not in (None, endpoint.version):
        raise NotFound(
            Sentence(
                f"Model '{name}' has no version '{version}' here.", f"模型“{name}”在此没有版本“{version}”。"
            ),
            hint=Sentence(f"It has '{endpoint.version}'.", f"现有版本“{endpoint.version}”。"),
        )


async def _infer(service: Service, request: Request) -> Response:
    with service.batcher.coming():
        body = await request.body()
        length = request.headers.get(tensors.LENGTH_HEADER)
        parsed = tensors.parse_request(service.endpoint, body, length)
    outputs = await service.batcher.predict(parsed.samples)
    with _algorithm_errors():
        answer = tensors.write_answer(service.endpoint, parsed, outputs)
    if answer.json_length is None:
        return Response(answer.body, media_type="application/json")
    headers = {tensors.LENGTH_HEADER: str(answer.json_length)}
    return Response(answer.body, media_type="application/octet-stream", headers=headers)


async def _predict(service: Service, request: Request) -> Response:
    began_s = time.perf_counter()
    endpoint = service.endpoint
    if endpoint.decode is None:
        hint = Sentence(
            f"Ask /v2/models/{endpoint.name}/infer with tensors.",
            f"请用张量调用 /v2/models/{endpoint.name}/infer。",
        )
        raise UnsupportedMedia(Sentence("This endpoint takes no files.", "此服务不接收文件。"), hint=hint)
    with service.batcher.coming():
        data = await _read_file(request)
        loop = asyncio.get_running_loop()
        sample = await loop.run_in_executor(service.decoders, _decode, endpoint, data)
    outputs = await service.batcher.predict([sample])
    with _algorithm_errors():
        answer = make_answer(endpoint, outputs[0])
    latency_ms = round((time.perf_counter() - began_s) * 1000, 3)
    return _json({**answer, "model": f"{endpoint.name}/{endpoint.version}", "latency_ms": latency_ms})


@contextmanager
def _algorithm_errors() -> Iterator[None]:
    """What goes wrong with an output inside is the algorithm's fault."""
    try:
        yield
    except (RuntimeError, ValueError, TypeError, LookupError) as err:
        raise prediction_error(err) from err


async def _read_file(request: Request) -> bytes:
    media_type = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if media_type == "multipart/form-data":
        return await _read_form(request)
    if not media_type.startswith("image/") and media_type != "application/octet-stream":
        raise UnsupportedMedia(
            Sentence(f"The body is of type '{media_type}'.", f"请求体的类型为“{media_type}”，不受支持。"),
            hint=Sentence(
                "Send an image as a form field, as in curl -F image=@photo.jpg, or as the body with its "
                "type, as in -H 'Content-Type: image/jpeg' --data-binary @photo.jpg.",
                "请以表单字段发送图像，例如 `curl -F image=@photo.jpg`；或作为请求体并注明类型，"
                "例如 `-H 'Content-Type: image/jpeg' --data-binary @photo.jpg`。",
            ),
        )
    data = await request.body()
    if not data:
        raise RequestInvalid(
            Sentence("The body is empty.", "请求体为空。"),
            where="body",
            hint=Sentence("Send the bytes of an image file.", "请发送图像文件的内容。"),
        )
    return data


async def _read_form(request: Request) -> bytes:
    async with request.form(max_files=1, max_fields=16) as form:
        files = [value for value in form.values() if isinstance(value, UploadFile)]
        if not files:
            fields = ", ".join(sorted(form)) or "none"
            hint = Sentence(
                "Send one, as in curl -F image=@photo.jpg (mind the @).",
                "请附上文件，例如 `curl -F image=@photo.jpg`（注意 @）。",
            )
            raise RequestInvalid(
                Sentence(
                    f"The form has no file; its fields: {fields}.", f"表单中没有文件，现有字段：{fields}。"
                ),
                where="body",
                hint=hint,
            )
        return await files[0].read()


def _decode(endpoint: Endpoint, data: bytes) -> Any:
    assert endpoint.decode is not None, "checked before the body is read"
    try:
        return endpoint.decode(data)
    except KPLError:
        raise
    except (
        Exception
    ) as err:  # a decoder meets whatever people upload: all it raises says that the file is bad
        message = Sentence(
            f"The file of {len(data)} bytes cannot be read: {type(err).__name__}: {err}.",
            f"无法读取这个 {len(data)} 字节的文件，可能不是图像或已损坏。",
        )
        raise RequestInvalid(
            message,
            where="body",
            hint=Sentence(
                "Send a whole image file, such as PNG or JPEG.", "请发送完整的图像文件，例如 PNG 或 JPEG。"
            ),
        ) from err


async def _measured(
    service: Service, route: str, request: Request, answer: Callable[[], Awaitable[Response]]
) -> Response:
    began_s = time.perf_counter()
    try:
        response = await answer()
    except KPLError as err:
        service.metrics.errors.labels(route, err.code).inc()
        response = _on_error(request, err)
    except HTTPException as err:
        service.metrics.errors.labels(route, "http_error").inc()
        response = _on_http_error(request, err)
    service.metrics.requests.labels(route, str(response.status_code)).inc()
    service.metrics.latency.labels(route).observe(time.perf_counter() - began_s)
    return response


def _on_error(request: Request, err: Exception) -> Response:
    assert isinstance(err, KPLError)
    status = next((status for kind, status in _STATUSES.items() if isinstance(err, kind)), 500)
    headers = {"Retry-After": "1"} if status == 503 else {}
    where = err.where if isinstance(err, RequestInvalid) else ""
    return _problem(request, status, err.message, code=err.code, hint=err.hint, where=where, headers=headers)


_STATUSES: dict[type[KPLError], int] = {
    TooLarge: 413,
    UnsupportedMedia: 415,
    Invalid: 400,
    NotFound: 404,
    Unavailable: 503,
    PredictionError: 500,
}


def _on_http_error(request: Request, err: Exception) -> Response:
    assert isinstance(err, HTTPException)
    hint = (
        Sentence("GET /v2 and the docs at /docs say what is here.", "可用的接口见 GET /v2 和 /docs。")
        if err.status_code == 404
        else ""
    )
    return _problem(request, err.status_code, str(err.detail), code="http_error", hint=hint)


def _problem(
    request: Request,
    status: int,
    detail: str,
    *,
    code: str,
    hint: str = "",
    where: str = "",
    headers: dict[str, str] | None = None,
) -> Response:
    body = {
        "type": "about:blank",
        "title": HTTPStatus(status).phrase,
        "status": status,
        # msgspec knows plain strings alone, and these may be sentences in two languages
        "detail": str(detail),
        "detail_zh": chinese_of(detail),
        "where": where,
        "hint": str(hint),
        "hint_zh": chinese_of(hint),
        "code": code,
        "instance": request.url.path,
        "error": f"{detail} {hint}".strip(),  # the one key that the Open Inference Protocol knows
    }
    return _json(body, status=status, media_type="application/problem+json", headers=headers)


def _json(
    body: dict[str, Any],
    *,
    status: int = 200,
    media_type: str = "application/json",
    headers: dict[str, str] | None = None,
) -> Response:
    return Response(msgspec.json.encode(body), status, headers, media_type)


class _Front:
    """Sets the base path, and refuses a body over the limit as soon as it is known, whatever reads it."""

    def __init__(self, app: FastAPI, max_bytes: int, base_path: str) -> None:
        self._app = app
        self._max_bytes = max_bytes
        self._base_path = base_path

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        num_bytes = 0
        announced = dict(scope["headers"]).get(b"content-length", b"0")
        if announced.isdigit():
            num_bytes = int(announced) if int(announced) > self._max_bytes else 0

        async def counted() -> Message:
            nonlocal num_bytes
            if num_bytes > self._max_bytes:
                raise self._refusal()
            message = await receive()
            num_bytes += len(message.get("body", b""))
            if num_bytes > self._max_bytes:
                raise self._refusal()
            return message

        await self._app({**scope, "root_path": self._base_path}, counted, send)

    def _refusal(self) -> TooLarge:
        hint = Sentence(
            "Send a smaller image, or fewer samples at once.", "请发送较小的图像，或减少一次发送的样本数。"
        )
        return TooLarge(
            Sentence(
                f"The body has more than {self._max_bytes} bytes.", f"请求体超过 {self._max_bytes} 字节。"
            ),
            hint=hint,
        )
