"""From errors to anomaly scores and alarms: fitted on held-out normal data, stored with the run."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from typing import TYPE_CHECKING

import numpy as np

from seq2seq.config import DetectionConfig
from seq2seq.errors import InputError
from seq2seq.evaluation.anomaly import ErrorModel, PCABaseline, observed_mean
from seq2seq.evaluation.overlap import StepMeans
from seq2seq.evaluation.thresholds import fit_threshold
from seq2seq.inference.pieces import PREDICTION, RECONSTRUCTION, Errors, Pieces
from seq2seq.inference.scores import Scores, joined
from seq2seq.report import counted
from seq2seq.run import Run

if TYPE_CHECKING:
    from seq2seq.inference.reconstructor import Reconstructor

PCA, AUTOENCODER = "pca", "autoencoder"
SYSTEMS = (AUTOENCODER, PCA)  # that every detector has
_KINDS = {AUTOENCODER: (RECONSTRUCTION,), PCA: (PCA,), RECONSTRUCTION: (RECONSTRUCTION,), PREDICTION: (PREDICTION,)}
_FILED = {RECONSTRUCTION: AUTOENCODER}  # as what a kind of error is stored: earlier versions had but one


@dataclass(frozen=True)
class ErrorScorer:
    """What errors of one kind are usual, and so how high errors score.

    The errors of a step are weighed together, or, where all sequences have one length and are short, those of a
    whole sequence: an error at a step that always errs then counts less than one at a step that never does, and a
    sequence that is off as a whole counts more than one with as many errors here and there. A model errs more at the
    ends of a window than in its middle: errors of windows are divided by what is usual at their place, or the first
    and the last step of a series, which no window has in its middle, would be alarms.

    Attributes:
        errors: `ErrorModel` of vectors of `steps` × features.
        steps: int. 1, or the steps of every sequence.
        usual: float64 array `(steps of a piece, features)`: root mean square of the errors at each step of a window, or
            of what is predicted after one, over that of all its steps; `(1, 1)` ones for whole sequences.
        levels: mapping from the name of a series of its own size to how high its usual scores are, over those of all:
            its scores are divided by that, so that one threshold is right for all. Others have 1.
        weight: float. What its scores are multiplied by to be joined with those by other errors: one over the threshold
            that they would have alone.
    """

    errors: ErrorModel
    steps: int = 1
    usual: np.ndarray = field(default_factory=lambda: np.ones((1, 1)))
    levels: Mapping[str, float] = field(default_factory=dict)
    weight: float = 1.0

    def score(self, errors: Iterator[Errors], lengths: np.ndarray, look_back: int) -> Scores:
        """Score series of these lengths by the errors of their pieces."""
        gathering = self.gathering(lengths, look_back)
        for pieces, values in errors:
            gathering.add(pieces, self.parts(values))
        return gathering.scores()

    def gathering(self, lengths: np.ndarray, look_back: int) -> "Gathering":
        """What takes its scores of pieces of such series."""
        return Gathering(lengths, look_back, len(self.errors.center) // self.steps)

    def levelled(self, scores: Scores, names: Sequence[str]) -> Scores:
        """`scores` of the series `names`, each over its level."""
        if not self.levels or scores.windows is None:
            return scores
        return scores.over([self.levels.get(name, 1.0) for name in names])

    def parts(self, errors: np.ndarray) -> np.ndarray:
        """Scores of steps, shared out among the features: an array like `errors`, `(pieces, steps, features)`."""
        if self.steps > 1:
            if errors.shape[1] > self.steps:
                raise InputError(
                    f"A sequence has {counted(errors.shape[1], 'step')}, all those of the training had "
                    f"{self.steps}: cut it."
                )
            short = ((0, 0), (0, self.steps - errors.shape[1]), (0, 0))
            vectors = np.pad(errors.astype(np.float64), short, constant_values=np.nan)
        else:
            vectors = errors / self.usual
        parts = self.errors.parts(vectors.reshape(-1, len(self.errors.center)))
        parts = parts.reshape(vectors.shape)[:, : errors.shape[1]]
        if self.steps > 1:  # the mean over the steps is to be the score, not the sum
            parts = parts * np.sum(~np.isnan(errors).all(axis=-1), axis=1)[:, None, None]
        return parts


class Gathering:
    """Scores of series, from those of the steps of their pieces, which come a batch at a time.

    Args:
        lengths: int array `(series,)`. Steps of each.
        look_back: int. Steps of a window; 0: whole sequences.
        features: int.
    """

    def __init__(self, lengths: np.ndarray, look_back: int, features: int):
        self._look_back, self._begins = look_back, np.cumsum(lengths) - lengths
        self._means = StepMeans(lengths, (features,))
        self._windows = np.full(int(np.sum(lengths)), np.nan)

    def add(self, pieces: Pieces, parts: np.ndarray, of_windows: np.ndarray | None = None) -> None:
        """Count pieces in.

        Args:
            pieces: `Pieces`.
            parts: array like their values: scores of steps shared out among the features.
            of_windows: likewise, those that the score of a window is the mean of; default: `parts`.
        """
        self._means.add(parts, pieces.series, pieces.first)
        if self._look_back:
            ends = self._begins[pieces.series] + pieces.first + parts.shape[1] - 1
            self._windows[ends] = observed_mean(_total(parts if of_windows is None else of_windows))

    def scores(self) -> Scores:
        """Those of all that was counted in."""
        blame = tuple(self._means.result())
        steps = tuple(np.split(_total(np.concatenate(blame)), self._begins[1:]))
        if self._look_back:
            return Scores(steps, blame, None, tuple(np.split(self._windows, self._begins[1:])), self._look_back)
        return Scores(steps, blame, np.array([observed_mean(each) for each in steps]))


def _total(values):
    """Sum over the last axis of what is not NaN; NaN where there is nothing."""
    return np.where(np.isnan(values).all(axis=-1), np.nan, np.nansum(values, axis=-1))


@dataclass(frozen=True)
class Scorer:
    """From the scores by some kinds of error to those that alarms are made of, and the score beyond which they are one.

    Attributes:
        kinds: tuple of str. The kinds of error, whose scores are joined.
        threshold: float. An alarm is a score above it.
        held_out: float64 array: held-out scores that the threshold was fitted on.
        window_threshold: float. A window's score above it is an alarm as it comes in; NaN where an earlier version
            fitted the scorer, or whole sequences are scored.
        held_out_windows: float64 array: held-out scores of windows that this was fitted on.
        smoothing: int. Steps whose scores the score of a step is the mean of.
    """

    kinds: tuple[str, ...]
    threshold: float
    held_out: np.ndarray
    window_threshold: float = np.nan
    held_out_windows: np.ndarray = field(default_factory=lambda: np.empty(0))
    smoothing: int = 1

    def scores(
        self, of_kinds: Mapping[str, Scores], weights: Mapping[str, float], gaps: Sequence[np.ndarray] | None = None
    ) -> Scores:
        """The scores that alarms are made of, of those by each kind of error."""
        of_kinds = [of_kinds[kind] for kind in self.kinds]
        return joined(of_kinds, [weights[kind] for kind in self.kinds]).smoothed(self.smoothing, gaps)

    def with_threshold(
        self, kind: str, value: float, labelled: Scores | None = None, labels: np.ndarray | None = None
    ) -> "Scorer":
        """This scorer with thresholds of another kind and value, see `fit_threshold`.

        Args:
            kind: str.
            value: float.
            labelled: `Scores` that they are fitted to, with `labels`; default: the held-out ones.
            labels: bool array, one for each of these scores. A window is an anomaly if one of its steps is.
        """
        if labelled is None:
            window = fit_threshold(kind, self.held_out_windows, value) if len(self.held_out_windows) else np.nan
            return replace(self, threshold=fit_threshold(kind, self.held_out, value), window_threshold=window)
        threshold, window = fit_threshold(kind, labelled.judged, value, labels), np.nan
        if labelled.reach:
            scores, known = np.concatenate(labelled.windows), labelled.labels_of_windows(labels)
            if len(set(known[~np.isnan(scores)])) == 2:  # else there is nothing to tell apart
                window = fit_threshold(kind, scores, value, known)
        return replace(self, threshold=threshold, window_threshold=window)

    def live(self, scores: Scores) -> tuple[np.ndarray, ...] | None:
        """Which steps are an alarm as they come in, by the window that ends there: bool arrays, None if not fitted."""
        if np.isnan(self.window_threshold) or scores.windows is None:
            return None
        return tuple(windows > self.window_threshold for windows in scores.windows)


@dataclass(frozen=True)
class Detector:
    """What makes alarms of the errors of a run's autoencoder, and of the principal components beside it.

    Attributes:
        errors: mapping from a kind of error to its `ErrorScorer`: `"reconstruction"` and `"prediction"` of the
            autoencoder, as far as alarms rest on them, and `"pca"`.
        scorers: mapping from the name of a system to its `Scorer`, fitted in the same way: `"autoencoder"`, by all of
            its errors; `"pca"`; and, where it has errors of two kinds, each by itself, by its name.
        baseline: `PCABaseline` of training pieces.
        width: int. Steps of the pieces that the baseline knows.
        settings: `DetectionConfig` that it was fitted with; None where an earlier version fitted it, with the run's.
    """

    errors: Mapping[str, ErrorScorer]
    scorers: Mapping[str, Scorer]
    baseline: PCABaseline
    width: int
    settings: DetectionConfig | None = None

    @property
    def threshold(self) -> float:
        """An alarm of the autoencoder is a score above it."""
        return self.scorers[AUTOENCODER].threshold

    def baseline_errors(self, pieces: Pieces) -> np.ndarray:
        """Errors of the baseline, float64 like `pieces.values`; NaN after as many steps as it learned."""
        return pca_errors(self.baseline, self.width, pieces)

    def scores(
        self,
        of_batches: Iterator[Mapping[str, Errors]],
        lengths: np.ndarray,
        look_back: int,
        names: Sequence[str],
        gaps: Sequence[np.ndarray] | None = None,
    ) -> dict[str, Scores]:
        """Score series by each system.

        Args:
            of_batches: iterator of errors of each kind, see `Reconstructor.errors`.
            lengths: int array `(series,)`. Steps of each.
            look_back: int. Steps of a window; 0: whole sequences.
            names: of the series.
            gaps: of each series, the steps after gaps in time.
        """
        gatherings = {kind: each.gathering(lengths, look_back) for kind, each in self.errors.items()}
        for errors in of_batches:
            pieces = errors[RECONSTRUCTION][0]
            errors = {**errors, PCA: (pieces, self.baseline_errors(pieces))}
            for kind, gathering in gatherings.items():
                if kind in errors:
                    pieces, values = errors[kind]
                    gathering.add(pieces, self.errors[kind].parts(values))
        of_kinds = {kind: self.errors[kind].levelled(each.scores(), names) for kind, each in gatherings.items()}
        weights = {kind: each.weight for kind, each in self.errors.items()}
        return {name: scorer.scores(of_kinds, weights, gaps) for name, scorer in self.scorers.items()}

    def save(self, run: Run) -> None:
        """Write it into the run of the autoencoder."""
        parts = [{"width": np.array(self.width)}, _named("baseline", self.baseline.to_arrays())]
        for kind, each in self.errors.items():
            name, own = _FILED.get(kind, kind), {"steps": each.steps, "usual": each.usual, "weight": each.weight}
            if each.levels:
                own |= {"level_names": np.array(list(each.levels)), "levels": np.array(list(each.levels.values()))}
            parts += [_named(name, each.errors.to_arrays()), _named(name, own)]
        for name, scorer in self.scorers.items():
            parts.append(_named(name, {**vars(scorer), "kinds": np.array(scorer.kinds)}))
        if self.settings is not None:
            parts.append({"settings": np.array(json.dumps(asdict(self.settings)))})
        arrays = {name: array for part in parts for name, array in part.items()}
        if len(arrays) < sum(map(len, parts)):
            raise ValueError("Two parts of a detector have arrays of one name, and one would be lost.")
        run.save_fitted(run.detector, arrays)

    @classmethod
    def load(cls, run: Run) -> "Detector":
        """Read what `save` wrote.

        Raises:
            InputError: there is no such file, it is damaged, or was fitted to other weights.
        """
        if not run.detector.exists():
            raise InputError(
                f"{run.path} has no {run.detector.name}: its training has not ended; the same command with --resume "
                "goes on, and with --finish takes the best weights that there are."
            )
        arrays = run.load_fitted(run.detector)
        try:
            baseline = PCABaseline.from_arrays(_stripped("baseline", arrays))
            settings = DetectionConfig(**json.loads(str(arrays["settings"]))) if "settings" in arrays else None
            scorers = {
                name: _scorer(_stripped(name, arrays), _KINDS[name])
                for name in _KINDS
                if f"{name}_threshold" in arrays or name in SYSTEMS
            }
            kinds = dict.fromkeys(kind for scorer in scorers.values() for kind in scorer.kinds)
            errors = {kind: _error_scorer(_stripped(_FILED.get(kind, kind), arrays)) for kind in kinds}
            return cls(errors, scorers, baseline, int(arrays["width"]), settings)
        except (ValueError, KeyError, TypeError) as error:
            raise InputError(f"{run.detector} is damaged ({error}): restore it or train again.") from error


def settings_of(reconstructor: "Reconstructor") -> DetectionConfig:
    """What the detector of a run was fitted with last, or else is to be fitted with as the training says."""
    run = reconstructor.run
    return (Detector.load(run).settings if run.detector.exists() else None) or reconstructor.config.detection


def pca_errors(baseline: PCABaseline, width: int, pieces: Pieces) -> np.ndarray:
    """What `baseline`, fitted on pieces of `width` steps, leaves unexplained of pieces; NaN beyond so many steps."""
    steps = pieces.values.shape[1]
    padded = np.pad(pieces.values[:, :width], ((0, 0), (0, max(width - steps, 0)), (0, 0)), constant_values=np.nan)
    errors = baseline.errors(padded)[:, :steps]
    return np.pad(errors, ((0, 0), (0, steps - errors.shape[1]), (0, 0)), constant_values=np.nan)


def _error_scorer(arrays):
    levels = dict(zip(map(str, arrays.get("level_names", ())), map(float, arrays.get("levels", ())), strict=True))
    weight = float(arrays.get("weight", 1.0))  # earlier versions joined no errors
    return ErrorScorer(ErrorModel.from_arrays(arrays), int(arrays["steps"]), arrays["usual"], levels, weight)


def _scorer(arrays, kinds):
    """Of earlier versions, too, which had neither thresholds of windows, nor other kinds of error, nor smoothed."""
    return Scorer(
        tuple(map(str, arrays.get("kinds", kinds))),
        float(arrays["threshold"]),
        arrays["held_out"],
        float(arrays.get("window_threshold", np.nan)),
        arrays.get("held_out_windows", np.empty(0)),
        int(arrays.get("smoothing", 1)),
    )


def _named(name, arrays):
    return {f"{name}_{key}": value for key, value in arrays.items()}


def _stripped(name, arrays: Mapping[str, np.ndarray]):
    return {key.removeprefix(f"{name}_"): value for key, value in arrays.items() if key.startswith(f"{name}_")}
