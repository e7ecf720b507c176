"""`seq2seq detect`: scores, alarms, figures, pictures."""

import csv
import json
import shutil

import numpy as np
import pytest
from typer.testing import CliRunner

from seq2seq.cli import app
from seq2seq.cli.detected import _lead
from seq2seq.report import counted
from seq2seq.series.figures import cell


def run(*arguments, code=0):
    result = CliRunner().invoke(app, ["detect", *map(str, arguments)])
    assert result.exit_code == code, (result.stderr, result.exception)
    return result


def refused(*arguments):
    """The one line on standard error with which the command is refused."""
    (line,) = run(*arguments, code=2).stderr.splitlines()
    return line.removeprefix("Error: ")


def read_rows(path):
    with open(path) as file:
        return list(csv.DictReader(file))


def test_a_line_for_each_sequence_and_figures_against_labels(beats_run, beats_file, tmp_path):
    output, figures, plot = (tmp_path / name for name in ("scores.csv", "figures.json", "scores.png"))
    data = ["--input", beats_file, "--array", "test", "--labels", f"{beats_file}:label"]
    result = run(beats_run, *data, "--output", output, "--json", figures, "--plot", plot)
    rows = read_rows(output)
    assert list(rows[0]) == ["sample", "score", "alarm"] and len(rows) == 90
    found = json.loads(figures.read_text())
    assert found["autoencoder"]["alarms"] == sum(int(row["alarm"]) for row in rows)
    assert found["autoencoder"]["scored"] == found["pca"]["scored"] == 90
    assert "PCA(8)" in result.stdout and "roc auc" in result.stdout
    assert "scores are above" in result.stderr and ": quantile=0.99 of 24 held-out scores, the highest" in result.stderr
    assert plot.read_bytes().startswith(b"\x89PNG")


def test_figures_are_called_as_the_documentation_calls_them(pumps_run, pumps_files, tmp_path):
    data = ["--input", pumps_files / "test.csv", "--labels", pumps_files / "faults.json"]
    shown = run(pumps_run, *data, "--json", tmp_path / "figures.json").stdout
    own = json.loads((tmp_path / "figures.json").read_text())["autoencoder"]
    rows = {line.split("  ")[0]: line.split("  ", 1)[-1].strip() for line in shown.splitlines()}
    for name, key in (("labelled steps", "anomalies"), ("labelled anomalies", "labelled"), ("met by an event", "met")):
        assert rows[name].split()[0] == str(own[key])
    assert {"windows", "hit", "labelled", "median lead seconds"} & rows.keys() == set()
    assert {"windows", "hit"} <= own.keys()
    assert rows["median lead"].startswith(_lead(own["median_lead_seconds"]))


@pytest.mark.parametrize(
    ("seconds", "shown"),
    [
        (-183000.0, "-2d 02:50 (-183,000 s)"),
        (0.0, "00:00 (0 s)"),
        (3600.0, "01:00 (3,600 s)"),
        (90.0, "00:01:30 (90 s)"),
        (-0.25, "-00:00:00.25 (-0.25 s)"),
        (59.9999, "00:00:59.9999 (59.9999 s)"),
    ],
)
def test_leads_are_told_as_a_clock_tells_them(seconds, shown):
    assert _lead(seconds) == shown


def test_labels_that_never_occur_leave_figures_out(pumps_run, pumps_files, tmp_path):
    (tmp_path / "never.json").write_text(json.dumps({"north": [], "south": []}))
    header, *lines = (pumps_files / "test.csv").read_text().splitlines()
    (tmp_path / "never.csv").write_text("\n".join([f"{header},fault", *(f"{line},0" for line in lines)]))
    for labels in ("never.json", "never.csv:fault"):
        data = ["--input", pumps_files / "test.csv", "--labels", tmp_path / labels]
        result = run(pumps_run, *data, "--json", tmp_path / "figures.json")
        own = json.loads((tmp_path / "figures.json").read_text())["autoencoder"]
        assert {own[name] for name in ("recall", "f1", "range_recall", "event_recall", "roc_auc", "vus_pr")} == {None}
        assert result.stderr.count("Warning: no labelled anomaly is among the 240 steps that are scored") == 1
        assert "recall" in result.stdout and own["anomalies"] == own["labelled"] == 0


