"""Batch jobs that make tables of series: scores, events, forecasts."""

import csv
import gzip
import json
from dataclasses import replace

import numpy as np
import pytest

from seq2seq.errors import InputError
from seq2seq.inference.baseline_forecasts import forecast_by
from seq2seq.inference.detection import detect
from seq2seq.inference.forecaster import Forecaster
from seq2seq.inference.reconstructor import Reconstructor
from seq2seq.jobs.detection import BatchDetection
from seq2seq.jobs.forecasting import BatchForecast
from seq2seq.jobs.inputs import csv_name, find_inputs
from seq2seq.jobs.job import Job
from seq2seq.jobs.reconstruction import BatchReconstruction
from seq2seq.jobs.shards import Shard
from seq2seq.report import Report


def run(work, pattern, output, **options):
    return Job(work, output, **options).run(find_inputs([str(pattern)], output, csv_name))


def rows_of(path):
    content = path.read_bytes()
    text = (gzip.decompress(content) if path.name.endswith(".gz") else content).decode()
    return list(csv.DictReader(text.splitlines()))


def test_the_scores_of_a_file_are_those_of_detect_however_it_is_cut(pumps_run, pumps_files, pumps_model, tmp_path):
    (tmp_path / "a.csv.gz").write_bytes(gzip.compress((pumps_files / "test.csv").read_bytes()))
    outcome = run(BatchDetection.load(pumps_run), tmp_path / "a.csv.gz", tmp_path / "whole")
    assert (outcome.finished, outcome.bad_records, outcome.problems) == (1, 0, [])
    rows = rows_of(tmp_path / "whole" / "a.csv.gz")
    found = detect(pumps_model, pumps_model.read(str(pumps_files / "test.csv")))
    assert list(rows[0])[:3] == ["pump", "time", "score"] and len(rows) == 240
    np.testing.assert_allclose([float(row["score"]) for row in rows], found.scores.judged, rtol=1e-4)
    work = BatchDetection.load(pumps_run, part_size=10)
    for number in (1, 2):
        run(work, tmp_path / "a.csv.gz", tmp_path / "out", shard=Shard(number, 2))
    parts = ([float(row["score"]) for row in rows_of(tmp_path / name / "a.csv.gz")] for name in ("whole", "out"))
    np.testing.assert_allclose(*parts, rtol=1e-5)


def test_alarms_come_as_events(pumps_run, pumps_files, tmp_path):
    work = BatchDetection.load(pumps_run, events=True, merge="6h", min_length="5", part_size=10)
    run(work, pumps_files / "test.csv", tmp_path / "out")
    rows = rows_of(tmp_path / "out" / "test.csv")
    assert {row["pump"] for row in rows if row["column"] == "flow"} == {"north", "south"}
    assert list(rows[0]) == ["pump", "start", "end", "steps", "peak", "peak_at", "column", "share", "known_at"]


def test_whole_sequences_are_scored_too(beats_run, beats_file, tmp_path):
    run(BatchDetection.load(beats_run, array="test", part_size=20), beats_file, tmp_path / "out")
    rows = rows_of(tmp_path / "out" / "beats.npz.csv")
    assert [row["sample"] for row in rows] == list(map(str, range(90)))


def test_a_series_that_cannot_be_scored_stops_no_other(pumps_run, pumps_files, tmp_path):
    lines = (pumps_files / "test.csv").read_text().splitlines()
    lines += [f"2024-01-01 {hour:02d}:00:00,short,0.1,ok,50" for hour in range(5)]
    lines += [f"2024-01-01 {hour:02d}:00:00,far,1e300,ok,50" for hour in range(20)]
    (tmp_path / "a.csv").write_text("\n".join(lines) + "\n")
    (tmp_path / "b.csv").write_text("nothing,of\nthe,kind\n")
    outcome = run(BatchDetection.load(pumps_run), tmp_path / "*.csv", tmp_path / "out")
    assert outcome.finished == 1 and len(outcome.problems) == 1 and outcome.bad_records == 2
    listed = [json.loads(line) for line in (tmp_path / "out" / "a.csv.rejected.jsonl").read_text().splitlines()]
    assert [row["series"] for row in listed] == ["far", "short"]
    assert (
        "shorter than a window of 12" in listed[1]["reason"] and "'flow' has an infinite value" in listed[0]["reason"]
    )
    rows = rows_of(tmp_path / "out" / "a.csv")
    assert len(rows) == 265 and all(row["score"] for row in rows[:240]) and not any(row["score"] for row in rows[240:])


