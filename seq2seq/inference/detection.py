"""Detection: score series by the errors of an autoencoder, and raise alarms."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from seq2seq.errors import InputError
from seq2seq.evaluation.detection import Labels
from seq2seq.evaluation.thresholds import fit_threshold
from seq2seq.inference.detector import Detector, Scores
from seq2seq.inference.pieces import cut, num_pieces
from seq2seq.inference.reconstructor import Reconstructor
from seq2seq.report import Report
from seq2seq.series.segments import gaps_of, segments
from seq2seq.series.table import Series


@dataclass(frozen=True)
class Detection:
    """Scores of series, by the autoencoder and by principal components.

    Attributes:
        series: what was scored, in the user's units.
        scores: `Scores` of the autoencoder.
        threshold: float. A score above it is an alarm.
        pca: `Scores` of the principal components.
        pca_threshold: float. Theirs.
        components: int. How many they are.
    """

    series: Series
    scores: Scores
    threshold: float
    pca: Scores
    pca_threshold: float
    components: int

    @property
    def alarms(self) -> np.ndarray:
        """bool array, `(scores,)`, one for each of `scores.judged`."""
        return self.scores.judged > self.threshold


def detect(
    reconstructor: Reconstructor,
    series: Series,
    *,
    threshold: tuple[str, float] | None = None,
    labelled: tuple[Series, Labels] | None = None,
    report: Report | None = None,
) -> Detection:
    """Score series with a run, against the threshold that was fitted on its held-out data.

    Args:
        reconstructor: `Reconstructor` of a finished run.
        series: as from `reconstructor.read`.
        threshold: another kind and value, as for `fit_threshold`, fitted on the same held-out scores; `"f_beta"` on
            those of `labelled`.
        labelled: held-out series with normal and anomalous steps or sequences, and their labels.
        report: `Report`.

    Raises:
        InputError: the run has no detector yet; a threshold that cannot be fitted.
    """
    detector = Detector.load(reconstructor.run)
    own, pca = _scores(reconstructor, detector, series, report or Report())
    thresholds = [detector.autoencoder.threshold, detector.pca.threshold]
    if (threshold is not None and threshold[0] == "f_beta") != (labelled is not None):
        raise InputError(
            "A threshold by f_beta is fitted on labelled data that are not scored: give --threshold f_beta=BETA, "
            "--held-out and --held-out-labels together."
        )
    if labelled is not None:
        held_out = _scores(reconstructor, detector, labelled[0], Report())
        thresholds = [fit_threshold(*_swap(threshold, each.judged), labelled[1].values) for each in held_out]
    elif threshold is not None:
        held_out = (detector.autoencoder.held_out, detector.pca.held_out)
        thresholds = [fit_threshold(*_swap(threshold, each)) for each in held_out]
    return Detection(series, own, thresholds[0], pca, thresholds[1], detector.baseline.components)


def _swap(threshold, scores):
    return threshold[0], scores, threshold[1]


def _scores(reconstructor, detector, series, report):
    """Scores of both systems, from one pass over the series."""
    look_back, scaled, lengths = reconstructor.look_back, reconstructor.scaled(series), series.lengths
    total, gaps = num_pieces(segments(series).lengths, look_back), gaps_of(series)
    with report.progress("Scoring", total, reconstructor.unit) as progress:
        outputs = reconstructor.outputs(scaled, progress=progress, gaps=gaps)
        errors = ((pieces, pieces.values - reconstructed) for pieces, reconstructed in outputs)
        own = detector.autoencoder.score(errors, lengths, look_back)
    errors = ((pieces, detector.baseline_errors(pieces)) for pieces in cut(scaled, look_back, gaps=gaps))
    return own, detector.pca.score(errors, lengths, look_back)


def was_trained_on(reconstructor: Reconstructor, location: str, array: str | None = None) -> bool:
    """Whether these are the data that the run was trained on, whose errors are smaller than those of others."""
    data = reconstructor.config.data
    same = location == data.location or Path(location).resolve() == Path(data.location).resolve()
    return same and (array or data.array) == data.array
