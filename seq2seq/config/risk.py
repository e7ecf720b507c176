"""What a training for the least expected cost of translations can be told."""

from dataclasses import dataclass
from typing import Literal

from seq2seq.config.checks import check_at_least, check_range


@dataclass(frozen=True)
class RiskConfig:
    """Minimum risk training (Shen et al. 2016), of `training.objective=risk`."""

    candidates: int = 8  # translations that are drawn of each source; of equal ones, one counts
    cost: Literal["bleu", "chrf"] = "bleu"  # 1 - the BLEU (smoothed), or chrF, of a candidate by its reference
    sharpness: float = 0.005  # α: candidates count by probability ** α
    reference: bool = True  # which is one of the candidates, with the cost 0
    cross_entropy: float = 0.0  # weight of the cross-entropy of the reference beside the risk

    def __post_init__(self):
        check_range("risk.sharpness", self.sharpness, 1e-6, 10.0)
        check_at_least("risk.candidates", self.candidates, 1 if self.reference else 2)
        check_range("risk.cross_entropy", self.cross_entropy, 0.0, 1000.0)
