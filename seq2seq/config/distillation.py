"""What a translation that learns from other runs can be told about it."""

from dataclasses import dataclass, fields
from typing import Literal

from seq2seq.config.checks import check_at_least, check_range
from seq2seq.errors import InputError


@dataclass(frozen=True)
class DistillationConfig:
    """What a student takes from its teachers: their translations of its training sources."""

    teachers: tuple[str, ...] = ()  # runs that translate together; --teacher
    beam_size: int = 5  # that they search with; all else of the search is as the first of them says
    # Which of the translations of a source: the most probable, or of the `beam_size` best the one that is nearest to
    # the reference, by BLEU or chrF of the sentence.
    choose: Literal["best", "nearest_bleu", "nearest_chrf"] = "best"
    references: float = 0.5  # share of the pairs that learn from their reference, others each epoch; 0: none
    # Share of what the teachers believe of each token in what the student learns of it, beside the token itself; they
    # need its vocabularies. None until they are compared: half where they have them, else 0.
    tokens: float | None = None

    def __post_init__(self):
        check_at_least("distillation.beam_size", self.beam_size, 1)
        check_range("distillation.references", self.references, 0.0, 0.99)
        check_range("distillation.tokens", self.tokens, 0.0, 1.0)
        if self.choose != "best" and self.beam_size == 1:
            raise InputError(
                f"distillation.choose={self.choose} needs several translations to choose from: set "
                "distillation.beam_size above 1."
            )

    def idle(self) -> dict[str, str]:
        """Settings that do nothing beside the others, and why: what follows "does nothing" in the error."""
        if self.teachers:
            return {}
        reason = "without teachers: name them by --teacher, or leave it out."
        return {f"distillation.{field.name}": reason for field in fields(self) if field.name != "teachers"}
