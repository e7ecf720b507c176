"""Folders of runs of several seeds: what they may hold."""

import json

import pytest

from seq2seq.config import ForecasterConfig, resolve
from seq2seq.errors import InputError
from seq2seq.run import Run
from seq2seq.run.seeds import is_of_seeds, refuse_inside_run, runs_in, start_seeds

NAMES = ["seed-1", "seed-2"]
CONFIG = resolve(ForecasterConfig, windows__look_back=9)


@pytest.fixture
def both(tmp_path):
    """A folder of two runs that have finished."""
    folder = tmp_path / "both"
    start_seeds(folder, NAMES, CONFIG, goes_on=False)
    for name in NAMES:
        (folder / name).mkdir()
        for file in ("config.json", "metrics.json"):
            (folder / name / file).write_text("{}")
    return folder


def test_a_folder_of_seeds_is_its_runs_and_any_other_itself(both, tmp_path):
    assert is_of_seeds(both) and not is_of_seeds(tmp_path)
    assert runs_in(both) == [both / name for name in NAMES] and runs_in(tmp_path) == [tmp_path]
    with pytest.raises(InputError, match=r"holds several runs, and one is needed here: .*seed-1"):
        Run.open(both, "forecaster")
    (both / "seed-2" / "metrics.json").unlink()
    with pytest.raises(InputError, match=r"does not answer as one: seed-2 of its 2 runs has not finished; .* --resume"):
        runs_in(both)
    assert runs_in(both, finished=False) == [both / name for name in NAMES]
    (both / "seed-2" / "config.json").unlink()
    with pytest.raises(InputError, match=r"has no seed-2 of its 2 runs: .* with --resume"):
        runs_in(both)


@pytest.mark.parametrize(
    "runs", ['["a"]', '["a", "../b"]', '["a", 1]', '["a", "a"]', '"ab"', '{"a": 1, "b": 2}', '["a", "\\u0000"]']
)
def test_damaged_lists_are_refused(tmp_path, runs):
    for content in (runs, f'{{"runs": {runs}, "settings": {{}}}}', "[" * 100_000):
        (tmp_path / "seeds.json").write_text(content)
        with pytest.raises(InputError, match=r"seeds\.json is damaged"):
            runs_in(tmp_path)


def test_only_the_same_runs_go_on(both, tmp_path):
    start_seeds(both, NAMES, resolve(ForecasterConfig, windows__look_back=9, training__epochs=99), goes_on=True)
    with pytest.raises(InputError, match="already: --resume goes on"):
        start_seeds(both, NAMES, CONFIG, goes_on=False)
    with pytest.raises(InputError, match="holds seed-1, seed-2, and seed-3, seed-4 are asked for"):
        start_seeds(both, ["seed-3", "seed-4"], CONFIG, goes_on=True)
    with pytest.raises(InputError, match=r"other settings: windows\.look_back=8 \(the runs: 9\)"):
        start_seeds(both, NAMES, resolve(ForecasterConfig, windows__look_back=8), goes_on=True)
    with pytest.raises(InputError, match="holds a single run"):
        start_seeds(both / "seed-1", NAMES, CONFIG, goes_on=True)
    with pytest.raises(InputError, match="holds other files"):
        start_seeds(tmp_path, NAMES, CONFIG, goes_on=True)


def test_what_has_not_begun_is_begun_anew(tmp_path):
    """A first command that could not read its data leaves nothing that the next one stumbles over."""
    start_seeds(tmp_path, NAMES, CONFIG, goes_on=False)
    start_seeds(tmp_path, ["seed-7", "seed-8"], resolve(ForecasterConfig, windows__look_back=8), goes_on=False)
    assert json.loads((tmp_path / "seeds.json").read_text())["runs"] == ["seed-7", "seed-8"]


def test_nothing_else_is_written_into_a_folder_of_several(both):
    for name in ("seed-1", "seed-2"):
        refuse_inside_run(both / name, "--run")
    for other in (both / "seed-3", both / "seed-1" / "exported"):
        with pytest.raises(InputError, match=r"--output .* lies in .*both, the folder of several runs: choose one out"):
            refuse_inside_run(other, "--output")
