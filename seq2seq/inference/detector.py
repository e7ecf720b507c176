"""From reconstruction errors to anomaly scores and alarms: fitted on held-out normal data, stored with the run."""

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from typing import TYPE_CHECKING

import numpy as np

from seq2seq.config import DetectionConfig
from seq2seq.errors import InputError
from seq2seq.evaluation.anomaly import ErrorModel, PCABaseline, observed_mean
from seq2seq.evaluation.overlap import StepMeans
from seq2seq.evaluation.thresholds import fit_threshold
from seq2seq.inference.pieces import Pieces
from seq2seq.inference.scores import Scores
from seq2seq.run import Run

if TYPE_CHECKING:
    from seq2seq.inference.reconstructor import Reconstructor

Errors = tuple[Pieces, np.ndarray]  # pieces, and errors like their values
Parts = Callable[[Pieces, np.ndarray], tuple[np.ndarray, np.ndarray]]


@dataclass(frozen=True)
class Scorer:
    """What errors are usual, and the score beyond which they are an alarm.

    The errors of a step are weighed together, or, where all sequences have one length and are short, those of a
    whole sequence: an error at a step that always errs then counts less than one at a step that never does, and a
    sequence that is off as a whole counts more than one with as many errors here and there. A model errs more at the
    ends of a window than in its middle: errors of windows are divided by what is usual at their place, or the first
    and the last step of a series, which no window has in its middle, would be alarms.

    Attributes:
        errors: `ErrorModel` of vectors of `steps` × features.
        threshold: float. An alarm is a score above it.
        held_out: float64 array: held-out scores that the threshold was fitted on.
        window_threshold: float. A window's score above it is an alarm as it comes in; NaN where an earlier version
            fitted the scorer, or whole sequences are scored.
        held_out_windows: float64 array: held-out scores of windows that this was fitted on.
        steps: int. 1, or the steps of every sequence.
        usual: float64 array `(look_back, features)`: root mean square of the errors at each step of a window, over
            that of all its steps; `(1, 1)` ones for whole sequences.
        levels: mapping from the name of a series of its own size to how high its usual scores are, over those of all:
            its scores are divided by that, so that one threshold is right for all. Others have 1.
    """

    errors: ErrorModel
    threshold: float
    held_out: np.ndarray
    steps: int = 1
    usual: np.ndarray = field(default_factory=lambda: np.ones((1, 1)))
    levels: Mapping[str, float] = field(default_factory=dict)
    window_threshold: float = np.nan
    held_out_windows: np.ndarray = field(default_factory=lambda: np.empty(0))

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
        if labelled.look_back:
            scores, known = np.concatenate(labelled.windows), labelled.labels_of_windows(labels)
            if len(set(known[~np.isnan(scores)])) == 2:  # else there is nothing to tell apart
                window = fit_threshold(kind, scores, value, known)
        return replace(self, threshold=threshold, window_threshold=window)

    def live(self, scores: Scores) -> tuple[np.ndarray, ...] | None:
        """Which steps are an alarm as they come in, by the window that ends there: bool arrays, None if not fitted."""
        if np.isnan(self.window_threshold) or scores.windows is None:
            return None
        return tuple(windows > self.window_threshold for windows in scores.windows)

    def score(self, errors: Iterator[Errors], lengths: np.ndarray, look_back: int) -> Scores:
        """Score series of these lengths by the errors of their pieces."""

        def shared(_, values):
            parts = self.parts(values)
            return parts, parts

        return gathered(errors, lengths, look_back, len(self.errors.center) // self.steps, shared)

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
                    f"A sequence has {errors.shape[1]} steps, all those of the training had {self.steps}: cut it."
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


def gathered(errors: Iterator[Errors], lengths: np.ndarray, look_back: int, features: int, parts_of: Parts) -> Scores:
    """Scores of series from those of the steps of their pieces.

    Args:
        errors: pieces with their errors.
        lengths: int array `(series,)`. Steps of each.
        look_back: int. Steps of a window; 0: whole sequences.
        features: int.
        parts_of: function from pieces and their errors to two arrays like these, scores of steps shared out among the
            features: those that the score of a step is the mean of, and those that the score of a window is.
    """
    means, begins = StepMeans(lengths, (features,)), np.cumsum(lengths) - lengths
    windows = np.full(int(np.sum(lengths)), np.nan)
    for pieces, values in errors:
        of_steps, of_windows = parts_of(pieces, values)
        means.add(of_steps, pieces.series, pieces.first)
        if look_back:
            windows[begins[pieces.series] + pieces.first + look_back - 1] = observed_mean(_total(of_windows))
    blame = tuple(means.result())
    steps = tuple(np.split(_total(np.concatenate(blame)), begins[1:]))
    if look_back:
        return Scores(steps, blame, None, tuple(np.split(windows, begins[1:])), look_back)
    return Scores(steps, blame, np.array([observed_mean(each) for each in steps]))


def _total(values):
    """Sum over the last axis of what is not NaN; NaN where there is nothing."""
    return np.where(np.isnan(values).all(axis=-1), np.nan, np.nansum(values, axis=-1))


@dataclass(frozen=True)
class Detector:
    """The scorer of a run's autoencoder, and that of the principal components beside it, fitted in the same way.

    Attributes:
        autoencoder: `Scorer`.
        pca: `Scorer`.
        baseline: `PCABaseline` of training pieces.
        width: int. Steps of the pieces that the baseline knows.
        settings: `DetectionConfig` that it was fitted with; None where an earlier version fitted it, with the run's.
    """

    autoencoder: Scorer
    pca: Scorer
    baseline: PCABaseline
    width: int
    settings: DetectionConfig | None = None

    def baseline_errors(self, pieces: Pieces) -> np.ndarray:
        """Errors of the baseline, float64 like `pieces.values`; NaN after as many steps as it learned."""
        return pca_errors(self.baseline, self.width, pieces)

    def save(self, run: Run) -> None:
        """Write it into the run of the autoencoder."""
        arrays = {"width": np.array(self.width), **_named("baseline", self.baseline.to_arrays())}
        for name in ("autoencoder", "pca"):
            scorer = getattr(self, name)
            arrays |= _named(name, {**scorer.errors.to_arrays(), "threshold": scorer.threshold, "steps": scorer.steps})
            arrays |= {f"{name}_held_out": scorer.held_out, f"{name}_usual": scorer.usual}
            arrays[f"{name}_window_threshold"] = np.array(scorer.window_threshold)
            arrays[f"{name}_held_out_windows"] = scorer.held_out_windows
            if scorer.levels:
                arrays[f"{name}_level_names"] = np.array(list(scorer.levels))
                arrays[f"{name}_levels"] = np.array(list(scorer.levels.values()))
        if self.settings is not None:
            arrays["settings"] = np.array(json.dumps(asdict(self.settings)))
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
            scorers = (_scorer(_stripped(name, arrays)) for name in ("autoencoder", "pca"))
            return cls(*scorers, baseline, int(arrays["width"]), settings)
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


def _scorer(arrays):
    errors = ErrorModel.from_arrays(arrays)
    levels = dict(zip(map(str, arrays.get("level_names", ())), map(float, arrays.get("levels", ())), strict=True))
    return Scorer(
        errors,
        float(arrays["threshold"]),
        arrays["held_out"],
        int(arrays["steps"]),
        arrays["usual"],
        levels,
        float(arrays.get("window_threshold", np.nan)),  # earlier versions had none
        arrays.get("held_out_windows", np.empty(0)),
    )


def _named(name, arrays):
    return {f"{name}_{key}": value for key, value in arrays.items()}


def _stripped(name, arrays: Mapping[str, np.ndarray]):
    return {key.removeprefix(f"{name}_"): value for key, value in arrays.items() if key.startswith(f"{name}_")}
