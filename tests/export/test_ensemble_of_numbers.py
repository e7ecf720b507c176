"""Several forecasters, or detectors, as one exported folder: it answers as they do together."""

import json
import re
import shutil
import subprocess
import sys
from dataclasses import replace

import numpy as np
import pytest
from typer.testing import CliRunner

from seq2seq.cli import app
from seq2seq.cli.runtime import app as runtime
from seq2seq.errors import InputError
from seq2seq.export import export, folder
from seq2seq.inference.detection import detect
from seq2seq.inference.forecaster import Forecaster
from seq2seq.inference.reconstructor import Reconstructor
from seq2seq.inference.stream import Stream
from seq2seq.runtime.folder import ExportedRun
from seq2seq.storage import fingerprint
from tests.conftest import OLDER_RUNS, slow
from tests.other_runs import detector_like, forecaster_like

SERIES = str(OLDER_RUNS / "series.csv")
LOADED = {"autoencoder": Reconstructor, "forecaster": Forecaster, "stream": Forecaster}


@pytest.fixture
def unchecked(monkeypatch):
    """Exports are not held against their runs, which takes TensorFlow some time."""
    for task in ("forecaster", "autoencoder"):
        monkeypatch.setitem(folder.KINDS, task, replace(folder.KINDS[task], differences=lambda *_: []))


@pytest.fixture
def pair(tmp_path):
    """A function that gives a run of `runs_of_0.1` and a copy of it."""
    return lambda kind: [OLDER_RUNS / kind, shutil.copytree(OLDER_RUNS / kind, tmp_path / "runs" / "copy")]


def near(found, own):
    for one, other in zip(found, own, strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-5, atol=1e-5)


def test_forecasts_and_ends_of_intervals_are_those_of_the_runs(days_plain, unchecked, tmp_path):
    """Each looks back as it does, in its own units; also beyond the horizon, where each goes on from its own."""
    other = forecaster_like(
        days_plain,
        tmp_path / "other",
        "minmax",
        windows={"look_back": 12},
        model={"units": 3, "kind": "encoder_decoder"},
    )
    runs = [days_plain.run.path, other]
    export(runs, tmp_path / "both")
    own, exported = Forecaster.load(runs), Forecaster.load(tmp_path / "both")
    series = exported.read(own.config.data.location)
    for asked in ({}, {"steps": 8}, {"interval": 0.5}):
        made, told = (each.forecast(series, **asked) for each in (own, exported))
        assert (told.columns, told.level, told.notes) == (made.columns, made.level, made.notes)
        for name in ("values", "lower", "upper"):
            near(getattr(told, name), getattr(made, name))
    assert exported.least_history == own.least_history == 24


def test_scores_and_thresholds_are_those_of_the_runs(pumps_model, pumps_files, unchecked, tmp_path):
    other = detector_like(pumps_model, tmp_path / "other", "minmax", windows={"look_back": 8})
    runs = [pumps_model.run.path, other]
    export(runs, tmp_path / "both")
    own, exported = Reconstructor.load(runs), Reconstructor.load(tmp_path / "both")
    series = exported.read(str(pumps_files / "test.csv"))
    near(exported.reconstruct(series), own.reconstruct(series))
    for threshold in (None, ("quantile", 0.9)):
        found, told = (detect(each, series, threshold=threshold) for each in (own, exported))
        assert told.rule == found.rule and told.threshold == pytest.approx(found.threshold)
        for name in ("steps", "blame", "windows"):
            near(getattr(told.scores, name), getattr(found.scores, name))
        near(*(each.systems["pca"].scores.steps for each in (told, found)))
        assert [len(each) for each in told.events()] == [len(each) for each in found.events()]


