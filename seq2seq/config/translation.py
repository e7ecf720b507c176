"""What a translation run can be told. What `fitting.OPEN` names and is None follows the size of the corpus."""

from dataclasses import dataclass, field, replace
from typing import Literal

from seq2seq.config.checks import check_at_least, check_patterns, check_range
from seq2seq.config.distillation import DistillationConfig
from seq2seq.config.risk import RiskConfig
from seq2seq.config.translation_training import TranslationTrainingConfig
from seq2seq.errors import InputError

TokenizerKind = Literal["unigram", "bpe", "char", "word"]


@dataclass(frozen=True)
class DataConfig:
    """Where the parallel text comes from, and which pairs of it are used."""

    train: str = ""  # PREFIX (PREFIX.en and PREFIX.de), TSV file, tfds:NAME/CONFIG or hf:NAME
    valid: str | None = None  # the same forms; without it a share of `train` is held out
    source: str | None = None  # suffix of the source file, column of a TSV (name, or number from 1) or data set
    target: str | None = None  # the same of the target side
    header: bool | None = None  # the first row of a TSV names its columns; not given: seen in the training file
    swap: bool = False  # translate the other way: second column → first
    limit: int | None = None  # read only the first lines
    valid_share: float | None = None  # held out where `valid` is not given
    hold_out: Literal["by_source", "last"] = (
        "by_source"  # seeded, no source on both sides; or the last rows as they are
    )
    extra_columns: Literal["ignore", "references"] = "ignore"  # TSV columns behind both texts
    max_characters: int = 1000  # longer pairs are dropped
    max_ratio: float = 9.0  # pairs with one side this many times longer are dropped
    cache: str | None = None  # folder of prepared corpora, for several runs; without it a large one is kept in the run

    def __post_init__(self):
        check_range("data.valid_share", self.valid_share, 0.0, 1.0, open_ends=True)
        check_at_least("data.max_characters", self.max_characters, 1)
        check_at_least("data.max_ratio", self.max_ratio, 1.0)
        check_at_least("data.limit", self.limit, 2)

    @property
    def direction(self) -> tuple[str | int, str | int]:
        """What is read and what is written: names of columns, or places of those without names."""
        names = (self.source or 1, self.target or 2)
        return names[::-1] if self.swap else names

    def reverses(self, other: "DataConfig") -> bool:
        """Whether it says to translate the other way round than `other` does."""
        return self.direction == other.direction[::-1] != other.direction


