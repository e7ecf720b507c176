"""What a run can be told: frozen dataclasses with every default and every check.

A configuration is resolved in one order: the defaults below < a recipe (TOML) < the command line. Unknown names and
wrong types are errors that name the near match. Imports nothing heavy, so that `--help` answers at once.
"""

from __future__ import annotations

import dataclasses
import difflib
import tomllib
import types
import typing
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, TypeVar

from seq2seq.errors import InputError

RECIPES = Path(__file__).parent / "recipes"

TokenizerKind = Literal["unigram", "bpe", "char", "word"]


@dataclass(frozen=True)
class DataConfig:
    """Where the parallel text comes from, and which pairs of it are used."""

    train: str = ""  # PREFIX (PREFIX.en and PREFIX.de), TSV file, or tfds:NAME/CONFIG
    valid: str | None = None  # the same forms; without it a share of `train` is held out
    source: str | None = None  # suffix of the source file, or TFDS feature: "en"
    target: str | None = None
    swap: bool = False  # translate the other way: second column → first
    limit: int | None = None  # read only the first lines
    valid_share: float = 0.02  # held out where `valid` is not given
    hold_out: Literal["by_source", "last"] = (
        "by_source"  # seeded, no source on both sides; or the last rows as they are
    )
    extra_columns: Literal["ignore", "references"] = "ignore"  # third and further TSV columns
    max_characters: int = 1000  # longer pairs are dropped
    max_ratio: float = 9.0  # pairs with one side this many times longer are dropped

    def __post_init__(self):
        _check_range("data.valid_share", self.valid_share, 0.0, 1.0, open_ends=True)
        _check_at_least("data.max_characters", self.max_characters, 1)
        _check_at_least("data.max_ratio", self.max_ratio, 1.0)
        if self.limit is not None:
            _check_at_least("data.limit", self.limit, 2)


@dataclass(frozen=True)
class TextConfig:
    """How strings become ids."""

    tokenizer: TokenizerKind = "unigram"
    target_tokenizer: TokenizerKind | None = None  # another kind for the target side: letters → phones
    vocabulary_size: int = 8000  # an upper bound: a small corpus gives fewer
    joint: bool = True  # one vocabulary for both sides (the same kind of tokenizer on both)
    min_count: int = 1  # characters and words seen less often are unknown
    subword_sampling: float = 0.0  # SentencePiece alpha; > 0 draws another segmentation each epoch (0.1 … 0.3)

    def __post_init__(self):
        _check_at_least("text.vocabulary_size", self.vocabulary_size, 8)
        _check_at_least("text.min_count", self.min_count, 1)
        _check_range("text.subword_sampling", self.subword_sampling, 0.0, 1.0)
        sampled = {self.tokenizer, self.target_tokenizer or self.tokenizer}
        if self.subword_sampling and not sampled & {"unigram", "bpe"}:
            raise InputError(
                f"text.subword_sampling={self.subword_sampling} needs a unigram or bpe tokenizer, not {self.tokenizer}."
            )

    @property
    def shares_vocabulary(self) -> bool:
        return self.joint and self.target_tokenizer in (None, self.tokenizer)


@dataclass(frozen=True)
class BatchingConfig:
    """How pairs become batches."""

    batch_sentences: int = 64  # pairs in a batch; 0 where `batch_tokens` sets the size
    batch_tokens: int = 0  # budget of padded target and source tokens in a batch, each side; 0: count pairs instead
    bucket_step: int = 8  # lengths are padded to a multiple of this
    max_tokens: int = 256  # pairs with more tokens on a side are dropped

    def __post_init__(self):
        _check_at_least("batching.batch_sentences", self.batch_sentences, 0)
        _check_at_least("batching.batch_tokens", self.batch_tokens, 0)
        _check_at_least("batching.bucket_step", self.bucket_step, 1)
        _check_at_least("batching.max_tokens", self.max_tokens, 2)
        if bool(self.batch_sentences) == bool(self.batch_tokens):
            raise InputError(
                "Exactly one of batching.batch_sentences and batching.batch_tokens must be above 0, got "
                f"{self.batch_sentences} and {self.batch_tokens}: set the other one to 0."
            )


