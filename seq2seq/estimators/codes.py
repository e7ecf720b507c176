"""Sequences as short codes, and back: a transformer as scikit-learn knows them."""

from typing import Any

import numpy as np
from sklearn.base import ClassNamePrefixFeaturesOutMixin, TransformerMixin
from sklearn.utils.validation import check_array, check_is_fitted

from seq2seq.errors import InputError
from seq2seq.estimators.sequences import SequenceEstimator

CODES_AT_ONCE = 256


class SequenceCodes(ClassNamePrefixFeaturesOutMixin, TransformerMixin, SequenceEstimator):
    """An LSTM autoencoder that makes a code of each sequence, of which it can write the sequence again.

    ```python
    codes = SequenceCodes(latent_dim=8).fit_transform(windows)  # (samples, steps, features) → (samples, 8)
    ```

    The estimator pickles as the bytes of a run's files: JSON and arrays, of which nothing is executed when loaded.

    Args:
        units, latent_dim, epochs, settings, random_state: see `SequenceEstimator`.

    Attributes:
        run_: `StoredAutoencoder`, with `reconstructor`, the loaded run.
    """

    def fit(self, X: Any, y: Any = None) -> "SequenceCodes":
        """Train on sequences, `(samples, steps)` or `(samples, steps, features)`, of finite numbers; `y` is ignored.

        Raises:
            InputError: too few sequences, or settings that cannot be; it is a `ValueError`.
        """
        self._train(X)
        return self

    def transform(self, X: Any) -> np.ndarray:
        """Encode sequences: an array `(samples, latent_dim)` of floats as wide as those of `X`."""
        values = self._checked(X)
        return self.run_.reconstructor.codes(self._read(values)).astype(values.dtype)

    def inverse_transform(self, X: Any) -> np.ndarray:
        """Write the sequences of codes, `(samples, latent_dim)`: a float64 array, of the axes that `fit` has seen."""
        check_is_fitted(self)
        codes = check_array(X, dtype=np.float32)
        if codes.shape[1] != self._n_features_out:
            raise InputError(f"Expected codes of {self._n_features_out} numbers, got the shape {codes.shape}.")
        reconstructor, steps = self.run_.reconstructor, self.sequence_shape_[0]
        parts = [codes[first : first + CODES_AT_ONCE] for first in range(0, len(codes), CODES_AT_ONCE)]
        written = np.concatenate([np.asarray(reconstructor.model.decoder(part, steps=steps)) for part in parts])
        return reconstructor.scaler.inverse(written).reshape(-1, *self.sequence_shape_)

    @property
    def _n_features_out(self):
        return self.run_.reconstructor.model.decoder.arguments["latent_dim"]  # `settings` may decide it, too