@dataclass(frozen=True)
class TextConfig:
    """How strings become ids."""

    tokenizer: TokenizerKind | None = None  # pieces of words (unigram, bpe), characters or words
    target_tokenizer: TokenizerKind | None = None  # another kind for the target side: letters → phones
    vocabulary_size: int | None = None  # an upper bound: a small corpus gives fewer
    joint: bool = True  # one vocabulary for both sides (the same kind of tokenizer on both)
    min_count: int = 1  # characters (of word: words) seen less often are unknown
    subword_sampling: float = 0.0  # SentencePiece alpha; > 0 draws another segmentation each epoch (0.1 … 0.3)
    white_space: Literal["auto", "keep", "collapse"] = "auto"  # auto: keep where both sides are char, else collapse
    case: Literal["keep", "lower"] = "keep"  # lower: read, written and scored in lower case
    byte_fallback: bool = False  # unigram and bpe: what has no piece becomes bytes, nothing is unknown
    keep: tuple[str, ...] = ()  # regular expressions of what comes through a translation unchanged: tags, URLs
    model: str | None = None  # file of a SentencePiece model instead of a tokenizer to train: both sides, or the source
    target_model: str | None = None  # the same of the target side, where joint=false

    def __post_init__(self):
        check_at_least("text.vocabulary_size", self.vocabulary_size, 8)
        check_at_least("text.min_count", self.min_count, 1)
        check_range("text.subword_sampling", self.subword_sampling, 0.0, 1.0)
        check_patterns("text.keep", self.keep)
        self._check_models()
        if self.subword_sampling and not self._kinds & {"unigram", "bpe"}:
            raise InputError(
                f"text.subword_sampling={self.subword_sampling} needs a unigram or bpe tokenizer, not {self.tokenizer}."
            )
        if self.byte_fallback and not self.merges:
            raise InputError("text.byte_fallback=true needs unigram or bpe tokenizers on both sides.")
        if self.white_space == "keep" and "word" in self._kinds:
            raise InputError(
                "text.white_space=keep does not go with a word tokenizer, whose words end at white space: use char, "
                "unigram or bpe."
            )

    def _check_models(self):
        if self.model is None and self.target_model is None:
            return
        if self.model is None or (self.target_model is None) != self.joint:
            raise InputError(
                "text.model alone is the tokenizer of both sides; one for each side are text.model, text.target_model "
                "and text.joint=false."
            )

    def idle(self) -> dict[str, str]:
        """Settings that do nothing beside the others, and why: what follows "does nothing" in the error."""
        if not self.model:
            return {}
        reason = "with text.model, as it is for a tokenizer to be trained: leave it out."
        names = ("tokenizer", "target_tokenizer", "vocabulary_size", "min_count", "byte_fallback")
        return {f"text.{name}": reason for name in names}

    @property
    def _kinds(self):
        kind = self.tokenizer or "unigram"  # what is open will be one of pieces
        return {kind, self.target_tokenizer or kind}

    @property
    def keeps_white_space(self) -> bool:
        """Whether all white space of a text counts. A run from before there was this setting has it undecided: no."""
        return self.white_space == "keep"

    @property
    def lowers(self) -> bool:
        """Whether texts are read, written and scored in lower case."""
        return self.case == "lower"

    def decided(self) -> "TextConfig":
        """The same with `white_space` decided, as a training stores it."""
        if self.white_space != "auto":
            return self
        return replace(self, white_space="keep" if self._kinds == {"char"} else "collapse")

    @property
    def merges(self) -> bool:
        """Whether all tokens are pieces of words, of which a vocabulary can have more or fewer."""
        return self._kinds <= {"unigram", "bpe"}

    @property
    def shares_vocabulary(self) -> bool:
        return self.joint and self.target_tokenizer in (None, self.tokenizer)


@dataclass(frozen=True)
class BatchingConfig:
    """How pairs become batches."""

    batch_sentences: int | None = None  # pairs in a batch; 0 where `batch_tokens` sets the size
    batch_tokens: int = 0  # budget of padded target and source tokens in a batch, each side; 0: count pairs instead
    bucket_step: int = 8  # lengths are padded to a multiple of this
    max_tokens: int = 256  # pairs with more tokens on a side are dropped

    def __post_init__(self):
        check_at_least("batching.batch_sentences", self.batch_sentences, 0)
        check_at_least("batching.batch_tokens", self.batch_tokens, 0)
        check_at_least("batching.bucket_step", self.bucket_step, 1)
        check_at_least("batching.max_tokens", self.max_tokens, 2)
        if self.batch_sentences is not None and bool(self.batch_sentences) == bool(self.batch_tokens):
            raise InputError(
                "Exactly one of batching.batch_sentences and batching.batch_tokens must be above 0, got "
                f"{self.batch_sentences} and {self.batch_tokens}: set the other one to 0."
            )


