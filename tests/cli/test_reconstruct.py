"""`seq2seq reconstruct`, and `seq2seq train autoencoder` before it."""

import csv
from dataclasses import replace

import numpy as np
import pytest
from typer.testing import CliRunner

from seq2seq.cli import app
from seq2seq.inference.reconstructor import Reconstructor


def run(*arguments, code=0):
    result = CliRunner().invoke(app, [*map(str, arguments)])
    assert result.exit_code == code, (result.stderr, result.exception)
    return result


def refused(*arguments):
    """The one line on standard error with which the command is refused."""
    (line,) = run(*arguments, code=2).stderr.splitlines()
    return line.removeprefix("Error: ")


def test_training_tells_its_shapes_and_its_threshold(beats_file, tmp_path):
    folder = tmp_path / "run"
    data = ["--data", beats_file, "--array", "train", "--keep", "kind==1", "--limit", 40]
    shown = run("train", "autoencoder", *data, "--units", 6, "--latent-dim", 2, "--epochs", 1, "--run", folder).stdout
    for said in (
        "40 independent samples",
        "24 in each",
        "34 sequences",
        "an alarm is a score above",
        "epoch 1, the best",
    ):
        assert said in shown
    assert "holds a run already" in refused("train", "autoencoder", *data, "--run", folder)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ([], "--data is missing"),
        (["--data", "no.csv"], "no.csv"),
        (["--data", "no.csv", "--look-back", 0], "--look-back 0: expected at least 1 step"),
        (["--data", "no.csv", "--set", "model.unit=3"], "did you mean model.units?"),
        (["--data", "no.csv", "--latent-dim", 0], "model.latent_dim"),
        (["--data", "no.csv", "--epochs", 0], "training.epochs=0: expected at least 1"),
        (["--data", "no.csv", "--set", "windows.batch_size=0"], "windows.batch_size=0: expected at least 1"),
    ],
)
def test_training_that_cannot_begin(tmp_path, arguments, said):
    assert said in refused("train", "autoencoder", "--run", tmp_path / "run", *arguments)
    assert not (tmp_path / "run").exists()


def test_samples_become_an_array_of_the_same_shape(beats_run, beats_file, tmp_path):
    output, codes, plot = (tmp_path / name for name in ("out.npz", "codes.npy", "beat.png"))
    files = ["--output", output, "--embeddings", codes, "--plot", plot, "--show", "7"]
    result = run("reconstruct", beats_run, "--input", beats_file, "--array", "test", *files)
    assert result.stdout == "" and "Mean absolute error" in result.stderr
    with np.load(output, allow_pickle=False) as arrays, np.load(beats_file) as data:
        assert arrays["reconstructed"].shape == (90, 24, 1)
        assert arrays["names"].tolist() == [str(number) for number in range(90)]
        error = np.abs(arrays["reconstructed"][:60, :, 0] - data["test"][:60]).mean()
        assert error < 0.5 * data["test"].std()
    assert np.load(codes, allow_pickle=False).shape == (90, 24)
    assert plot.read_bytes().startswith(b"\x89PNG")


def test_series_become_a_table_like_the_one_that_came_in(pumps_run, pumps_files, tmp_path):
    output = tmp_path / "out.csv"
    run("reconstruct", pumps_run, "--input", pumps_files / "test.csv", "--output", output)
    with open(output) as file, open(pumps_files / "test.csv") as original:
        rows, before = list(csv.DictReader(file)), list(csv.DictReader(original))
    assert list(rows[0]) == ["pump", "time", "flow", "heat"]
    assert [(row["pump"], row["time"]) for row in rows] == [(row["pump"], row["time"]) for row in before]
    # What came out can go in.
    again = tmp_path / "again.npz"
    run("reconstruct", pumps_run, "--input", output, "--output", again)
    assert np.load(again)["reconstructed"].shape == (2, 120, 2)


def test_errors_of_series_of_different_size_are_in_their_own_units(pumps_model, pumps_files, tmp_path, monkeypatch):
    series = pumps_model.read(str(pumps_files / "test.csv"))
    large = [values * size for values, size in zip(series.values, (1, 1000), strict=True)]
    scaler = pumps_model.scaler.by_series(large, series.names)
    scaled = [own.transform(each) for own, each in zip(scaler.of_each(series), large, strict=True)]
    model = Reconstructor(pumps_model.config, scaler, pumps_model.model, pumps_model.run)
    expected = model.reconstruct(replace(series, values=large))
    monkeypatch.setattr(Reconstructor, "load", lambda _: model)
    monkeypatch.setattr(model, "read", lambda *_, **__: replace(series, values=large))
    said = run("reconstruct", pumps_model.run.path, "--input", "x.csv", "--output", tmp_path / "out.csv").stderr
    new = [own.transform(each) for own, each in zip(scaler.of_each(series), expected, strict=True)]
    error = np.nanmean(np.abs(np.concatenate(new) - np.concatenate(scaled)), axis=0)
    assert "in the units of each series" in said and all(f"{each:.4g}" in said for each in error.tolist())


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ([], "nothing is asked for"),
        (["--output", "out.txt"], "--output out.txt: expected a name that ends in .npz or .csv"),
        (["--embeddings", "codes.csv"], "expected a name that ends in .npy"),
        (["--plot", "picture"], "expected a name that ends in .png"),
        (["--output", "no/out.npz"], "there is no folder no"),
        (["--embeddings", "codes.npy", "--array", "tset"], "did you mean 'test'?"),
        (["--show", "3", "--output", "out.npz"], "--show 3 is of the picture: add --plot"),
        (
            ["--array", "test", "--show", "99", "--output", "out.npz", "--plot", "x.png"],
            "--show 99: there is no such series",
        ),
    ],
)
def test_what_cannot_be_reconstructed(beats_run, beats_file, tmp_path, monkeypatch, arguments, said):
    monkeypatch.chdir(tmp_path)
    assert said in refused("reconstruct", beats_run, "--input", beats_file, *arguments)
    assert list(tmp_path.iterdir()) == []


def test_a_run_of_another_task_is_refused(tiny_run, beats_file, tmp_path):
    said = refused("reconstruct", tiny_run, "--input", beats_file, "--output", tmp_path / "out.csv")
    assert "run of the task 'translation', expected one of 'autoencoder'" in said
