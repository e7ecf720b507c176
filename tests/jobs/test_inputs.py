"""Which files a pattern finds, and what their outputs are called."""

from pathlib import Path

import pytest

from seq2seq.errors import InputError
from seq2seq.jobs.inputs import find_inputs


@pytest.fixture
def folder(tmp_path, monkeypatch):
    for name in ("in/a.txt", "in/b.txt", "in/b.de", "in/deep/c.txt", "in/deep/er/a.txt", "[1].txt"):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("x\n")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def names(*patterns):
    return [source.name for source in find_inputs(patterns, Path("out"))]


@pytest.mark.parametrize(
    ("patterns", "found"),
    [
        (["in/*.txt"], ["a.txt", "b.txt"]),
        (["in/**/*.txt"], ["a.txt", "b.txt", "deep/c.txt", "deep/er/a.txt"]),
        (["in/deep/c.txt"], ["c.txt"]),
        (["in/*/*.txt"], ["deep/c.txt"]),
        (["in/b.de", "in/a.txt"], ["b.de", "a.txt"]),
        (["in/a.txt", "in/*.txt"], ["a.txt", "b.txt"]),
        (["[1].txt"], ["[1].txt"]),
        (["in/[a]*"], ["a.txt"]),
    ],
)
def test_an_output_is_called_like_its_input(folder, patterns, found):
    assert names(*patterns) == found


def test_absolute_and_relative_names_are_alike(folder):
    assert names(str(folder / "in" / "*.txt")) == names("in/*.txt")


@pytest.mark.parametrize(
    ("patterns", "output", "message"),
    [
        (["in/*.csv"], "out", "matches nothing"),
        (["nowhere/*.txt"], "out", "no such folder"),
        (["in/z.txt"], "out", "no such file"),
        (["in"], "out", "is a folder"),
        (["in/a.txt", "in/deep/er/a.txt"], "out", "both be written"),
        (["in/*.txt"], "in", "lies among"),
        (["in/**/*.txt"], "in/out", "lies among"),
        (["**/*.txt"], "out", "lies among"),
        (["in/a.txt"], "in", "overwritten"),
        (["in/*/*.txt"], "in/new", "lies among"),
    ],
)
def test_what_would_go_wrong_is_refused(folder, patterns, output, message):
    with pytest.raises(InputError, match=message):
        find_inputs(patterns, Path(output))


def test_names_of_the_job_itself_are_refused(folder):
    for name in ("manifest.json", "manifest-1-of-2.json", "a.txt.rejected.jsonl"):
        (folder / "in" / name).write_text("x\n")
        with pytest.raises(InputError, match="name of the"):
            names("in/a.txt", f"in/{name}")


def test_an_output_beside_its_input_is_fine(folder):
    assert [source.name for source in find_inputs(["in/*.txt"], Path("in/out"))] == ["a.txt", "b.txt"]
