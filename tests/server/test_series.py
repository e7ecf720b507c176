"""Scores, reconstructions and forecasts over HTTP are those of the commands, in whatever form the series come."""

import asyncio
import csv
import io
import json

import numpy as np
import pandas as pd
import pytest

from tests.conftest import OLDER_RUNS

SERIES = OLDER_RUNS / "series.csv"
DETECT, RECONSTRUCT, FORECAST = "/v1/detect", "/v1/reconstruct", "/v1/forecast"
COMMANDS = {  # what is asked → the command that writes the same
    "detect": (DETECT, {}, ["detect", "{autoencoder}", "--input", SERIES]),
    "threshold": (
        DETECT,
        {"threshold": {"kind": "quantile", "value": 0.9}},
        ["detect", "{autoencoder}", "--input", SERIES, "--threshold", "quantile=0.9"],
    ),
    "events": (
        DETECT,
        {"events": True, "merge": "3h", "min_length": "2", "threshold": {"kind": "quantile", "value": 0.5}},
        [
            *("detect", "{autoencoder}", "--input", SERIES, "--threshold", "quantile=0.5"),
            *("--events", "{output}", "--merge", "3h", "--min-length", "2"),
        ],
    ),
    "reconstruct": (RECONSTRUCT, {}, ["reconstruct", "{autoencoder}", "--input", SERIES, "--output", "{output}"]),
    "forecast": (
        FORECAST,
        {"model": "exported-forecaster", "steps": 10},
        ["forecast", "{forecaster}", "--input", SERIES, "--steps", 10],
    ),
    "stateful": (
        FORECAST,
        {"model": "exported-stream", "steps": 6},
        ["forecast", "{stream}", "--input", SERIES, "--steps", 6],
    ),
}


TABLES = {"detect": "scores", "threshold": "scores", "reconstruct": "reconstructed", "stateful": "forecast"}


def table():
    """The series as columns."""
    with SERIES.open(newline="") as file:
        heading, *rows = csv.reader(file)
    times, *columns = zip(*rows, strict=True)
    return {heading[0]: list(times)} | {
        name: [float(cell) if cell else None for cell in column]
        for name, column in zip(heading[1:], columns, strict=True)
    }


def upload(name, content, **options):
    return {"files": {"data": (name, content)}, "data": {"options": json.dumps(options)}}


@pytest.mark.parametrize("case", COMMANDS)
def test_a_file_is_answered_by_the_commands_file(case, ask, written):
    path, asked, command = COMMANDS[case]
    answer = ask("POST", path, headers={"accept": "text/csv"}, **upload("june.csv", SERIES.read_bytes(), **asked))
    assert answer.status_code == 200, answer.text
    assert answer.text == written(*command)


@pytest.mark.parametrize("case", COMMANDS)
def test_columns_are_answered_as_a_file_is(case, ask, written):
    path, asked, command = COMMANDS[case]
    answer = ask("POST", path, headers={"accept": "text/csv"}, json={"data": table()} | asked)
    assert answer.status_code == 200, answer.text
    assert answer.text == written(*command)


def test_parquet_is_answered_as_csv_is(ask, written):
    file = io.BytesIO()
    pd.DataFrame(table()).to_parquet(file)
    path, asked, command = COMMANDS["detect"]
    answer = ask("POST", path, headers={"accept": "text/csv"}, **upload("june.parquet", file.getvalue(), **asked))
    assert answer.text == written(*command)


@pytest.mark.parametrize("case", COMMANDS)
def test_json_has_the_numbers_of_the_file(case, ask, written):
    path, asked, command = COMMANDS[case]
    answer = ask("POST", path, json={"data": table()} | asked).json()
    told = answer[TABLES.get(case, case)]
    heading, *rows = csv.reader(io.StringIO(written(*command)))
    assert list(told) == heading
    for name, cells in zip(heading, zip(*rows, strict=True), strict=True):
        assert [str(value) for value in told[name]] == list(cells) or [
            float("nan" if value is None else value) for value in told[name]
        ] == pytest.approx([float(cell or "nan") for cell in cells], nan_ok=True)


