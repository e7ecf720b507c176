"""What a training that starts from another run takes over from its settings, and what of that it may change."""

from dataclasses import fields, replace
from typing import Any

from seq2seq.config.distillation import DistillationConfig
from seq2seq.config.language_model import LanguageConfig
from seq2seq.config.resolving import Config, settings_of, to_mapping
from seq2seq.config.risk import RiskConfig
from seq2seq.config.series import AutoencoderConfig, ForecasterConfig
from seq2seq.config.translation import TranslationConfig
from seq2seq.errors import InputError

# What belongs to the data, the device and the course of one training. The next one has it as told, or finds it out.
_ANEW = ("training.precision", "training.freeze", "training.seed")
_ANEW_OF = {
    TranslationConfig: (
        *("data.train", "data.valid", "data.header", "data.limit", "data.cache"),
        *("model.source_vectors", "model.target_vectors"),
        *("decoding.max_length_ratio", "decoding.max_length_extra"),
        *(f"distillation.{field.name}" for field in fields(DistillationConfig)),
        *("training.lr_ramp_steps", "training.objective", *(f"risk.{field.name}" for field in fields(RiskConfig))),
    ),
    LanguageConfig: ("data.text",),
    AutoencoderConfig: ("data.location", "data.array", "data.limit", "training.epochs", "training.patience"),
    ForecasterConfig: ("data.location", "data.array", "data.limit"),
}

# What weights, tokenizers or units were made for; of a section, all but what is free.
_UNITS = ("data.scaling", "data.log", "data.log1p", "data.scale_by_group", "data.categorical")
_FIXED = {
    TranslationConfig: ("text", "model"),
    LanguageConfig: ("data.min_count", "model"),
    AutoencoderConfig: (*_UNITS, "model"),
    ForecasterConfig: (*_UNITS, "windows.look_back", "windows.horizon", "model"),
}
_FREE = {"text.subword_sampling", "model.word_dropout", "model.dropout_along_time", "model.dropout", "model.noise"} | {
    f"model.{place}_dropout" for place in ("embedding", "layer", "output")
}


def inherited(config: Config) -> Config:
    """The settings that a training has by default which starts from a run with the settings `config`."""
    names = [*_ANEW, *_ANEW_OF[type(config)]]
    sections = {}
    for section, part in vars(config).items():
        anew = {name.partition(".")[2] for name in names if name.startswith(f"{section}.")}
        if anew:
            defaults = {field.name: field.default for field in fields(part) if field.name in anew}
            sections[section] = replace(part, **defaults)
    config = replace(config, **sections)
    if isinstance(config, TranslationConfig) and config.text.white_space == "auto":  # of a run from before the setting
        config = replace(config, text=replace(config.text, white_space="collapse"))
    return config


def refuse_unfit(config: Any, parent: Any, path: Any) -> None:
    """Raise InputError where a training with the settings `config` cannot start from the weights of the run at `path`.

    Args:
        config: configuration of the training.
        parent: what `inherited` gives of the settings of that run.
        path: what to call it.
    """
    given, theirs = settings_of(to_mapping(config)), settings_of(to_mapping(parent))
    unfit = [
        f"{name}={value!r} (there {theirs[name]!r})"
        for name, value in given.items()
        if _is_fixed(name, _FIXED[type(config)]) and value != theirs[name]
    ]
    kind = [each for each in unfit if each.startswith("model.kind=")]  # what else there is follows from it
    if unfit:
        raise InputError(
            f"--from {path}: its weights were made with other settings than {', '.join(kind or unfit)}: leave these "
            "out, of a recipe too, or train without --from."
        )


def _is_fixed(name, fixed):
    return name not in _FREE and (name in fixed or name.partition(".")[0] in fixed)
