"""What a training holds out, and whether a run that it learns from was trained on that."""

import numpy as np
import pytest

from seq2seq.config import AutoencoderConfig, TranslationConfig, resolve
from seq2seq.report import Report
from seq2seq.run import Run
from seq2seq.run.parent import Parent
from seq2seq.run.resuming import digests
from seq2seq.run.seen import how_seen
from seq2seq.tasks import train_autoencoder


def text_files(folder, name, content):
    paths = [folder / f"{name}.{side}" for side in ("en", "de")]
    for path in paths:
        path.write_text(f"{content} {path.suffix}\n")
    return paths


def seen(config, files, drawn, run):
    return how_seen(config, {name: digests(paths) for name, paths in files.items()}, drawn, run)


@pytest.fixture
def earlier(tmp_path):
    """A translation that held out a share of `all`, and one that was given `few` to validate by."""
    pairs, few = text_files(tmp_path, "all", "pairs"), text_files(tmp_path, "few", "others")
    drawn = Run.start(tmp_path / "drawn", "translation", resolve(TranslationConfig), {"data.train": pairs})
    config = resolve(TranslationConfig, data__valid="few")
    given = Run.start(tmp_path / "given", "translation", config, {"data.train": pairs, "data.valid": few})
    return pairs, few, drawn, given


def test_the_same_split_of_the_same_data_holds_out_what_was_held_out(earlier):
    pairs, few, drawn, given = earlier
    assert seen(resolve(TranslationConfig), {"data.train": pairs}, True, drawn) is None
    config = resolve(TranslationConfig, data__valid="few")
    for run in (drawn, given):
        assert seen(config, {"data.train": pairs, "data.valid": few}, True, run) is None


@pytest.mark.parametrize(
    "setting, why", [("seed=2", "seed=2 (there 1)"), ("data.valid_share=0.3", "data.valid_share=0.3 (there None)")]
)
def test_another_split_of_the_same_data_is_named(earlier, setting, why):
    pairs, _, drawn, _ = earlier
    config = resolve(TranslationConfig, settings=[setting])
    assert seen(config, {"data.train": pairs}, True, drawn) == why
    if setting.startswith("seed"):  # which does not decide where a part is the end
        assert seen(config, {"data.train": pairs}, False, drawn) is None


def test_a_smaller_share_lies_within_the_larger_one(earlier, tmp_path):
    pairs, *_ = earlier
    config = resolve(TranslationConfig, settings=["data.valid_share=0.1"])
    tenth = Run.start(tmp_path / "tenth", "translation", config, {"data.train": pairs})
    for share, drawn, told in ((0.05, True, False), (0.05, False, False), (0.2, True, True), (0.2, False, True)):
        config = resolve(TranslationConfig, settings=[f"data.valid_share={share}"])
        assert bool(seen(config, {"data.train": pairs}, drawn, tenth)) == told
    turned = resolve(TranslationConfig, settings=["data.valid_share=0.05", "data.swap=true"])
    assert seen(turned, {"data.train": pairs}, True, tenth).startswith("data.swap=True (there False)")


def test_a_share_of_what_another_run_trained_on_whole_is_named(earlier):
    pairs, _, _, given = earlier
    assert seen(resolve(TranslationConfig), {"data.train": pairs}, True, given) == "data.valid=None (there few)"


def test_validation_data_that_trained_a_run_are_named(earlier, tmp_path):
    pairs, _, drawn, _ = earlier
    others = text_files(tmp_path, "new", "new ones")
    config = resolve(TranslationConfig, data__valid="all")
    files = {"data.train": others, "data.valid": pairs}
    assert seen(config, files, True, drawn) == "data.valid=all was of its training part"
    # Of one file with several splits nobody can tell.
    assert seen(config, {"data.train": pairs, "data.valid": pairs}, True, drawn) is None


def test_other_data_with_the_same_tokenizer_were_not_seen(earlier, tmp_path):
    others = {"data.train": text_files(tmp_path, "new", "new ones"), "text.source_model": [tmp_path / "all.en"]}
    assert seen(resolve(TranslationConfig, settings=["seed=5"]), others, True, earlier[2]) is None


class Heard(Report):
    def __init__(self):
        self.warnings = []

    def warn(self, line):
        self.warnings.append(line)


@pytest.mark.slow
def test_a_detector_that_starts_from_one_of_another_split_is_warned_of_its_threshold(tmp_path):
    np.save(tmp_path / "beats.npy", np.random.default_rng(0).normal(size=(30, 8, 1)).astype("float32"))
    small = ["model.units=2", "model.latent_dim=2", "training.epochs=1"]
    data = {"data__location": str(tmp_path / "beats.npy")}
    base, heard = resolve(AutoencoderConfig, settings=small, **data), []
    train_autoencoder.train(base, tmp_path / "base")
    for seed in (1, 2):
        report = Heard()
        inherited = Parent.open(tmp_path / "base", AutoencoderConfig, tmp_path / f"tuned{seed}").settings
        config = resolve(AutoencoderConfig, settings=["training.epochs=1", f"seed={seed}"], base=inherited, **data)
        train_autoencoder.train(config, tmp_path / f"tuned{seed}", parent=tmp_path / "base", report=report)
        heard.append([line for line in report.warnings if "have been trained on some of what is held out" in line])
    same, other = heard
    assert not same and len(other) == 1 and "seed=2 (there 1)" in other[0] and "threshold" in other[0]