@dataclass(frozen=True)
class ModelConfig:
    """The encoder–decoder."""

    cell: Literal["lstm", "gru"] = "lstm"
    embedding_dim: int = 256
    units: int = 512  # of the decoder; a bidirectional encoder has half of it in each direction
    encoder_layers: int = 1
    decoder_layers: int = 1
    bidirectional: bool = True
    go_backwards: bool = False  # read the source from its end (Sutskever et al. 2014); unidirectional encoders only
    residual: bool = True  # around every layer from the second on
    bridge: Literal["copy", "dense", "zero"] = "dense"  # from the encoder's last state to the decoder's first
    attention: Literal["none", "dot", "additive", "multi_head"] = "dot"
    attention_heads: int = 4  # of multi_head
    tie_output: bool = True  # the output layer shares the target embedding
    tie_source: bool = True  # one embedding for both sides, where they share a vocabulary
    embedding_dropout: float = 0.2
    layer_dropout: float = 0.2  # between stacked layers
    output_dropout: float = 0.2
    word_dropout: float = 0.0  # share of input tokens whose embedding is zeroed
    dropout_along_time: bool = False  # one dropout mask for all steps (Gal and Ghahramani 2016)

    def __post_init__(self):
        for name in ("embedding_dim", "units", "encoder_layers", "decoder_layers", "attention_heads"):
            _check_at_least(f"model.{name}", getattr(self, name), 1)
        for name in ("embedding_dropout", "layer_dropout", "output_dropout", "word_dropout"):
            _check_range(f"model.{name}", getattr(self, name), 0.0, 0.95)
        if self.bidirectional and self.go_backwards:
            raise InputError(
                "model.go_backwards=true needs model.bidirectional=false: both directions are read already."
            )
        if self.bidirectional and self.units % 2:
            raise InputError(
                f"model.units={self.units} must be even: a bidirectional encoder gives each direction half."
            )
        if self.attention == "multi_head" and self.units % self.attention_heads:
            raise InputError(
                f"model.units={self.units} must be a multiple of model.attention_heads={self.attention_heads}."
            )


@dataclass(frozen=True)
class TrainingConfig:
    """Optimisation, and when to stop."""

    epochs: int = 10
    optimizer: Literal["adam", "adamw"] = "adam"
    learning_rate: float = 1e-3  # the peak
    schedule: Literal["constant", "cosine", "inverse_sqrt", "plateau"] = "cosine"
    lr_ramp_steps: int = 200  # linear learning-rate ramp from 0
    final_learning_rate: float = 0.0  # where cosine ends
    plateau_patience: int = 2  # epochs without a better validation loss before the rate is halved
    weight_decay: float = 0.0  # of adamw
    clip_norm: float = 1.0  # of the gradient of all weights together; 0 clips nothing
    accumulate_batches: int = 1  # batches whose gradients make one update
    label_smoothing: float = 0.1
    ema_decay: float = 0.0  # > 0: validate and keep the moving average of the weights (0.99 … 0.9995)
    average_checkpoints: int = 1  # keep the mean of the last weights, one set an epoch
    truth_ratio: float = 1.0  # share of decoder inputs that are the true previous token; 1 is teacher forcing
    final_truth_ratio: float | None = None  # the share moves linearly to this one over the epochs
    monitor: Literal["bleu", "loss", "exact_match"] = "loss"  # on validation: chooses the best weights and when to stop
    patience: int = 0  # epochs without a better `monitor` before training stops; 0: never
    validate_bleu: bool = True  # translate the validation part after every epoch
    validation_sentences: int = 1000  # at most this many of it
    precision: Literal["float32", "mixed_bfloat16", "mixed_float16"] = "float32"
    tensorboard: bool = False  # event files in the run's folder `tensorboard`

    def __post_init__(self):
        for name in ("epochs", "accumulate_batches", "average_checkpoints", "plateau_patience", "validation_sentences"):
            _check_at_least(f"training.{name}", getattr(self, name), 1)
        for name in ("lr_ramp_steps", "patience"):
            _check_at_least(f"training.{name}", getattr(self, name), 0)
        for name in ("learning_rate", "final_learning_rate", "weight_decay", "clip_norm"):
            _check_at_least(f"training.{name}", getattr(self, name), 0.0)
        _check_range("training.label_smoothing", self.label_smoothing, 0.0, 0.9)
        _check_range("training.ema_decay", self.ema_decay, 0.0, 0.99999)
        _check_range("training.truth_ratio", self.truth_ratio, 0.0, 1.0)
        if self.final_truth_ratio is not None:
            _check_range("training.final_truth_ratio", self.final_truth_ratio, 0.0, 1.0)
        if self.ema_decay and self.average_checkpoints > 1:
            raise InputError(
                "training.ema_decay and training.average_checkpoints are two averages of the weights: set one."
            )
        if self.monitor != "loss" and not self.validate_bleu:
            raise InputError(f"training.monitor={self.monitor} needs training.validate_bleu=true.")


