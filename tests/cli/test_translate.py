"""`seq2seq translate`: what goes in, what comes out, in every form."""

import gzip
import io
import signal
import subprocess
import sys
from functools import partial

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from typer.testing import CliRunner

from seq2seq.cli import app
from seq2seq.cli.outputs import partial_file
from seq2seq.cli.translate import _rows, _write
from seq2seq.errors import InputError
from seq2seq.text.splitting import read_lines
from tests.conftest import slow


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


@pytest.mark.slow
def test_unknown_words_are_told_once(tiny_run, tmp_path):
    (tmp_path / "in").write_text("a zz b\n\nzz yy\na b\n")
    shown = run("translate", tiny_run, "--input", tmp_path / "in")
    (line,) = [line for line in shown.stderr.splitlines() if "vocabulary" in line]
    assert "2 input lines have 3 symbols" in line and "'zz' (2), 'yy' (1)" in line
    assert "vocabulary" not in run("translate", tiny_run, "a b").stderr


def test_files_in_and_out(tiny_run, texts, plain, tmp_path):
    source, output = tmp_path / "in", tmp_path / "out"
    source.write_text("\ufeff" + "\r\n".join(["", *texts, "   ", ""]) + "\r\n", newline="")
    shown = run("translate", tiny_run, "--input", source, "--output", output)
    assert shown.stdout == ""
    assert output.read_text() == "\n".join(["", *plain, "", ""]) + "\n"
    assert not partial_file(output).exists()


def test_no_text_gives_no_translation(tiny_run):
    assert run("translate", tiny_run, stdin="").stdout == ""


@pytest.mark.slow
def test_the_best_of_several_is_the_one_alone(tiny_run, texts):
    search = ["--beam-size", 4]
    alone = [line.split("\t") for line in run("translate", tiny_run, *search, "--scores", *texts).stdout.splitlines()]
    several = run("translate", tiny_run, *search, "--n-best", 3, stdin="\n".join([*texts, "", texts[0]])).stdout
    rows = [line.split("\t") for line in several.splitlines()]
    assert [row[0] for row in rows] == [str(number) for number in range(1, len(texts) + 3) for _ in range(3)]
    *best, blank, last = rows[::3]
    assert [row[2] for row in best] == [text for _, text in alone]
    assert np.allclose([float(row[1]) for row in best], [float(score) for score, _ in alone], atol=2e-4)
    assert blank[1:] == ["", ""] and last[1:] == best[0][1:]


@pytest.mark.slow
def test_sampling_depends_on_its_seed_only(tiny_run, texts):
    def drawn(seed):
        return run("translate", tiny_run, "--temperature", 2.0, "--top-p", 0.99, "--seed", seed, *texts * 8).stdout

    assert drawn(1) == drawn(1) != drawn(2)


def test_a_translation_begins_as_it_is_told_and_repeats_nothing(tiny_run, texts):
    said = run("translate", tiny_run, "--prefix", "h g", "--no-repeat", 1, *texts).stdout.splitlines()
    assert len(said) == len(texts)
    for words in map(str.split, said):
        assert words[:2] == ["h", "g"] and len(set(words)) == len(words)


@pytest.mark.slow
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
        yield [[Said("eins")], []]
        raise stop("at line 3.")

    output = tmp_path / "out"
    with pytest.raises(stop, match=r"first 2 lines are in .*out.partial"):
        _write(found(), output, partial(_rows, n_best=1, scores=False))
    assert partial_file(output).read_text() == "eins\n\n"
    assert not output.exists()


# --- one record in, one record out


@pytest.fixture(scope="module")
def translator(tiny_run):
    from seq2seq.inference.translator import Translator

    return Translator.load(tiny_run)


BLANK = st.text(" \t\r\u00a0\u2028\u200b\u2060\ufeff\x85\x00", max_size=4)
ORDINARY = st.lists(st.sampled_from("abcdefghxy\r\u200b"), min_size=1, max_size=6).map(" ".join)
LINES = st.lists(st.one_of(BLANK, ORDINARY, st.just("a b " * 300)), max_size=8)


