"""The picture of a training, drawn as it goes."""

import time

from seq2seq.plots import learning_curve, save_figure
from seq2seq.run import Run

SECONDS_BETWEEN_CURVES = 10.0  # an epoch on little data takes less time than its picture


class LearningCurve:
    """Draws the history of a training into its run.

    Args:
        run: `Run`.
        unit: str. The unit of the loss.
    """

    def __init__(self, run: Run, unit: str):
        self.run, self.unit, self._drawn_at = run, unit, 0.0

    def draw(self, history: list[dict]) -> None:
        """Draw the figures of all epochs, if there are any."""
        if history:
            figures = {key: [row[key] for row in history] for key in history[0]}
            save_figure(learning_curve(figures, self.unit), self.run.learning_curve)
            self._drawn_at = time.monotonic()

    def draw_if_due(self, history: list[dict]) -> None:
        """Draw unless that was done a moment ago."""
        if time.monotonic() - self._drawn_at > SECONDS_BETWEEN_CURVES:
            self.draw(history)