def test_a_threshold_that_few_held_out_scores_tell_is_told_as_a_guess(beats_run, beats_file, pumps_run, pumps_files):
    data = ["--input", beats_file, "--array", "test"]
    for asked, told in (([], "quantile 0.99"), (["--threshold", "quantile=0.97"], "quantile 0.97")):
        said = run(beats_run, *data, *asked).stderr
        assert said.count(f"Warning: 24 held-out scores do not tell the {told}, which takes") == 1
        assert "hold out more (--folds, or a larger data.valid_share), or take a lower quantile" in said
    assert "do not tell" not in run(beats_run, *data, "--threshold", "quantile=0.9").stderr
    said = run(pumps_run, "--input", pumps_files / "test.csv").stderr
    assert "--folds" not in said and ("a larger data.valid_share" in said) == ("do not tell" in said)


def test_scores_go_to_standard_output_by_themselves(beats_run, beats_file):
    result = run(beats_run, "--input", beats_file, "--array", "test")
    assert len(result.stdout.splitlines()) == 91
    result = run(beats_run, "--input", beats_file, "--array", "test", "--per-step")
    lines = result.stdout.splitlines()
    assert lines[0] == "sample,step,score" and len(lines) == 1 + 90 * 24


def test_a_line_for_each_step_of_series(pumps_run, pumps_files, tmp_path):
    output, plot = tmp_path / "scores.csv", tmp_path / "south.svg"
    data = ["--input", pumps_files / "test.csv", "--labels", pumps_files / "faults.json"]
    result = run(pumps_run, *data, "--output", output, "--plot", plot, "--show", "south")
    rows = read_rows(output)
    scored = ["score", "alarm", "window_score", "window_alarm"]
    assert list(rows[0]) == ["pump", "time", *scored, "blame_flow", "blame_heat"]
    assert len(rows) == 240 and rows[0]["time"] == "2024-01-01 00:00"
    for row in rows:
        assert float(row["blame_flow"]) + float(row["blame_heat"]) == pytest.approx(1.0, abs=1e-6)
    assert rows[10]["window_score"] == "" and float(rows[11]["window_score"]) > 0
    assert "false alarms per week" in result.stdout and "<svg" in plot.read_text()


def test_the_threshold_can_be_another(beats_run, beats_file, tmp_path):
    def alarms(*arguments):
        output = tmp_path / "scores.csv"
        run(beats_run, "--input", beats_file, "--array", "test", "--output", output, *arguments)
        return sum(int(row["alarm"]) for row in read_rows(output))

    assert alarms("--threshold", "quantile=0.5") > alarms("--threshold", "quantile=0.99") == alarms()
    other = tmp_path / "other.npz"
    with np.load(beats_file) as data:
        np.savez(other, test=data["test"], label=data["label"])
    held_out = ["--held-out", f"{other}:test", "--held-out-labels", f"{other}:label"]
    assert 20 <= alarms("--threshold", "f_beta=1", *held_out) <= 40


KEYS = ["pump", "start", "end", "steps", "peak", "peak_at", "column", "share", "known_at", "label", "lead_seconds"]


def test_alarms_come_as_events_and_count_once(pumps_run, pumps_files, tmp_path):
    events, table, figures = (tmp_path / name for name in ("events.json", "events.csv", "figures.json"))
    data = ["--input", pumps_files / "test.csv", "--labels", pumps_files / "faults.json", "--merge", "6h"]
    result = run(pumps_run, *data, "--events", events, "--json", figures, "--min-length", "2")
    found = json.loads(events.read_text())
    assert list(found[0]) == KEYS
    hits = [event for event in found if event["label"]]
    assert {event["pump"] for event in hits} == {"north", "south"} and hits[0]["label"] == "2024-01-03 12:00"
    assert all(abs(event["lead_seconds"]) <= 24 * 3600 for event in hits)
    measured = json.loads(figures.read_text())["autoencoder"]
    assert (measured["events"], measured["labelled"], measured["event_recall"]) == (len(found), 2, 1.0)
    assert measured["groups"].keys() == {"north", "south"} and measured["columns"].keys() == {"flow", "heat"}
    assert measured["columns"]["flow"]["roc_auc"] > 0.9
    assert "event recall" in result.stdout and "north" in result.stdout
    run(pumps_run, "--input", pumps_files / "test.csv", "--events", table, "--merge", "6h", "--min-length", "2")
    rows = read_rows(table)
    assert "label" not in rows[0] and len(rows) == len(found)
    for row, event in zip(rows, found, strict=True):
        assert row == {name: "" if event[name] is None else cell(event[name]) for name in row} | {
            "steps": str(event["steps"])
        }
    known = sum(row["known_at"] != "" for row in rows)
    assert f"they make up {counted(len(rows), 'event')}, {known} of them known as the data came in" in result.stderr
    assert measured["known_recall"] == 1.0 and measured["median_lead_seconds"] <= 0  # nothing announces these faults