@dataclass(frozen=True)
class DecodingConfig:
    """How translations are searched for. Lengths are in target tokens."""

    beam_size: int = 1  # 1 is greedy search
    length_penalty: float = 1.0  # score = log-probability / length ** length_penalty
    max_length_ratio: float = 2.0  # at most ratio · source length + extra tokens
    max_length_extra: int = 10
    max_source_tokens: int = 1024  # longer inputs are cut, with a warning
    batch_tokens: int = 4096  # padded source tokens · beams in a batch

    def __post_init__(self):
        _check_at_least("decoding.beam_size", self.beam_size, 1)
        _check_range("decoding.length_penalty", self.length_penalty, 0.0, 10.0)
        _check_at_least("decoding.max_length_ratio", self.max_length_ratio, 0.0)
        for name in ("max_length_extra", "max_source_tokens", "batch_tokens"):
            _check_at_least(f"decoding.{name}", getattr(self, name), 1)


@dataclass(frozen=True)
class TranslationConfig:
    """Everything that one translation run is made from."""

    data: DataConfig = field(default_factory=DataConfig)
    text: TextConfig = field(default_factory=TextConfig)
    batching: BatchingConfig = field(default_factory=BatchingConfig)
    model: ModelConfig = field(default_factory=ModelConfig)
    training: TrainingConfig = field(default_factory=TrainingConfig)
    decoding: DecodingConfig = field(default_factory=DecodingConfig)
    seed: int = 1

    def __post_init__(self):
        _check_range("seed", self.seed, 0, 2**31 - 1)


Config = TypeVar("Config")


def resolve(kind: type[Config], recipe: str | Path | None = None, settings: Iterable[str] = (), **given: Any) -> Config:
    """Build a configuration: defaults < recipe < `--set` < options of the command line.

    Args:
        kind: the dataclass to build, `TranslationConfig`.
        recipe: a TOML file, or the name of a recipe shipped with the package (`"multi30k"`).
        settings: strings `"section.name=value"`; the value is read as TOML, or else taken as a string.
        **given: `section__name=value`; `None` means not given.

    Raises:
        InputError: for an unknown name (with the near match), a wrong type or a value out of range.
    """
    tree = load_recipe(recipe) if recipe else {}
    for setting in settings:
        name, equals, value = setting.partition("=")
        if not equals or not name.strip():
            raise InputError(f"--set {setting}: expected section.name=value, such as --set model.units=512.")
        _put(tree, name.strip().split("."), _parse_value(value.strip()))
    for name, value in given.items():
        if value is not None:
            _put(tree, name.split("__"), value)
    return from_mapping(kind, tree)