@dataclass(frozen=True)
class ModelConfig:
    """The encoder–decoder."""

    cell: Literal["lstm", "gru"] = "lstm"  # of all recurrent layers
    embedding_dim: int = 256  # width of the vector that stands for a token
    units: int = 512  # of the decoder; a bidirectional encoder has half of it in each direction
    encoder_layers: int = 1  # recurrent layers that read the source
    decoder_layers: int = 1  # and those that write the target
    bidirectional: bool = True  # the encoder reads the source from both ends
    go_backwards: bool = False  # read the source from its end (Sutskever et al. 2014); unidirectional encoders only
    residual: bool = True  # around every layer from the second on
    bridge: Literal["copy", "dense", "zero"] = "dense"  # from the encoder's last state to the decoder's first
    # How steps of the source are compared with the decoder's state; none: it knows the encoder's last state alone.
    attention: Literal["none", "dot", "additive", "multi_head"] = "dot"
    attention_heads: int = 4  # of multi_head
    # The decoder layer that attends; first: those above read at each step what it found (Wu et al. 2016).
    attention_at: Literal["top", "first"] = "top"
    tie_output: bool = True  # the output layer shares the target embedding
    tie_source: bool = True  # one embedding for both sides, where they share a vocabulary
    source_vectors: str | None = None  # text file of word vectors that the source embedding starts from
    target_vectors: str | None = None  # the same of the target; one embedding for both takes one file, by either name
    embedding_dropout: float | None = None  # of the entries of embeddings
    layer_dropout: float = 0.2  # between stacked layers
    output_dropout: float | None = None  # before the output layer
    word_dropout: float | None = None  # share of input tokens whose embedding is zeroed
    dropout_along_time: bool = False  # one dropout mask for all steps (Gal and Ghahramani 2016)

    def __post_init__(self):
        for name in ("embedding_dim", "units", "encoder_layers", "decoder_layers", "attention_heads"):
            check_at_least(f"model.{name}", getattr(self, name), 1)
        for name in ("embedding_dropout", "layer_dropout", "output_dropout", "word_dropout"):
            check_range(f"model.{name}", getattr(self, name), 0.0, 0.95)
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

    def idle(self) -> dict[str, str]:
        """Settings that do nothing beside the others, and why: what follows "does nothing" in the error."""
        idle, deep = {}, max(self.encoder_layers, self.decoder_layers) > 1
        if self.attention != "multi_head":
            idle["model.attention_heads"] = f"with model.attention={self.attention}: leave it out, or take multi_head."
        if self.attention == "none":
            idle["model.attention_at"] = "with model.attention=none: leave it out, or take dot."
        elif self.decoder_layers == 1:
            idle["model.attention_at"] = (
                "with model.decoder_layers=1, whose first layer is the top one: leave it out, or set "
                "model.decoder_layers=2."
            )
        if self.layer_dropout and not deep:
            idle["model.layer_dropout"] = (
                "with one layer on either side, as it is between layers: leave it out, or set model.encoder_layers or "
                "model.decoder_layers."
            )
        if self.embedding_dropout == self.output_dropout == 0 and not (deep and self.layer_dropout):
            idle["model.dropout_along_time"] = (
                "without model.embedding_dropout, model.layer_dropout and model.output_dropout, whose masks it is "
                "about: leave it out, or set one of them."
            )
        return idle

    @property
    def drops(self) -> bool:
        """Whether anything is dropped out, so that two readings differ."""
        deep = max(self.encoder_layers, self.decoder_layers) > 1
        rates = (self.embedding_dropout, self.output_dropout, self.word_dropout, self.layer_dropout if deep else 0)
        return any(rate != 0 for rate in rates)  # one that is left open is above it


@dataclass(frozen=True)
class DecodingConfig:
    """How translations are searched for. Lengths are in target tokens."""

    beam_size: int = 1  # 1 is greedy search
    length_penalty: float = 1.0  # score = log-probability / length ** length_penalty
    # At most ratio · source length + extra tokens, EOS included; what is None is taken from the training pairs when a
    # training starts, and stored with it.
    max_length_ratio: float | None = None
    max_length_extra: int | None = None  # the tokens beyond that ratio
    no_repeat: int = 0  # a sequence of so many tokens appears at most once in a translation; 0: however often
    max_source_tokens: int = 1024  # longer inputs are cut, with a warning
    batch_tokens: int = 8192  # padded source tokens · beams in a batch
    copy_unknown: bool = False  # an unknown word becomes the source word that it attends to most (target: words)

    def __post_init__(self):
        check_at_least("decoding.beam_size", self.beam_size, 1)
        check_range("decoding.length_penalty", self.length_penalty, 0.0, 10.0)
        check_at_least("decoding.max_length_ratio", self.max_length_ratio, 0.0)
        check_at_least("decoding.max_length_extra", self.max_length_extra, 1)
        check_at_least("decoding.no_repeat", self.no_repeat, 0)
        for name in ("max_source_tokens", "batch_tokens"):
            check_at_least(f"decoding.{name}", getattr(self, name), 1)

    def with_length_limit(self, ratio: float, extra: int) -> "DecodingConfig":
        """This section with a length limit: its own, or where it has none the given one."""
        return replace(
            self,
            max_length_ratio=ratio if self.max_length_ratio is None else self.max_length_ratio,
            max_length_extra=extra if self.max_length_extra is None else self.max_length_extra,
        )


