"""`seq2seq info` says what a folder is, and needs no TensorFlow for it."""

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from seq2seq.run import Run
from seq2seq.run.seeds import SEEDS
from seq2seq.tasks.describe_run import describe
from seq2seq.tasks.fit_detector import refit
from tests.cli.running import run
from tests.conftest import OLDER_RUNS

ROOT = Path(__file__).resolve().parents[2]
TASKS = {"translation": "pairs", "language-model": "characters", "autoencoder": "windows", "forecaster": "windows"}


@pytest.fixture
def copy(tmp_path):
    return shutil.copytree(OLDER_RUNS / "translation", tmp_path / "run")


@pytest.mark.parametrize("task", TASKS)
def test_a_run_says_what_its_training_wrote(task):
    folder = OLDER_RUNS / task
    metrics, record = (json.loads((folder / name).read_text()) for name in ("metrics.json", "config.json"))
    found = json.loads(run("info", folder, "--json", "-").stdout)
    assert (found["kind"], found["task"], found["versions"]) == ("run", task, record["versions"])
    assert found["trained_on"] == {TASKS[task]: metrics[f"train_{TASKS[task]}"]}
    assert found["weights"] == metrics["weights"] and (found["epoch"], found["epochs"]) == (
        metrics["epoch"],
        metrics["epochs"],
    )
    assert {name: metrics[name] for name in metrics if name.startswith("val_")}.items() <= found["validation"].items()
    assert found["data"] == {name: value for name, value in record["config"]["data"].items() if name in found["data"]}
    assert 4 * found["weights"] < found["model_bytes"] < found["folder_bytes"]


def test_windows_and_what_alarms_are_made_by_are_told(pumps_run, tmp_path):
    path = shutil.copytree(pumps_run, tmp_path / "run")
    assert describe(path).windows == {"look_back": Run.open(path, "autoencoder").config["windows"]["look_back"]}
    before = describe(path).alarms
    assert (before["errors"], before["threshold"], before["value"]) == ("reconstruction", "quantile", 0.99)
    refit(path, changes={"score": "absolute", "smoothing": 3}, threshold=("sigma", 4.0))
    expected = {"score": "absolute", "smoothing": 3, "threshold": "sigma", "value": 4.0}
    assert describe(path).alarms == before | expected
    assert "score absolute, smoothing 3, threshold sigma, value 4.0" in run("info", path).stdout


def test_the_table_has_what_the_file_has():
    shown = run("info", OLDER_RUNS / "translation").stdout
    for words in ("a run, translation", "seq2seq 0.1.0", "train runs/data/train", "15,029", "12 of 12", "val_bleu"):
        assert words in shown


def test_parents_and_teachers_are_named(copy):
    record = json.loads((copy / "config.json").read_text())
    parent, teacher = ({"run": f"runs/{name}", "weights": name * 64} for name in "ab")
    (copy / "weights.npz").unlink()  # which know the config.json that they belong to
    (copy / "config.json").write_text(json.dumps(record | {"parent": parent, "teachers": [teacher]}))
    shown = run("info", copy).stdout
    assert "started from" in shown and f"runs/a ({'a' * 12})" in shown
    assert "learned from" in shown and f"runs/b ({'b' * 12})" in shown


def test_a_training_that_has_not_ended_is_called_so(copy):
    (copy / "metrics.json").unlink()
    found = describe(copy)
    assert found.weights == 15029 and found.epoch is None and not found.validation
    assert ("best epoch", "its training has not ended") in found.rows()
    (copy / "weights.npz").unlink()
    assert describe(copy).weights is None
    assert "has not finished an epoch" in run("info", copy).stdout


def test_several_runs_are_told_one_by_one(tmp_path):
    for name in ("seed-1", "seed-2"):
        shutil.copytree(OLDER_RUNS / "forecaster", tmp_path / name)
    (tmp_path / SEEDS).write_text(json.dumps({"runs": ["seed-1", "seed-2"], "settings": {}}))
    found = json.loads(run("info", tmp_path, "--json", "-").stdout)
    one = json.loads(run("info", tmp_path / "seed-1", "--json", "-").stdout)
    assert (found["kind"], found["task"]) == ("runs", "forecaster") and found["members"][0] == one
    assert found["model_bytes"] == 2 * one["model_bytes"] < found["folder_bytes"]
    shown = run("info", tmp_path).stdout
    assert "2 runs that answer as one, forecaster" in shown and "seed-1" in shown and "seed-2" in shown


def test_an_exported_folder_is_told(tmp_path):
    manifest = {"format": 3, "written_as": "onnx", "task": "translation", "weights": "0" * 64, "data": {}}
    manifest |= {"config": {"data": {"train": "corpus/train"}}, "files": {}, "versions": {"seq2seq": "0.1.0"}}
    (tmp_path / "manifest.json").write_text(json.dumps(manifest))
    found = json.loads(run("info", tmp_path, "--json", "-").stdout)
    assert (found["kind"], found["written_as"], found["weights"]) == ("export", "onnx", None)
    assert found["data"] == {"train": "corpus/train"}
    assert "an exported folder, translation" in run("info", tmp_path).stdout


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda folder: shutil.rmtree(folder), "no such run directory"),
        (lambda folder: (folder / "config.json").unlink(), "is not a run directory"),
        (lambda folder: (folder / "config.json").write_text("{"), "config.json is damaged"),
        (lambda folder: (folder / "metrics.json").write_text("[1]"), "metrics.json is damaged"),
        (lambda folder: (folder / "weights.npz").write_bytes(b"x"), "weights.npz is damaged"),
        (lambda folder: (folder / "manifest.json").write_text("{}"), "manifest.json is damaged"),
    ],
)
def test_what_is_no_run_or_damaged_is_refused_in_a_line(copy, change, words):
    change(copy)
    said = run("info", copy, code=2).stderr
    assert words in said and said.count("\n") == 1


def test_an_output_takes_the_place_of_no_file_of_the_run(copy):
    assert "is a file of the run" in run("info", copy, "--json", copy / "metrics.json", code=2).stderr


def test_neither_info_nor_recipes_loads_tensorflow():
    commands = [["info", str(OLDER_RUNS / "forecaster")], ["recipes"]]
    code = (
        "import sys\nfrom typer.testing import CliRunner\nfrom seq2seq.cli import app\n"
        f"codes = [CliRunner().invoke(app, names).exit_code for names in {commands}]\n"
        "print(codes, {'tensorflow', 'keras', 'matplotlib'} & set(sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT, check=True)
    assert done.stdout.strip() == "[0, 0] set()"
