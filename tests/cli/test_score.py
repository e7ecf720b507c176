"""`seq2seq score`: a record out for each record in, in every form."""

import gzip
import json

import numpy as np
import pytest
from typer.testing import CliRunner

from seq2seq.cli import app


def run(*arguments):
    result = CliRunner().invoke(app, [*map(str, arguments)])
    assert result.exit_code == 0, (result.stderr, result.exception)
    return result


@pytest.fixture(scope="module")
def table(tiny_data, tmp_path_factory):
    """A TSV file of eight pairs, two of them with a blank side."""
    sides = ((tiny_data / f"test.{side}").read_text().splitlines()[:6] for side in ("src", "tgt"))
    lines = [f"{source}\t{target}" for source, target in zip(*sides, strict=True)]
    path = tmp_path_factory.mktemp("score") / "pairs.tsv"
    path.write_text("\n".join([lines[0], "a b\t ", *lines[1:], ""]) + "\n")
    return path


@pytest.fixture(scope="module")
def plain(tiny_run, table):
    return run("score", tiny_run, "--data", table)


def test_a_line_for_each_pair(plain):
    rows = [line.split("\t") for line in plain.stdout.splitlines()]
    assert len(rows) == 8 and {len(row) for row in rows} == {3}
    assert [row for row in rows if not row[0]] == [["", "", "0"]] * 2 == [rows[1], rows[7]]
    for score, total, tokens in rows[:1] + rows[2:7]:
        assert float(score) == pytest.approx(float(total) / int(tokens), abs=2e-4)


def test_the_summary_is_that_of_the_lines(plain):
    rows = [line.split("\t") for line in plain.stdout.splitlines() if line[0] != "\t"]
    total, tokens = sum(float(row[1]) for row in rows), sum(int(row[2]) for row in rows)
    assert f"6 pairs scored, {tokens} target tokens: {total / tokens:.3f}"[:-1] in plain.stderr
    assert f"perplexity {np.exp(-total / tokens):.2f}"[:-1] in plain.stderr
    assert "2 pairs have a blank side" in plain.stderr


def test_json_lines_say_the_same_with_the_tokens(tiny_run, table, plain, tmp_path):
    output = tmp_path / "scores.jsonl.gz"
    assert run("score", tiny_run, "--data", table, "--tokens", "--output", output).stdout == ""
    found = [json.loads(line) for line in gzip.decompress(output.read_bytes()).decode().splitlines()]
    for row, each in zip((line.split("\t") for line in plain.stdout.splitlines()), found, strict=True):
        assert len(each["tokens"]) == len(each["token_log_probabilities"]) == each["num_tokens"] == int(row[2])
        assert (each["score"] is None) == (row[0] == "")
        if row[0]:
            assert each["tokens"][-1] == "</s>"
            assert sum(each["token_log_probabilities"]) == pytest.approx(float(row[1]), abs=1e-3)


def test_tokens_are_columns_too(tiny_run, table, plain):
    shown = run("score", tiny_run, "--data", table, "--tokens", "--length-penalty", 0).stdout
    for line, row in zip(shown.splitlines(), plain.stdout.splitlines(), strict=True):
        score, total, tokens, pieces, values = line.split("\t")
        assert row.split("\t")[1:] == [total, tokens] and score == total
        assert len(pieces.split()) == len(values.split()) == int(tokens)


@pytest.mark.slow
def test_files_and_columns_are_named_as_for_an_evaluation(tiny_run, tiny_data, plain, tmp_path):
    lines = run("score", tiny_run, "--data", tiny_data / "test", "--limit", 6).stdout.splitlines()
    assert [row.split("\t")[0][:5] for row in lines] == [row[:5] for row in plain.stdout.splitlines() if row[0] != "\t"]
    turned = run("score", tiny_run, "--data", tiny_data / "test", "--limit", 6, "--swap").stdout.splitlines()
    assert turned != lines
    given = ["--source", "tgt", "--target", "src"]
    assert turned == run("score", tiny_run, "--data", tiny_data / "test", "--limit", 6, *given).stdout.splitlines()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--data", "nothing/here"), "there is no file nothing/here.src"),
        (("--data", "x", "--output", "/nowhere/scores.tsv"), "there is no folder /nowhere"),
    ],
)
def test_wrong_input_is_refused_in_one_line(tiny_run, arguments, message):
    result = CliRunner().invoke(app, ["score", str(tiny_run), *arguments])
    assert result.exit_code == 2 and message in result.stderr and result.stderr.count("\n") == 1