@pytest.mark.parametrize("kind", [BatchDetection, BatchReconstruction])
def test_all_that_reading_an_input_warns_of_is_told_with_its_name(pumps_run, pumps_files, tmp_path, kind):
    reconstructor = Reconstructor.load(pumps_run)
    series = reconstructor.read_training()
    scaler = reconstructor.scaler.by_series(series.values, series.names)
    own = Reconstructor(reconstructor.config, scaler, reconstructor.model, reconstructor.run)
    lines = (pumps_files / "train.csv").read_text().replace("south", "west").splitlines()
    del lines[40:45]  # hours 39 to 43
    del lines[30:35]
    (tmp_path / "a.csv").write_text("\n".join(lines) + "\n")
    report, told = Report(), []
    report.warn = told.append
    own.read(str(tmp_path / "a.csv"), report=report)
    work = kind(own, "model", {}) if kind is BatchReconstruction else kind(own)
    run(work, tmp_path / "a.csv", tmp_path / "out")
    assert any("('west') not there in training" in line for line in told)
    assert any("between gaps is shorter than a window" in line for line in told)
    assert {*told} <= {note.removeprefix(f"{tmp_path / 'a.csv'}: ") for note in work.notes()}
    assert any("of 590 steps are of rows that the training had" in note for note in work.notes())
    assert all(str(tmp_path / "a.csv") in note for note in work.notes())
    assert len(work.notes()) == len({*work.notes()})


@pytest.fixture
def days(trained_on_days):
    return trained_on_days("days-batch", "windows.look_back=24", "windows.horizon=3", data__columns=("load", "warm"))


def test_forecasts_of_files_are_those_of_the_forecaster(days, days_file, tmp_path):
    head, *lines = days_file.read_text().splitlines()
    (tmp_path / "a.csv").write_text("\n".join([head, *lines[:100]]) + "\n")
    (tmp_path / "short.csv").write_text("\n".join([head, *lines[:13]]) + "\n")
    outcome = run(BatchForecast.load(days.run.path, steps=2), tmp_path / "*.csv", tmp_path / "out")
    assert outcome.finished == 1 and "13 steps, the model reads 24" in outcome.problems[0]
    rows = rows_of(tmp_path / "out" / "a.csv")
    made = days.forecast(days.read(str(tmp_path / "a.csv")), 2)
    np.testing.assert_allclose([float(row["load"]) for row in rows], made.values[0][:, 0], rtol=1e-6)
    assert list(rows[0]) == ["when", "load", "load_low", "load_high", "warm", "warm_low", "warm_high"]


def test_a_job_with_another_question_does_it_again(days, days_file, tmp_path):
    for steps, baseline, finished in ((2, None, 1), (2, None, 0), (3, None, 1), (3, "ridge", 1), (3, "ridge", 0)):
        outcome = run(BatchForecast.load(days.run.path, steps=steps, baseline=baseline), days_file, tmp_path / "out")
        assert outcome.finished == finished
    assert len(rows_of(tmp_path / "out" / "days.csv")) == 3


def test_a_baseline_forecasts_files_as_it_does_one_series(days, days_file, tmp_path):
    outcome = run(BatchForecast.load(days.run.path, baseline="ridge"), days_file, tmp_path / "out")
    made = forecast_by("ridge", days, days.read(str(days_file)))
    rows = rows_of(tmp_path / "out" / "days.csv")
    assert outcome.finished == 1 and list(rows[0]) == ["when", "load", "warm"]
    np.testing.assert_allclose([float(row["load"]) for row in rows], made.values[0][:, 0], rtol=1e-4)
    with pytest.raises(InputError, match="the baseline 'rigde' is not there, of this run: choose one of 'last value'"):
        BatchForecast.load(days.run.path, baseline="rigde")


