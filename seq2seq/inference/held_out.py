"""Scorers from the errors on held-out normal data: thresholds rest on scores of what was not learned from."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from seq2seq.config import AutoencoderConfig, DetectionConfig
from seq2seq.evaluation.anomaly import ErrorModel
from seq2seq.inference.detector import ErrorScorer, Gathering, Scorer
from seq2seq.inference.levels import levels_of_series
from seq2seq.inference.pieces import Errors, Pieces
from seq2seq.inference.scores import Scores
from seq2seq.report import Report

WIDEST = 1024  # values of a sequence whose covariance is still estimated as a whole
VECTORS = 200_000  # error vectors that an error model is fitted on, at most
FOLDS = 10  # parts of what is held out, each scored by what was learned from the others
LEAST_LEFT = 0.25  # of the windows: with fewer of them outside of a part little is learned
FEWEST_ERRORS = 10  # held-out values of a column that tell its usual errors, which else are as large as its spread
PER_COLUMN = 3  # steps of each column, at least, that correlations are learned from
KEPT = 200_000  # held-out scores that are stored, at most


def how_to_hold_out_more(config: AutoencoderConfig) -> str:
    """What gives a threshold more held-out scores to rest on, in words."""
    if config.data.fold is not None:  # each sample is held out by one of the runs already
        return "train on more samples"
    share = "a larger data.valid_share"
    return f"hold out more ({share})" if config.windows.look_back else f"hold out more (--folds, or {share})"


def tell_correlations(steps: int, features: int) -> bool:
    """Whether so many held-out steps tell how the errors of so many columns go together."""
    return steps >= PER_COLUMN * features


@dataclass(frozen=True)
class Instants:
    """When each held-out step was: at one instant several series may tell the same.

    Attributes:
        at: int array `(steps,)`, of the steps of all series end to end: which of the instants each of them is of.
        begins: int array `(series,)`. The step at which each series begins.
        lengths: int array `(series,)`. Steps of each.
    """

    at: np.ndarray
    begins: np.ndarray
    lengths: np.ndarray

    @classmethod
    def end_to_end(cls, lengths: np.ndarray) -> "Instants":
        """Series of these lengths, each after the other one."""
        return cls(np.arange(lengths.sum()), np.cumsum(lengths) - lengths, lengths)

    @classmethod
    def by_clock(cls, lengths: np.ndarray, times: Sequence[np.ndarray] | None) -> "Instants":
        """Series with these times, or else with the first step of each at one instant, and so on."""
        places = np.concatenate(times if times is not None else [np.arange(length) for length in lengths])
        return replace(cls.end_to_end(lengths), at=np.unique(places, return_inverse=True)[1])

    def of(self, pieces: Pieces) -> np.ndarray:
        """Int array `(pieces, steps)`: of each step; after the end of a sequence, of any."""
        steps = (self.begins[pieces.series] + pieces.first)[:, None] + np.arange(pieces.values.shape[1])
        return self.at[np.minimum(steps, len(self.at) - 1)]

    @property
    def shared(self) -> bool:
        """Whether some instant is one of several series."""
        return int(self.at.max()) + 1 < len(self.at)

    def different(self, errors: Sequence[Errors]) -> int:
        """How many instants the errors are of with all features observed, each counted once."""
        seen = np.zeros(len(self.at), bool)
        for pieces, values in errors:
            seen[self.of(pieces)[~np.isnan(values).any(axis=-1)]] = True
        return int(seen.sum())

    def of_each(self, errors: Sequence[Errors]) -> np.ndarray:
        """Int array `(features,)`: how many instants the errors of each feature are of."""
        seen = np.zeros((len(self.at), errors[0][1].shape[-1]), bool)
        for pieces, values in errors:
            at, observed = self.of(pieces), ~np.isnan(values)
            if observed.all():
                seen[at] = True
                continue
            for feature in range(seen.shape[1]):
                seen[at[observed[..., feature]], feature] = True
        return seen.sum(axis=0)


@dataclass(frozen=True)
class Folds:
    """Held-out steps in parts, each to be scored by what is learned from the others.

    Where windows are scored, a part is a stretch of instants, the same one in all series. Whole sequences are dealt out
    among the parts.

    Attributes:
        bounds: int array `(parts + 1,)`. The instants at which parts begin and end.
        judged: int array `(parts,)`. The first instant of the windows that end in each part.
        instants: `Instants`.
        look_back: int. Steps of a window; 0: whole sequences.
    """

    bounds: np.ndarray
    judged: np.ndarray
    instants: Instants
    look_back: int

    @classmethod
    def of(cls, instants: Instants, look_back: int, skipped: int = 0) -> "Folds | None":
        """The parts of series; None where they are too short to learn anything outside of a part.

        Args:
            instants: `Instants`.
            look_back: int. Steps of a window; 0: whole sequences.
            skipped: int. Steps at the beginning of each series without errors.
        """
        if not look_back:
            count = min(FOLDS, len(instants.lengths))
            return cls(np.arange(count + 1), np.arange(count), instants, 0) if count > 1 else None
        begins, lengths = instants.begins + skipped, instants.lengths - skipped
        steps = np.sort(instants.at[_from(begins, lengths)])
        windows = _from(begins, lengths - look_back + 1)
        if not len(windows):
            return None
        first, last = instants.at[windows], instants.at[windows + look_back - 1]
        begins = np.unique(steps[np.arange(FOLDS) * len(steps) // FOLDS])
        bounds, judged = np.append(begins, steps[-1] + 1), begins.copy()
        np.minimum.at(judged, np.searchsorted(begins, last, side="right") - 1, first)
        folds = cls(bounds, judged, instants, look_back)
        enough = all(folds._apart(first, last, part).mean() >= LEAST_LEFT for part in range(len(folds)))
        return folds if enough else None

    def __len__(self):
        return len(self.judged)

    def of_steps(self, pieces: Pieces) -> np.ndarray:
        """Int array `(pieces, steps)`: the part of each step."""
        if not self.look_back:
            return np.broadcast_to((pieces.series % len(self))[:, None], pieces.values.shape[:2])
        return np.searchsorted(self.bounds, self.instants.of(pieces), side="right") - 1

    def without(self, part: int, errors: Sequence[Errors]) -> list[Errors]:
        """The pieces that share no instant with a part, nor with a window that ends in it, and their errors."""
        found = []
        for pieces, values in errors:
            if self.look_back:
                at = self.instants.of(pieces)
                apart = self._apart(at[:, 0], at[:, -1], part)
            else:
                apart = pieces.series % len(self) != part
            found.append((Pieces(pieces.values[apart], pieces.series[apart], pieces.first[apart]), values[apart]))
        return found

    def _apart(self, first, last, part):
        return (last < self.judged[part]) | (first >= self.bounds[part + 1])


def _from(begins, counts):
    """So many numbers from each of `begins` on."""
    return np.concatenate([begin + np.arange(max(count, 0)) for begin, count in zip(begins, counts, strict=True)])


def parts_of(
    lengths: np.ndarray, times: Sequence[np.ndarray] | None, look_back: int, skipped: int = 0
) -> tuple[Folds | None, Instants]:
    """The parts of held-out series with these times, and what counts as different steps to learn correlations from.

    Parts are stretches of time, so that what series tell together at one instant is never both learned and scored; all
    steps count then. Where the series are too short for that, a part is a stretch of some of them, to be scored by what
    others tell of the same instants too: then what one instant tells counts once, as it may be the same in all.
    `skipped` as of `Folds.of`.
    """
    end_to_end = Instants.end_to_end(lengths)
    if not look_back:
        return Folds.of(end_to_end, 0), end_to_end
    by_clock = Instants.by_clock(lengths, times)
    if folds := Folds.of(by_clock, look_back, skipped):
        return folds, end_to_end
    return Folds.of(end_to_end, look_back, skipped), by_clock


def scored_as_a_whole(settings: DetectionConfig, lengths: np.ndarray, look_back: int, features: int) -> bool:
    """Whether the errors of a sequence are weighed together: all have one length and are short."""
    equal = not look_back and len(set(lengths.tolist())) == 1
    return settings.score == "mahalanobis" and equal and lengths[0] * features <= WIDEST and len(lengths) > FOLDS


def fit_errors(
    settings: DetectionConfig,
    errors: Callable[[int], Iterator[Errors]],
    lengths: np.ndarray,
    look_back: int,
    *,
    skipped: int = 0,
    units: np.ndarray | float = 1.0,
    names: Sequence[str] | None = None,
    times: Sequence[np.ndarray] | None = None,
    report: Report | None = None,
) -> tuple[ErrorScorer, Scores]:
    """Learn from the errors of one kind on held-out normal data.

    What errors are usual is learned from all of them; the held-out scores are by what was learned without the steps
    that are scored, or they would be too low by as much as the errors of few steps are learned by heart.

    Args:
        settings: `DetectionConfig`.
        errors: function from a stride to pieces with their errors.
        lengths: int array. Steps of each held-out series.
        look_back: int. Steps of a piece with errors: of a window, or of what is predicted; 0: whole sequences.
        skipped: int. Steps at the beginning of each series that are in no piece, as those of the first window are in
            none that is predicted.
        units: float, or array `(features,)`: the usual spread of each feature, as the model reads it.
        names: sequence of str. Of each held-out series, where each is to have a level of its own.
        times: sequence of arrays `(steps,)`. Of each held-out series; None: its steps are those of all others.
        report: `Report`, told where nothing could be scored by what other steps tell.
    """
    stride = max(int(lengths.sum()) * (look_back or 1) // VECTORS, 1) if look_back else 1
    held_out = list(errors(stride))
    features = held_out[0][1].shape[-1]
    if scored_as_a_whole(settings, lengths, look_back, features):
        vectors = np.concatenate([each for _, each in held_out]).reshape(len(lengths), -1)
        units = np.tile(np.broadcast_to(units, features), lengths[0])
        scorer = ErrorScorer(ErrorModel.fit(settings.score, vectors, units), int(lengths[0]))
        return scorer, Scores((), (), crossed_scores(settings.score, vectors, units))
    folds, counted = parts_of(lengths, times, look_back, skipped)
    correlations = tell_correlations(counted.different(held_out), features)

    def learned(chosen):
        """What scores errors, and of which features it knows how large they usually are."""
        known = counted.of_each(chosen) >= FEWEST_ERRORS
        chosen = chosen if known.all() else [(pieces, np.where(known, each, np.nan)) for pieces, each in chosen]
        usual = _usual(np.concatenate([each for _, each in chosen])) if look_back else np.ones((1, 1))
        vectors = np.concatenate([(each / usual).reshape(-1, features) for _, each in chosen])
        model = ErrorModel.fit(settings.score, vectors, units, counted.different(chosen), correlations)
        return ErrorScorer(model, usual=usual), known

    scorer, known = learned(held_out)
    again = (lambda: held_out) if stride == 1 else (lambda: errors(1))
    scores = None
    if folds is not None:
        apart = [learned(folds.without(part, held_out)) for part in range(len(folds))]
        # What is known only together with the part itself would be scored there in other units than later.
        scorers = [(each, known & ~there) for each, there in apart]
        gathering = Gathering(lengths, look_back, features)
        for pieces, values in again():
            gathering.add(pieces, *_crossed(scorers, folds, pieces, values))
        scores = gathering.scores()
        if np.isnan(scores.judged).all():
            scores = None
            (report or Report()).warn(
                "the observed values of the validation part are so close together that none can be scored by what the "
                "others tell: the threshold is too low, with more false alarms; raise data.valid_share"
            )
    if scores is None:
        scores = scorer.score(again(), lengths, look_back)
    if names is not None and look_back:
        levels, crossed = levels_of_series(settings, names, scores.steps, look_back, FOLDS)
        scorer = replace(scorer, levels=levels)
        scores = replace(
            scores,
            steps=tuple(map(np.divide, scores.steps, crossed)),
            windows=tuple(map(np.divide, scores.windows, crossed)),
        )
    return scorer, scores


def fit_scorer(
    settings: DetectionConfig, held_out: Mapping[str, Scores], weights: Mapping[str, float], smoothing: int = 1
) -> Scorer:
    """Thresholds of held-out scores, of which some are kept.

    Args:
        settings: `DetectionConfig`.
        held_out: from each kind of error to held-out scores by it.
        weights: from each kind of error to what these are multiplied by to be joined.
        smoothing: int. Steps whose scores the score of a step is the mean of.
    """
    scorer = Scorer(tuple(held_out), np.nan, np.empty(0), smoothing=smoothing)
    scores = scorer.scores(held_out, weights)
    windows = np.concatenate(scores.windows) if scores.windows is not None else np.empty(0)
    told = [each[~np.isnan(each)] for each in (scores.judged, windows)]
    scorer = replace(scorer, held_out=told[0], held_out_windows=told[1])
    scorer = scorer.with_threshold(settings.threshold, settings.value)
    few = [each[:: len(each) // KEPT + 1] for each in told]
    return replace(scorer, held_out=few[0], held_out_windows=few[1])


def crossed_scores(kind: str, vectors: np.ndarray, units: np.ndarray | float = 1.0) -> np.ndarray:
    """Scores of each vector by an error model of the others: one that has seen it finds it too usual."""
    scores, part = np.empty(len(vectors)), np.arange(len(vectors)) % FOLDS
    for number in range(FOLDS):
        scores[part == number] = ErrorModel.fit(kind, vectors[part != number], units).scores(vectors[part == number])
    return scores


def _crossed(scorers, folds, pieces, values):
    """The scores of each step by the scorer of its part, of each window by that of the part in which it ends."""
    part = folds.of_steps(pieces)
    of_steps, of_windows = np.full(values.shape, np.nan), np.full(values.shape, np.nan)
    for number in np.unique(part):
        here = part == number
        rows, last = here.any(axis=1), here[:, -1]
        scorer, unknown = scorers[number]
        parts = scorer.parts(np.where(unknown, np.nan, values[rows]) if unknown.any() else values[rows])
        of_steps[rows] = np.where(here[rows][..., None], parts, of_steps[rows])
        of_windows[last] = parts[last[rows]]
    return of_steps, of_windows


def _usual(errors):
    """Root mean square over pieces `(pieces, steps, features)`, over that of all steps; 1 where there is no error."""
    squares = np.square(errors, dtype=np.float64)
    observed = ~np.isnan(squares)
    of_step = np.where(observed, squares, 0.0).sum(axis=0) / np.maximum(observed.sum(axis=0), 1)
    of_all = of_step.mean(axis=0)
    return np.sqrt(np.divide(of_step, of_all, out=np.ones_like(of_step), where=of_step > 0))