def test_a_part_of_the_training_data_or_a_range_of_time_is_scored(pumps_run, pumps_files, tmp_path):
    def rows(*arguments):
        run(pumps_run, *arguments, "--output", tmp_path / "scores.csv")
        return read_rows(tmp_path / "scores.csv")

    valid = rows("--part", "valid")
    assert len(valid) == 90 and valid[0]["time"] == "2024-01-11 15:00"
    assert valid[0]["window_score"]  # what comes before is read
    every = {(row["pump"], row["time"]): row for row in rows("--part", "all")}
    for row in valid:
        assert float(row["window_score"]) == pytest.approx(
            float(every[row["pump"], row["time"]]["window_score"]), rel=1e-3
        )
    some = rows("--input", pumps_files / "test.csv", "--from", "2024-01-02", "--to", "2024-01-03")
    assert {row["time"][:10] for row in some} == {"2024-01-02", "2024-01-03"} and len(some) == 96
    labels = ["--labels", pumps_files / "faults.json", "--json", tmp_path / "figures.json"]
    run(pumps_run, "--input", pumps_files / "test.csv", "--from", "2024-01-04", *labels)
    assert json.loads((tmp_path / "figures.json").read_text())["autoencoder"]["anomalies"] == 16
    for arguments, said in (
        ([], "this run kept no test part (data.test_share=0): give --input FILE, or --part valid or all"),
        (["--part", "tests"], "--part tests: expected one of train, valid, test, all"),
        (["--from", "2025-01-01"], "--from 2025-01-01: the data have nothing there; they go from 2024-01-01"),
        (["--from", "noon"], "--from noon: expected a time such as 2024-05-01"),
        (["--input", pumps_files / "test.csv", "--part", "valid"], "leave --input out"),
    ):
        assert said in refused(pumps_run, *arguments)


def test_a_run_is_refitted_without_training(pumps_run, pumps_files, tmp_path):
    copy = shutil.copytree(pumps_run, tmp_path / "run")
    weights = (copy / "weights.npz").read_bytes()
    result = run(copy, "--refit", "--score", "absolute", "--threshold", "sigma=2")
    assert "scores are absolute, the threshold is sigma=2" in result.stderr and not result.stdout
    assert (copy / "weights.npz").read_bytes() == weights
    threshold = json.loads((copy / "metrics.json").read_text())["threshold"]
    said = run(copy, "--input", pumps_files / "test.csv", "--output", tmp_path / "scores.csv").stderr
    assert f"scores are above {threshold:.4g}" in said
    (copy / "detector.npz").unlink()  # as of a training that was stopped
    assert "the threshold is quantile=0.99" in run(copy, "--refit").stderr and (copy / "detector.npz").exists()
    assert "--score absolute is kept in the run: add --refit" in refused(copy, "--score", "absolute")
    assert "fits to normal data" in refused(
        copy, "--refit", "--threshold", "f_beta=1", "--held-out", "x.npz", "--held-out-labels", "x.npz:y"
    )


def test_whole_sequences_have_parts_but_no_events(beats_run, beats_file, tmp_path):
    run(beats_run, "--part", "valid", "--output", tmp_path / "scores.csv")
    assert len(read_rows(tmp_path / "scores.csv")) == 24
    data = ["--input", beats_file, "--array", "test"]
    assert "whole sequences" in refused(beats_run, *data, "--events", tmp_path / "events.csv")
    assert "whole sequences" in refused(beats_run, *data, "--from", "2024-01-01")


