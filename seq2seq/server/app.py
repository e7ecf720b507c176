"""The paths of a server, and what happens between a request and its answer."""

import asyncio
import sys
import traceback
from collections.abc import Callable, Mapping
from contextlib import asynccontextmanager, contextmanager
from functools import partial
from typing import Any

from fastapi import FastAPI, Request, Response, WebSocket
from pydantic_core import to_json
from starlette.datastructures import UploadFile
from starlette.formparsers import MultiPartException
from starlette.requests import ClientDisconnect

from seq2seq.errors import InputError
from seq2seq.inference import forecaster, reconstructor, writer
from seq2seq.server import requests, series, streams, texts
from seq2seq.server.data import Upload, with_files
from seq2seq.server.figures import Figures
from seq2seq.server.guard import TOO_LARGE, Guard, TooLargeError
from seq2seq.server.models import Model, chosen
from seq2seq.server.page import page
from seq2seq.server.queue import Alone, FullError, Kind, Queue

_FILES = ("data", "known")  # of an upload
PATIENCE = 5  # seconds that a call may take for which no client waits any more, when the server stops
_REASONS = {413: "Too large.", 422: "Cannot be used.", 429: "Too much is waiting.", 503: "Stopping.", 504: "Too late."}
_OF_SERIES = {  # path → what is asked, the task, the answer
    "/v1/detect": (requests.Detect, reconstructor.TASK, series.detected),
    "/v1/reconstruct": (requests.Reconstruct, reconstructor.TASK, series.reconstructed),
    "/v1/forecast": (requests.Forecast, forecaster.TASK, series.forecast),
}


class Server:
    """Models, the queue in front of them, and what is counted.

    Args:
        models: mapping from names to `Model`s.
        most_waiting: int. Texts and other work that may wait.
        time_limit: float. Seconds that a request may take.
    """

    def __init__(self, models: Mapping[str, Model], most_waiting: int = 1024, time_limit: float = 60.0):
        self.models, self.figures = models, Figures()
        self.most_waiting, self.time_limit = most_waiting, time_limit
        self.queue: Queue | None = None
        self.guard: Guard | None = None

    @asynccontextmanager
    async def working(self, app: Any):
        """The queue is there within the block."""
        self.queue = Queue(self.most_waiting, self.time_limit, self._at_once(), self._observe)
        try:
            yield
        finally:
            await asyncio.to_thread(self.queue.close, PATIENCE)

    def _at_once(self):
        """As many batches as a translator is good for; one where there is none."""
        return max((each.loaded.workers for each in self.models.values() if each.task == "translation"), default=1)

    def _observe(self, count, seconds):
        self.figures.batch(count, seconds)
        self.figures.waiting.set(self.queue.waiting)

    async def answered(self, kind: Kind, items: Any = (None,), receive: Callable | None = None) -> list[Any]:
        """The answers of some items; of a client that goes away meanwhile they are given up.

        Args:
            kind: `Kind`.
            items: sequence.
            receive: of the request, whose body has been read: what comes then is that the client has gone.

        Raises:
            FullError, TimeoutError, InputError: see `Queue`.
            ClientDisconnect: the client has gone.
        """
        order = self.queue.enter(kind, items)
        self.figures.waiting.set(self.queue.waiting)
        gone = asyncio.ensure_future(receive()) if receive else None
        if gone:
            gone.add_done_callback(lambda _: order.future.cancel())
        try:
            return await self.queue.result(order)
        except asyncio.CancelledError:
            if gone and gone.done():
                raise ClientDisconnect from None
            raise
        finally:
            if gone:
                gone.cancel()

    async def translate(self, request: Request) -> Response:
        """Translations of texts."""
        asked = requests.read(requests.Translate, await self._body(request))
        model = chosen(self.models, asked.model, "translation")
        with _named(model):
            search = texts.searched(model, asked)
            kind, sources = texts.Translating(model.loaded, search), texts.Sources(asked.texts)
            found = await self.answered(kind, sources, request.receive) if sources else []
            seen = None
            if asked.attention:
                attending = texts.attending(model, asked, search, found)
                (seen,) = await self.answered(attending, receive=request.receive)
            told = texts.translated(asked, search, sources, found, seen)
            return _json({"model": model.name} | model.in_words_all(told))

    async def generate(self, request: Request) -> Response:
        """Texts of a language model."""
        asked = requests.read(requests.Generate, await self._body(request))
        model = chosen(self.models, asked.model, writer.TASK)
        with _named(model):
            (told,) = await self.answered(texts.writing(model, asked), receive=request.receive)
            return _json({"model": model.name} | model.in_words_all(told))

    async def of_series(self, request: Request) -> Response:
        """Scores, reconstructions or forecasts of series."""
        kind, task, answer = _OF_SERIES[request.url.path]
        async with asyncio.timeout(self.time_limit):
            asked = await _read_series(request, kind)
        model = chosen(self.models, asked.model, task)
        as_csv = "text/csv" in request.headers.get("accept", "")

        def call():  # written here, too: long tables would keep the event loop
            found, warnings = with_files(partial(answer, model, asked), asked.data, getattr(asked, "known", None))
            if as_csv:
                return Response(found.file.csv(), media_type="text/csv")
            told = found.told() | {"warnings": warnings}
            return _json({"model": model.name} | model.in_words_all(told))

        with _named(model):
            (response,) = await self.answered(Alone(call), receive=request.receive)
            return response

    async def _body(self, request):
        async with asyncio.timeout(self.time_limit):
            return await request.body()

    async def stream(self, socket: WebSocket) -> None:
        """Forecasts step by step."""
        await streams.answer(socket, self)

    def told(self) -> dict[str, Any]:
        """All models."""
        return {"models": [model.described for model in self.models.values()]}


