"""`seq2seq train forecaster`, `forecast` and `evaluate`: files, streams and figures."""

import csv
import json

import numpy as np
import pytest
from typer.testing import CliRunner

from seq2seq.cli import app

SMALL = ["--set", "model.units=4", "--set", "training.lr_ramp_steps=2", "--epochs", 2]


def run(*arguments, code=0, **options):
    result = CliRunner().invoke(app, [*map(str, arguments)], **options)
    assert result.exit_code == code, (result.stdout, result.stderr, result.exception)
    return result


@pytest.fixture(scope="module")
def months(tmp_path_factory):
    """A monthly table that grows, with a yearly season."""
    path = tmp_path_factory.mktemp("data") / "months.csv"
    steps = np.arange(120)
    values = (100 + steps) * (1 + 0.2 * np.sin(steps * 2 * np.pi / 12)) + np.random.default_rng(0).normal(size=120)
    times = np.datetime64("2010-01", "M") + steps
    lines = (f"{time},{value:.3f},{value / 2:.3f}" for time, value in zip(times, values, strict=True))
    path.write_text("Month,Passengers,Freight\n" + "\n".join(lines) + "\n")
    return path


@pytest.fixture(scope="module")
def air(months, tmp_path_factory):
    """The run of a window, and what its training showed."""
    folder = tmp_path_factory.mktemp("runs") / "air"
    given = ["--columns", "Passengers", "--look-back", 12, "--horizon", 1]
    return folder, run("train", "forecaster", "--data", months, *given, "--run", folder, *SMALL).stdout


@pytest.fixture(scope="module")
def stream(months, tmp_path_factory):
    folder = tmp_path_factory.mktemp("runs") / "stream"
    run("train", "forecaster", "--data", months, "--stateful", "--chunk", 20, "--run", folder, *SMALL)
    return folder


def test_training_tells_what_is_what(air):
    folder, shown = air
    for words in (
        "12 steps, autocorrelation",
        "Validation part",
        "Passengers: the next step",
        "steps 0 to 77",
        "2018-01 to 2019-12",
        "every 1 month",
    ):
        assert words in shown, words
    for name in ("config.json", "scaler.json", "weights.npz", "metrics.json", "calibration.npz", "history.csv"):
        assert (folder / name).exists(), name


def test_a_forecast_continues_times_and_units(air, tmp_path):
    files = ["--output", tmp_path / "forecast.csv", "--plot", tmp_path / "forecast.png"]
    run("forecast", air[0], "--steps", 24, *files, "--interval", 0.5)
    rows = list(csv.DictReader((tmp_path / "forecast.csv").open()))
    assert [row["Month"] for row in rows[:12]] == [f"2020-{month:02}" for month in range(1, 13)]
    assert len(rows) == 24 and (tmp_path / "forecast.png").stat().st_size > 10_000
    for row in rows:
        low, middle, high = (float(row[f"Passengers{end}"]) for end in ("_low", "", "_high"))
        assert 100 < low <= middle <= high < 500


def test_a_baseline_forecasts_in_place_of_the_model(air, stream, tmp_path):
    for name in ("ridge", "seasonal × growth"):
        run("forecast", air[0], "--baseline", name, "--steps", 3, "--output", tmp_path / "forecast.csv")
        rows = list(csv.DictReader((tmp_path / "forecast.csv").open()))
        assert rows[0].keys() == {"Month", "Passengers"} and rows[0]["Month"] == "2020-01"
        assert 150 < float(rows[0]["Passengers"]) < 300
    assert (
        "--interval 0.9: a baseline has no intervals"
        in run("forecast", air[0], "--baseline", "ridge", "--interval", 0.9, code=2).stderr
    )
    assert "choose one of 'last value'" in run("forecast", stream, "--baseline", "ridge", code=2).stderr


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["forecast", "RUN", "--column", "Passengers"], "--column Passengers is of the picture: add --plot"),
        (["evaluate", "RUN", "--column", "Passengers"], "--column Passengers is of the picture: add --plot"),
        (["forecast", "RUN", "--column", "X", "--plot", "x.png"], "--column X: the forecast columns are Passengers"),
        (["evaluate", "RUN", "--column", "X", "--plot", "x.png"], "--column X: the forecast columns are Passengers"),
        (["forecast", "RUN", "--show", "a"], "--show a is of the picture: add --plot"),
        (["evaluate", "RUN", "--show", "a"], "--show a is of the picture: add --plot"),
        (
            ["forecast", "RUN", "--show", "a", "--plot", "x.png"],
            "--show a: there is no such series; there is a single one",
        ),
        (
            ["evaluate", "RUN", "--show", "a", "--plot", "x.png"],
            "--show a: there is no such series; there is a single one",
        ),
        (["forecast", "RUN", "--stream", "--column", "Passengers"], "--column does not go with --stream"),
    ],
)
def test_what_a_picture_shows_is_checked_before_anything_is_written(air, tmp_path, monkeypatch, arguments, said):
    monkeypatch.chdir(tmp_path)
    files = [] if "--stream" in arguments else ["--output", "out.csv"]
    shown = run(*[str(air[0]) if each == "RUN" else each for each in arguments], *files, code=2)
    assert said in shown.stderr and not list(tmp_path.iterdir())