@pytest.mark.parametrize("how", [{}, slow({"format": "litert"}), slow({"format": "saved-model"}), slow({"int8": True})])
@pytest.mark.parametrize("kind", ["stream", slow("forecaster"), slow("autoencoder")])
def test_every_format_is_held_against_each_run(kind, how, pair, tmp_path):
    if how.get("format") == "litert":
        pytest.importorskip("ai_edge_litert")
    runs = pair(kind)
    held = export(runs, tmp_path / "both", sample=SERIES, **how)
    assert all(each.is_small for each in held.differences)
    half = len(held.differences) // 2
    assert [each.what for each in held.differences[:half]] == [each.what for each in held.differences[half:]]
    assert len(held.costs) == 2 * bool(how.get("int8"))
    if how.get("format") == "saved-model":
        for name in "12":
            (lines,) = re.findall(r"```python\n(.*?)```", (tmp_path / "both" / name / "README.md").read_text(), re.S)
            done = subprocess.run([sys.executable, "-c", lines], cwd=tmp_path / "both" / name, capture_output=True)
            assert done.returncode == 0, done.stderr
        with pytest.raises(InputError, match="is for TensorFlow Serving"):
            LOADED[kind].load(tmp_path / "both")
        return
    own, exported = (LOADED[kind].load(each) for each in (runs, tmp_path / "both"))
    series = own.read(SERIES)
    answers = [
        each.reconstruct(series) if kind == "autoencoder" else each.forecast(series).values for each in (own, exported)
    ]
    near(*answers)


def test_the_folder_names_its_runs_and_its_lines_run(pair, unchecked, tmp_path):
    runs = pair("forecaster")
    export(runs, tmp_path / "both", sample=SERIES)
    run = ExportedRun.open(tmp_path / "both", "forecaster")
    assert run.members == ["forecaster", "copy"] and run.record["folders"] == ["1", "2"]
    weights = [each["weights"] for each in run.record["members"]]
    assert run.identity == fingerprint(weights)
    assert weights == [ExportedRun.open(tmp_path / "both" / each, "forecaster").identity for each in "12"]
    written = (tmp_path / "both" / "README.md").read_text()
    assert "2 runs of the task forecaster" in written and "`forecaster`, `copy`" in written and "* `2`: copy" in written
    assert str(tmp_path) not in written + json.dumps(run.record)
    (own,) = re.findall(r"```python\n(.*?)```", written, re.S)
    exec(own.replace("DIR", str(tmp_path / "both")).replace("FILE", SERIES), {})


@pytest.mark.parametrize(
    ("kind", "command"),
    [
        ("forecaster", "forecast {} --input {series} --steps 4"),
        ("stream", "forecast {} --input {series} --steps 4"),
        ("autoencoder", "detect {} --input {series}"),
        ("autoencoder", "reconstruct {} --input {series} --output {output}"),
    ],
)
def test_commands_on_the_folder_say_what_those_on_the_runs_say(kind, command, pair, unchecked, tmp_path):
    runs, both = pair(kind), tmp_path / "both"
    export(runs, both, sample=SERIES)
    told = []
    for line, folder_ in ((app, f"{runs[0]} --with {runs[1]}"), (runtime, both)):
        output = tmp_path / "written.csv"
        result = CliRunner().invoke(line, command.format(folder_, series=SERIES, output=output))
        assert result.exit_code == 0, (result.stderr, result.exception)
        told.append((output.read_text() if output.exists() else result.stdout, result.stderr))
    cells = [re.split(r"[,\n]", written) for written, _ in told]
    assert len(cells[0]) == len(cells[1]) > 4
    for one, other in zip(*cells, strict=True):
        assert one == other or float(one) == pytest.approx(float(other), rel=1e-3, abs=1e-4)
    if command.startswith("forecast"):
        assert told[0][1] == told[1][1]


