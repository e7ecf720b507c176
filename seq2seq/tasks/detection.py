"""Detection: score series by the errors of an autoencoder, and hold the alarms against labels."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from seq2seq.errors import InputError
from seq2seq.evaluation.anomaly import read_windows
from seq2seq.evaluation.detection import detection_scores, window_hits, window_labels
from seq2seq.evaluation.thresholds import fit_threshold
from seq2seq.report import Report
from seq2seq.series.table import Series, read_series
from seq2seq.tasks.detector import Detector, Scores
from seq2seq.tasks.reconstructor import Reconstructor, cut, num_pieces

Windows = tuple[tuple[np.datetime64, np.datetime64], ...]


@dataclass(frozen=True)
class Labels:
    """What is known to be anomalous.

    Attributes:
        values: bool array, `(scores,)`, one for each of `Scores.judged`.
        windows: for each series its labelled windows, or None where the labels are single ones.
    """

    values: np.ndarray
    windows: tuple[Windows, ...] | None = None


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

    def measure(self, labels: Labels) -> dict[str, dict]:
        """Both against labels: from `"autoencoder"` and `"pca"` to the figures of `detection_scores`, and of
        `window_hits` over all series where windows are labelled."""
        found = {}
        systems = {"autoencoder": (self.scores, self.threshold), "pca": (self.pca, self.pca_threshold)}
        for name, (scores, threshold) in systems.items():
            found[name] = detection_scores(scores.judged, labels.values, threshold)
            if labels.windows is not None:
                found[name] |= self._hits(scores, threshold, labels.windows)
        return found

    def rows(self, labels: Labels) -> list[tuple]:
        """For a table: figure, the autoencoder's, the principal components'."""
        found = self.measure(labels)
        return [(name.replace("_", " "), value, found["pca"][name]) for name, value in found["autoencoder"].items()]

    def _hits(self, scores, threshold, windows):
        hits = [
            window_hits(steps, times, threshold, labelled)
            for steps, times, labelled in zip(scores.steps, self.series.times, windows, strict=True)
        ]
        sums = {name: sum(hit[name] for hit in hits) for name in ("windows", "hit", "false_alarms", "weeks")}
        rate = sums["false_alarms"] / sums["weeks"] if sums["weeks"] else 0.0
        return sums | {"false_alarms_per_week": rate}


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
    total = num_pieces(lengths, look_back)
    with report.progress("Scoring", total, reconstructor.unit) as progress:
        outputs = reconstructor.outputs(scaled, progress=progress)
        errors = ((pieces, pieces.values - reconstructed) for pieces, reconstructed in outputs)
        own = detector.autoencoder.score(errors, lengths, look_back)
    errors = ((pieces, detector.baseline_errors(pieces)) for pieces in cut(scaled, look_back))
    return own, detector.pca.score(errors, lengths, look_back)


def read_labels(
    location: str, reconstructor: Reconstructor, series: Series, name: str, *, keep: str | None = None
) -> Labels:
    """Read what is known about series.

    Args:
        location: `FILE:KEY` or `FILE`: 0 and 1 for each sequence, or each step where windows are scored, as an array of
            an NPZ or NPY file or a column of a table; or a JSON file of labelled windows, see `read_windows`.
        reconstructor: the run, whose columns of groups and times a table of labels has too.
        series: the labelled series.
        name: file that they are from; a single series is looked up by it in a JSON file, several by their own names.
        keep: what the series were kept by.

    Raises:
        InputError: no such file, key or name; not one label for each score.
    """
    if location.endswith(".json"):
        return _labelled_windows(location, reconstructor, series, name)
    file, key = split_location(location)
    if Path(file).suffix in (".npy", ".npz"):
        found = read_series(file, array=key, keep=keep, rows="steps")
        values = found.values[0] if found.values[0].shape[1] == 1 else np.stack(found.values)
    else:
        data = reconstructor.config.data
        found = read_series(file, columns=key and [key], keep=keep, group=data.group, time=data.time)
        values = np.concatenate(found.values)
    wanted = int(series.lengths.sum()) if reconstructor.look_back else len(series.values)
    if values.size != wanted:
        each = "step" if reconstructor.look_back else "sequence"
        raise InputError(f"{location} holds {values.size:,} labels, expected {wanted:,}: one for each {each}.")
    values = values.reshape(-1)
    if not np.isin(values, (0, 1)).all():
        strange = values[~np.isin(values, (0, 1))][0]
        raise InputError(f"{location} holds {strange:g}: expected labels of 1 for an anomaly and 0 for what is normal.")
    return Labels(values.astype(bool))


def was_trained_on(reconstructor: Reconstructor, location: str, array: str | None = None) -> bool:
    """Whether these are the data that the run was trained on, whose errors are smaller than those of others."""
    data = reconstructor.config.data
    same = location == data.location or Path(location).resolve() == Path(data.location).resolve()
    return same and (array or data.array) == data.array


def split_location(location: str) -> tuple[str, str | None]:
    """`"labels.npz:y"` → `("labels.npz", "y")`; without a key, or where the whole is a file, the key is None."""
    file, colon, key = location.rpartition(":")
    return (file, key) if colon and file and not Path(location).exists() else (location, None)


def _labelled_windows(location, reconstructor, series, name):
    if not reconstructor.look_back:
        raise InputError(f"{location} labels windows of time, but this run scores whole sequences: give FILE:KEY.")
    if series.times is None:
        raise InputError(f"{location} labels windows of time, but {name} has no column of times.")
    names = series.names if reconstructor.config.data.group else [name]
    windows = tuple(tuple(read_windows(location, each)) for each in names)
    values = [window_labels(times, each) for times, each in zip(series.times, windows, strict=True)]
    return Labels(np.concatenate(values), windows)