@pytest.fixture
def knowing(trained_on_days):
    """A forecaster that knows the plan ahead."""
    return trained_on_days("days-known", "windows.look_back=24", "windows.horizon=3", model__known=("plan",))


def days_of(folder, file, **named):
    """Write the lines of `file` that a slice names, with what is known after them; give what the folders are called."""
    head, *lines = file.read_text().splitlines()
    inputs, plans = folder / "in", folder / "plans"
    for each in (inputs, plans):
        each.mkdir()
    for name, rows in named.items():
        (inputs / f"{name}.csv").write_text("\n".join([head, *lines[rows]]) + "\n")
        ahead = [f"{line.split(',')[0]},{line.split(',')[3]}" for line in lines[rows.stop : rows.stop + 3]]
        (plans / f"{name}.csv").write_text("\n".join(["when,plan", *ahead]) + "\n")
    return inputs, plans


def test_what_is_known_ahead_is_joined_as_by_forecast(knowing, days_file, tmp_path):
    inputs, plans = days_of(tmp_path, days_file, a=slice(0, 100), b=slice(20, 80))
    with pytest.raises(InputError, match=r"reads what is known ahead \(plan\): give it with --known"):
        BatchForecast.load(knowing.run.path)
    # One file for all inputs; and one for each, which a folder has where no group tells them apart.
    for known, output in ((days_file, "one"), (plans, "each")):
        work = BatchForecast.load(knowing.run.path, known=str(known))
        outcome = run(work, inputs / "*.csv", tmp_path / output)
        assert (outcome.finished, outcome.bad_records, outcome.problems) == (2, 0, [])
        for name in "ab":
            rows = rows_of(tmp_path / output / f"{name}.csv")
            file = str(known if known == days_file else known / f"{name}.csv")
            made = knowing.forecast(knowing.read(str(inputs / f"{name}.csv")), known=knowing.read_known(file))
            np.testing.assert_allclose([float(row["load"]) for row in rows], made.values[0][:, 0], rtol=1e-6)
    (plans / "a.csv").write_text("when,plan\n2024-03-05 04:00:00,1\n")
    outcome = run(BatchForecast.load(knowing.run.path, known=str(plans)), inputs / "*.csv", tmp_path / "each")
    assert outcome.finished == 1 and "--known lacks 2 of 3" in outcome.problems[0]  # other plans: all is done again
    assert "--known lacks 2 of 3" in (tmp_path / "each" / "a.csv.rejected.jsonl").read_text()
    assert not (tmp_path / "each" / "a.csv").exists()  # it was made with other plans


def test_each_series_is_joined_to_its_own_plan(knowing, days_file, tmp_path):
    forecaster = Forecaster(
        replace(knowing.config, data=replace(knowing.config.data, group="shop")),
        *(knowing.scaler, knowing.model, knowing.core.calibration, knowing.run),
    )
    _, plans = days_of(tmp_path, days_file, north=slice(0, 60), south=slice(0, 60))
    head, *lines = days_file.read_text().splitlines()
    shops = [f"{line},{shop}" for shop in ("north", "south", "west") for line in lines[:60]]
    (tmp_path / "shops.csv").write_text("\n".join([f"{head},shop", *shops]) + "\n")
    for path in plans.iterdir():
        top, *rows = path.read_text().splitlines()
        path.write_text("\n".join([f"{top},shop", *(f"{row},{path.stem}" for row in rows)]) + "\n")
    north = plans / "north.csv"
    north.write_text(north.read_text() + "2024-04-01 00:00:00,,north\n")  # after a gap, and without a value
    work = BatchForecast(forecaster, known=str(plans))
    outcome = run(work, tmp_path / "shops.csv", tmp_path / "out")
    assert (outcome.finished, outcome.bad_records) == (1, 1)
    noted = [note for note in work.notes() if "gap" in note or "missing" in note]
    assert len(noted) == 2 and all(note.startswith(f"{plans}") for note in noted)  # not as if it were of the inputs
    report, told = Report(), []
    report.warn = told.append
    forecaster.read_known(str(plans), report)
    assert {*noted} <= {*told}
    assert [row["shop"] for row in rows_of(tmp_path / "out" / "shops.csv")] == ["north"] * 3 + ["south"] * 3
    assert json.loads((tmp_path / "out" / "shops.csv.rejected.jsonl").read_text())["series"] == "west"


