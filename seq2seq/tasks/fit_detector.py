"""What it takes to find anomalies with a trained autoencoder: fitted at the end of its training, or again later."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import fields, replace
from pathlib import Path
from typing import Any

import numpy as np

from seq2seq.config import AutoencoderConfig, DetectionConfig
from seq2seq.errors import InputError
from seq2seq.evaluation.anomaly import FEWEST_TOGETHER, PCABaseline
from seq2seq.evaluation.thresholds import THRESHOLD_KINDS, beyond_held_out, fit_threshold
from seq2seq.inference.detector import AUTOENCODER, PCA, Detector, pca_errors, settings_of
from seq2seq.inference.held_out import (
    FEWEST_ERRORS,
    PER_COLUMN,
    fit_errors,
    fit_scorer,
    how_to_hold_out_more,
    parts_of,
    scored_as_a_whole,
    tell_correlations,
)
from seq2seq.inference.pieces import PREDICTION, RECONSTRUCTION, as_pieces, cut, num_pieces
from seq2seq.inference.reconstructor import Reconstructor
from seq2seq.inference.series_data import read_data
from seq2seq.report import Report, counted
from seq2seq.run.resuming import refuse_other_data
from seq2seq.series.in_memory import series_at
from seq2seq.series.scaling import Scaler
from seq2seq.series.series import Series
from seq2seq.tasks.series_split import Split, split
from seq2seq.tasks.starting import at_hand, series_files

BASELINE_PIECES = 20_000  # training pieces whose principal components are taken, at most
FEW_HELD_OUT = 20  # sequences
FEWEST_PREDICTED = 50  # held-out steps that a threshold for the errors of a prediction is fitted to


def check_detection(settings: DetectionConfig, config: AutoencoderConfig, parts: Split, report: Report) -> None:
    """Refuse, before anything is trained, what no detector could be fitted to at the end; warn of what it will lack.

    Raises:
        InputError: a validation part without values, or too small for the threshold; errors that the model has not.
    """
    look_back = config.windows.look_back
    kinds = kinds_of_error(settings, config, parts.valid)
    if settings.errors == "auto" and config.model.horizon and PREDICTION not in kinds:
        why = _few_predicted(config, parts.valid)
        report.warn(f"{why}: scores are of the reconstruction alone; raise data.valid_share for both")
    smoothing = smoothing_of(settings, look_back)
    valid = [values for values in parts.valid.values if len(values) >= max(look_back, 1)]
    if smoothing > (longest := max(map(len, valid), default=0)) > 0:
        raise InputError(
            f"detection.smoothing={smoothing} is longer than the validation part, whose longest stretch has {longest} "
            "steps: lower it, or raise data.valid_share."
        )
    observed = [~np.isnan(values) for values in valid]
    scores = sum(int(each.any(axis=1).sum()) if look_back else int(each.any()) for each in observed)
    if not scores:
        raise InputError(
            "the validation part has no observed value to fit a threshold on: raise data.valid_share, or train on "
            "more data."
        )
    if look_back:  # what is an alarm as it comes in is fitted on windows, which are fewer than steps
        scores = min(scores, num_pieces(np.array([len(values) for values in valid]), look_back))
    # Any scores will do: whether a threshold can be fitted depends on how many there are.
    fit_threshold(settings.threshold, np.random.default_rng(0).exponential(size=scores), settings.value)
    folds = config.data.fold_of[1] if config.data.fold_of else 1  # whose held-out scores are one sample together
    if warning := beyond_held_out(settings.threshold, settings.value, scores * folds, how_to_hold_out_more(config)):
        report.warn(warning)
    for column, count in zip(parts.valid.columns, sum(each.sum(axis=0) for each in observed), strict=True):
        if count < FEWEST_ERRORS:
            report.warn(
                f"the column {column!r} has {counted(int(count), 'value')} in the validation part, too few to tell its "
                "usual errors: they are taken to be as large as its spread"
            )
    _warn_of_few(settings, config, parts.valid, kinds, report)


def _warn_of_few(settings, config, valid, kinds, report):
    """Tell where the held-out steps of the validation part tell less than they should."""
    lengths, columns, look_back = valid.lengths, len(valid.columns), config.windows.look_back
    if scored_as_a_whole(settings, lengths, look_back, columns):
        return
    parts = [parts_of(lengths, valid.times, *_pieces_of(kind, config)) for kind in kinds]
    # The first that is short of something, if any: the errors of a prediction are of fewer steps.
    folds, instants = next((each for each in parts if each[0] is None or each[1].shared), parts[0])
    observed = [~np.isnan(values).any(axis=1) & (len(values) >= look_back) for values in valid.values]
    together = len(np.unique(instants.at[np.concatenate(observed)]))
    if settings.score == "mahalanobis" and columns > 1 and not tell_correlations(together, columns):
        steps = "different times" if instants.shared else "steps"
        why = f"{together:,} {steps} with all of {columns:,} columns, fewer than {PER_COLUMN} for each"
        if together < FEWEST_TOGETHER:
            why = "the columns are never observed together"
        report.warn(f"{why}, in the validation part: errors are weighed column by column, without their correlations")
    what = f"windows of {counted(look_back, 'step')}" if look_back else "sequences"
    if folds is None:
        report.warn(
            f"the validation part has {counted(int(lengths.sum()), 'step')}, too few {what} to score a part of "
            "them by what the others tell: the threshold is too low, with more false alarms; raise data.valid_share"
        )
    elif instants.shared:
        report.warn(
            f"the validation part has {int(instants.at.max()) + 1:,} different times, too few {what} to set a stretch "
            "of time apart: series are scored by what others tell of the same times, and where they go together the "
            "threshold is too low, with more false alarms; raise data.valid_share"
        )


def fit_detector(
    reconstructor: Reconstructor, parts: Split, report: Report, settings: DetectionConfig | None = None
) -> Detector:
    """What errors are usual, of the model and of principal components: fitted on the validation part, held out.

    Args:
        reconstructor: `Reconstructor` with the best weights.
        parts: `Split` of the training data.
        report: `Report`.
        settings: `DetectionConfig`; by default that of the last fit, or else of the training.
    """
    settings, look_back = settings or settings_of(reconstructor), reconstructor.look_back
    kinds, smoothing = kinds_of_error(settings, reconstructor.config, parts.valid), smoothing_of(settings, look_back)
    baseline, width = _baseline(parts, settings, look_back)
    valid, lengths = parts.scaled("valid"), parts.valid.lengths
    if not look_back and len(valid) < FEW_HELD_OUT and reconstructor.config.data.fold is None:
        report.warn(f"the threshold rests on {len(valid)} held-out sequences: a larger data.valid_share makes it surer")

    def own_errors(kind):
        return lambda stride: (each[kind] for each in reconstructor.errors(valid, stride) if kind in each)

    def baseline_errors(stride):
        return ((piece, pca_errors(baseline, width, piece)) for piece in cut(valid, look_back, stride))

    names = parts.valid.names if parts.scaler.groups else None
    how = {"units": _units(parts), "names": names, "times": parts.valid.times}
    fitted = {}
    for kind in kinds:
        steps, skipped = _pieces_of(kind, reconstructor.config)
        fitted[kind] = fit_errors(settings, own_errors(kind), lengths, steps, skipped=skipped, report=report, **how)
    fitted[PCA] = fit_errors(settings, baseline_errors, lengths, look_back, **how)
    errors, held_out = ({kind: pair[place] for kind, pair in fitted.items()} for place in (0, 1))
    alone = {kind: fit_scorer(settings, {kind: scores}, {kind: 1.0}, smoothing) for kind, scores in held_out.items()}
    errors = {kind: replace(each, weight=1 / (alone[kind].threshold or 1.0)) for kind, each in errors.items()}
    if len(kinds) > 1:
        weights = {kind: errors[kind].weight for kind in kinds}
        own = fit_scorer(settings, {kind: held_out[kind] for kind in kinds}, weights, smoothing)
        scorers = {AUTOENCODER: own, **alone}
    else:
        scorers = {AUTOENCODER: alone[kinds[0]], PCA: alone[PCA]}
    _tell(scorers[AUTOENCODER], errors[kinds[0]].levels, parts, look_back, report)
    return Detector(errors, scorers, baseline, width, settings)


def kinds_of_error(settings: DetectionConfig, config: AutoencoderConfig, valid: Series) -> tuple[str, ...]:
    """The kinds of error that alarms rest on.

    Args:
        settings: `DetectionConfig`.
        config: `AutoencoderConfig`.
        valid: `Series` of the validation part.

    Raises:
        InputError: those of a prediction, of a model that predicts nothing, or where too few held-out steps are
            predicted to tell which errors of it are usual.
    """
    asked = settings.errors in ("prediction", "both")
    if asked and not config.model.horizon:
        raise InputError(
            f"detection.errors={settings.errors} takes a model that also predicts what follows a window: train with "
            "model.horizon=1, or leave it out."
        )
    if settings.errors == "reconstruction" or not config.model.horizon:
        return (RECONSTRUCTION,)
    if few := _few_predicted(config, valid):
        if asked:
            raise InputError(f"detection.errors={settings.errors}: {few}: raise data.valid_share, or leave it out.")
        return (RECONSTRUCTION,)
    return (PREDICTION,) if settings.errors == "prediction" else (RECONSTRUCTION, PREDICTION)


def _few_predicted(config, valid):
    """That too few steps of the validation part are predicted to fit a threshold to, in words; "" where enough are."""
    look_back, horizon = config.windows.look_back, config.model.horizon
    after = [values[look_back:] for values in valid.values if len(values) >= look_back + horizon]
    steps = sum(int((~np.isnan(values)).any(axis=1).sum()) for values in after)
    folds, _ = parts_of(valid.lengths, valid.times, *_pieces_of(PREDICTION, config))
    if steps >= FEWEST_PREDICTED and folds is not None:
        return ""
    told = counted(steps, "step")
    return f"the validation part has {told} after a window, too few to tell which errors of a prediction are usual"


def _pieces_of(kind, config):
    """Steps of a piece with errors of a kind, and how many at the beginning of a series are in none."""
    look_back = config.windows.look_back
    return (config.model.horizon, look_back) if kind == PREDICTION else (look_back, 0)


def smoothing_of(settings: DetectionConfig, look_back: int) -> int:
    """Steps whose scores the score of a step is the mean of.

    Raises:
        InputError: some, where whole sequences are scored.
    """
    if look_back:
        return settings.smoothing or max(look_back // 4, 1)
    if settings.smoothing not in (None, 1):
        raise InputError(
            f"detection.smoothing={settings.smoothing} is of the scores of windows (--look-back), and whole sequences "
            "are scored: leave it out."
        )
    return 1


def _baseline(parts, settings, look_back):
    """The principal components of the training part, and how many steps of a piece they know."""
    stride = num_pieces(parts.train.lengths, look_back) // BASELINE_PIECES + 1
    pieces = [each.values for each in cut(parts.scaled("train"), look_back, stride)]
    width = max(each.shape[1] for each in pieces)
    pieces = [np.pad(each, ((0, 0), (0, width - each.shape[1]), (0, 0)), constant_values=np.nan) for each in pieces]
    return PCABaseline(settings.components).fit(np.concatenate(pieces)), width


def _tell(own, levels, parts, look_back, report):
    """What an alarm of the autoencoder is."""
    what = "steps" if look_back else "sequences"
    by = f" of {' and '.join(own.kinds)} errors" if own.kinds != (RECONSTRUCTION,) else ""
    smoothed = f", each the mean of {own.smoothing}" if own.smoothing > 1 else ""
    report.say(
        f"an alarm is a score{by} above {own.threshold:.4g}, fitted on the {what} of the validation part{smoothed}"
    )
    if look_back:
        report.say(f"as data come in, it is the score of a window above {own.window_threshold:.4g}, fitted likewise")
    if levels:
        few = len(set(parts.valid.names)) - len(levels)
        rest = f"; {counted(few, 'has', 'have')} too few held-out scores for that" if few else ""
        report.say(f"the scores of {len(levels):,} series are in units of what is usual for each{rest}")


def _units(parts):
    """The usual spread of each column, as the model reads it."""
    if parts.scaler.kind != "none":
        return 1.0
    return Scaler.fit("standard", parts.train.values, parts.train.columns, log=parts.scaler.log).scale


def _changed(settings, changes, threshold):
    """The settings of a detector with others in their place, as `refit` is told."""
    known = [field.name for field in fields(settings)]
    if not isinstance(changes, Mapping) or (wrong := [name for name in changes if name not in known]):
        told = repr(wrong[0]) if isinstance(changes, Mapping) else f"{changes!r:.40}"
        raise InputError(f"changes: expected settings of a detector by name, {', '.join(known)}; got {told}.")
    if threshold is not None:
        if not isinstance(threshold, Sequence) or len(threshold) != 2 or threshold[0] not in THRESHOLD_KINDS:
            kinds = " or ".join(map(repr, THRESHOLD_KINDS))
            raise InputError(f"threshold={threshold!r}: expected a kind and a number: {kinds}, such as ('sigma', 3.0).")
        changes = {**changes, "threshold": threshold[0], "value": threshold[1]}
    return replace(settings, **changes)


def refit(
    run_dir: str | Path,
    *,
    data: Any = None,
    changes: Mapping[str, Any] | None = None,
    threshold: tuple[str, float] | None = None,
    report: Report | None = None,
) -> Detector:
    """Fit the detector of a run again, without training, and store it.

    Args:
        run_dir: folder of a run with weights; its data are read again.
        data: the data of the training, where it had them in memory: the same once more, see `series_at`.
        changes: settings of `DetectionConfig` that are to be others than in the last fit.
        threshold: kind and value; default: those of the last fit.
        report: `Report`.

    Raises:
        InputError: no such run, other data, a threshold that cannot be fitted.
    """
    report = report or Report()
    reconstructor = Reconstructor.load(run_dir)
    run, look_back = reconstructor.run, reconstructor.look_back
    config = at_hand(reconstructor.config, "location", location=None if data is None else series_at(data))
    refuse_other_data(run, series_files(config))
    settings = _changed(settings_of(reconstructor), changes or {}, threshold)
    series = reconstructor.scaler.match(as_pieces(read_data(config.data, Report(), windowed=look_back > 0), look_back))
    parts = split(series, config.data, config.seed, Report(), reconstructor.scaler)
    check_detection(settings, config, parts, report)
    detector = fit_detector(reconstructor, parts, report, settings)
    detector.save(run)
    metrics = run.path / "metrics.json"
    if metrics.exists():
        figures = json.loads(metrics.read_text(encoding="utf-8"))
        run.write_metrics(figures | {"threshold": detector.threshold})
    return detector
