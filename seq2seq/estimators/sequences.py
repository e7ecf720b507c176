"""What estimators of sequences share: an autoencoder of them, trained by `fit`."""

from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
from sklearn.base import BaseEstimator
from sklearn.utils import check_random_state
from sklearn.utils.validation import check_is_fitted, validate_data

from seq2seq.config import AutoencoderConfig, resolve
from seq2seq.errors import InputError
from seq2seq.estimators.stored_run import StoredAutoencoder
from seq2seq.series.table import Series
from seq2seq.tasks.train_autoencoder import train

FEWEST = 4  # sequences: some to learn from, some to be held out


def seed_of(random_state: Any) -> int:
    """The seed of a training: `random_state` itself, or a number that it draws."""
    if isinstance(random_state, int | np.integer):
        return int(random_state)
    return int(check_random_state(random_state).randint(2**31 - 1))


class SequenceEstimator(BaseEstimator):
    """An autoencoder of sequences `(samples, steps, features)`, or `(samples, steps)` of one feature.

    Args:
        units: int. Width of each recurrent layer.
        latent_dim: int. Width of the code that a sequence becomes; None: `units`.
        epochs: int. None: as many as make 4,000 batches; fewer where the validation part gets no better.
        settings: sequence of str. Any other of the settings of an autoencoder, `"section.name=value"`.
        random_state: int, RandomState or None, which draws one. What decides all random choices.
    """

    run_: StoredAutoencoder

    def __init__(
        self,
        units: int = 64,
        latent_dim: int | None = None,
        epochs: int | None = None,
        settings: Sequence[str] = (),
        random_state: Any = 1,
    ) -> None:
        self.units, self.latent_dim, self.epochs = units, latent_dim, epochs
        self.settings, self.random_state = settings, random_state

    def _train(self, X):
        """Train on sequences, and keep the run; gives them back, checked."""
        values = self._checked(X, reset=True)
        given = {"model__units": self.units, "model__latent_dim": self.latent_dim, "training__epochs": self.epochs}
        config = resolve(AutoencoderConfig, settings=self.settings, **given, seed=seed_of(self.random_state))
        if config.windows.look_back:
            raise InputError("windows.look_back is for long series: each sample is a window here, leave it out.")
        with TemporaryDirectory() as folder:
            train(config, Path(folder) / "run", data=self._deep(values))
            self.run_ = StoredAutoencoder.of(Path(folder) / "run")
        return values

    def _checked(self, X, reset=False):
        """`X` as a float array of two or three axes, and of the steps and features that `fit` has seen."""
        if not reset:
            check_is_fitted(self)
        fewest = FEWEST if reset else 1
        values = validate_data(
            self, X, dtype=[np.float64, np.float32], allow_nd=True, ensure_min_samples=fewest, reset=reset
        )
        if values.ndim > 3:
            raise InputError(f"Expected (samples, steps) or (samples, steps, features), got the shape {values.shape}.")
        if reset:
            self.sequence_shape_ = values.shape[1:]
        elif values.shape[1:] != self.sequence_shape_:
            raise InputError(f"Expected sequences of the shape {self.sequence_shape_}, got {values.shape[1:]}.")
        return values

    def _read(self, X: np.ndarray) -> Series:
        return self.run_.reconstructor.read(self._deep(X))

    @staticmethod
    def _deep(values):
        """`(samples, steps, features)`."""
        return values.reshape(*values.shape[:2], -1)

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.three_d_array = True
        return tags
