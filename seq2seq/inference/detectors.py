"""The detectors of a run, or of several that score as one: the mean of their scores, and a threshold for it."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from seq2seq.inference.agreement import naming
from seq2seq.inference.detector import AUTOENCODER, PCA, Detector, Scorer
from seq2seq.inference.pieces import num_pieces
from seq2seq.inference.reconstructor import Reconstructor
from seq2seq.inference.scores import Scores
from seq2seq.inference.selection import Selection
from seq2seq.report import Report
from seq2seq.series.segments import gaps_of, lengths_between
from seq2seq.series.table import Series

_SAME = 1e-4  # relative: what the order of columns and machines make different of one computation


class Detectors:
    """What scores series with all runs of a reconstructor, by their autoencoders and by principal components.

    Each way to score is a system, see `Detector.scorers`; several runs have those of the first.

    Of several runs the scores are means. Each run's are brought to a scale first on which its threshold, as fitted to
    its held-out scores, is the mean of the thresholds of all: a run that errs more has no more to say for that.

    Args:
        reconstructor: `Reconstructor` of a finished run, or of several.

    Raises:
        InputError: a run has no detector yet.
    """

    def __init__(self, reconstructor: Reconstructor):
        self.members, self.look_back = reconstructor.members, reconstructor.look_back
        self.columns = reconstructor.scaler.columns
        self.detectors = [Detector.load(member.run) for member in self.members]
        self.settings = self.detectors[0].settings or reconstructor.config.detection
        self._alike = _held_out_alike(self.detectors)
        self._folds = _are_folds(self.members)
        systems = [set(each.scorers) for each in self.detectors]
        self.systems = [name for name in self.detectors[0].scorers if all(name in each for each in systems)]
        # Of folds what each holds out is of one kind: their scores are as they are, and those held out are one sample.
        ones = np.ones(len(self.members))
        self._scales = {name: ones if self._folds else _scales_of(self._of_each(name)) for name in self.systems}

    @property
    def around(self) -> int:
        """How many steps before and after a step tell of its score."""
        reach = [member.config.model.horizon for member in self.members]
        reach += [scorer.smoothing for each in self.detectors for scorer in each.scorers.values()]
        return self.look_back + 2 * max(reach) if self.look_back else 0

    def scores(self, series: Series, report: Report, selection: Selection) -> dict[str, Scores]:
        """Scores of each system, of what is selected and of the steps around it, which tell of their scores."""
        return self.together(self.scores_of_each(series, report, selection))

    def scores_of_each(self, series: Series, report: Report, selection: Selection) -> list[dict[str, Scores]]:
        """Those of each run by itself, as it would have them alone."""
        found = []
        for member, detector in zip(self.members, self.detectors, strict=True):
            with naming(member.run if len(self.members) > 1 else None):
                found.append(_scored(member, detector, series, report, selection, self.around))
        return found

    def together(self, found: Sequence[dict[str, Scores]]) -> dict[str, Scores]:
        """The means of the scores of each run."""
        if len(found) == 1:
            return found[0]
        return {system: self._mean(system, [of_run[system] for of_run in found]) for system in self.systems}

    def scorers(self, threshold: tuple[str, float] | None) -> dict[str, Scorer]:
        """Of each system the thresholds of those scores, and the held-out scores that they rest on.

        Where all runs have held-out scores of the same data, the thresholds of several are fitted to the means of
        these. Where each holds out another part of the samples, they are fitted to the scores of all of these parts,
        each by the run that has not learned from it (as in cross-conformal prediction, Vovk 2015). Else they are means
        of thresholds as the scores are of scores: fewer alarms may be false then than of a run alone, where the runs do
        not all err at the same steps.

        Args:
            threshold: kind and value, see `fit_threshold`; default: those that the runs were fitted with.
        """
        return {system: self._joined(system, threshold) for system in self.systems}

    @property
    def own_scorers(self) -> list[Scorer]:
        """Of the autoencoder of each run by itself, as it was fitted."""
        return self._of_each(AUTOENCODER)

    @property
    def components(self) -> int:
        """How many principal components there are."""
        return self.detectors[0].baseline.components

    def rule(self, threshold: tuple[str, float] | None, scorer: Scorer) -> str:
        """What the threshold of the autoencoders is, in words; `scorer` as of `scorers` with that `threshold`."""
        kind, value = threshold or (self.settings.threshold, self.settings.value)
        if self._folds:
            return rule_of((kind, value), scorer.held_out, f"scores held out by {len(self.members)} runs in turn")
        if not self._alike:
            return f"the mean of those of {len(self.members)} runs, each {kind}={value:g} of its own held-out scores"
        means = f", means of {len(self.members)} runs" if len(self.members) > 1 else ""
        return rule_of((kind, value), scorer.held_out, f"held-out scores{means}")

    def _of_each(self, system):
        return [detector.scorers[system] for detector in self.detectors]

    def _mean(self, system, scores):
        """The mean of the scores of runs; what one of them cannot score has none."""
        orders = [member.order_of(self.columns) for member in self.members]
        blame = [[part[:, order] for part in each.blame] for each, order in zip(scores, orders, strict=True)]

        def means(of_runs):
            return tuple(self._mean_of(system, parts) for parts in zip(*of_runs, strict=True))

        steps, reach = means(each.steps for each in scores), max(each.reach for each in scores)
        if not reach:
            return Scores(steps, means(blame), self._mean_of(system, [each.samples for each in scores]))
        return Scores(steps, means(blame), None, means(each.windows for each in scores), reach)

    def _mean_of(self, system, values):
        return np.mean([scale * each for scale, each in zip(self._scales[system], values, strict=True)], axis=0)

    def _joined(self, system, threshold):
        scorers = self._of_each(system)
        if len(scorers) == 1:
            return scorers[0] if threshold is None else scorers[0].with_threshold(*threshold)
        kind, value = threshold or (self.settings.threshold, self.settings.value)
        if self._folds:
            held_out = np.concatenate([each.held_out for each in scorers])
            return replace(scorers[0], held_out=held_out).with_threshold(kind, value)
        if self._alike:
            names = ("held_out", "held_out_windows")
        else:
            names = ("threshold", "window_threshold")
            scorers = scorers if threshold is None else [scorer.with_threshold(kind, value) for scorer in scorers]
        means = {name: self._mean_of(system, [getattr(each, name) for each in scorers]) for name in names}
        joined = replace(scorers[0], **means)
        return joined.with_threshold(kind, value) if self._alike else joined


def _are_folds(members):
    """Whether the runs hold out the parts of one split of the samples, each another one."""
    folds = [each.config.data.fold_of for each in members]
    if len(members) == 1 or None in folds or len(set(folds)) < len(members):
        return False
    splits = {(each.config.seed, replace(each.config.data, fold=None)) for each in members}
    return len(splits) == 1 and len({count for _, count in folds}) == 1


def _scales_of(scorers):
    """What the scores of each run are multiplied by; 1 where nothing held out errs at all, which gives no scale."""
    thresholds = np.array([scorer.threshold for scorer in scorers])
    return np.divide(thresholds.mean(), thresholds, out=np.ones(len(scorers)), where=thresholds > 0)


def rule_of(threshold: tuple[str, float], scores: np.ndarray, kind: str) -> str:
    """What a threshold is that was fitted to scores of that `kind`, in words."""
    count, highest = int(np.sum(~np.isnan(scores))), np.nanmax(scores)
    return f"{threshold[0]}={threshold[1]:g} of {count:,} {kind}, the highest of which is {highest:.4g}"


def _held_out_alike(detectors: Sequence[Detector]) -> bool:
    """Whether all were fitted on held-out scores of the same steps or sequences, one for one.

    Principal components know no seed: of the same data, split, scaled and cut alike, their scores are the same.
    """
    scorers = [(each.scorers[PCA], each.scorers[AUTOENCODER]) for each in detectors]
    sizes = {tuple(len(part) for own in both for part in (own.held_out, own.held_out_windows)) for both in scorers}
    of_pca = [each.scorers[PCA].held_out for each in detectors]
    return len(sizes) == 1 and all(np.allclose(each, of_pca[0], rtol=_SAME) for each in of_pca)


def _scored(member, detector, series, report, selection, around):
    """Scores of each system of one run, in one pass, of what is selected with so many steps before and after it."""
    look_back, names = member.look_back, [series.names[row] for row in selection.rows]
    scaled = selection.cut(member.scaled(series), around)
    gaps = selection.positions(gaps_of(series), around)
    lengths = np.array([len(values) for values in scaled], np.int64)
    with report.progress("Scoring", num_pieces(lengths_between(lengths, gaps), look_back), member.unit) as progress:
        errors = member.errors(scaled, progress=progress, gaps=gaps)
        return detector.scores(errors, lengths, look_back, names, gaps)