def test_more_is_told_on_request(ask):
    data = table()
    answer = ask("POST", DETECT, json={"data": data, "values": True, "events": True}).json()
    assert answer["values"] == {name: data[name] for name in ("flow", "heat")}
    assert answer["alarms"] == sum(answer["scores"]["alarm"])
    asked = {"model": "exported-forecaster", "data": data, "history": 5, "baselines": True, "steps": 3}
    answer = ask("POST", FORECAST, json=asked).json()
    assert answer["history"]["flow"] == pytest.approx(data["flow"][-5:])
    assert answer["history"]["time"][-1][:16] == data["time"][-1]
    assert answer["baselines"]["last value"]["flow"] == pytest.approx([data["flow"][-1]] * 3)
    assert list(answer["baselines"]["last value"]) == ["time", "flow", "heat"]
    assert answer["baselines"]["last value"]["time"] == answer["forecast"]["time"]


def test_samples_are_nested_lists(asking, ask, beats_run, beats_file, tmp_path):
    from seq2seq.inference.detection import detect
    from seq2seq.server.models import load

    own = load([beats_run])
    samples = np.load(beats_file)["test"][:5]
    reconstructor = next(iter(own.values())).loaded
    np.save(tmp_path / "five.npy", samples)
    expected = detect(reconstructor, reconstructor.read(str(tmp_path / "five.npy"))).scores.samples

    async def main():
        async with asking(own=own) as client:
            return (await client.post(DETECT, json={"data": samples.tolist()})).json()

    assert asyncio.run(main())["scores"]["score"] == pytest.approx(expected, rel=1e-6)


@pytest.mark.parametrize(
    ("asked", "line"),
    [
        ({"data": {}}, "expected columns of equally many cells"),
        ({"data": {"flow": [1], "heat": []}}, "'flow' 1, 'heat' 0"),
        ({"data": {"flow": [True], "heat": [1]}}, "expected numbers, texts or null, got True"),
        ({"data": {"flow": 1, "heat": [1]}}, "should be a list of cells"),
        ({"data": []}, "at least one sample"),
        ({"data": [[1, "x"]]}, "expected numbers or null"),
        ({"data": [[[1, 2], [1]]]}, "expected steps of 2 numbers"),
        ({"data": "june.csv"}, "expected an object of columns"),
        ({"data": {"flow": [1.0] * 50}}, "has no column 'heat'"),
        ({"data": {"time": ["2024-01-01 00:00"], "flow": [1.0], "heat": [2.0]}}, "the longest"),
        ({"data": {"flow": [1.0] * 600_000, "heat": [1.0] * 600_000}}, "at most 1,000,000 values"),
        ({"data": table(), "known": table()}, "there is no field 'known'"),
        ({"data": table(), "merge": "soon"}, "soon"),
        ({"data": table(), "threshold": {"kind": "quantile", "value": 1.5}}, "below 1"),
    ],
)
def test_what_cannot_be_is_one_line_without_a_place(ask, asked, line):
    answer = ask("POST", DETECT, json=asked)
    assert answer.status_code == 422
    assert line in answer.json()["error"]
    assert "/" not in answer.json()["error"].replace("n/a", "")


@pytest.mark.parametrize("body", ['{"data": {"flow": [NaN]}}', '{"data": [[Infinity]]}', '{"data": [[-Infinity]]}'])
def test_nan_is_no_json(ask, body):
    answer = ask("POST", DETECT, content=body)
    assert answer.status_code == 422
    assert "null for a missing value" in answer.json()["error"]
    assert ask("POST", DETECT, content='{"data": {"flow": [1e999], "heat": [1]}}').status_code == 422