def test_what_needs_a_single_run_is_refused(pair, unchecked, tmp_path):
    export(pair("stream"), tmp_path / "both", sample=SERIES)
    with pytest.raises(InputError, match="2 runs answer as one here, and a stream goes on from the state of a single"):
        Stream(Forecaster.load(tmp_path / "both"))
    result = CliRunner().invoke(runtime, ["forecast", str(tmp_path / "both"), "--stream"], input="1,2\n")
    assert result.exit_code == 2 and "a stream goes on from" in result.stderr
    with pytest.raises(InputError, match="is an exported folder, and an ensemble is of runs"):
        Forecaster.load([OLDER_RUNS / "stream", tmp_path / "both"])
    with pytest.raises(InputError, match="is not a run directory"):
        export(tmp_path / "both", tmp_path / "again")
    with pytest.raises(InputError, match="export of the task 'forecaster', expected one of 'autoencoder'"):
        Reconstructor.load(tmp_path / "both")


def test_codes_have_no_mean(pair, unchecked, tmp_path):
    export(pair("autoencoder"), tmp_path / "both", sample=SERIES)
    told = ["--output", tmp_path / "written.csv", "--embeddings", tmp_path / "codes.npy"]
    result = CliRunner().invoke(runtime, ["reconstruct", *map(str, (tmp_path / "both", "--input", SERIES, *told))])
    assert result.exit_code == 2 and "there is no mean" in result.stderr and not (tmp_path / "written.csv").exists()


def test_what_is_no_ensemble_is_refused_and_nothing_is_written(pair, tmp_path):
    def refused(message, *runs, **how):
        with pytest.raises(InputError, match=message) as error:
            export(runs, tmp_path / "exports" / "exported", **({"sample": SERIES} | how))
        assert "\n" not in str(error.value)
        assert not (tmp_path / "exports").exists() or not any((tmp_path / "exports").iterdir())

    forecaster, copy = pair("forecaster")
    refused("is given twice", forecaster, copy, copy)
    refused("model.kind is 'stateful' in the first", forecaster, OLDER_RUNS / "stream")
    refused("is a run of the task 'autoencoder', expected one of 'forecaster'", forecaster, OLDER_RUNS / "autoencoder")
    refused("cannot be held against the data of the training", forecaster, copy, sample=None)
    refused("--int8 is for --format onnx", forecaster, copy, int8=True, format="litert")
    (copy / "metrics.json").unlink()
    refused("has not ended its training", forecaster, copy)


def test_graphs_of_one_run_that_answer_otherwise_are_not_written(pair, tmp_path, monkeypatch):
    runs, kind = pair("forecaster"), folder.KINDS["forecaster"]

    def differences(own, *_):
        return [folder.Difference("forecasts", 1, np.inf if own.run.path == runs[1] else 0.0)]

    monkeypatch.setitem(folder.KINDS, "forecaster", replace(kind, differences=differences))
    with pytest.raises(InputError, match="copy is not exported: the graphs answer otherwise than the run"):
        export(runs, tmp_path / "exports" / "both", sample=SERIES)
    assert not any((tmp_path / "exports").iterdir())


def test_a_folder_that_is_not_what_it_says_is_refused(pair, unchecked, tmp_path):
    both, runs = tmp_path / "both", pair("forecaster")
    export(runs, both, sample=SERIES)

    def refused(message):
        with pytest.raises(InputError, match=message) as error:
            Forecaster.load(both)
        assert "\n" not in str(error.value)

    manifest = (both / "manifest.json").read_text()
    record = json.loads(manifest)
    for folders in (["../runs"], ["3"], [1], ["1", "."], 5):
        (both / "manifest.json").write_text(json.dumps(record | {"folders": folders}))
        refused("manifest.json is damaged")
    (both / "manifest.json").write_text(json.dumps(record | {"files": record["files"] | {"../runs/copy/lock": ""}}))
    refused("has no file")
    (both / "manifest.json").write_text(manifest)
    shutil.rmtree(both / "2")  # another run's, whole in itself
    export(OLDER_RUNS / "stream", both / "2", sample=SERIES)
    refused("2/README.md is damaged|2/manifest.json is damaged|has no file")
