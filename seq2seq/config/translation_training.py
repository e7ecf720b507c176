"""What the training of a translation run can be told."""

from dataclasses import dataclass
from typing import Literal

from seq2seq.config.checks import check_at_least, check_range
from seq2seq.config.training import TokenTrainingConfig
from seq2seq.errors import InputError

BleuTokenizer = Literal["auto", "13a", "intl", "none", "ko-mecab", "zh", "ja-mecab", "char"]


@dataclass(frozen=True)
class TranslationTrainingConfig(TokenTrainingConfig):
    """Optimisation, and when to stop, judged by real decoding."""

    epochs: int | None = None
    learning_rate: float | None = None
    lr_ramp_steps: int | None = None
    objective: Literal["cross_entropy", "risk"] = (
        "cross_entropy"  # risk: the cost of what the model draws, see RiskConfig
    )
    truth_ratio: float = 1.0  # share of decoder inputs that are the true previous token; 1 is teacher forcing
    final_truth_ratio: float | None = None  # the share moves linearly to this one over the epochs
    # > 0: each pair is read twice, with other dropout, and both have to agree: α of R-Drop (Wu et al. 2021; 5 there)
    consistency: float = 0.0
    consistency_from: float = 0.0  # share of the epochs before which pairs are read once
    monitor: Literal["bleu", "loss", "exact_match"] | None = None  # on validation: chooses the best weights and the end
    validate_bleu: bool = True  # translate the validation part after every epoch
    validation_sentences: int = 1000  # at most this many of it
    # The encoder: what the decoder does not share; the embeddings: of both sides, and with them a tied output layer.
    freeze: Literal["none", "encoder", "embeddings"] = "none"
    parts: int = 0  # of a batch that a CPU trains on at once, at most one a core; 0: by its cores and the pairs
    # What BLEU counts, in sacrebleu's names; auto: chosen by the script of the validation part, and kept in the run.
    bleu_tokenizer: BleuTokenizer = "auto"

    def __post_init__(self):
        super().__post_init__()
        check_at_least("training.validation_sentences", self.validation_sentences, 1)
        check_at_least("training.parts", self.parts, 0)
        check_range("training.truth_ratio", self.truth_ratio, 0.0, 1.0)
        if self.final_truth_ratio is not None:
            check_range("training.final_truth_ratio", self.final_truth_ratio, 0.0, 1.0)
        check_range("training.consistency", self.consistency, 0.0, 100.0)
        check_range("training.consistency_from", self.consistency_from, 0.0, 0.99)
        if self.monitor not in (None, "loss") and not self.validate_bleu:
            raise InputError(f"training.monitor={self.monitor} needs training.validate_bleu=true.")

    def idle(self) -> dict[str, str]:
        """Settings that do nothing beside the others, and why: what follows "does nothing" in the error."""
        idle = super().idle()
        if not self.consistency:
            idle["training.consistency_from"] = (
                "without training.consistency: set that too, such as 5, or leave it out."
            )
        if not self.validate_bleu:
            idle["training.validation_sentences"] = (
                "with training.validate_bleu=false, as none is translated: leave it out."
            )
        return idle
