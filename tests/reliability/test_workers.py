"""Workers that share each batch end where one process ends, however they end in between."""

import csv
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from test_resume import left_by

from seq2seq.workers import tf_config

pytestmark = pytest.mark.slow  # each starts TensorFlow several times

TRAIN = Path(__file__).resolve().parents[2] / "scripts" / "train.py"
OFTEN = "training.checkpoint_minutes=0.0005"
SETTINGS = {
    "translation": [
        *("text.tokenizer=bpe", "text.vocabulary_size=40", "model.units=16", "model.embedding_dim=8"),
        *("batching.batch_sentences=16", "training.lr_ramp_steps=10", "training.validation_sentences=20"),
        *("training.epochs=3", "training.ema_decay=0.9", "training.precision=float32"),
    ],
    "autoencoder": ["model.units=8", "training.epochs=3", "training.average_checkpoints=2"],
    "composite": ["model.units=8", "training.epochs=3", "model.horizon=3", "data.missing=mask"],
    "forecaster": ["model.units=8", "windows.chunk=10", "training.epochs=8"],
}
PLAIN = {"translation": [f"model.{what}_dropout=0.0" for what in ("embedding", "output", "word")]}
DROPPING = {"translation": ["model.word_dropout=0.1"], "forecaster": ["model.dropout=0.2"]}


@pytest.fixture(scope="module")
def series_file(tmp_path_factory):
    """Four series of two columns; beside it, in gaps.csv, the same with cells that are missing."""
    steps = np.arange(150.0)
    lines = ["name,a,b"]
    for name in range(4):
        lines += [f"s{name},{np.sin(t / 5 + name):.6f},{np.cos(t / 7 + name):.6f}" for t in steps]
    path = tmp_path_factory.mktemp("series") / "series.csv"
    path.write_text("\n".join(lines) + "\n")
    gaps = [line.rpartition(",")[0] + "," if k % 7 == 3 else line for k, line in enumerate(lines)]
    path.with_name("gaps.csv").write_text("\n".join(gaps) + "\n")
    return path


@pytest.fixture
def command(small_data, series_file):
    """A function of a task, a run and settings that gives the command that trains it."""

    def command(task, run, settings=(), *more):
        file = series_file.with_name("gaps.csv") if task == "composite" else series_file
        data = ["--data", file, "--group", "name"]
        if task == "translation":
            texts = [small_data / name for name in ("train", "valid")]
            data = ["--train", texts[0], "--valid", texts[1], "--source", "src", "--target", "tgt"]
        windows = ["--look-back", "12"]
        kinds = {"autoencoder": windows, "composite": windows, "forecaster": ["--set", "model.kind=stateful"]}
        given = [part for each in (*SETTINGS[task], *settings) for part in ("--set", each)]
        verb = {"composite": "autoencoder"}.get(task, task)
        return list(map(str, [sys.executable, TRAIN, verb, *data, *kinds.get(task, []), "--run", run, *given, *more]))

    return command


def trained(command):
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return done


def arrays(path):
    with np.load(path) as stored:
        return [stored[name] for name in stored.files if name != "record"]


def validations(run):
    """What each epoch of a run found."""
    with open(run / "history.csv", newline="") as file:
        return [{k: float(v) for k, v in row.items() if k.startswith("val_")} for row in csv.DictReader(file)]


@pytest.mark.parametrize("task", SETTINGS)
def test_two_workers_end_with_the_weights_and_figures_of_one_process(task, command, tmp_path):
    for run, workers in (("one", "1"), ("two", "2")):
        trained(command(task, tmp_path / run, PLAIN.get(task, ()), "--workers", workers))
    for one, two in zip(
        arrays(tmp_path / "one" / "weights.npz"), arrays(tmp_path / "two" / "weights.npz"), strict=True
    ):
        np.testing.assert_allclose(one, two, atol=1e-5)
    for one, two in zip(*(validations(tmp_path / run) for run in ("one", "two")), strict=True):
        assert one == pytest.approx(two, rel=1e-4)


def test_workers_learn_from_what_teachers_write_for_the_chief(command, tmp_path):
    settings, teacher = PLAIN["translation"], tmp_path / "teacher"
    trained(command("translation", teacher, [*settings, "training.epochs=1"]))
    for run, workers in (("one", "1"), ("two", "2")):
        trained(command("translation", tmp_path / run, settings, "--workers", workers, "--teacher", teacher))
    one, two = (arrays(tmp_path / run / "weights.npz") for run in ("one", "two"))
    for left, right in zip(one, two, strict=True):
        np.testing.assert_allclose(left, right, atol=1e-5)


def workers_of(process):
    """The processes that the one that starts workers has started."""
    return [int(pid) for pid in Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()]


def wait_for(happens):
    ends = time.monotonic() + 300.0
    while not happens():
        assert time.monotonic() < ends
        time.sleep(0.02)


def stopped(command, run, number, worker):
    """Start the command, send a signal to one worker, or to the first process, once it has trained; its exit code."""
    before = {path.name for path in run.glob("checkpoints/*.npz")} | {"checkpoint-00000-000000000.npz"}
    process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True)
    wait_for(lambda: any(path.name not in before for path in run.glob("checkpoints/*.npz")))
    os.kill(process.pid if worker is None else workers_of(process)[worker], number)
    _, errors = process.communicate(timeout=120)
    return process.returncode, errors


