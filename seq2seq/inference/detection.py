"""Detection: score series by the errors of an autoencoder, and raise alarms."""

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
        given: `Series` that these are steps of, with those before and after them.
        selection: `Selection` of these steps.
        live: tuple of bool arrays, one for each series of `given`, `(steps,)` each: where the autoencoder raises an
            alarm as the data come in, by the window that ends there, also by those before and after the selection that
            were scored with it; False throughout for a series that is measured in units of all of its own values,
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
    given: Series
    selection: Selection
    live: tuple[np.ndarray, ...] | None = None
    pca_live: tuple[np.ndarray, ...] | None = None
    rule: str = ""

    @property
    def alarms(self) -> np.ndarray:
        """bool array, `(scores,)`, one for each of `scores.judged`."""
        return self.scores.judged > self.threshold

    def events(
        self, merge: Span = 0, min_length: Span = 1, labels: Labels | None = None, pca: bool = False
    ) -> list[list[Event]]:
        """The alarms of each series of `given` as events, as `find_events` makes them; there are none but in `series`.

        Args:
            merge, min_length: `Span`s.
            labels: `Labels` of `given`: what an event meets may have begun before what was scored.
            pca: bool. The events of the principal components.

        Raises:
            InputError: whole sequences are scored, of which each is an alarm by itself.
        """
        scores, threshold, live = self.scores, self.threshold, self.live
        if pca:
            scores, threshold, live = self.pca, self.pca_threshold, self.pca_live
        if scores.samples is not None:
            raise InputError("this run scores whole sequences, each of which is an alarm or none: there are no events.")
        series, count = self.given, len(self.given.values)
        steps, blame = (self.selection.laid_out(each, series.lengths, np.nan) for each in (scores.steps, scores.blame))
        known = [None] * count if labels is None else labels.of_series(series.lengths)
        # Runs of earlier versions know no gaps but by the lengths of steps; so does who knows no rhythm.
        gaps = gaps_of(series) if series.reading.gaps and series.reading.rhythm else [None] * count
        return [
            find_events(
                name,
                steps[number],
                blame[number],
                threshold,
                series.columns,
                series.times and series.times[number],
                merge=merge,
                min_length=min_length,
                labels=known[number],
                gaps=gaps[number],
                live=live and live[number],
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
    selection = selection or Selection.whole(series.lengths)
    both = _scores(reconstructor, detector, series, report or Report(), selection)
    scorers = [detector.autoencoder, detector.pca]
    if (threshold is not None and threshold[0] == "f_beta") != (labelled is not None):
        raise InputError(
            "A threshold by f_beta is fitted on labelled data that are not scored: give --threshold f_beta=BETA, "
            "--held-out and --held-out-labels together."
        )
    if labelled is not None:
        held_out = _scores(reconstructor, detector, labelled[0], Report(), Selection.whole(labelled[0].lengths))
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
    chosen, around = selection.series(series), max(reconstructor.look_back - 1, 0)
    live = [
        _live(scorer, scores, chosen.names, reconstructor.scaler.groups)
        for scorer, scores in zip(scorers, both, strict=True)
    ]
    own, pca = (scores.at(selection.places(around)) for scores in both)
    return Detection(
        chosen,
        own,
        scorers[0].threshold,
        pca,
        scorers[1].threshold,
        detector.baseline.components,
        series,
        selection,
        *(each and tuple(selection.laid_out(each, series.lengths, False, around)) for each in live),
        rule,
    )


def _rule(threshold, scores, kind):
    highest = np.nanmax(scores)
    return f"{threshold[0]}={threshold[1]:g} of {len(scores):,} {kind} scores, the highest of which is {highest:.4g}"


def _live(scorer, scores, names, groups):
    """Alarms as the data come in; of a series that has no unit yet there are none, it takes all of its values."""
    live = scorer.live(scores)
    if live is None or not groups:
        return live
    return tuple(each & (name in groups) for name, each in zip(names, live, strict=True))


def _scores(reconstructor, detector, series, report, selection):
    """Scores of both systems, from one pass over what is selected and the steps around it whose windows cover it."""
    look_back, names = reconstructor.look_back, [series.names[row] for row in selection.rows]
    around = max(look_back - 1, 0)
    scaled = selection.cut(reconstructor.scaled(series), around)
    gaps = selection.positions(gaps_of(series), around)
    lengths = np.array([len(values) for values in scaled], np.int64)
    with report.progress(
        "Scoring", num_pieces(lengths_between(lengths, gaps), look_back), reconstructor.unit
    ) as progress:
        outputs = reconstructor.outputs(scaled, progress=progress, gaps=gaps)
        errors = ((pieces, pieces.values - reconstructed) for pieces, reconstructed in outputs)
        own = detector.autoencoder.score(errors, lengths, look_back)
    errors = ((pieces, detector.baseline_errors(pieces)) for pieces in cut(scaled, look_back, gaps=gaps))
    pca = detector.pca.score(errors, lengths, look_back)
    return detector.autoencoder.levelled(own, names), detector.pca.levelled(pca, names)


def was_trained_on(reconstructor: Reconstructor, location: str, array: str | None = None) -> bool:
    """Whether these are called as the data that the run was trained on, whose errors are smaller than of others."""
    data = reconstructor.config.data
    same = location == data.location or Path(location).resolve() == Path(data.location).resolve()
    return same and (array or data.array) == data.array
