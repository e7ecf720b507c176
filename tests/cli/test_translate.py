"""`seq2seq translate`: what goes in, what comes out, in every form."""

import gzip

import numpy as np
import pytest
from typer.testing import CliRunner

from seq2seq.cli import app
from seq2seq.cli.outputs import partial_file
from seq2seq.cli.translate import _write
from seq2seq.errors import InputError
from seq2seq.report import Report


def run(*arguments, stdin=None):
    result = CliRunner().invoke(app, [*map(str, arguments)], input=stdin)
    assert result.exit_code == 0, (result.stderr, result.exception)
    return result


@pytest.fixture(scope="module")
def texts():
    return ["a b c d", "h", "e f g h a b", "c c d"]


@pytest.fixture(scope="module")
def plain(tiny_run, texts):
    """The translations of `texts` given as arguments."""
    return run("translate", tiny_run, *texts).stdout.splitlines()


def test_one_line_for_each_text(plain, texts):
    assert len(plain) == len(texts)


def test_arguments_files_and_standard_input_say_the_same(tiny_run, texts, plain, tmp_path):
    content = "".join(f"{text}\n" for text in texts)
    packed = tmp_path / "in.gz"
    packed.write_bytes(gzip.compress(content.encode()))
    assert run("translate", tiny_run, "--input", packed).stdout.splitlines() == plain
    assert run("translate", tiny_run, "--input", "-", stdin=content).stdout.splitlines() == plain


def test_files_in_and_out(tiny_run, texts, plain, tmp_path):
    source, output = tmp_path / "in", tmp_path / "out"
    source.write_text("\ufeff" + "\r\n".join(["", *texts, "   ", ""]) + "\r\n", newline="")
    shown = run("translate", tiny_run, "--input", source, "--output", output)
    assert shown.stdout == ""
    assert output.read_text() == "\n".join(["", *plain, "", ""]) + "\n"
    assert not partial_file(output).exists()


def test_no_text_gives_no_translation(tiny_run):
    assert run("translate", tiny_run, stdin="").stdout == ""


def test_the_best_of_several_is_the_one_alone(tiny_run, texts):
    search = ["--beam-size", 4]
    alone = [line.split("\t") for line in run("translate", tiny_run, *search, "--scores", *texts).stdout.splitlines()]
    several = run("translate", tiny_run, *search, "--n-best", 3, stdin="\n".join([*texts, "", texts[0]])).stdout
    before, after = several.split("\n\n")  # a blank line for the blank line
    rows = [line.split("\t") for line in before.splitlines()]
    assert [row[0] for row in rows] == [str(number) for number in range(1, len(texts) + 1) for _ in range(3)]
    assert [row[2] for row in rows[::3]] == [text for _, text in alone]
    assert np.allclose([float(row[1]) for row in rows[::3]], [float(score) for score, _ in alone], atol=2e-4)
    last = [line.split("\t") for line in after.splitlines()]
    assert [row[0] for row in last] == [str(len(texts) + 2)] * 3
    assert [row[2] for row in last] == [row[2] for row in rows[:3]]


def test_sampling_depends_on_its_seed_only(tiny_run, texts):
    def drawn(seed):
        return run("translate", tiny_run, "--temperature", 2.0, "--top-p", 0.99, "--seed", seed, *texts * 8).stdout

    assert drawn(1) == drawn(1) != drawn(2)


def test_attention_is_drawn_beside_the_translation(tiny_run, texts, plain, tmp_path):
    picture = tmp_path / "attention.png"
    assert run("translate", tiny_run, texts[0], "--attention", picture).stdout.splitlines() == plain[:1]
    assert picture.read_bytes().startswith(b"\x89PNG")


class Said:
    def __init__(self, text, score=-1.0):
        self.text, self.score = text, score


@pytest.mark.parametrize("more", [("--n-best", 3), ("--beam-size", 3), ("--n-best", 3, "--beam-size", 3)])
def test_sampling_draws_one(tiny_run, more):
    result = CliRunner().invoke(app, ["translate", str(tiny_run), "a b", "--temperature", "0.8", *map(str, more)])
    assert result.exit_code == 2 and result.stderr.startswith("Error: Sampling draws one translation for each line")


@pytest.mark.parametrize("stop", [KeyboardInterrupt, InputError])
def test_what_is_finished_is_kept(tmp_path, stop):
    def found():
        yield [Said("eins")]
        yield []
        raise stop("at line 3.")

    output = tmp_path / "out"
    with pytest.raises(stop, match=r"first 2 lines are in .*out.partial"):
        _write(found(), output, False, 1, None, Report())
    assert partial_file(output).read_text() == "eins\n\n"
    assert not output.exists()


@pytest.mark.parametrize("options", [[], ["--beam-size", 1], ["--temperature", 1]])
def test_a_length_penalty_without_a_beam_is_refused_unless_scores_are_shown(tiny_run, options):
    line = ["translate", tiny_run, "a b", "--length-penalty", 0.5, *options]
    result = CliRunner().invoke(app, [*map(str, line)])
    assert result.exit_code == 2 and "does nothing with a beam size of 1" in result.stderr
    run(*line, "--scores")