def test_whatever_is_left_out_has_a_line(pumps_run, pumps_files, days, days_file, tmp_path):
    """A whole file, or the series of a file of which none is left, or one that was read and is not even a number."""
    head, *lines = days_file.read_text().splitlines()
    shops = replace(days.config, data=replace(days.config.data, group="shop"))
    forecaster = Forecaster(shops, days.scaler, days.model, days.core.calibration, days.run)
    good, short = ([f"{line},{name}" for line in lines[:count]] for name, count in (("good", 60), ("short", 9)))
    infinite = [f"{line},infinite" for line in lines[:60]]
    infinite[7] = "2024-03-01 07:00:00,inf,1,1,infinite"
    for name, rows in {"some": [*good, *short, *infinite], "none": [*short, *infinite]}.items():
        (tmp_path / f"{name}.csv").write_text("\n".join([f"{head},shop", *rows]) + "\n")
    (tmp_path / "strange.csv").write_text("nothing,of\nthe,kind\n")
    outcome = run(BatchForecast(forecaster), tmp_path / "*.csv", tmp_path / "out")
    assert (outcome.finished, outcome.bad_records, len(outcome.problems)) == (1, 2, 2)
    assert "none.csv: " in outcome.problems[0] and "strange.csv" in outcome.problems[1]

    def listed(name):
        rows = (tmp_path / "out" / f"{name}.csv.rejected.jsonl").read_text().splitlines()
        return [json.loads(row) for row in rows]

    assert (
        [row["series"] for row in listed("some")] == [row["series"] for row in listed("none")] == ["infinite", "short"]
    )
    (row,) = listed("strange")
    assert row["input"] == str(tmp_path / "strange.csv") and row["reason"] in outcome.problems[1]
    (tmp_path / "pumps").mkdir()
    lines = (pumps_files / "test.csv").read_text().splitlines()
    (tmp_path / "pumps" / "short.csv").write_text("\n".join(lines[:6]) + "\n")
    outcome = run(BatchDetection.load(pumps_run), tmp_path / "pumps" / "*.csv", tmp_path / "out")
    assert len(outcome.problems) == 1 and "a window has 12 steps" in listed("short")[0]["reason"]
    (tmp_path / "pumps" / "short.csv").write_text("\n".join(lines) + "\n")  # mended
    run(BatchDetection.load(pumps_run), tmp_path / "pumps" / "*.csv", tmp_path / "out")
    assert not (tmp_path / "out" / "short.csv.rejected.jsonl").exists()


class Picky(BatchForecast):
    """A forecast that finds out late that it cannot be made."""

    def answer(self, series, file, several):
        file.write(b"begun")
        if "bad" in series.names:
            raise InputError("it cannot be")
        file.seek(0)
        super().answer(series, file, several)


@pytest.mark.parametrize("part_size", [1, 100])
def test_what_turns_out_late_to_be_of_no_use_stops_no_other_series(days, days_file, tmp_path, part_size):
    forecaster = Forecaster(
        replace(days.config, data=replace(days.config.data, group="shop")),
        days.scaler,
        days.model,
        days.core.calibration,
        days.run,
    )
    head, *lines = days_file.read_text().splitlines()
    rows = [f"{line},{shop}" for shop in ("bad", "good", "fine") for line in lines[:60]]
    (tmp_path / "a.csv").write_text("\n".join([f"{head},shop", *rows]) + "\n")
    outcome = run(Picky(forecaster, part_size=part_size), tmp_path / "a.csv", tmp_path / "out")
    assert (outcome.finished, outcome.bad_records) == (1, 1)
    assert [row["shop"] for row in rows_of(tmp_path / "out" / "a.csv")] == ["good"] * 3 + ["fine"] * 3
    listed = json.loads((tmp_path / "out" / "a.csv.rejected.jsonl").read_text())
    assert (listed["series"], listed["reason"]) == ("bad", "it cannot be")
    with pytest.raises(InputError, match="series bad: it cannot be"):
        run(Picky(forecaster, part_size=part_size, strict=True), tmp_path / "a.csv", tmp_path / "strict")