def application(server: Server, token: str = "", host: str = "127.0.0.1") -> Guard:
    """The ASGI application of a server.

    Args:
        server: `Server`.
        token: str. What clients must send; empty for none.
        host: str. Where it listens.
    """
    app = FastAPI(title="seq2seq", docs_url=None, redoc_url=None, lifespan=server.working, redirect_slashes=False)
    for path, kind, endpoint in (
        ("/v1/translate", requests.Translate, server.translate),
        ("/v1/generate", requests.Generate, server.generate),
        *((path, kind, server.of_series) for path, (kind, *_) in _OF_SERIES.items()),
    ):
        app.add_api_route(path, endpoint, methods=["POST"], **_described(path, kind))
    app.add_api_websocket_route("/v1/stream", server.stream)
    gets = {
        "/": lambda: shown,
        "/v1/models": lambda: _json(server.told()),
        "/healthz": lambda: _json({"alive": True}),
        "/readyz": lambda: _json({"ready": not guard.stopping}, 503 if guard.stopping else 200),
        "/metrics": lambda: Response(server.figures.text(), media_type="text/plain; version=0.0.4"),
    }
    shown = page()
    for path, answer in gets.items():
        app.add_api_route(path, _endpoint(answer), methods=["GET"], include_in_schema=path != "/", name=path)
    routes: list[Any] = app.routes
    guard = Guard(Paths(app), token, host, server.figures, [route.path for route in routes])
    server.guard = guard
    return guard


class Paths:
    """ASGI application: endpoints of a FastAPI application, which make their answers of the requests themselves.

    FastAPI describes them, and answers streams. Were it to call them, too, which makes arguments and checks answers,
    half of the time between a request and its answer would go there.

    Args:
        app: `FastAPI`.
    """

    def __init__(self, app: FastAPI):
        self._app, self._endpoints = app, {}
        routes: list[Any] = app.routes
        for route in routes:
            for method in getattr(route, "methods", ()):
                self._endpoints.setdefault(route.path, {})[method] = route.endpoint

    async def __call__(self, scope: dict[str, Any], receive: Callable, send: Callable) -> None:
        if scope["type"] != "http":
            return await self._app(scope, receive, send)
        response = await self._answer(Request(scope, receive, send))
        await response(scope, receive, send)

    async def _answer(self, request):
        methods = self._endpoints.get(request.scope["path"])
        if methods is None:
            return _error(404, "there is no such path.")
        if request.method not in methods:
            allowed = ", ".join(sorted(methods))
            return _error(405, f"this path takes {allowed}, not {request.method:.20}.", Allow=allowed)
        try:
            return await methods[request.method](request)
        except Exception as error:
            if not isinstance(error, (InputError, FullError, *list(_ERRORS)[:-1])):
                traceback.print_exc(file=sys.stderr)
            return _refused(error)


def _endpoint(answer):
    async def endpoint(request: Request) -> Response:
        return answer()

    return endpoint


def _described(path, kind):
    """What OpenAPI tells of a path that reads its body itself."""
    body = {"application/json": {"schema": kind.model_json_schema()}}
    if path in _OF_SERIES:
        files = {name: {"type": "string", "format": "binary"} for name in kind.model_fields if name in _FILES}
        parts = {"type": "object", "properties": files | {"options": {"type": "string"}}, "required": ["data"]}
        body["multipart/form-data"] = {"schema": parts}
    error = {"application/json": {"schema": {"type": "object", "properties": {"error": {"type": "string"}}}}}
    responses = {status: {"description": reason, "content": error} for status, reason in _REASONS.items()}
    return {
        "name": path,
        "summary": kind.__doc__,
        "openapi_extra": {"requestBody": {"required": True, "content": body}},
        "responses": responses,
    }


async def _read_series(request, kind):
    if not request.headers.get("content-type", "").startswith("multipart/form-data"):
        return requests.read(kind, await request.body())
    try:
        async with request.form(max_files=2, max_fields=1) as form:
            parts = dict(form.multi_items())
            options = parts.pop("options", "{}")
            if not isinstance(options, str) or not all(isinstance(each, UploadFile) for each in parts.values()):
                raise InputError("an upload has the files data and, for a forecast, known, and the text options.")
            files = {name: Upload(each.filename or "", await each.read()) for name, each in parts.items()}
    except MultiPartException as error:
        raise InputError(f"the upload cannot be read: {error.message}") from error
    return requests.read(kind, options, files)


@contextmanager
def _named(model):
    """Errors within the block are told as clients may read them."""
    try:
        yield
    except InputError as error:
        raise InputError(model.in_words(str(error))) from error


def _json(content, status=200):
    return Response(to_json(content, inf_nan_mode="null"), status, media_type="application/json")


def _error(status, reason, **headers):
    return Response(to_json({"error": reason}), status, headers, "application/json")


def _refused(error: Exception) -> Response:
    """What is sent where an answer is not."""
    if isinstance(error, InputError):
        return _error(422, " ".join(str(error).split()))
    if isinstance(error, FullError):
        seconds = str(error.seconds)
        return _error(429, f"too much is waiting: come again in {seconds} s.", **{"Retry-After": seconds})
    return _error(*next(answer for kind, answer in _ERRORS.items() if isinstance(error, kind)))


_ERRORS = {
    TimeoutError: (504, "not answered within the time limit: ask for less at a time."),
    TooLargeError: (413, TOO_LARGE),
    ClientDisconnect: (499, "the client has gone."),
    Exception: (500, "a bug of the server, whose log has more."),
}