def test_what_helped_to_make_the_run_is_told_part_by_part(beats_run, beats_file, pumps_run, tmp_path):
    assert "was trained on some of these data" in run(beats_run, "--input", beats_file).stderr
    assert "trained" not in run(beats_run, "--input", beats_file, "--array", "test").stderr
    result = run(beats_run, "--input", beats_file, "--keep", "kind==1")  # as the training read them
    assert "scored are 136 sequences of the training part, which" in result.stderr
    rows = list(csv.DictReader(result.stdout.splitlines()))
    assert [sum(row["part"] == part for row in rows) for part in ("train", "valid", "test")] == [136, 24, 0]
    result = run(pumps_run, "--part", "valid")
    assert "Warning: scored are 90 steps of the validation part, by which" in result.stderr
    assert {row["part"] for row in csv.DictReader(result.stdout.splitlines())} == {"valid"}
    result = run(pumps_run, "--part", "all")
    assert "510 steps of the training part" in result.stderr and "and 90 steps of the validation part" in result.stderr


def test_rows_of_the_training_are_told_in_any_file(pumps_run, pumps_files, tmp_path):
    lines = (pumps_files / "train.csv").read_text().splitlines()  # 300 hours of each pump, all of them learned from
    (tmp_path / "some.csv").write_text("\n".join(lines[:101] + lines[301:341]) + "\n")
    told = "are of rows that the training had, 2024-01-01 00:00 to"
    assert f"Warning: 140 of 140 steps {told}" in run(pumps_run, "--input", tmp_path / "some.csv").stderr
    later = run(pumps_run, "--input", tmp_path / "some.csv", "--from", "2024-01-05").stderr
    assert "4 of 4 steps are of rows that the training had, 2024-01-05 00:00 to 2024-01-05 03:00" in later
    assert "the training had" not in run(pumps_run, "--input", pumps_files / "test.csv").stderr  # others of that time
    reconstructed = CliRunner().invoke(
        app, ["reconstruct", str(pumps_run), "--input", str(tmp_path / "some.csv"), "--output", str(tmp_path / "x.csv")]
    )
    assert f"140 of 140 steps {told}" in reconstructed.stderr


def test_parts_of_data_that_have_changed_since_the_training_are_refused(pumps_run, pumps_files, monkeypatch):
    monkeypatch.setattr("seq2seq.run.resuming.digests", lambda files: ["of other content"])
    assert "has changed since the training" in refused(pumps_run, "--part", "valid")
    assert "rows that the training had" in run(pumps_run, "--input", pumps_files / "train.csv").stderr


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--json", "figures.json"], "--json figures.json is for the figures against labels: add --labels"),
        (["--threshold", "quantil=0.9"], "--threshold quantil=0.9: expected KIND=NUMBER: quantile=0.999"),
        (["--threshold", "quantile=x"], "expected KIND=NUMBER"),
        (["--threshold", "20"], "--threshold 20: expected KIND=NUMBER: quantile=0.999 (the share of held-out scores"),
        (["--threshold", "quantile=2"], "expected a number above 0 and below 1; 2 % is quantile=0.02"),
        (["--threshold", "sigma=nan"], "--threshold sigma=nan: expected a number above 0."),
        (["--threshold", "f_beta=1"], "go together: give all or none"),
        (["--held-out", "x.npz"], "go together: give all or none"),
        (["--output", "scores.xlsx"], "--output scores.xlsx is written as CSV: give a name that ends in .csv"),
        (["--merge", "2h"], "are for events: add --events FILE, or --labels"),
        (["--plot", "scores"], "expected a name that ends in .png"),
        (["--show", "3", "--output", "scores.csv"], "--show 3 is of the picture: add --plot"),
        (["--show", "x", "--output", "scores.csv", "--plot", "x.png"], "--show x: there is no such series"),
        (["--output", "no/scores.csv"], "there is no folder no"),
        (["--labels", "no.npz:y"], "no.npz"),
    ],
)
def test_what_cannot_be_detected(beats_run, beats_file, tmp_path, monkeypatch, arguments, said):
    monkeypatch.chdir(tmp_path)
    assert said in refused(beats_run, "--input", beats_file, "--array", "test", *arguments)
    assert list(tmp_path.iterdir()) == []


def test_a_threshold_is_not_fitted_on_what_is_scored(beats_run, beats_file):
    held_out = ["--held-out", f"{beats_file}:test", "--held-out-labels", f"{beats_file}:label"]
    data = ["--input", beats_file, "--array", "test"]
    assert "are the data to be scored" in refused(beats_run, *data, "--threshold", "f_beta=1", *held_out)
