"""A run directory: one training at a time, on the data and settings of its start, and nothing from outside."""

import json
import subprocess
import sys
from copy import copy
from dataclasses import replace

import numpy as np
import pytest

from seq2seq.config import (
    AutoencoderConfig,
    ForecasterConfig,
    LanguageConfig,
    TranslationConfig,
    resolve,
    to_mapping,
)
from seq2seq.errors import InputError
from seq2seq.run import Run
from seq2seq.run.integrity import FORMAT, check_widths, read_config
from seq2seq.run.resuming import MAY_CHANGE, refuse_new_settings

CONFIG = AutoencoderConfig()


def started(path, data=None, resume=False, config=CONFIG):
    """A run that is no beginning any more."""
    run = Run.start(path, "autoencoder", config, data, resume)
    run.save_weights([np.ones((300, 300), np.float32)])
    return run


@pytest.fixture
def run(tmp_path):
    return started(tmp_path / "run")


def test_a_run_of_an_earlier_version_goes_on(tmp_path):
    config = replace(CONFIG, data=replace(CONFIG.data, columns=("a", "b")))
    run, file = started(tmp_path / "run", config=config), tmp_path / "run" / "config.json"
    record = json.loads(file.read_text())
    record["config"]["data"]["columns"] = "a, b"  # names were one text once
    del record["config"]["detection"]["components"]  # a setting that was not known then
    file.write_text(json.dumps(record))
    run.save_weights([np.ones((300, 300), np.float32)])
    assert started(tmp_path / "run", resume=True, config=config).path == tmp_path / "run"
    with pytest.raises(InputError, match=r"data\.columns=\('b',\) \(the run: \('a', 'b'\)\)"):
        started(tmp_path / "run", resume=True, config=replace(CONFIG, data=replace(CONFIG.data, columns=("b",))))


@pytest.mark.parametrize("kind", [AutoencoderConfig, ForecasterConfig, LanguageConfig, TranslationConfig])
def test_a_setting_that_a_run_never_stored_is_refused_unless_it_has_its_default(tmp_path, kind):
    config = resolve(kind, settings=["windows.look_back=5"] if kind is ForecasterConfig else [])
    stored = to_mapping(config)
    for section, settings in stored.items():
        for name in settings if isinstance(settings, dict) else ():
            value = "another" if settings[name] is None else not settings[name] or [settings[name]]
            part = copy(getattr(config, section))
            object.__setattr__(part, name, value)  # whatever its checks would say
            given = copy(config)
            object.__setattr__(given, section, part)
            without = {key: other for key, other in settings.items() if key != name}
            write_config(tmp_path, stored | {section: without})
            if f"{section}.{name}" in MAY_CHANGE:
                refuse_new_settings(tmp_path, given)
            else:
                with pytest.raises(InputError, match=rf"with {section}\.{name}=.* did not know"):
                    refuse_new_settings(tmp_path, given)
            write_config(tmp_path, stored)
            refuse_new_settings(tmp_path, given)  # it is known: `refuse_other_settings` looks at it


def write_config(folder, config):
    record = {"format": FORMAT, "task": "autoencoder", "config": config, "data": {}}
    (folder / "config.json").write_text(json.dumps(record))


def test_a_run_is_trained_by_one_process_at_a_time(tmp_path):
    code = (
        "import sys; from seq2seq.run import Run; from seq2seq.config import AutoencoderConfig\n"
        "run = Run.start(sys.argv[1], 'autoencoder', AutoencoderConfig()); print('mine', flush=True); sys.stdin.read()"
    )
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
    other = subprocess.Popen([sys.executable, "-c", code, str(tmp_path / "run")], text=True, **pipes)
    try:
        assert other.stdout.readline() == "mine\n"
        with pytest.raises(InputError, match=f"is being trained by another process .*process {other.pid} "):
            started(tmp_path / "run", resume=True)
        with pytest.raises(InputError, match="is being trained by another process"):  # not: a beginning, to be deleted
            Run.check(tmp_path / "run")
    finally:
        other.kill()
        other.wait()
    started(tmp_path / "run", resume=True)  # the lock of a process that is gone is none


def test_a_training_that_has_ended_locks_nothing_though_its_run_be_alive(tmp_path):
    run = Run.start(tmp_path, "autoencoder", CONFIG)
    assert not run.lock.closed
    run.write_metrics({"val_loss": 1.0})
    assert run.lock.closed and run.path == tmp_path


def test_resuming_with_other_settings_or_other_data_names_them(tmp_path):
    data = tmp_path / "data.csv"
    data.write_text("a\n1\n")
    files = {"data.location": [data]}
    started(tmp_path / "run", files)
    assert started(tmp_path / "run", files, resume=True).path == tmp_path / "run"
    with pytest.raises(InputError, match=r"seed=2 \(the run: 1\)"):
        started(tmp_path / "run", files, resume=True, config=replace(CONFIG, seed=2))
    data.write_text("a\n2\n")
    with pytest.raises(InputError, match=r"other data: the content of data\.location"):
        started(tmp_path / "run", files, resume=True)


