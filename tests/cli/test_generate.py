"""`seq2seq train language-model` and `seq2seq generate`, as they are typed."""

import json

import pytest
from typer.testing import CliRunner

from seq2seq.cli import app

LINE = "to be,  or not\n"
SETTINGS = [
    "model.units=24",
    "model.embedding_dim=8",
    "data.slots=8",
    "data.chunk=15",
    "training.learning_rate=0.02",
    "training.precision=float32",
]


def invoke(*arguments):
    return CliRunner().invoke(app, [*map(str, arguments)])


def written(*arguments):
    result = invoke("generate", *arguments)
    assert result.exit_code == 0, (result.stderr, result.exception)
    return result.stdout


def refused(*arguments):
    """The one line on standard error with which the command is refused."""
    result = invoke(*arguments)
    assert result.exit_code == 2, (result.stderr, result.exception)
    assert result.stdout == ""
    (line,) = result.stderr.splitlines()
    return line.removeprefix("Error: ")


@pytest.fixture(scope="module")
def text_file(tmp_path_factory):
    path = tmp_path_factory.mktemp("text") / "lines.txt"
    path.write_text(LINE * 200, newline="")
    return path


@pytest.fixture(scope="module")
def poet(text_file, tmp_path_factory):
    run = tmp_path_factory.mktemp("runs") / "poet"
    changes = [part for setting in SETTINGS for part in ("--set", setting)]
    result = invoke("train", "language-model", "--text", text_file, "--run", run, "--epochs", 2, "--seed", 3, *changes)
    assert result.exit_code == 0, (result.stderr, result.exception)
    assert f"{run} holds the weights of epoch" in result.stdout and "bits per character" in result.stdout
    return run


def test_the_run_holds_what_was_reached(poet):
    metrics = json.loads((poet / "metrics.json").read_text())
    assert metrics["val_perplexity"] == pytest.approx(2 ** metrics["val_bits_per_character"])
    assert json.loads((poet / "config.json").read_text())["config"]["seed"] == 3
    assert (poet / "learning_curve.png").exists()


def test_the_prompt_and_what_comes_of_it(poet):
    text = written(poet, "--prompt", "to be,  ", "--length", 40, "--temperature", 0.8)
    assert text.startswith("to be,  ") and len(text) == 8 + 40 + 1 and text.endswith("\n")


@pytest.mark.slow
def test_options_of_the_draw_arrive(poet):
    def drawn(*options):
        return written(poet, "--prompt", "to", "--length", 60, *options)

    assert drawn("--temperature", 2, "--seed", 1) != drawn("--temperature", 2, "--seed", 2)
    assert drawn("--temperature", 0) == drawn("--temperature", 2, "--top-k", 3, "--top-p", 1e-6)


def test_several_texts_are_numbered(poet, tmp_path):
    options = [poet, "--prompt", "to", "--length", 12]
    several = written(*options, "--count", 3)
    assert [line for line in several.splitlines() if line.startswith("---")] == [f"--- {n} of 3 ---" for n in (1, 2, 3)]
    assert several.startswith("--- 1 of 3 ---\n" + written(*options))
    output = tmp_path / "texts"
    assert written(*options, "--count", 3, "--output", output) == ""
    assert output.read_text() == several


def test_what_cannot_be_written(poet, tmp_path):
    assert "no such run directory" in refused("generate", tmp_path / "none", "--prompt", "to")
    assert "top_p=0.0: expected a probability" in refused("generate", poet, "--top-p", 0)
    for option in ("--top-k", "--top-p", "--seed"):
        line = refused("generate", poet, "--temperature", 0, option, 1)
        assert line == f"{option} does nothing with --temperature 0, which draws nothing: leave it out."
    assert "there is no folder" in refused("generate", poet, "--output", tmp_path / "none" / "texts")
    for option, value in (("--length", 0), ("--count", 0), ("--temperature", -1), ("--top-k", 0)):
        assert invoke("generate", poet, option, value).exit_code == 2
    other = tmp_path / "other"
    other.mkdir()
    (other / "config.json").write_text(json.dumps({"format": 2, "task": "translation", "config": {}}))
    assert "is a run of the task 'translation'" in refused("generate", other)


def test_what_cannot_be_trained_on(text_file, poet, tmp_path):
    new = ["train", "language-model", "--run", tmp_path / "new"]
    assert "--text is missing" in refused(*new)
    assert "No such file" in refused(*new, "--text", tmp_path / "none.txt")
    assert refused(*new, "--text", text_file, "--chunk", 0) == "data.chunk=0: expected at least 1."
    assert "did you mean model.units" in refused(*new, "--text", text_file, "--set", "model.unit=3")
    assert not (tmp_path / "new").exists()
    assert "holds a run already" in refused("train", "language-model", "--run", poet, "--text", text_file)
