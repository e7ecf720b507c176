"""Which sequences are unlike those of the training: an outlier detector as scikit-learn knows them."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from sklearn.base import OutlierMixin

from seq2seq.errors import InputError
from seq2seq.estimators.sequences import SequenceEstimator
from seq2seq.inference.detector import AUTOENCODER
from seq2seq.inference.selection import Selection
from seq2seq.report import Report


class SequenceOutlierDetector(OutlierMixin, SequenceEstimator):
    """An LSTM autoencoder trained on sequences, most of them normal: what it writes badly is an outlier.

    ```python
    detector = SequenceOutlierDetector(units=32).fit(windows)  # (samples, steps, features)
    detector.predict(others)  # 1, or -1 of an outlier
    ```

    A share of the sequences (`data.valid_share`) is held out, and tells which errors are usual. The estimator pickles
    as the bytes of a run's files: JSON and arrays, of which nothing is executed when it is loaded.

    Args:
        contamination: `"auto"`: an outlier is what scores above the `detection.threshold` of held-out sequences, 99 of
            100 of which do not; or a float, at most 0.5, the share of the sequences of `fit` that shall be outliers.
        units, latent_dim, epochs, settings, random_state: see `SequenceEstimator`.

    Attributes:
        offset_: float. `decision_function` is `score_samples` less this.
        run_: `StoredAutoencoder`, with `reconstructor`, the loaded run.
    """

    def __init__(
        self,
        contamination: float | str = "auto",
        units: int = 64,
        latent_dim: int | None = None,
        epochs: int | None = None,
        settings: Sequence[str] = (),
        random_state: Any = 1,
    ) -> None:
        super().__init__(units, latent_dim, epochs, settings, random_state)
        self.contamination = contamination

    def fit(self, X: Any, y: Any = None) -> "SequenceOutlierDetector":
        """Train on sequences, `(samples, steps)` or `(samples, steps, features)`, of finite numbers; `y` is ignored.

        Raises:
            InputError: too few sequences, or settings that cannot be; it is a `ValueError`.
        """
        share = self.contamination
        if share != "auto" and not (isinstance(share, int | float) and 0 < share <= 0.5):
            raise InputError(f'contamination={share!r}: expected "auto" or a share above 0, at most 0.5.')
        values = self._train(X)
        if share == "auto":
            self.offset_ = -self.run_.detectors.scorers(None)[AUTOENCODER].threshold
        else:
            self.offset_ = float(np.percentile(self._scores(values), 100 * share))
        return self

    def score_samples(self, X: Any) -> np.ndarray:
        """float64 `(samples,)`: the anomaly score of each sequence with its sign turned: lower is more anomalous."""
        return self._scores(self._checked(X))

    def decision_function(self, X: Any) -> np.ndarray:
        """float64 `(samples,)`, below 0 for an outlier: `score_samples` less `offset_`."""
        return self.score_samples(X) - self.offset_

    def predict(self, X: Any) -> np.ndarray:
        """int `(samples,)`: -1 for an outlier, else 1."""
        return np.where(self.decision_function(X) < 0, -1, 1)

    def _scores(self, values):
        series = self._read(values)
        scored = self.run_.detectors.scores(series, Report(), Selection.whole(series.lengths))
        return -scored[AUTOENCODER].judged
