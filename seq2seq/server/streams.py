"""A stream of steps over a WebSocket: one in, the forecast of the next out."""

import base64
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
from fastapi import WebSocket, WebSocketDisconnect
from pydantic_core import to_json

from seq2seq.errors import InputError
from seq2seq.inference import forecaster
from seq2seq.inference.stream import Stream
from seq2seq.series.series import column_positions
from seq2seq.server.models import Told, chosen
from seq2seq.server.queue import Alone, FullError
from seq2seq.server.requests import Opening, Step, read

WRONG = 1008  # code of a stream that is closed for what its first message says
_FILE = "state.npz"


async def answer(socket: WebSocket, server: Any) -> None:
    """Answer a client until it goes.

    Args:
        socket: `WebSocket`.
        server: `Server`.
    """
    await socket.accept()
    try:
        try:
            opening = read(Opening, await _text(socket))
            if not server.guard.knows(socket.headers.get("authorization", f"Bearer {opening.token or ''}").encode()):
                raise InputError("the field token should be the token of this server.")
            model = chosen(server.models, opening.model, forecaster.TASK, "stateful")
            stream = await _computed(server, model, lambda: OpenStream(model.loaded, opening))
        except (InputError, FullError, TimeoutError) as error:
            await _send(socket, {"error": _line(error)})
            await socket.close(WRONG)
            return
        await _send(socket, {"model": model.name, "columns": list(stream.columns), "steps": stream.steps})
        while True:
            try:
                step = read(Step, await _text(socket))
                await _send(socket, await _computed(server, model, lambda step=step: stream.answer(step)))
                server.figures.steps.inc()
            except (InputError, FullError, TimeoutError) as error:
                await _send(socket, {"error": _line(error)})
    except WebSocketDisconnect:
        pass


class OpenStream:
    """A `Stream` whose steps and answers are JSON.

    Args:
        loaded: `Forecaster`.
        opening: `Opening`.
    """

    def __init__(self, loaded: Any, opening: Opening):
        self._told = Told()
        self._stream = Stream(loaded, opening.interval, opening.times, self._told)
        self.columns, self._times = self._stream.columns, opening.times
        if opening.state is not None:
            self._load(opening.state)

    @property
    def steps(self) -> int:
        """Steps read so far."""
        return self._stream.steps

    def answer(self, step: Step) -> dict[str, Any]:
        """What a message is answered by.

        Raises:
            InputError: it cannot be used; the state stays as it was.
        """
        if step.state:
            if step.values is not None or step.time is not None:
                raise InputError("a message has a step, or asks for the state: send one after the other.")
            return {"steps": self.steps, "state": self._save()}
        cells = iter(self._stream.answer_values(self._values(step), step.time or ""))
        time = next(cells) if self._times else None
        ends = ("forecast", "low", "high") if self._stream.interval else ("forecast",)
        told: dict[str, Any] = {"steps": self.steps} | {end: {} for end in ends}
        for column in self.columns:
            for end in ends:
                cell = next(cells)
                told[end][column] = float(cell) if cell != "" else None
        warnings, self._told.lines = self._told.lines, []
        return told | ({"time": time} if self._times else {}) | {"warnings": warnings}

    def _values(self, step):
        """The numbers of a step in the order of the columns."""
        values = step.values
        if values is None:
            raise InputError("the field 'values' is missing.")
        if self._times != (step.time is not None):
            raise InputError("time is for streams that were opened with times, and each of their steps has one.")
        if isinstance(values, dict):
            column_positions(list(values), self.columns, "the stream")
            column_positions(self.columns, list(values), "the step")
            values = [values[column] for column in self.columns]
        return [np.nan if value is None else value for value in values]

    def _save(self):
        with tempfile.TemporaryDirectory(prefix="seq2seq-") as folder:
            path = Path(folder) / _FILE
            self._stream.save(path)
            return base64.b64encode(path.read_bytes()).decode()

    def _load(self, state):
        with tempfile.TemporaryDirectory(prefix="seq2seq-") as folder:
            path = Path(folder) / _FILE
            try:
                path.write_bytes(base64.b64decode(state, validate=True))
                self._stream.load(path)
            except InputError as error:
                raise InputError("state is none of a stream of this model, or is damaged: leave it out.") from error
            except ValueError as error:  # also of what is no ASCII
                raise InputError(f"state should be what a stream gave, in base64: {error}.") from error


async def _computed(server, model, call):
    """What `call` gives in the thread of the models, after what waits there; of answers the warnings in their words."""
    try:
        (found,) = await server.answered(Alone(call))
    except InputError as error:
        raise InputError(model.in_words(str(error))) from error
    return model.in_words_all(found) if isinstance(found, dict) else found


async def _text(socket):
    message = await socket.receive()
    if message["type"] == "websocket.disconnect":
        raise WebSocketDisconnect(message["code"])
    return message["text"] if message.get("text") is not None else message["bytes"]


async def _send(socket, content):
    await socket.send_text(to_json(content, inf_nan_mode="null").decode())


def _line(error):
    if isinstance(error, InputError):
        return " ".join(str(error).split())
    return "too much is waiting." if isinstance(error, FullError) else "not answered within the time limit."