def load_recipe(recipe: str | Path) -> dict[str, Any]:
    """Read a recipe file, or a shipped recipe by its name, into a tree of plain values."""
    path = Path(recipe)
    if not path.exists():
        shipped = {file.stem: file for file in RECIPES.glob("*.toml")}
        if str(recipe) not in shipped:
            raise InputError(f"--recipe {recipe}: no such file; shipped recipes are {', '.join(sorted(shipped))}.")
        path = shipped[str(recipe)]
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, OSError) as error:
        raise InputError(f"{path} is not a TOML file that can be read: {error}.") from error


def from_mapping(kind: type[Config], tree: Mapping[str, Any], place: str = "") -> Config:
    """Build the dataclass `kind` from nested mappings, checking every name and type."""
    hints = typing.get_type_hints(kind)
    values = {}
    for name, value in tree.items():
        full_name = f"{place}{name}"
        if name not in hints:
            raise InputError(f"{full_name} is not a setting: {_near_match(name, kind, place)}")
        if dataclasses.is_dataclass(hints[name]):
            if not isinstance(value, Mapping):
                raise InputError(f"{full_name} is a section: set {full_name}.NAME, not {full_name}={value!r}.")
            values[name] = from_mapping(hints[name], value, f"{full_name}.")
        else:
            values[name] = _typed(value, hints[name], full_name)
    return kind(**values)


def to_mapping(config: Any) -> dict[str, Any]:
    """The tree of plain values that `from_mapping` reads back."""
    return dataclasses.asdict(config)


def _near_match(name: str, kind: type, place: str) -> str:
    siblings = [f.name for f in dataclasses.fields(kind)]
    near = difflib.get_close_matches(name, siblings, n=1)
    if near:
        return f"did you mean {place}{near[0]}?"
    return f"{'the settings here' if place else 'the sections'} are {', '.join(siblings)}."


def _typed(value: Any, hint: Any, name: str) -> Any:
    """`value` as `hint` wants it: an int is a float too, nothing else is converted."""
    if isinstance(hint, types.UnionType) or typing.get_origin(hint) is typing.Union:
        choices = typing.get_args(hint)
        if value in (None, "none") and type(None) in choices:  # TOML has no word for None
            return None
        return _typed(value, next(c for c in choices if c is not type(None)), name)
    if typing.get_origin(hint) is Literal:
        allowed = typing.get_args(hint)
        if value not in allowed:
            raise InputError(f"{name}={value!r}: expected one of {', '.join(map(str, allowed))}.")
        return value
    if hint is float and isinstance(value, int) and not isinstance(value, bool):
        return float(value)
    if not isinstance(value, hint) or (hint is int and isinstance(value, bool)):
        raise InputError(f"{name}={value!r}: expected {hint.__name__}, got {type(value).__name__}.")
    return value


def _parse_value(text: str) -> Any:
    try:
        return tomllib.loads(f"value = {text}")["value"]
    except tomllib.TOMLDecodeError:
        return text


def _put(tree: dict[str, Any], path: list[str], value: Any) -> None:
    for name in path[:-1]:
        tree = tree.setdefault(name, {})
        if not isinstance(tree, dict):
            raise InputError(f"{'.'.join(path)} is not a setting: {name} is no section.")
    tree[path[-1]] = value


def _check_at_least(name: str, value: float, least: float) -> None:
    if not value >= least:
        raise InputError(f"{name}={value}: expected at least {least}.")


def _check_range(name: str, value: float, low: float, high: float, open_ends: bool = False) -> None:
    inside = low < value < high if open_ends else low <= value <= high
    if not inside:
        expected = f"between {low} and {high}" if open_ends else f"from {low} to {high}"
        raise InputError(f"{name}={value}: expected a value {expected}.")
