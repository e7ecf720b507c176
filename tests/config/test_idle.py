"""What does nothing beside the other settings: refused where it is given, told of a recipe, passed over in a run."""

import pytest

from seq2seq.config import (
    AutoencoderConfig,
    ForecasterConfig,
    LanguageConfig,
    TranslationConfig,
    from_stored,
    resolve,
    to_mapping,
)
from seq2seq.errors import InputError
from seq2seq.report import Report

KINDS = [AutoencoderConfig, ForecasterConfig, LanguageConfig, TranslationConfig]
# Setting → the other setting that its refusal names, and what makes it do something.
OF_ALL = {
    "training.final_learning_rate=1e-5": ("training.schedule=plateau", ["training.schedule=cosine"]),
    "training.plateau_patience=3": ("training.schedule=constant", ["training.schedule=plateau"]),
    "training.weight_decay=0.1": ("training.optimizer=adam", ["training.optimizer=adamw"]),
    "training.optimizer=adamw": ("training.weight_decay", ["training.weight_decay=0.1"]),
}
OF_AUTOENCODER = {"training.updates=100": ("training.epochs=3", ["training.epochs=none"])}
OF_LANGUAGE = {"model.layer_dropout=0.5": ("model.num_layers=1", ["model.num_layers=2"])}
OF_TRANSLATION = {
    "model.layer_dropout=0.5": ("one layer", ["model.decoder_layers=2"]),
    "model.attention_heads=2": ("model.attention=dot", ["model.attention=multi_head"]),
    "model.attention_at=first": ("model.decoder_layers=1", ["model.decoder_layers=2"]),
    "model.dropout_along_time=true": ("model.embedding_dropout", ["model.output_dropout=0.1"]),
    "training.consistency=5": ("model.output_dropout", ["model.word_dropout=0.1"]),
    "training.consistency_from=0.5": ("training.consistency", ["training.consistency=5"]),
    "training.truth_ratio=0.5": ("training.objective=risk", ["training.objective=cross_entropy"]),
    "risk.candidates=4": ("training.objective=cross_entropy", ["training.objective=risk"]),
    "training.validation_sentences=9": ("training.validate_bleu=false", ["training.validate_bleu=true"]),
    "data.valid_share=0.5": ("data.valid", ["data.valid=none"]),
    "data.hold_out=last": ("data.valid", ["data.valid=none"]),
}
NOTHING = {
    "training.final_learning_rate=1e-5": ["training.schedule=plateau"],
    "training.plateau_patience=3": ["training.schedule=constant"],
    "training.updates=100": ["training.epochs=3"],
    "model.dropout_along_time=true": ["model.embedding_dropout=0.0", "model.output_dropout=0.0"],
    "training.consistency=5": [f"model.{place}_dropout=0.0" for place in ("embedding", "output", "word")],
    "training.truth_ratio=0.5": ["training.objective=risk"],
    "training.validation_sentences=9": ["training.validate_bleu=false"],
    "data.valid_share=0.5": ["data.valid=valid.tsv"],
    "data.hold_out=last": ["data.valid=valid.tsv"],
}
BASE = {ForecasterConfig: ["windows.look_back=5"], AutoencoderConfig: ["windows.look_back=5"]}
OWN = {AutoencoderConfig: OF_AUTOENCODER, LanguageConfig: OF_LANGUAGE, TranslationConfig: OF_TRANSLATION}
CASES = [(kind, setting, *case) for kind in KINDS for setting, case in (OF_ALL | OWN.get(kind, {})).items()]


class Telling(Report):
    def __init__(self):
        self.lines = []

    def say(self, line):
        self.lines.append(line)


def in_recipe(path, *settings):
    """A recipe of settings."""
    path.write_text("".join(f"{setting.split('=')[0]} = {_toml(setting.split('=')[1])}\n" for setting in settings))
    return path


def _toml(text):
    return text if text[0].isdigit() or text in ("true", "false") else f'"{text}"'


@pytest.mark.parametrize(("kind", "setting", "other", "needed"), CASES)
def test_what_does_nothing_is_refused_told_or_passed_over(kind, setting, other, needed, tmp_path):
    base, name = [*BASE.get(kind, ()), *NOTHING.get(setting, ())], setting.split("=")[0]
    with pytest.raises(InputError, match=rf"^{name}=\S+ does nothing .*{other}.*: ") as refusal:
        resolve(kind, settings=[*base, setting])
    assert "\n" not in str(refusal.value)
    doing = resolve(kind, settings=[*base, *needed, setting])  # accepted

    report, recipe = Telling(), in_recipe(tmp_path / "recipe.toml", setting)
    without = resolve(kind, settings=base)
    assert resolve(kind, recipe, base, report) == without
    (line,) = report.lines
    assert line.startswith(f"{name}=") and "of the recipe is passed over: it does nothing" in line

    stored, section, field = to_mapping(without), *name.split(".")
    stored[section][field] = to_mapping(doing)[section][field]
    assert from_stored(kind, stored) == without


@pytest.mark.parametrize(
    "settings",
    [
        ["model.layer_dropout=0.0"],  # there is none
        ["model.residual=false"],
        ["text.joint=false", "model.tie_source=false"],
        ["text.target_tokenizer=unigram"],
        ["training.epochs=1", "training.patience=5", "training.final_truth_ratio=0.5"],  # a recipe, tried for an epoch
        ["decoding.length_penalty=0.6"],  # for later searches with a beam
    ],
)
def test_what_is_so_in_any_case_or_may_matter_later_is_accepted(settings):
    assert resolve(TranslationConfig, settings=settings) != resolve(TranslationConfig)


@pytest.mark.parametrize("kind", KINDS)
def test_defaults_are_never_idle(kind):
    report = Telling()
    settings = BASE.get(kind, ())
    config = resolve(kind, settings=settings, report=report)
    assert report.lines == []
    assert from_stored(kind, to_mapping(config)) == config