def test_data_that_the_training_has_not_seen_are_measured_whole(air, months, tmp_path):
    later, same = tmp_path / "later.csv", tmp_path / "same.csv"
    lines = months.read_text().splitlines()
    later.write_text("\n".join([lines[0], *lines[41:]]) + "\n")
    same.write_bytes(months.read_bytes())
    for data, options, part, first in (
        (later, [], "all", "2014-05"),
        (same, [], "test", "2018-01"),
        (later, ["--part", "test"], "test", "2018-09"),
    ):
        figures = json.loads(run("evaluate", air[0], "--data", data, *options, "--json", "-").stdout)
        assert (figures["part"], figures["origins"][0]) == (part, first)
    months.write_bytes(later.read_bytes())
    try:
        assert "has changed since the training" in run("evaluate", air[0], code=2).stderr
    finally:
        months.write_bytes(same.read_bytes())


@pytest.mark.parametrize("command", ["forecast", "evaluate"])
def test_a_table_is_not_written_under_the_name_of_another_kind(air, tmp_path, command):
    assert "--output" in run(command, str(air[0]), "--output", str(tmp_path / "made.xlsx"), code=2).stderr
    assert not list(tmp_path.iterdir())


def test_another_file_is_continued_whatever_the_order_of_its_columns(air, months, tmp_path):
    lines = months.read_text().splitlines()
    (tmp_path / "early.csv").write_text(
        "\n".join(["Passengers,Month", *(",".join(line.split(",")[1::-1]) for line in lines[1:61])])
    )
    shown = run("forecast", air[0], "--input", tmp_path / "early.csv", "--interval", 0)
    assert shown.stdout.splitlines()[0] == "Month,Passengers" and shown.stdout.splitlines()[1].startswith("2015-01,")


def test_evaluation_stands_beside_baselines_and_warns(air, months, tmp_path):
    given = ["--data", months, "--backtest", 10, "--json", tmp_path / "figures.json"]
    shown = run("evaluate", air[0], *given)
    figures = json.loads((tmp_path / "figures.json").read_text())
    assert figures["windows"] == 10 and figures["origins"] == ["2019-03", "2019-12"]
    best = min(scores["rmse"] for scores in figures["baselines"].values())
    assert figures["skill"] == pytest.approx(1 - figures["scores"]["rmse"] / best)
    assert (figures["skill"] < 0) == bool(figures["warning"])
    assert all(line in shown.stderr.replace("\n", " ") for line in figures["warnings"])
    for name in ("model", "last value", "seasonal naive", "seasonal × growth", "drift"):
        assert name in shown.stdout


def test_an_evaluation_is_written_and_drawn(air, stream, tmp_path):
    files = ["--output", tmp_path / "made.csv", "--plot", tmp_path / "made.png"]
    shown = run("evaluate", air[0], *files).stdout
    rows = list(csv.DictReader((tmp_path / "made.csv").open()))
    assert f"{len(rows)} forecasts" in shown and (tmp_path / "made.png").stat().st_size > 5000
    assert list(rows[0])[:7] == ["origin", "Month", "ahead", "actual", "forecast", "low", "high"]
    errors = [float(row["forecast"]) - float(row["actual"]) for row in rows]
    assert f"{np.sqrt(np.mean(np.square(errors))):.4g}" in shown
    run("evaluate", stream, "--plot", tmp_path / "other.svg", "--column", "Freight")
    assert "no such" not in run("evaluate", stream, "--plot", tmp_path / "x.svg", "--column", "X", code=2).stderr


def test_standard_output_can_be_json_alone(stream):
    assert json.loads(run("evaluate", stream, "--json", "-").stdout)["windows"] == 24


def test_a_stream_goes_on_tomorrow(stream, months, tmp_path):
    header, *lines = [line.split(",", 1)[1] for line in months.read_text().splitlines()[:8]]
    text = lambda part: "\n".join(part) + "\n"  # noqa: E731
    whole = run("forecast", stream, "--stream", input=text([header, *lines])).stdout.splitlines()
    state = ["--stream", "--state", tmp_path / "state.npz"]
    today = run("forecast", stream, *state, input=text([header, *lines[:3]])).stdout.splitlines()
    tomorrow = run("forecast", stream, *state, input=text(lines[3:]))
    assert whole[0] == "Passengers,Freight" and len(whole) == 8
    assert today + tomorrow.stdout.splitlines() == whole
    assert "after 3 steps" in tomorrow.stderr


