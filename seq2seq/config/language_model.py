"""What a run of a language model can be told."""

from dataclasses import dataclass, field
from typing import Literal

from seq2seq.config.checks import check_at_least, check_range
from seq2seq.config.training import TokenTrainingConfig


@dataclass(frozen=True)
class LanguageDataConfig:
    """The text, and how it becomes ids and chunks."""

    text: str = ""  # file, plain or .gz
    valid_share: float = 0.1  # the end of the text
    min_count: int = 1  # characters seen less often are unknown
    chunk: int = 64  # characters in a chunk of stateful training
    slots: int = 32  # places of the text that are read side by side

    def __post_init__(self):
        check_range("data.valid_share", self.valid_share, 0.0, 1.0, open_ends=True)
        for name in ("min_count", "chunk", "slots"):
            check_at_least(f"data.{name}", getattr(self, name), 1)


@dataclass(frozen=True)
class LanguageModelConfig:
    """The recurrent language model."""

    cell: Literal["lstm", "gru"] = "lstm"  # of all recurrent layers
    embedding_dim: int = 64  # width of the vector that stands for a character
    units: int = 256  # of each recurrent layer
    num_layers: int = 1  # recurrent layers
    embedding_dropout: float = 0.1  # of the entries of embeddings
    layer_dropout: float = 0.2  # between recurrent layers
    output_dropout: float = 0.2  # before the output layer

    def __post_init__(self):
        for name in ("embedding_dim", "units", "num_layers"):
            check_at_least(f"model.{name}", getattr(self, name), 1)
        for name in ("embedding_dropout", "layer_dropout", "output_dropout"):
            check_range(f"model.{name}", getattr(self, name), 0.0, 0.95)

    def idle(self) -> dict[str, str]:
        """Settings that do nothing beside the others, and why: what follows "does nothing" in the error."""
        if self.num_layers > 1 or not self.layer_dropout:
            return {}
        return {"model.layer_dropout": "with model.num_layers=1, as it is between layers: leave it out, or take more."}


@dataclass(frozen=True)
class LanguageTrainingConfig(TokenTrainingConfig):
    """Optimisation, and when to stop."""

    epochs: int = 20
    learning_rate: float = 3e-3
    lr_ramp_steps: int = 100
    label_smoothing: float = 0.0
    freeze: Literal["none", "embeddings"] = "none"


@dataclass(frozen=True)
class LanguageConfig:
    """Everything that one language model is made from."""

    data: LanguageDataConfig = field(default_factory=LanguageDataConfig)
    model: LanguageModelConfig = field(default_factory=LanguageModelConfig)
    training: LanguageTrainingConfig = field(default_factory=LanguageTrainingConfig)
    seed: int = 1  # decides every random choice

    task = "language-model"

    def __post_init__(self):
        check_range("seed", self.seed, 0, 2**31 - 1)