def test_a_missing_run_names_the_trainings_that_would_make_one(tmp_path):
    both = ["forecaster", "autoencoder"]
    for tasks, named in ((both[1:], "train autoencoder --run"), (both, "train forecaster|autoencoder --run")):
        with pytest.raises(InputError) as refused:
            Run.open(tmp_path / "none", *tasks)
        assert "no such run directory" in str(refused.value) and named in str(refused.value)


def test_links_out_of_a_run_are_refused(run, tmp_path):
    (tmp_path / "outside").write_text("secret")
    (run.path / "text.json").symlink_to(tmp_path / "outside")
    with pytest.raises(InputError, match=r"text\.json is a link out"):
        Run.open(run.path, "autoencoder")


def test_files_of_another_run_are_refused(run, tmp_path):
    (tmp_path / "data.csv").write_text("a\n1\n")
    other = started(tmp_path / "other", config=replace(CONFIG, seed=5))
    other.save_weights([np.ones((300, 300), np.float32)])
    own = run.weights.read_bytes()
    run.weights.write_bytes(other.weights.read_bytes())
    with pytest.raises(InputError, match=r"config\.json and weights\.npz do not belong together"):
        Run.open(run.path, "autoencoder")
    run.weights.write_bytes(own)
    other.save_fitted(other.detector, {"values": np.ones(3)})
    run.detector.write_bytes(other.detector.read_bytes())
    with pytest.raises(InputError, match="does not belong to"):
        Run.open(run.path, "autoencoder").load_fitted(run.detector)


def test_a_model_larger_than_its_weights_is_refused_before_it_is_built(run):
    content = json.loads((run.path / "config.json").read_text())
    content["config"]["model"]["units"] = 10**6
    (run.path / "config.json").write_text(json.dumps(content))
    run.save_weights([np.ones((300, 300), np.float32)])
    with pytest.raises(InputError, match="fewer weights than its settings ask for"):
        Run.open(run.path, "autoencoder")


def test_no_model_is_taken_for_one_that_is_larger_than_its_weights(tmp_path):
    from seq2seq.models import Autoencoder, EncoderDecoder, LanguageModel

    for cell in ("lstm", "gru"):
        for arguments in ({"units": 2}, {"units": 40, "bidirectional": True}, {"units": 4, "latent_dim": 300}):
            if arguments.get("bidirectional"):
                arguments = {"units": 40, "embedding_dim": 100, "encoder_layers": 3, "decoder_layers": 2}
                model = EncoderDecoder(5, 5, cell=cell, bridge="copy", attention="none", **arguments)
            else:
                model = Autoencoder(1, cell=cell, **arguments)
            check_widths(tmp_path, {"model": arguments}, model.count_params())
    arguments = {"units": 12, "embedding_dim": 90, "num_layers": 4}
    check_widths(tmp_path, {"model": arguments}, LanguageModel(5, **arguments).count_params())


def test_what_a_training_left_that_had_no_weights_yet_makes_way_for_the_next(tmp_path):
    begun = Run.start(tmp_path, "autoencoder", CONFIG)
    for name in ("source.model", "joint.json", "scaler.json", "diverged-epoch1-batch2.npz"):
        (tmp_path / name).write_text("of the first")
    (tmp_path / "source.en").write_text("somebody's text")
    begun.release()
    for resume in (False, True):
        assert not Run.check(tmp_path, resume)
        run = Run.start(tmp_path, "translation", TranslationConfig(), resume=resume)
        assert read_config(tmp_path)[0] == "translation" and run.config == to_mapping(TranslationConfig())
        run.release()
    kept = {"config.json", "lock", "source.en", "diverged-epoch1-batch2.npz"}
    assert {file.name for file in tmp_path.iterdir()} == kept


def test_a_run_whose_settings_are_lost_is_not_gone_on_with(run):
    run.save_checkpoint("1", {"values": np.ones(3)})
    (run.path / "config.json").unlink()
    for resume in (False, True):
        again = Run.start(run.path, "autoencoder", CONFIG, resume=resume)
        assert not again.checkpoints() and not again.weights.exists()


@pytest.mark.parametrize("name", ["config.json", "source.model", "text.txt"])
def test_files_that_are_only_called_as_those_of_a_run_are_left_alone(tmp_path, name):
    (tmp_path / name).write_text("{}")
    for resume in (False, True):
        with pytest.raises(InputError, match=rf"holds other files \({name}\)"):
            Run.start(tmp_path, "autoencoder", CONFIG, resume=resume)
    assert [file.name for file in tmp_path.iterdir()] == [name]


def test_a_folder_of_other_files_becomes_no_run(tmp_path):
    (tmp_path / "thesis.tex").write_text("")
    with pytest.raises(InputError, match=r"holds other files \(thesis\.tex\)"):
        started(tmp_path)


def test_a_later_version_may_measure_more_in_a_history_that_goes_on(run):
    run.write_history([{"epoch": 1, "loss": 2.0}, {"epoch": 2, "loss": 1.0, "val_cut": 0.5}])
    assert (run.path / "history.csv").read_text().split() == ["epoch,loss,val_cut", "1,2.0,", "2,1.0,0.5"]