@pytest.mark.slow
@settings(max_examples=8)
@given(LINES, st.sampled_from(["\n", "\r\n"]), st.booleans())
def test_every_line_has_its_rows_in_every_form(translator, lines, end, ended):
    """As many rows as asked for, with all their columns; a line of nothing has empty ones."""
    content = end.join(lines) + end * (ended or not lines or not lines[-1])
    assume("\n" in content or "\r" not in content)  # the file of an old Mac, which is refused
    read = list(read_lines(io.BytesIO(content.encode())))
    seen = [any(character in "abcdefghxy" for character in line) for line in read]
    for n_best, scores in ((1, False), (1, True), (3, True)):
        found = translator.stream(read, beam_size=n_best, n_best=n_best, scored=scores)
        written = [_rows(each, number, n_best, scores) for number, each in enumerate(found, 1)]
        assert len(written) == len(read)
        for number, (text, visible) in enumerate(zip(written, seen, strict=True), 1):
            assert text.endswith("\n")
            rows = [row.split("\t") for row in text[:-1].split("\n")]
            assert len(rows) == n_best and {len(row) for row in rows} == {1 + scores + (n_best > 1)}
            assert n_best == 1 or {row[0] for row in rows} == {str(number)}
            assert visible or {cell for row in rows for cell in row[n_best > 1 :]} == {""}
            assert not scores or bool(rows[0][-2]) == visible  # a score where there was something to translate


@given(st.lists(st.text("ab\n\r\t", max_size=5), max_size=3), st.integers(1, 4), st.booleans())
def test_fewer_translations_than_asked_for_leave_empty_columns(texts, n_best, scores):
    rows = _rows([Said(text) for text in texts[:n_best]], 7, n_best, scores).split("\n")
    assert rows.pop() == "" and len(rows) == n_best
    if n_best > 1:
        assert all(row.startswith("7\t") for row in rows)
        assert rows[len(texts) :] == ["7\t\t"] * (n_best - min(len(texts), n_best))


# --- what is not meant so


def refused(*arguments):
    result = CliRunner().invoke(app, [*map(str, arguments)])
    assert result.exit_code == 2
    return result.stderr


def test_the_name_of_a_file_is_no_text(tiny_run, tmp_path):
    (tmp_path / "in.txt").write_text("a b\n")
    assert f"to translate its lines write --input {tmp_path / 'in.txt'}" in refused(
        "translate", tiny_run, tmp_path / "in.txt"
    )


def test_a_text_may_begin_with_a_hyphen(tiny_run):
    for text in ("-5 degrees", "-a b", "--a b"):
        shown = refused("translate", tiny_run, text)
        assert f'-- "{text}"' in shown
    assert refused("translate", tiny_run, "--beam-sice", "3").count("No such option") == 1
    assert len(run("translate", tiny_run, "--", "-5 degrees").stdout.splitlines()) == 1


# --- beside another process


@pytest.fixture
def process(tiny_run):
    """`seq2seq translate` between two pipes."""
    # A test that runs in the background of a shell ignores Ctrl-C, and so would its children.
    code = "import signal; signal.signal(signal.SIGINT, signal.default_int_handler); "
    code += "from seq2seq.cli import main; main()"
    command = [sys.executable, "-c", code, "translate", str(tiny_run)]
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    yield process
    process.kill()
    process.wait()
    for stream in (process.stdin, process.stdout, process.stderr):
        stream.close()


def test_a_process_that_waits_for_each_answer_gets_it(process, plain, texts):
    for number in range(20):
        process.stdin.write(f"{texts[number % 4]}\n".encode())
        process.stdin.flush()
        assert process.stdout.readline().decode() == f"{plain[number % 4]}\n"
    process.stdin.write(b"a b")  # and no more of it
    process.stdin.flush()
    process.send_signal(signal.SIGINT)
    assert process.wait(30) == 130
    assert process.stderr.read() == b"Interrupted.\n"


@pytest.mark.slow
def test_a_reader_that_leaves_is_no_error(process):
    process.stdout.close()
    process.stdin.write(b"a b c\n" * 100)
    process.stdin.close()
    assert process.wait(120) == 1
    assert process.stderr.read() == b""


@pytest.mark.parametrize("options", [[], slow(["--beam-size", 1]), slow(["--temperature", 1])])
def test_a_length_penalty_without_a_beam_is_refused_unless_scores_are_shown(tiny_run, options):
    line = ["translate", tiny_run, "a b", "--length-penalty", 0.5, *options]
    result = CliRunner().invoke(app, [*map(str, line)])
    assert result.exit_code == 2 and "does nothing with a beam size of 1" in result.stderr
    run(*line, "--scores")
