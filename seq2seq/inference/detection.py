"""Detection: score series by the errors of an autoencoder, and raise alarms."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

import numpy as np

from seq2seq.errors import InputError
from seq2seq.evaluation.detection import Labels
from seq2seq.evaluation.events import Event, Span, find_events
from seq2seq.evaluation.thresholds import beyond_held_out
from seq2seq.inference.detector import AUTOENCODER
from seq2seq.inference.detectors import Detectors, rule_of
from seq2seq.inference.held_out import how_to_hold_out_more
from seq2seq.inference.pieces import PREDICTION
from seq2seq.inference.reconstructor import Reconstructor
from seq2seq.inference.scores import Scores
from seq2seq.inference.selection import Selection
from seq2seq.report import Report, counted
from seq2seq.series.segments import gaps_of
from seq2seq.series.series import check_read, some_of
from seq2seq.series.table import Series


@dataclass(frozen=True)
class Judged:
    """What one way to score says of series.

    Attributes:
        scores: `Scores`.
        threshold: float. A score above it is an alarm.
        live: tuple of bool arrays, one for each series that was given, `(steps,)` each: where it raises an alarm as the
            data come in, by the window that ends there, also by those before and after the selection that were scored
            with it; False throughout for a series that is measured in units of all of its own values, later ones too.
            None where whole sequences are scored, or an earlier version fitted the detector.
    """

    scores: Scores
    threshold: float
    live: tuple[np.ndarray, ...] | None = None


class Alone(NamedTuple):
    """What one of several runs says by itself.

    Attributes:
        judged: float64 array, `(scores,)`, its scores that alarms are made of, see `Scores.judged`.
        threshold: float. A score above it is an alarm.
    """

    judged: np.ndarray
    threshold: float


@dataclass(frozen=True)
class Detection:
    """Scores of series, by the autoencoder and, to compare, by principal components.

    Attributes:
        series: what was scored, in the user's units.
        systems: mapping from the name of a way to score to what it says: `"autoencoder"`, `"pca"`, and where the
            autoencoder scores by two kinds of error each of them alone, `"reconstruction"` and `"prediction"`.
        components: int. How many principal components there are.
        given: `Series` that these are steps of, with those before and after them.
        selection: `Selection` of these steps.
        rule: str. What the threshold is, such as `"quantile=0.99 of 180 held-out scores, the highest of which is 4.2"`.
        doubt: str. Why the threshold is a guess, where too few held-out scores tell it, and what helps; else None. A
            report is told of it where another threshold than that of the run was asked for.
        alone: mapping from the path of each of several runs to what its autoencoder says by itself, above its own
            threshold, without those that hold out too little to fit one; empty of a single run.
    """

    series: Series
    systems: Mapping[str, Judged]
    components: int
    given: Series
    selection: Selection
    rule: str = ""
    doubt: str | None = None
    alone: Mapping[str, Alone] = field(default_factory=dict)

    @property
    def scores(self) -> Scores:
        """Those of the autoencoder."""
        return self.systems[AUTOENCODER].scores

    @property
    def threshold(self) -> float:
        """A score of the autoencoder above it is an alarm."""
        return self.systems[AUTOENCODER].threshold

    @property
    def live(self) -> tuple[np.ndarray, ...] | None:
        """Where the autoencoder raises an alarm as the data come in, see `Judged`."""
        return self.systems[AUTOENCODER].live

    @property
    def alarms(self) -> np.ndarray:
        """bool array, `(scores,)`, one for each of `scores.judged`."""
        return self.scores.judged > self.threshold

    def events(
        self, merge: Span = 0, min_length: Span = 1, labels: Labels | None = None, system: str = AUTOENCODER
    ) -> list[list[Event]]:
        """The alarms of each series of `given` as events, as `find_events` makes them; there are none but in `series`.

        Args:
            merge, min_length: `Span`s.
            labels: `Labels` of `given`: what an event meets may have begun before what was scored.
            system: str. Of which of the `systems`.

        Raises:
            InputError: whole sequences are scored, of which each is an alarm by itself.
        """
        judged = self.systems[system]
        scores, threshold, live = judged.scores, judged.threshold, judged.live
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
                reach=scores.reach - 1,
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
    check_read(series)
    report, selection = report or Report(), selection or Selection.whole(series.lengths)
    if (threshold is not None and threshold[0] == "f_beta") != (labelled is not None):
        raise InputError(
            "A threshold by f_beta is fitted on labelled data that are not scored: give --threshold f_beta=BETA, "
            "--held-out and --held-out-labels together."
        )
    detectors = Detectors(reconstructor)
    of_each = detectors.scores_of_each(series, report, selection)
    scores = detectors.together(of_each)
    scorers, rule, doubt, known = _fitted(detectors, threshold, labelled, reconstructor.config)
    if doubt and threshold is not None:
        report.warn(doubt)
    chosen, around = selection.series(series), detectors.around
    groups = [member.scaler.groups for member in reconstructor.members]

    def judged(scorer, of_system):
        live = _live(scorer, of_system, chosen.names, groups)
        live = live and tuple(selection.laid_out(live, series.lengths, False, around))
        return Judged(of_system.at(selection.places(around)), scorer.threshold, live)

    systems = {name: judged(scorer, scores[name]) for name, scorer in scorers.items()}
    if scorers[AUTOENCODER].kinds == (PREDICTION,):
        _tell_unpredicted(chosen, systems[AUTOENCODER].scores, reconstructor, report)
    alone = _alone(detectors, of_each, selection.places(around), threshold, known)
    return Detection(chosen, systems, detectors.components, series, selection, rule, doubt, alone)


def _fitted(detectors, threshold, labelled, config):
    """Scorers with their thresholds, what that of the autoencoder is and why it may be a guess, in words; where labels
    make it, of each run its scores of the labelled data, and these labels."""
    if labelled is None:
        scorers = detectors.scorers(threshold)
        rule = detectors.rule(threshold, scorers[AUTOENCODER])
        kind, value = threshold or (detectors.settings.threshold, detectors.settings.value)
        held_out = int(np.sum(~np.isnan(scorers[AUTOENCODER].held_out)))
        return scorers, rule, beyond_held_out(kind, value, held_out, how_to_hold_out_more(config)), None
    series, labels = labelled
    of_each = detectors.scores_of_each(series, Report(), Selection.whole(series.lengths))
    scores = detectors.together(of_each)
    scorers = {
        name: scorer.with_threshold(*threshold, scores[name], labels.values)
        for name, scorer in detectors.scorers(None).items()
    }
    known = [(each[AUTOENCODER], labels.values) for each in of_each]
    return scorers, rule_of(threshold, scores[AUTOENCODER].judged, "labelled scores"), None, known


def _alone(detectors, of_each, places, threshold, known):
    """`Detection.alone`; `known`: for a threshold by labels, of each run its scores of labelled data, and these."""
    found = {}
    if len(of_each) == 1:
        return found
    fitted_to = known or [()] * len(of_each)
    for member, scorer, scores, by in zip(detectors.members, detectors.own_scorers, of_each, fitted_to, strict=True):
        if threshold is not None:
            try:
                scorer = scorer.with_threshold(*threshold, *by)
            except InputError:  # what all hold out in turn may be enough for it, and not what one of them does
                continue
        found[str(member.run.path)] = Alone(scores[AUTOENCODER].at(places).judged, scorer.threshold)
    return found


def _tell_unpredicted(series, scores, reconstructor, report):
    """Warn of the series without a score, where alarms rest on predictions alone."""
    without = [name for name, steps in zip(series.names, scores.steps, strict=True) if np.isnan(steps).all()]
    if without:
        window = counted(reconstructor.look_back, "step")
        after = f"a window of {window} and the {reconstructor.config.model.horizon} after it"
        report.warn(f"{some_of(without)} without a score: nothing is predicted but after {after}")


def _live(scorer, scores, names, groups):
    """Alarms as the data come in; of a series that has no unit yet there are none, it takes all of its values.

    `groups` are of each run the series that have units of their own.
    """
    live = scorer.live(scores)
    if live is None or not any(groups):
        return live
    known = set.intersection(*(set(each) for each in groups if each))
    return tuple(each & (name in known) for name, each in zip(names, live, strict=True))


def was_trained_on(reconstructor: Reconstructor, location: str, array: str | None = None) -> bool:
    """Whether these are called as the data that the run was trained on, whose errors are smaller than of others."""
    data = reconstructor.config.data
    same = location == data.location or Path(location).resolve() == Path(data.location).resolve()
    return same and (array or data.array) == data.array