@dataclass(frozen=True)
class TranslationConfig:
    """Everything that one translation run is made from."""

    data: DataConfig = field(default_factory=DataConfig)
    text: TextConfig = field(default_factory=TextConfig)
    batching: BatchingConfig = field(default_factory=BatchingConfig)
    model: ModelConfig = field(default_factory=ModelConfig)
    training: TranslationTrainingConfig = field(default_factory=TranslationTrainingConfig)
    decoding: DecodingConfig = field(default_factory=DecodingConfig)
    distillation: DistillationConfig = field(default_factory=DistillationConfig)
    risk: RiskConfig = field(default_factory=RiskConfig)
    seed: int = 1  # decides every random choice

    task = "translation"

    def __post_init__(self):
        check_range("seed", self.seed, 0, 2**31 - 1)
        vectors = [path for path in (self.model.source_vectors, self.model.target_vectors) if path]
        if self.shares_embedding and len(set(vectors)) > 1:
            raise InputError(
                f"model.source_vectors={vectors[0]} and model.target_vectors={vectors[1]} are for one embedding, which "
                "both sides share: give one of them, or set model.tie_source=false."
            )
        if self.distillation.tokens and self.training.consistency:
            raise InputError(
                f"distillation.tokens={self.distillation.tokens:g} and training.consistency="
                f"{self.training.consistency:g} do not go together: set one of them to 0."
            )
        kind = self.text.target_tokenizer or self.text.tokenizer
        if self.decoding.copy_unknown and (kind != "word" or self.model.attention == "none"):
            raise InputError(
                "decoding.copy_unknown=true needs target tokens that are words and a model with attention, got the "
                f"tokenizer {kind} and model.attention={self.model.attention}."
            )

    @property
    def shares_embedding(self) -> bool:
        """Whether both sides have one embedding."""
        return self.model.tie_source and self.text.shares_vocabulary

    def idle(self) -> dict[str, str]:
        """Settings that do nothing beside the others, and why: what follows "does nothing" in the error."""
        idle = {}
        if self.data.valid:
            reason = "with data.valid, as nothing is held out: leave it out, or leave data.valid (--valid) out."
            idle |= {"data.valid_share": reason, "data.hold_out": reason}
        if not self.model.drops:
            idle["training.consistency"] = (
                "without model.output_dropout and the other dropouts, by which two readings of a pair differ: leave it "
                "out, or set one of them."
            )
        idle |= self._idle_by_objective()
        if self.data.swap:
            idle["data.extra_columns"] = "with data.swap, as further columns are references of the side that is read."
        if self.distillation.teachers:
            idle["data.cache"] = "with distillation.teachers, whose student has its corpus in memory: leave it out."
        return idle

    def _idle_by_objective(self):
        if self.training.objective != "risk":
            reason = f"with training.objective={self.training.objective}: leave it out, or take risk."
            return {f"risk.{name}": reason for name in vars(self.risk)}
        reason = "with training.objective=risk, which reads what the model draws: leave it out."
        names = ["truth_ratio", "final_truth_ratio", "consistency", "consistency_from"]
        if self.training.label_smoothing and not self.risk.cross_entropy:
            names.append("label_smoothing")
        return {f"training.{name}": reason for name in names} | {"distillation.tokens": reason}
