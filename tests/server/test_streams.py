"""A stream over a WebSocket answers what the command answers, and goes on from a state."""

import base64
import csv
import io
import json

import numpy as np
import pytest
from starlette.testclient import TestClient
from starlette.websockets import WebSocketDisconnect
from typer.testing import CliRunner

from seq2seq.cli import app
from seq2seq.server.app import Server, application
from seq2seq.server.models import load
from seq2seq.storage import read_arrays, write_arrays
from tests.conftest import OLDER_RUNS

LINES = (OLDER_RUNS / "series.csv").read_text().splitlines()[1:9]


@pytest.fixture
def client(models):
    """A client of a server of all models, with a token or without."""

    def made(token="", own=None):
        return TestClient(application(Server(own or models), token), base_url="http://localhost")

    return made


def answers(client, lines=LINES, **opening):
    """What is answered to steps, and the state at their end."""
    found = []
    with client.websocket_connect("ws://localhost/v1/stream") as stream:
        stream.send_json(opening)
        begun = stream.receive_json()
        for line in lines:
            time, *values = line.split(",")
            step = {"values": [float(value) if value else None for value in values]}
            stream.send_json(step | ({"time": time} if opening.get("times") else {}))
            found.append(stream.receive_json())
        stream.send_json({"state": True})
        return begun, found, stream.receive_json()


@pytest.mark.parametrize("options", [{}, {"interval": 0.9}, {"times": True, "interval": 0.9}])
def test_steps_are_answered_as_by_the_command(client, days_stateful, days_file, options):
    rows = [line.rpartition(",")[0] for line in days_file.read_text().splitlines()[1:9]]
    lines = rows if options.get("times") else [row.partition(",")[2] for row in rows]
    command = ["forecast", str(days_stateful.run.path), "--stream", *["--times"] * ("times" in options)]
    command += ["--interval", "0.9"] * ("interval" in options)
    expected = list(csv.reader(io.StringIO(CliRunner().invoke(app, command, input="\n".join(lines)).stdout)))
    with client(own=load([days_stateful.run.path])) as one:
        begun, found, _ = answers(one, rows, **options)
    assert begun == {"model": "days-stateful", "columns": ["load", "warm"], "steps": 0}
    ends = ["forecast", "low", "high"] if "interval" in options else ["forecast"]
    for number, (told, cells) in enumerate(zip(found, expected, strict=True), 1):
        row = [told["time"]] if "times" in options else []
        assert told["steps"] == number
        assert row == cells[: len(row)]
        numbers = [told[end][column] for column in begun["columns"] for end in ends]
        assert numbers == pytest.approx(list(map(float, cells[len(row) :])))


def test_a_state_goes_on_in_another_connection(client):
    with client() as one:
        _, whole, _ = answers(one)
        _, first, state = answers(one, LINES[:3])
        begun, rest, _ = answers(one, LINES[3:], state=state["state"])
    assert begun["steps"] == state["steps"] == 3
    assert first + rest == whole


def test_what_cannot_be_used_leaves_the_state(client):
    wrong = [
        '{"values": [1]}',
        '{"values": [1, NaN]}',
        "x",
        '{"values": [1, "a"]}',
        '{"values": [1, 2], "time": "now"}',
    ]
    wrong += ["{}", '{"values": {"flow": 1}}', '{"values": {"flow": 1, "heat": 2, "rain": 3}}', '{"value": [1, 2]}']
    with client() as one, one.websocket_connect("ws://localhost/v1/stream") as stream:
        stream.send_json({})
        stream.receive_json()
        for message in wrong:
            stream.send_text(message)
            assert list(stream.receive_json()) == ["error"]
        stream.send_bytes(b'{"values": {"heat": 50, "flow": null}}')
        assert stream.receive_json()["steps"] == 1


@pytest.mark.parametrize(
    "opening", [{"state": "é"}, {"state": "UEsDB"}, {"state": "eA=="}, {"model": "x"}, {"interval": 0.123}, {"x": 1}]
)
def test_an_opening_that_cannot_be_ends_the_stream(client, opening):
    with client() as one, one.websocket_connect("ws://localhost/v1/stream") as stream:
        stream.send_json(opening)
        error = stream.receive_json()["error"]
        assert "/" not in error and "--" not in error
        with pytest.raises(WebSocketDisconnect) as closed:
            stream.receive_json()
        assert closed.value.code == 1008


FORGED = {
    "states": [np.array("x"), np.full((1, 8), "x"), np.full((1, 8), np.nan), np.full((1, 8), 1e300), None],
    "times": [
        np.array(3.0),
        np.zeros((2, 2)),
        np.array(["x"]),
        np.array([b"x"]),
        np.array(["NaT", "NaT"], "M8[ns]"),
        np.array([1.0, np.nan]),
        np.array([2, 1], "M8[ns]"),
    ],
    "steps": ["x", None, 10**400, -1, 1.5, True, [1]],
    "cells": [[], None, {}, {"order": [99, 0], "width": 2, "time_at": [0]}, {"order": 1, "width": "x", "time_at": 0}],
}


@pytest.mark.parametrize(("what", "value"), [(what, value) for what, values in FORGED.items() for value in values])
def test_a_forged_state_is_none(client, tmp_path, what, value):
    with client() as one:
        *_, state = answers(one, times=True)
        path = tmp_path / "state.npz"
        path.write_bytes(base64.b64decode(state["state"]))
        arrays, record = read_arrays(path)
        if what == "states":
            arrays = {name: value if name == "state0" else array for name, array in arrays.items()}
            arrays = {name: array for name, array in arrays.items() if array is not None}
        elif what == "times":
            arrays["times"] = value
        else:
            record[what] = value
        write_arrays(path, arrays, **record)
        assert is_no_state(one, path)


@pytest.mark.parametrize("record", [b"[1]", b"null", b"1"])
def test_a_record_that_is_no_object_is_no_state(client, tmp_path, monkeypatch, record):
    path = tmp_path / "state.npz"
    monkeypatch.setattr(json, "dumps", lambda _: record.decode())
    write_arrays(path, {})
    monkeypatch.undo()
    with client() as one:
        assert is_no_state(one, path)


def is_no_state(client, path):
    with client.websocket_connect("ws://localhost/v1/stream") as stream:
        stream.send_json({"times": True, "state": base64.b64encode(path.read_bytes()).decode()})
        return stream.receive_json() == {
            "error": "state is none of a stream of this model, or is damaged: leave it out."
        }


def test_the_token_is_a_header_or_in_the_first_message(client):
    with client("secret") as one:
        for message, headers in (({"token": "secret"}, {}), ({}, {"authorization": "Bearer secret"})):
            with one.websocket_connect("ws://localhost/v1/stream", headers=headers) as stream:
                stream.send_json(message)
                assert "columns" in stream.receive_json()
        with one.websocket_connect("ws://localhost/v1/stream") as stream:
            stream.send_json({"token": "other"})
            assert "token" in stream.receive_json()["error"]


def test_a_page_of_another_origin_opens_none(client):
    headers = {"origin": "http://elsewhere.example"}
    with (
        client() as one,
        pytest.raises(WebSocketDisconnect),
        one.websocket_connect("ws://localhost/v1/stream", headers=headers),
    ):
        pass