def test_a_bad_line_is_reported_and_the_state_kept(stream):
    clean = run("forecast", stream, "--stream", input="112,56\n118,59\n").stdout
    dirty = run("forecast", stream, "--stream", input="112,56\nabc,1\n\n1,2,3\n118,59\n")
    first, second = clean.splitlines()
    assert dirty.stdout.splitlines() == [first, "", "", "", second]
    for words in ("line 2: 'abc' is not a number", "line 3: expected 2 cells", "line 4: expected 2 cells"):
        assert words in dirty.stderr


def test_the_header_of_a_stream_orders_its_columns(stream):
    straight = run("forecast", stream, "--stream", input="Passengers,Freight\n112,56\n").stdout
    turned = run("forecast", stream, "--stream", input="Freight,more,Passengers\n56,7,112\n").stdout
    assert turned == straight
    wrong = run("forecast", stream, "--stream", input="Freight,Pasengers\n56,112\n", code=2).stderr
    assert "no column 'Passengers': did you mean 'Pasengers'" in wrong


def test_a_stream_answers_with_times_and_intervals(stream, tmp_path):
    state = ["--stream", "--times", "--interval", 0.8, "--state", tmp_path / "state.npz"]
    lines = [
        "Freight,Month,Passengers",
        "56,2020-01-01,112",
        "59,2020-02-01,118",
        "60,2020-02-01,1",
        "66,2020-03-01,130",
    ]
    first = run("forecast", stream, *state, input="\ufeff" + "\n".join(lines[:4])).stdout.splitlines()
    assert first[0] == "Month,Passengers,Passengers_low,Passengers_high,Freight,Freight_low,Freight_high"
    # A repeated time is refused.
    assert [line.split(",")[0] for line in first[1:]] == ["2020-02-01", "2020-03-01", ""] and first[3] == ""
    _, point, low, high, *_ = map(float, first[2].replace("2020-03-01", "0").split(","))
    assert low < point < high
    later = run("forecast", stream, *state, input="66,2020-03-01,130\n").stdout  # in the order of the header before
    assert later.startswith("2020-04-01,") and later.count(",") == 6


def test_a_killed_stream_loses_one_line_at_most(stream, tmp_path, monkeypatch):
    from seq2seq.inference.stream import Stream

    saved = []
    monkeypatch.setattr(Stream, "save", lambda self, path: saved.append(self.steps))
    run("forecast", stream, "--stream", "--state", tmp_path / "s.npz", input="112,56\nabc\n118,59\n")
    assert saved == [1, 2]


def test_a_state_of_another_run_is_refused(stream, air, months, tmp_path):
    other, state = tmp_path / "other", tmp_path / "state.npz"
    run("train", "forecaster", "--data", months, "--stateful", "--run", other, *SMALL, "--seed", 2)
    run("forecast", other, "--stream", "--state", state, input="112,56\n")
    before = state.read_bytes()
    assert "another run" in run("forecast", stream, "--stream", "--state", state, input="112,56\n", code=2).stderr
    assert state.read_bytes() == before


def test_bad_input_ends_in_one_line(air, stream, months, tmp_path):
    text = tmp_path / "text.csv"
    text.write_text("Month,Passengers\n2010-01,1\n2010-02,many\n2010-03,2\n")
    train = ["train", "forecaster", "--run", tmp_path / "run", "--data"]
    cases = [
        ([*train, text, "--look-back", 2], "column 'Passengers': 'many' is not a number"),
        ([*train, months, "--look-back", 0], "look_back=0"),
        ([*train, months, "--columns", "Pasengers", "--look-back", 2], "did you mean 'Passengers'"),
        ([*train, months, "--look-back", 300], "the longest series has 78"),
        ([*train, months, "--look-back", 12, "--horizon", 30], "raise data.valid_share"),
        (["forecast", air[0], "--stream"], "trained on windows"),
        (["forecast", air[0], "--state", tmp_path / "s.npz"], "add --stream"),
        (["forecast", stream, "--stream", "--steps", 2], "--steps does not go with --stream"),
        (["forecast", stream, "--stream", "--state", "-"], "--state -"),
        (["forecast", stream, "--interval", 0.9], "a stateful run gives no intervals"),
        (["evaluate", air[0], "--beam-size", 4], "--beam-size does not go with"),
        (["evaluate", air[0], "--part", "train"], "expected test or all"),
        (["translate", air[0], "text"], "is a run of the task 'forecaster'"),
    ]
    for arguments, words in cases:
        shown = run(*arguments, code=2).stderr.strip().splitlines()
        assert words in shown[-1] and shown[-1].startswith("Error: "), (arguments, shown)