@pytest.mark.parametrize(
    ("name", "content", "line"),
    [
        ("june.csv", b"time,flow\n2024-01-01,1\n", "has no column 'heat'"),
        ("june.xyz", b"flow,heat\n1,2\n", "expected a file named"),
        ("june.csv", b"\x1f\x8b\x08\x00", "not packed"),
        ("june.parquet", b"PAR1 nothing PAR1", "no Parquet file"),
        ("../../etc/passwd", b"root", "expected a file named"),
        ("june.csv", b"", "june.csv"),
        ("june.csv", b"flow,heat\n\xff\xfe\x00", "june.csv"),
        ("june.csv", b"flow,heat\n" + b"1,2\n" * 600_000, "at most 1,000,000 cells"),
    ],
)
def test_an_upload_that_cannot_be_read_is_told(ask, name, content, line):
    answer = ask("POST", DETECT, **upload(name, content))
    assert answer.status_code == 422
    assert line in answer.json()["error"]
    assert "/" not in answer.json()["error"].replace(repr(name), "")


@pytest.mark.parametrize("name", ["kind", "body", "more", "model", "nothing"])
def test_a_file_by_another_name_is_refused(ask, name):
    june = ("june.csv", b"flow,heat\n1,2\n")
    answer = ask("POST", DETECT, files={"data": june, name: june})
    assert answer.status_code == 422
    assert name in answer.json()["error"]


@pytest.mark.parametrize("field", ["keep", "merge", "min_length"])
def test_long_fields_are_refused(ask, field):
    answer = ask("POST", DETECT, json={"data": table(), field: " " * 1001})
    assert answer.status_code == 422
    assert answer.json()["error"].startswith(f"{field} should have at most")


def test_known_columns_come_as_a_second_table(asking, days_windowed, days_file):
    from seq2seq.server.models import load

    own = load([days_windowed.run.path])
    days = pd.read_csv(days_file)
    history, ahead = days[:200], days[200:203][["when", "plan"]]

    async def main():
        async with asking(own=own) as client:
            tables = {"data": history.to_dict("list"), "known": ahead.to_dict("list")}
            first = await client.post(FORECAST, json=tables)
            files = {"data": ("a.csv", history.to_csv(index=False)), "known": ("b.csv", ahead.to_csv(index=False))}
            lacking = await client.post(FORECAST, json={"data": tables["data"]})
            empty = await client.post(FORECAST, json={"data": tables["data"], "known": {}})
            return first.json(), (await client.post(FORECAST, files=files)).json(), lacking.json(), empty.json()

    tables, files, lacking, empty = asyncio.run(main())
    assert tables["forecast"] == files["forecast"]
    assert len(tables["forecast"]["load"]) == 3
    assert "known" in lacking["error"] and "--" not in lacking["error"] and "FILE" not in lacking["error"]
    assert empty == lacking


def test_messages_are_in_the_words_of_clients(models, ask):
    model = next(iter(models.values()))
    for message, told in {
        "row 3 is missing: fill it in, or train with --missing mask": "row 3 is missing: fill it in",
        "ask for at most 3 steps, or train with a longer horizon.": "ask for at most 3 steps.",
        "2 gaps, left out (--gaps fill makes values of them), say": "2 gaps, left out, say",
        "set --beam-size 5 (of 4).": "set beam_size 5 (of 4).",
        "give them with --known FILE.": "give them with known.",
        "no 'a: --b (c), or d'; there is ', or train e'.": "no 'a: --b (c), or d'; there is ', or train e'.",
        "the run's own (--gaps fill makes others), the model's": "the run's own, the model's",
        r"'it\'s: --gaps' is no number: train with others": r"'it\'s: --gaps' is no number",
    }.items():
        assert model.in_words(message) == told
    answer = ask("POST", DETECT, json={"data": {"flow": [1.0] * 50}})
    assert "data.parquet" not in answer.text and "data" in answer.json()["error"]


def test_too_many_rows_are_not_forecast(ask, monkeypatch):
    monkeypatch.setattr("seq2seq.server.series.MOST_ROWS", 9)
    data = dict(zip(("flow", "heat"), ([float(k % 7) for k in range(40)],) * 2, strict=True))
    answer = ask("POST", FORECAST, json={"model": "exported-stream", "data": data, "steps": 10})
    assert answer.status_code == 422
    assert "series × steps is at most 9, got 1 × 10" in answer.json()["error"]