@pytest.mark.parametrize("task", ["translation", "autoencoder", "forecaster"])
def test_killed_and_stopped_workers_go_on_to_the_same_bits(task, command, tmp_path):
    settings = [*DROPPING.get(task, ()), OFTEN]
    trained(command(task, tmp_path / "whole", settings, "--workers", "2"))
    goes_on = command(task, tmp_path / "run", settings, "--workers", "2", "--resume")
    kills = (signal.SIGTERM, 1), (signal.SIGKILL, 1), (signal.SIGKILL, 0), (signal.SIGTERM, None)
    for k, (number, worker) in enumerate(kills):
        code, errors = stopped(goes_on, tmp_path / "run", number, worker)
        if code == 0 and k > 0:  # it was over before, which it cannot be at first
            break
        assert code == 75, errors
        assert "Traceback" not in errors
    trained(goes_on)
    assert left_by(tmp_path / "run") == left_by(tmp_path / "whole")


# Kills its process before, or after, it has told the others how batch `BATCH` of the second epoch went.
DIES = """
import os, runpy, signal, sys
from seq2seq.training.loop import Training
told, sys.argv = Training.after_batch, sys.argv[1:]

def after_batch(self, before, done, loss):
    last = len(self.state.history) == 1 and done == BATCH
    if last and not AFTER:
        os.kill(os.getpid(), signal.SIGKILL)
    told(self, before, done, loss)
    if last:
        os.kill(os.getpid(), signal.SIGKILL)

Training.after_batch = after_batch
runpy.run_path(sys.argv[0], run_name="__main__")
"""


def test_the_chief_writes_what_is_whole_where_another_is_lost(command, tmp_path):
    settings, run = [*DROPPING["translation"], "training.epochs=2"], tmp_path / "run"
    # Not with `--workers`: on other cores they would train in other parts, which draw other numbers.
    whole, chief = (command("translation", folder, settings, "--resume") for folder in (tmp_path / "whole", run))
    assert together(whole, whole)[0] == [0, 0]
    for batch, after in ((3, True), (5, False)):  # lost in the midst of the next update; between two of them
        dies = DIES.replace("BATCH", str(batch)).replace("AFTER", str(after))
        codes, errors = together(chief, [sys.executable, "-c", dies, *chief[1:]])
        assert codes == [75, -signal.SIGKILL], errors
        assert sorted(run.glob("checkpoints/*.npz"))[-1].stem.endswith(f"00001-{batch:09d}")
    assert together(chief, chief)[0] == [0, 0]
    assert left_by(run) == left_by(tmp_path / "whole")


def test_any_number_of_workers_goes_on(command, tmp_path):
    settings = [OFTEN]
    trained(command("forecaster", tmp_path / "whole", settings))
    for workers in ("2", "1", "3"):
        run = tmp_path / "run"
        stopped(command("forecaster", run, settings, "--workers", workers, "--resume"), run, signal.SIGTERM, None)
    trained(command("forecaster", run, settings, "--workers", "4", "--resume"))
    for one, other in zip(arrays(tmp_path / "whole" / "weights.npz"), arrays(run / "weights.npz"), strict=True):
        np.testing.assert_allclose(one, other, atol=1e-5)


def together(*commands):
    """Start each command as a worker, in their order; exit codes, and what they say."""
    addresses = tuple(f"127.0.0.1:{port}" for port in free_ports(len(commands)))
    started = []
    for index, command in enumerate(commands):
        environment = os.environ | {"TF_CONFIG": tf_config(index, addresses)}
        started.append(subprocess.Popen(command, env=environment, stderr=subprocess.PIPE, text=True))
    errors = [process.communicate(timeout=300)[1] for process in started]
    return [process.returncode for process in started], errors


def free_ports(count):
    from seq2seq.cli.launching import free_addresses

    return [address.rpartition(":")[2] for address in free_addresses(count)]


def test_workers_with_other_settings_or_data_are_refused(command, series_file, tmp_path):
    same, other = (command("forecaster", tmp_path / name, [f"model.units={k}"]) for name, k in (("a", 8), ("b", 9)))
    codes, errors = together(same, other)
    assert codes == [2, 2] and all("worker 1 was started with other settings" in error for error in errors)
    changed = tmp_path / "elsewhere" / "series.csv"
    changed.parent.mkdir()
    changed.write_text(series_file.read_text().replace("0.0", "0.1"))
    lines = [line.replace(str(series_file), "series.csv") for line in same]
    started = [["env", "-C", folder, *lines] for folder in (series_file.parent, changed.parent)]
    codes, errors = together(*started)
    assert codes == [75, 2] and "data.location" in errors[1]


def test_more_workers_than_slots_are_refused_in_one_line(command, tmp_path):
    done = subprocess.run(command("forecaster", tmp_path / "a", (), "--workers", "5"), capture_output=True, text=True)
    assert done.returncode == 2 and "among 5 workers" in done.stderr
