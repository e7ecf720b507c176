"""Where a training stands, and which of its epochs is the best so far."""

import math
from dataclasses import dataclass, field

HIGHER_IS_BETTER = {"bleu", "exact_match"}


@dataclass
class TrainingState:
    """Where a training stands; JSON-ready."""

    history: list[dict] = field(default_factory=list)
    best: float | None = None
    best_epoch: int = 0
    best_loss: float | None = None
    epochs_without_better: int = 0
    epochs_without_lower_loss: int = 0
    stopped: bool = False
    batch: int = 0  # of the epoch that is not finished: batches trained
    seconds: float = 0.0  # and the time they took
    rollbacks: int = 0
    before: float | None = None  # what decides, of the weights of another run that the training started from

    def count_if_best(self, figures: dict, monitor: str) -> bool:
        """Take in what the validation after an epoch found.

        Args:
            figures: the row of the epoch in the history to be.
            monitor: str. Name of the figure that decides, without `val_`.

        Returns:
            Whether the epoch is the best so far.
        """
        value, sign = figures[f"val_{monitor}"], -1.0 if monitor in HIGHER_IS_BETTER else 1.0
        if value == self.best:  # as at the beginning, where no line is right yet: the loss tells
            better = _is_lower(figures["val_loss"], self.history[self.best_epoch - 1]["val_loss"])
        else:
            better = _is_lower(sign * value, None if self.best is None else sign * self.best)
        if better:
            self.best, self.best_epoch, self.epochs_without_better = value, figures["epoch"], 0
        else:
            self.epochs_without_better += 1
        return better

    def loss_by_tuning(self, monitor: str) -> str | None:
        """What there is to say where the weights that the training started from were better than its best, or None."""
        sign = -1.0 if monitor in HIGHER_IS_BETTER else 1.0
        if self.before is None or self.best is None or not sign * self.before < sign * self.best:
            return None
        return (
            f"the weights that this training started from are better on its validation part, by {monitor} "
            f"({self.before:.4g}, and {self.best:.4g} after epoch {self.best_epoch}): try a lower "
            "training.learning_rate, or more data"
        )

    def end_epoch(self, figures: dict) -> None:
        """Take an epoch into the history, and count since when no validation loss was lower."""
        self.history.append(figures)
        self.batch, self.seconds = 0, 0.0
        if _is_lower(figures["val_loss"], self.best_loss):
            self.best_loss, self.epochs_without_lower_loss = figures["val_loss"], 0
        else:
            self.epochs_without_lower_loss += 1


def _is_lower(value, best):
    """Whether `value` is lower than the `best` so far, which is None at first, and may be no number."""
    return best is None or math.isnan(best) or value < best
