"""Several runs as one exported folder: it answers as they do together."""

import json
import re
import shutil
import subprocess
import sys
from dataclasses import replace

import numpy as np
import pytest

from seq2seq.decoding.sampling import Sampling
from seq2seq.errors import InputError
from seq2seq.export import export, folder
from seq2seq.inference.ensemble import identity_of
from seq2seq.inference.translator import Translator
from seq2seq.runtime.folder import ExportedRun
from seq2seq.server.models import load
from seq2seq.text.tokens import TokenRows
from tests.conftest import OLDER_RUNS

LINES = ["a b c d", "h", "", "e f g h a b", "c c d", "g f e d c b"]
SEARCHES = [
    {"beam_size": 1},
    {"beam_size": 4, "n_best": 3},
    {"beam_size": 2, "prefix": "b", "no_repeat": 2},
    {"sampling": Sampling(1.5, seed=3)},
]


@pytest.fixture
def unchecked(monkeypatch):
    """Exports are not held against their runs, which takes TensorFlow some time."""
    kind = replace(folder.KINDS["translation"], differences=lambda *_: [])
    monkeypatch.setitem(folder.KINDS, "translation", kind)


@pytest.fixture(scope="module")
def copy(tiny_run, tmp_path_factory):
    return shutil.copytree(tiny_run, tmp_path_factory.mktemp("copies") / "copy")


@pytest.fixture(scope="module")
def others(made_run, tiny_config):
    """Runs of other kinds of models, over the same tokenizers."""
    settings = {
        "plain": ("model.attention=none", "model.cell=gru", "model.units=24"),
        "deep": ("model.attention=additive", "model.encoder_layers=2", "model.decoder_layers=2"),
    }
    made = [made_run(name, tiny_config(*each)) for name, each in settings.items()]
    for path in made:
        (path / "metrics.json").write_text("{}")  # it has ended
    return made


def answers(translator):
    found = [list(translator.stream(LINES, **search)) for search in SEARCHES]
    return [hypothesis for each in found for hypotheses in each for hypothesis in hypotheses]


def same(own, exported):
    own, found = answers(own), answers(exported)
    assert [(each.text, [*each.tokens]) for each in found] == [(each.text, [*each.tokens]) for each in own]
    np.testing.assert_allclose([each.score for each in found], [each.score for each in own], atol=1e-5)


def test_a_run_with_a_copy_of_itself_answers_as_it_does_alone(tiny_run, copy, unchecked, tmp_path):
    export(tiny_run, tmp_path / "alone")
    export([str(tiny_run), copy], tmp_path / "both")
    alone, both = (Translator.load(tmp_path / name) for name in ("alone", "both"))
    same(alone, both)
    source, labels = alone.source.encode(LINES[:1]), TokenRows.from_rows([next(alone.stream(LINES))[0].tokens])
    told = [each.forced.read(source, labels, 4096, lambda _, *found: found, attended=True)[0] for each in (alone, both)]
    for own, found in zip(*told, strict=True):
        np.testing.assert_allclose(found, own, atol=1e-5)
    sizes = [(tmp_path / name / "step.onnx").stat().st_size for name in ("alone", "both")]
    assert sizes[1] < 1.5 * sizes[0]  # what is the same in both is there once


def test_the_folder_names_all_members_and_its_lines_run(tiny_run, copy, unchecked, tmp_path):
    export([tiny_run, copy], tmp_path / "both")
    run = ExportedRun.open(tmp_path / "both", "translation")
    assert run.members == [tiny_run.name, "copy"] and run.identity == identity_of([tiny_run, copy])
    assert load([tmp_path / "both"])["both"].described["members"] == run.members
    weights = [each["weights"] for each in run.record["members"]]
    assert weights == [identity_of(tiny_run), identity_of(copy)]
    written = (tmp_path / "both" / "README.md").read_text()
    assert "2 runs of the task translation" in written and f"`{tiny_run.name}`, `copy`" in written
    told = written + json.dumps(run.record["members"])
    assert str(tiny_run.parent) not in told and str(copy.parent) not in told
    _, lines = re.findall(r"```python\n(.*?)```", written, re.S)
    done = subprocess.run([sys.executable, "-c", lines], cwd=tmp_path / "both", capture_output=True, text=True)
    assert done.returncode == 0 and "keys1 (1, 12, 32)" in done.stdout, done.stderr


@pytest.mark.slow
@pytest.mark.parametrize("first", [0, 1], ids=["attentive first", "without attention first"])
def test_runs_of_other_kinds_answer_as_their_ensemble(first, tiny_run, others, tmp_path):
    runs = [tiny_run, *others]
    runs = [runs[first], *runs[:first], *runs[first + 1 :]]
    held = export(runs, tmp_path / "all")
    assert all(each.is_small for each in held.differences) and len(held.differences) >= 8
    same(Translator.load(runs), Translator.load(tmp_path / "all"))


@pytest.mark.slow
def test_other_formats(tiny_run, copy, others, tmp_path):
    held = export([tiny_run, copy], tmp_path / "int8", int8=True)
    assert held.size < 1 and all(cost.is_small for cost in held.costs)
    held = export([tiny_run, others[1]], tmp_path / "served", format="saved-model")
    assert {each.what for each in held.differences} == {"translations, greedy", "translations, beam"}
    assert all(each.is_small for each in held.differences)


def test_what_is_no_ensemble_is_refused_and_nothing_is_written(tiny_run, copy, others, exported, tmp_path):
    def refused(message, *runs, **how):
        with pytest.raises(InputError, match=message) as error:
            export(runs, tmp_path / "exported", **how)
        assert "\n" not in str(error.value) and not any(tmp_path.iterdir())

    forecaster, other_tokens = OLDER_RUNS / "forecaster", OLDER_RUNS / "translation"
    refused("needs two runs or more, got 1", tiny_run)
    refused("needs two runs or more, got 0")
    refused("is given twice", tiny_run, copy, copy)
    refused("is an exported folder, and an ensemble is of runs", tiny_run, exported("translation"))
    refused("is a run of the task 'forecaster', expected one of 'translation'", tiny_run, forecaster)
    refused("is a run of the task 'translation', expected one of 'forecaster'", forecaster, tiny_run)
    refused("--with is for translators, .*language-model is a run of the task", OLDER_RUNS / "language-model", tiny_run)
    refused("their source tokenizers differ", tiny_run, other_tokens)
    refused("is not a run directory", tiny_run, tmp_path / "none")
    refused("--format litert: .* writes texts", tiny_run, copy, format="litert")
    (others[0] / "metrics.json").rename(others[0] / "kept")
    refused("plain has not ended its training", tiny_run, others[0])
    (others[0] / "kept").rename(others[0] / "metrics.json")
    with pytest.raises(InputError, match="the folder of a run"):
        export([tiny_run, copy], copy / "exported")
