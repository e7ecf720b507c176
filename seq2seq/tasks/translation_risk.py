"""What the translations cost that a model draws while it trains for the least risk."""

import numpy as np

from seq2seq.config import TranslationConfig
from seq2seq.evaluation.sentence_costs import SentenceCosts
from seq2seq.text.tokens import Tokenizer
from seq2seq.training.risk import RiskObjective
from seq2seq.training.setup import seed_of


class CandidateCosts:
    """Costs of candidates by the reference, and which of them count: of equal ones the last, as the reference is.

    Args:
        target: `Tokenizer` that makes texts of their ids.
        costs: `SentenceCosts`.
        reference: bool. Whether the reference counts as a candidate.

    Call arguments:
        rows: int32 `(sources, candidates, steps)`, see `RiskObjective`.

    Returns:
        float32 and bool `(sources, candidates)`.
    """

    def __init__(self, target: Tokenizer, costs: SentenceCosts, reference: bool):
        self.target, self.costs, self.reference = target, costs, reference

    def __call__(self, rows: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        sources, candidates, steps = rows.shape
        texts = self.target.decode(rows.reshape(-1, steps))
        costs, counts = np.zeros((sources, candidates), np.float32), np.zeros((sources, candidates), bool)
        for k in range(sources):
            *drawn, reference = texts[k * candidates : (k + 1) * candidates]
            taken = {row.tobytes(): place for place, row in enumerate(rows[k] if self.reference else rows[k, :-1])}
            counts[k, list(taken.values())] = True
            places = {text: None for text in drawn}
            of_text = dict(zip(places, self.costs.of(list(places), [reference]), strict=True))
            costs[k, :-1] = [of_text[text] for text in drawn]
        return costs, counts


def risk_objective(config: TranslationConfig, target: Tokenizer) -> RiskObjective:
    """What the updates of a training are made by that is to find the least risk.

    Args:
        config: `TranslationConfig` with a length limit and a tokenizer of BLEU.
        target: tokenizer of the target side.
    """
    settings = config.risk
    costs = SentenceCosts(settings.cost, config.training.bleu_tokenizer, config.text.lowers)
    return RiskObjective(
        CandidateCosts(target, costs, settings.reference),
        settings.candidates,
        settings.sharpness,
        (config.decoding.max_length_ratio, config.decoding.max_length_extra),
        settings.cross_entropy,
        seed_of(config),
    )
