"""`seq2seq translate` tells of single tokens: how probable they are, and where they come from."""

import json

import pytest
from typer.testing import CliRunner

from seq2seq.cli import app

LINES = ["a b c d", "", "h", "e f g h a b"]


def run(*arguments):
    result = CliRunner().invoke(app, [*map(str, arguments)], input="\n".join(LINES))
    assert result.exit_code == 0, (result.stderr, result.exception)
    return result.stdout.splitlines()


@pytest.fixture(scope="module")
def plain(tiny_run):
    return run("translate", tiny_run, "--scores", "--beam-size", 3)


def test_token_scores_stand_behind_the_translation(tiny_run, plain):
    rows = run("translate", tiny_run, "--scores", "--beam-size", 3, "--token-scores")
    assert (rows[1], plain[1]) == ("\t\t\t", "\t")  # nothing was found for the blank line
    for row, before in zip(rows[:1] + rows[2:], plain[:1] + plain[2:], strict=True):
        *first, pieces, values = row.split("\t")
        assert first == before.split("\t")
        assert pieces.split() == [*first[1].split(), "</s>"]  # its words are its tokens
        values = [*map(float, values.split())]
        assert len(values) == len(pieces.split()) and max(values) <= 0
        assert sum(values) / len(values) == pytest.approx(float(first[0]), rel=5e-3, abs=5e-3)


@pytest.mark.slow
def test_an_alignment_has_a_line_for_each_line(tiny_run, plain, tmp_path):
    path = tmp_path / "links"
    assert run("translate", tiny_run, "--scores", "--beam-size", 3, "--alignment", path) == plain
    lines = path.read_text().splitlines()
    assert lines[1] == "" and len(lines) == len(LINES)
    for line, source, row in zip(lines, LINES, plain, strict=True):
        links = [tuple(map(int, link.split("-"))) for link in line.split()]
        assert [target for _, target in links] == list(range(len(row.split("\t")[-1].split())))
        assert all(0 <= place < len(source.split()) for place, _ in links)


@pytest.mark.slow
def test_of_several_translations_each_has_its_line_and_json_says_more(tiny_run, tmp_path):
    plain, path = tmp_path / "links", tmp_path / "links.jsonl"
    search = ["--beam-size", 3, "--n-best", 2]
    rows = run("translate", tiny_run, *search, "--alignment", path)
    assert run("translate", tiny_run, *search, "--alignment", plain) == rows
    found = [json.loads(line) for line in path.read_text().splitlines()]
    assert [each["line"] for each in found] == [1, 1, 2, 2, 3, 3, 4, 4] and len(rows) == 8
    for each, row, links in zip(found, rows, plain.read_text().splitlines(), strict=True):
        assert " ".join(f"{source}-{target}" for source, target, _ in each["words"]) == links
        assert each["target"][:-1] == row.split("\t")[2].split()
        assert each["source"] == LINES[each["line"] - 1].split()
        assert all(0 <= share <= 1 for *_, share in each["tokens"])


def test_translations_and_alignment_are_two_files(tiny_run, tmp_path):
    for arguments in (["--alignment", "-"], ["--output", tmp_path / "a", "--alignment", tmp_path / "a"]):
        result = CliRunner().invoke(app, ["translate", str(tiny_run), "a", *map(str, arguments)])
        assert result.exit_code == 2 and "is where --output goes, too" in result.stderr
