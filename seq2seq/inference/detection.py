"""Detection: score series by the errors of an autoencoder, and raise alarms."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from seq2seq.errors import InputError
from seq2seq.evaluation.detection import Labels
from seq2seq.evaluation.events import Event, Span, find_events
from seq2seq.evaluation.thresholds import beyond_held_out
from seq2seq.inference.detector import Detector
from seq2seq.inference.pieces import cut, num_pieces
from seq2seq.inference.reconstructor import Reconstructor
from seq2seq.inference.scores import Scores
from seq2seq.inference.selection import Selection
from seq2seq.report import Report
from seq2seq.series.segments import gaps_of, lengths_between
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
        live: tuple of bool arrays, `(steps,)` each: where the autoencoder raises an alarm as the data come in, by the
            window that ends there; False throughout for a series that is measured in units of all of its own values,
            later ones too. None where whole sequences are scored, or an earlier version fitted the detector.
        pca_live: likewise of the principal components.
        rule: str. What the threshold is, such as `"quantile=0.99 of 180 held-out scores, the highest of which is 4.2"`.
    """

    series: Series
    scores: Scores
    threshold: float
    pca: Scores
    pca_threshold: float
    components: int
    live: tuple[np.ndarray, ...] | None = None
    pca_live: tuple[np.ndarray, ...] | None = None
    rule: str = ""

    @property
    def alarms(self) -> np.ndarray:
        """bool array, `(scores,)`, one for each of `scores.judged`."""
        return self.scores.judged > self.threshold

    def events(self, merge: Span = 0, min_length: Span = 1, labels: Labels | None = None) -> list[list[Event]]:
        """The alarms of each series as events, as `find_events` makes them.

        Raises:
            InputError: whole sequences are scored, of which each is an alarm by itself.
        """
        return events_of(self.series, self.scores, self.threshold, self.live, merge, min_length, labels)


def events_of(
    series: Series,
    scores: Scores,
    threshold: float,
    live: Sequence[np.ndarray] | None = None,
    merge: Span = 0,
    min_length: Span = 1,
    labels: Labels | None = None,
) -> list[list[Event]]:
    """The events in `scores` of `series`, as `Detection.events`."""
    if scores.samples is not None:
        raise InputError("this run scores whole sequences, each of which is an alarm or none: there are no events.")
    known = [None] * len(series.values)
    if labels is not None:
        known = np.split(labels.values, np.cumsum(series.lengths)[:-1])
    times = series.times or known
    # Runs of earlier versions know no gaps but by the lengths of steps; so does who knows no rhythm.
    gaps = gaps_of(series) if series.reading.gaps and series.reading.rhythm else [None] * len(series.values)
    return [
        find_events(
            name,
            scores.steps[number],
            scores.blame[number],
            threshold,
            series.columns,
            times[number] if series.times else None,
            merge=merge,
            min_length=min_length,
            labels=known[number],
            gaps=gaps[number],
            live=None if live is None else live[number],
            reach=scores.look_back - 1,
        )
        for number, name in enumerate(series.names)
    ]


def detect(
    reconstructor: Reconstructor,
    series: Series,
    *,
    threshold: tuple[str, float] | None = None,
    labelled: tuple[Series, Labels] | None = None,
    selection: Selection | None = None,
    report: Report | None = None,
) -> Detection:
    """Score series with a run, against the threshold that was fitted on its held-out data.

    Args:
        reconstructor: `Reconstructor` of a finished run.
        series: as from `reconstructor.read`.
        threshold: another kind and value, as for `fit_threshold`, fitted on the same held-out scores; `"f_beta"` on
            those of `labelled`.
        labelled: held-out series with normal and anomalous steps or sequences, and their labels.
        selection: `Selection` of what is to be scored; default: all of it.
        report: `Report`.

    Raises:
        InputError: the run has no detector yet; a threshold that cannot be fitted.
    """
    detector = Detector.load(reconstructor.run)
    both = _scores(reconstructor, detector, series, report or Report(), selection)
    scorers = [detector.autoencoder, detector.pca]
    if (threshold is not None and threshold[0] == "f_beta") != (labelled is not None):
        raise InputError(
            "A threshold by f_beta is fitted on labelled data that are not scored: give --threshold f_beta=BETA, "
            "--held-out and --held-out-labels together."
        )
    if labelled is not None:
        held_out = _scores(reconstructor, detector, labelled[0], Report())
        pairs = zip(scorers, held_out, strict=True)
        scorers = [scorer.with_threshold(*threshold, each, labelled[1].values) for scorer, each in pairs]
    elif threshold is not None:
        scorers = [scorer.with_threshold(*threshold) for scorer in scorers]
    if threshold is not None and labelled is None:
        warning = beyond_held_out(*threshold, len(detector.autoencoder.held_out))
        if warning:
            (report or Report()).warn(warning)
    held_out = detector.autoencoder.held_out if labelled is None else held_out[0].judged
    settings = detector.settings or reconstructor.config.detection
    rule = _rule(
        threshold or (settings.threshold, settings.value), held_out, "held-out" if labelled is None else "labelled"
    )
    series = series if selection is None else selection.series(series)
    (own, live), (pca, pca_live) = (
        (scores, _live(scorer, scores, series.names, reconstructor.scaler.groups))
        for scorer, scores in zip(scorers, both, strict=True)
    )
    thresholds = [scorer.threshold for scorer in scorers]
    return Detection(series, own, thresholds[0], pca, thresholds[1], detector.baseline.components, live, pca_live, rule)


def _rule(threshold, scores, kind):
    highest = np.nanmax(scores)
    return f"{threshold[0]}={threshold[1]:g} of {len(scores):,} {kind} scores, the highest of which is {highest:.4g}"


def _live(scorer, scores, names, groups):
    """Alarms as the data come in; of a series that has no unit yet there are none, it takes all of its values."""
    live = scorer.live(scores)
    if live is None or not groups:
        return live
    return tuple(each & (name in groups) for name, each in zip(names, live, strict=True))


def _scores(reconstructor, detector, series, report, selection=None):
    """Scores of both systems, from one pass over the series."""
    look_back, names = reconstructor.look_back, series.names
    scaled, gaps = reconstructor.scaled(series), gaps_of(series)
    places = [slice(None)] * len(scaled)
    if selection is not None:
        names = [names[row] for row in selection.rows]
        around = max(look_back - 1, 0)
        scaled, places = selection.cut(scaled, around), selection.places(around)
        gaps = selection.positions(gaps, around)
    lengths = np.array([len(values) for values in scaled], np.int64)
    with report.progress(
        "Scoring", num_pieces(lengths_between(lengths, gaps), look_back), reconstructor.unit
    ) as progress:
        outputs = reconstructor.outputs(scaled, progress=progress, gaps=gaps)
        errors = ((pieces, pieces.values - reconstructed) for pieces, reconstructed in outputs)
        own = detector.autoencoder.score(errors, lengths, look_back)
    errors = ((pieces, detector.baseline_errors(pieces)) for pieces in cut(scaled, look_back, gaps=gaps))
    pca = detector.pca.score(errors, lengths, look_back)
    return tuple(
        scorer.levelled(scores, names).at(places)
        for scorer, scores in ((detector.autoencoder, own), (detector.pca, pca))
    )


def was_trained_on(reconstructor: Reconstructor, location: str, array: str | None = None) -> bool:
    """Whether these are called as the data that the run was trained on, whose errors are smaller than of others."""
    data = reconstructor.config.data
    same = location == data.location or Path(location).resolve() == Path(data.location).resolve()
    return same and (array or data.array) == data.array
