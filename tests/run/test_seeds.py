"""Folders of runs of several seeds: what they may hold."""

import pytest

from seq2seq.errors import InputError
from seq2seq.run import Run
from seq2seq.run.seeds import is_of_seeds, runs_in, start_seeds


def test_a_folder_of_seeds_is_its_runs_and_any_other_itself(tmp_path):
    start_seeds(tmp_path / "both", ["seed-1", "seed-2"], resume=False)
    assert is_of_seeds(tmp_path / "both") and not is_of_seeds(tmp_path)
    assert runs_in(tmp_path / "both") == [tmp_path / "both" / "seed-1", tmp_path / "both" / "seed-2"]
    assert runs_in(tmp_path) == [tmp_path]
    with pytest.raises(InputError, match=r"holds runs of several seeds, and one is needed here: give .*seed-1"):
        Run.open(tmp_path / "both", "forecaster")


@pytest.mark.parametrize("content", ["{", "[]", '{"runs": ["a"]}', '{"runs": ["a", "../b"]}', '{"runs": ["a", 1]}'])
def test_damaged_lists_are_refused(tmp_path, content):
    (tmp_path / "seeds.json").write_text(content)
    with pytest.raises(InputError, match=r"seeds\.json is damaged"):
        runs_in(tmp_path)


def test_what_is_there_is_not_taken_over(tmp_path):
    names = ["seed-1", "seed-2"]
    start_seeds(tmp_path / "both", names, resume=False)
    start_seeds(tmp_path / "both", names, resume=True)
    with pytest.raises(InputError, match="already: --resume goes on"):
        start_seeds(tmp_path / "both", names, resume=False)
    with pytest.raises(InputError, match="holds seed-1, seed-2, and seed-3, seed-4 are asked for"):
        start_seeds(tmp_path / "both", ["seed-3", "seed-4"], resume=True)
    (tmp_path / "single").mkdir()
    (tmp_path / "single" / "config.json").write_text("{}")
    with pytest.raises(InputError, match="holds a single run"):
        start_seeds(tmp_path / "single", names, resume=True)
    with pytest.raises(InputError, match="holds other files"):
        start_seeds(tmp_path, names, resume=False)
