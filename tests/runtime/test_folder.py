"""Exported folders are opened as runs are, read without trust, and need no TensorFlow."""

import fnmatch
import json
import multiprocessing
import os
import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from seq2seq.errors import InputError
from seq2seq.inference import ensemble, writer
from seq2seq.inference.forecaster import Forecaster
from seq2seq.inference.reconstructor import Reconstructor
from seq2seq.inference.translator import Translator
from seq2seq.inference.writer import Writer
from seq2seq.text.tokenizer import load_tokenizer
from tests.conftest import OLDER_RUNS

KINDS = ("autoencoder", "forecaster", "stream", "translation", "language-model")
FORK = multiprocessing.get_context("fork")
ROOT = Path(__file__).resolve().parents[2]
PROJECTS = [tomllib.loads((ROOT / folder / "pyproject.toml").read_text()) for folder in ("", "packaging/runtime")]
BLOCKED = """
import sys

HEAVY = {"tensorflow", "keras", "onnx", "sklearn", "scipy", "matplotlib", "sacrebleu", "sacremoses"}

class Blocked:
    def find_spec(self, name, path=None, target=None):
        if name.split(".")[0] in HEAVY:
            raise ModuleNotFoundError(f"{name} was asked for", name=name)

sys.meta_path.insert(0, Blocked())
"""


@pytest.fixture
def copied(exported, tmp_path):
    return shutil.copytree(exported("autoencoder"), tmp_path / "exported")


@pytest.fixture(scope="module")
def installed(tmp_path_factory):
    """A folder with the modules of the light distribution alone."""
    folder, found = tmp_path_factory.mktemp("installed"), PROJECTS[1]["tool"]["setuptools"]["packages"]["find"]
    for file in (ROOT / "seq2seq").rglob("*.py"):
        package = ".".join(file.relative_to(ROOT).parent.parts)
        if not any(fnmatch.fnmatch(package, pattern) for pattern in found["exclude"]):
            place = folder / file.relative_to(ROOT)
            place.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(file, place)
    return folder


def refused(path, message):
    with pytest.raises(InputError, match=message) as raised:
        Reconstructor.load(path)
    assert "\n" not in str(raised.value)


@pytest.mark.parametrize("name", ["reconstruct.onnx", "scaler.json", "detector.npz", "README.md"])
def test_a_flipped_bit_is_found(copied, name):
    content = bytearray((copied / name).read_bytes())
    content[len(content) // 2] ^= 1
    (copied / name).write_bytes(content)
    refused(copied, f"{name} is damaged")


def test_a_folder_that_is_not_what_it_says_is_refused(copied, tmp_path):
    with pytest.raises(InputError, match="export of the task 'autoencoder', expected one of 'forecaster'"):
        Forecaster.load(copied)
    (copied / "outward").symlink_to(tmp_path)
    refused(copied, "is a link out of the run directory")
    (copied / "outward").unlink()
    (copied / "encode.onnx").unlink()
    refused(copied, "has no file 'encode.onnx'")
    manifest = copied / "manifest.json"
    record = json.loads(manifest.read_text())
    manifest.write_text(json.dumps(record | {"format": 99}))
    refused(copied, "exported by a newer seq2seq")
    manifest.write_text(json.dumps(record | {"files": {"../run/weights.npz": ""}}))
    refused(copied, "has no file")
    manifest.write_text("{}")
    refused(copied, "manifest.json is damaged")


@pytest.mark.parametrize("kind", KINDS)
def test_the_lines_of_the_readme_run(exported, kind):
    own, lines = re.findall(r"```python\n(.*?)```", (exported(kind) / "README.md").read_text(), re.S)
    done = subprocess.run([sys.executable, "-c", lines], cwd=exported(kind), capture_output=True, text=True)
    assert done.returncode == 0 and "(1, " in done.stdout, done.stderr
    exec(own.replace("DIR", str(exported(kind))).replace("FILE", str(OLDER_RUNS / "series.csv")), {})


@pytest.mark.parametrize("pieces", [-1, 1])
@pytest.mark.parametrize(
    ("kind", "room", "loaded"), [("translation", ensemble, Translator), ("language-model", writer, Writer)]
)
def test_a_tokenizer_of_other_tokens_than_the_graphs_write_is_refused(
    exported, monkeypatch, kind, room, loaded, pieces
):
    def other(path):
        tokenizer = load_tokenizer(path)
        tokenizer.vocabulary_size += pieces
        return tokenizer

    monkeypatch.setattr(room, "load_tokenizer", other)
    with pytest.raises(InputError, match=r"is damaged: its graphs write .* tokens and its tokenizer has"):
        loaded.load(exported(kind))


def test_a_fork_translates_with_what_was_loaded_before_it(exported):
    translator = Translator.load(exported("translation"), workers=2)
    before = translator.translate(["h d", "f f"])
    receiver, sender = FORK.Pipe(duplex=False)
    process = FORK.Process(target=lambda: sender.send(translator.translate(["h d", "f f"])))
    process.start()
    try:
        assert receiver.poll(60) and receiver.recv() == before
    finally:
        process.kill()
        process.join()


@pytest.mark.slow
def test_commands_on_exported_folders_need_the_light_distribution_alone(exported, installed, tmp_path):
    series = OLDER_RUNS / "series.csv"
    commands = [
        f"reconstruct {exported('autoencoder')} --input {series} --output {tmp_path}/reconstructed.csv",
        f"detect {exported('autoencoder')} --input {series} --output {tmp_path}/scores.csv",
        f"forecast {exported('forecaster')} --input {series} --output {tmp_path}/forecast.csv",
        f"forecast {exported('stream')} --input {series} --output {tmp_path}/stream.csv",
        f"translate {exported('translation')} --input {OLDER_RUNS / 'texts.src'} --beam-size 3 --token-scores",
        f"translate {exported('characters')} --input {OLDER_RUNS / 'texts.src'} --temperature 1.0",
        f"generate {exported('language-model')} --length 20 --prompt a",
    ]
    code = BLOCKED + "from typer.testing import CliRunner\nfrom seq2seq.cli.runtime import app\n"
    for command in commands:
        code += f"r = CliRunner().invoke(app, {command.split()!r})\nassert r.exit_code == 0, (r.output, r.exception)\n"
    code += "import seq2seq\nprint(sorted({'tensorflow', 'keras'} & {*sys.modules}), seq2seq.__file__)"
    settings = os.environ | {"PYTHONPATH": str(installed)}
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=tmp_path, env=settings)
    assert done.returncode == 0 and done.stdout.startswith(f"[] {installed}"), done.stderr


def test_both_distributions_are_of_one_version_and_want_the_same():
    whole, light = (each["project"] for each in PROJECTS)
    assert whole["version"] == light["version"] and whole["requires-python"] == light["requires-python"]
    wanted = {*whole["dependencies"], *whole["optional-dependencies"]["onnx"]}
    assert {*light["dependencies"], *light["optional-dependencies"]["series"]} <= wanted


def test_what_is_not_installed_is_said_in_one_line(exported, tmp_path):
    command = ["detect", str(exported("autoencoder")), "--input", str(OLDER_RUNS / "series.csv")]
    code = BLOCKED.replace('"tensorflow"', '"tensorflow", "pandas"') + "import seq2seq.cli.runtime\n"
    code += f"sys.argv[1:] = {command!r}\nseq2seq.cli.runtime.main()"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.returncode == 2 and "detect needs pandas, which is not installed" in done.stderr, done.stderr
    assert len(done.stderr.strip().splitlines()) == 1
