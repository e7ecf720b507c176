"""Hold the alarms of a detection against labels."""

from pathlib import Path
from typing import Any

import numpy as np

from seq2seq.errors import InputError
from seq2seq.evaluation.detection import Labels, detection_scores, runs, window_hits
from seq2seq.evaluation.events import Span, event_scores
from seq2seq.evaluation.ranges import labels_with_scores, range_scores, volume_under_surface
from seq2seq.inference.detection import Detection
from seq2seq.inference.detector import AUTOENCODER
from seq2seq.inference.reconstructor import Reconstructor
from seq2seq.inference.scores import label_of_windows
from seq2seq.report import Report, counted
from seq2seq.series.clock import time_texts
from seq2seq.series.files import holds_array
from seq2seq.series.in_memory import series_at
from seq2seq.series.joining import rows_at
from seq2seq.series.series import listed
from seq2seq.series.table import Series, read_series
from seq2seq.sources import InMemory
from seq2seq.tasks.labelled_windows import labelled_windows

LISTED = 3  # steps without a label that are told of


def measure_detection(
    detection: Detection, labels: Labels, merge: Span = 0, min_length: Span = 1, *, report: Report | None = None
) -> dict[str, dict[str, Any]]:
    """Hold each way to score against labels.

    Args:
        detection: `Detection`.
        labels: `Labels` of all of what was given to it, also where only some of that was scored.
        merge, min_length: `Span`s, by which alarms become events.
        report: `Report`, told why figures are None where nothing that is scored is labelled, or all of it.

    Returns:
        From each of `Detection.systems` to the figures of `detection_scores`; of steps, those of `range_scores` and
        `event_scores`, the volumes `vus_roc` and `vus_pr` with their longest `vus_buffer`, and
        `window_false_alarms`, the runs of alarms as the data came in of which no window holds anything labelled; where
        they have dates, those of `window_hits` over all series; `groups`, from the name of each of several series to
        figures of it alone; `columns`, from each of several columns to how well its part of the scores does by itself.
        Where several runs score together, the autoencoder has `alone`: from the path of each to the figures of
        `detection_scores` of it by itself. What nobody can know is None, as a recall where nothing is labelled.
    """
    series, given, figures = detection.series, detection.given, {}
    everything, labels = labels, detection.selection.labels(labels, given)
    for name, judged in detection.systems.items():
        scores, threshold, live = judged.scores, judged.threshold, judged.live
        found = detection_scores(scores.judged, labels.values, threshold)
        if scores.samples is None:
            known, of_given = labels.of_series(series.lengths), everything.of_series(given.lengths)
            events = detection.events(merge, min_length, everything, name)
            dates = series.times is not None and series.times[0].dtype.kind == "M"
            scored = detection.selection.laid_out([~np.isnan(each) for each in scores.steps], given.lengths, False)
            found |= _of_ranges(scores.steps, known, threshold)
            found |= event_scores(events, of_given, scored, "seconds" if dates else "steps")
            found |= _as_it_came(detection.selection, live, of_given, scores.reach)
            if dates:
                found |= _hits(scores.steps, series.times, threshold, labels.windows or _windows(known, series.times))
            if len(set(series.names)) > 1:
                found["groups"] = _by_group(series.names, scores.steps, known, threshold)
        if len(series.columns) > 1:
            found["columns"] = _by_column(series.columns, scores, labels.values)
        figures[name] = found
    if detection.alone:
        figures[AUTOENCODER]["alone"] = {
            path: detection_scores(alone.judged, labels.values, alone.threshold)
            for path, alone in detection.alone.items()
        }
    if note := _unknown(figures[AUTOENCODER], detection.scores.samples is None):
        (report or Report()).warn(note)
    return figures


def _unknown(figures, of_steps):
    """Why some of the `figures` are None, of steps or of whole sequences; None where both kinds were scored."""
    scored, anomalies = figures["scored"], figures["anomalies"]
    areas = "ROC-AUC and PR-AUC" + " and the volumes (VUS)" * of_steps
    if not anomalies:
        return (
            f"no labelled anomaly is among the {scored:,} {'steps' if of_steps else 'sequences'} that are scored: "
            f"recall, F1, {areas} are none, as there is nothing to find"
        )
    if anomalies == scored:
        false = ", and so are false alarms a week" if "weeks" in figures else ""
        return (
            f"all of the {scored:,} {'steps' if of_steps else 'sequences'} that are scored are labelled as anomalies: "
            f"{areas} are none, as there is nothing normal to tell them from{false}"
        )
    return None


def _of_ranges(steps, known, threshold):
    """Figures of labelled stretches, and of alarms, as wholes."""
    volume = volume_under_surface(steps, known)
    volumes = (volume.roc, volume.pr, volume.buffer) if volume else (None, None, None)
    alarms = [scores > threshold for scores in steps]
    scored = list(map(labels_with_scores, known, steps))
    return dict(zip(("vus_roc", "vus_pr", "vus_buffer"), volumes, strict=True)) | range_scores(alarms, scored)


def _as_it_came(selection, live, labels, reach):
    """Runs of alarms of which no window holds anything labelled; None where such alarms were not fitted."""
    if live is None:
        return {"known_recall": None, "window_false_alarms": None}
    labelled = selection.cut([label_of_windows(each, reach) for each in labels])
    false = sum(
        not known[first : last + 1].any()
        for alarms, known in zip(selection.cut(live), labelled, strict=True)
        for first, last in runs(alarms)
    )
    return {"window_false_alarms": false}


def _windows(labels, times):
    """The labelled windows of each series, from its labels of steps."""
    return [[(at[first], at[last]) for first, last in runs(known)] for known, at in zip(labels, times, strict=True)]


def _by_group(names, steps, labels, threshold):
    together: dict[str, tuple[list, list]] = {}
    for name, scores, known in zip(names, steps, labels, strict=True):
        of_group = together.setdefault(name, ([], []))
        of_group[0].append(scores)
        of_group[1].append(known)
    figures = {}
    for name, parts in together.items():
        scores, known = map(np.concatenate, parts)
        if not np.isnan(scores).all():
            figures[name] = detection_scores(scores, known, threshold)
    return figures


def _by_column(columns, scores, labels):
    if scores.samples is None:
        parts = np.concatenate(scores.blame)
    else:
        parts = np.array(
            [np.where(np.isnan(each).all(axis=0), np.nan, np.nansum(each, axis=0)) for each in scores.blame]
        )
    figures = {}
    for column, part in zip(columns, parts.T, strict=True):
        if not np.isnan(part).all():
            found = detection_scores(part, labels, np.inf)
            figures[column] = {name: found[name] for name in ("roc_auc", "pr_auc")}
    return figures


def _hits(steps, times, threshold, windows):
    hits = [
        window_hits(scores, at, threshold, labelled) for scores, at, labelled in zip(steps, times, windows, strict=True)
    ]
    sums = {name: sum(hit[name] for hit in hits) for name in ("windows", "hit", "false_alarms", "weeks")}
    rate = sums["false_alarms"] / sums["weeks"] if sums["weeks"] else None
    return sums | {"false_alarms_per_week": rate}


def read_labels(
    location: Any,
    reconstructor: Reconstructor,
    series: Series,
    name: str = "",
    *,
    keep: str | None = None,
    report: Report | None = None,
) -> Labels:
    """Read what is known about series.

    Labels in a table are joined by group and time, where the series have them; more of them than needed do no harm.
    Only where there is neither, and in arrays, does their order tell what they are of.

    Args:
        location: `FILE:KEY` or `FILE`: 0 and 1 for each sequence, or each step where windows are scored, as an array of
            an NPZ or NPY file or a column of a table; or a JSON file of labelled windows, see `read_windows`, whose
            KEY is the name of a single series where it is another one there; or an array or a data frame of labels,
            see `series_at`.
        reconstructor: the run.
        series: the labelled series; a table of labels has its columns of groups and times, written as there.
        name: file that they are from; a single series is looked up by it in a JSON file, several by their own names.
        keep: what the series were kept by.
        report: `Report`, told of series none of whose labelled windows holds a step.

    Raises:
        InputError: no such file, key, column or name; a score without a label.
    """
    location = series_at(location, "labels")
    file, key = split_location(location)
    if file.lower().endswith(".json"):
        return labelled_windows(file, key, reconstructor, series, name, report or Report())
    each = "step" if reconstructor.look_back else "sequence"
    if holds_array(file):
        if len(series.values) > 1 and not series.whole:
            raise InputError(
                f"{location} is an array, whose order does not tell which of {len(series.values)} series a label is "
                "of: give a table with the columns of groups and times that the data have."
            )
        labelled = read_series(file, array=key, keep=keep, rows="steps")
        values = labelled.values[0] if labelled.values[0].shape[1] == 1 else np.stack(labelled.values)
        return Labels(_checked(_in_order(values, series, each, location), location))
    return _labels_of_table(file, key, series, each, keep)


def _labels_of_table(file, key, series, each, keep):
    reading, by_time = series.reading, each == "step" and series.times is not None
    how = {name: getattr(reading, name) for name in ("group", "time_format", "day_first", "time_zone", "encoding")}
    how |= {"gaps": reading.gaps and "split", "time": ()}
    if by_time:
        how |= {name: getattr(reading, name) for name in ("time", "duplicates", "step")}
    labelled = read_series(file, columns=key and [key], keep=keep, missing="mask", joined=True, **how)
    if len(labelled.columns) > 1:
        raise InputError(f"{file} has columns {listed(labelled.columns, 6)}: name that of the labels, FILE:KEY.")
    if by_time:
        joined = zip(series.names, series.times, strict=True)
        values = [rows_at(labelled, name, times, series.clock) for name, times in joined]
    elif reading.group:
        joined = zip(series.names, series.lengths.tolist(), strict=True)
        values = [_of_group(labelled, name, length, each, file) for name, length in joined]
    else:
        values = [_in_order(np.concatenate(labelled.values), series, each, file)]
    if by_time:
        _refuse_other_times(values, labelled, series, file)
    _refuse_unlabelled(values, series, by_time, each, file)
    merged = by_time and (reading.step is not None or reading.duplicates == "mean")
    return Labels(_checked(np.concatenate(values), file, merged))


def _in_order(values, series, each, location):
    wanted = int(series.lengths.sum()) if each == "step" else len(series.values)
    if values.size != wanted:
        raise InputError(f"{location} holds {counted(values.size, 'label')}, expected {wanted:,}: one for each {each}.")
    return values.reshape(-1, 1)


def _of_group(labelled, name, length, each, location):
    """The labels of a series, in their order: one for each step, or a single one."""
    wanted = length if each == "step" else 1
    if name not in labelled.names:
        return np.full((wanted, 1), np.nan)
    values = labelled.values[labelled.names.index(name)]
    if len(values) != wanted:
        raise InputError(
            f"{location} holds {counted(len(values), 'label')} of series {name!r}, expected {wanted:,}: "
            f"one for each {each}."
        )
    return values


def _refuse_other_times(values, labelled, series, location):
    """Refuse labels of a series none of which is of one of its steps."""
    for name, times, found in zip(series.names, series.times, values, strict=True):
        if not len(times) or name not in labelled.names or not np.isnan(found).all():
            continue
        known = labelled.times[labelled.names.index(name)]
        if len(known):
            first, last = time_texts(labelled.clock.local(known[[0, -1]]))
            low, high = time_texts(series.clock.local(times[[0, -1]]))
            raise InputError(
                f"{location}: none of {len(known):,} labels of {name or 'the series'!r} is of one of its steps: they "
                f"are from {first} to {last}, the data from {low} to {high}."
            )


def _refuse_unlabelled(values, series, by_time, each, location):
    places = [(number, int(step)) for number, part in enumerate(values) for step in np.flatnonzero(np.isnan(part))]
    if not places:
        return
    listed = []
    for number, step in places[:LISTED]:
        when = series.clock.texts(series.times[number][[step]])[0] if by_time else f"step {step + 1}"
        name = series.names[number] if len(values) == len(series.names) else ""
        listed.append(" ".join(filter(None, (name, when if each == "step" else ""))))
    raise InputError(
        f"{location} has no label for {len(places):,} of {sum(map(len, values)):,} {each}s "
        f"({'; '.join(listed)}{'; …' * (len(places) > LISTED)}): add them, or score what is labelled."
    )


def _checked(values, location, merged=False):
    """Labels as bool. A step that rows were `merged` into is an anomaly if one of them was."""
    strange = values[(values < 0) | (values > 1)] if merged else values[~np.isin(values, (0, 1))]
    if len(strange):
        raise InputError(
            f"{location} holds {strange[0]:g}: expected labels of 1 for an anomaly and 0 for what is normal."
        )
    return values.reshape(-1) > 0


def split_location(location: str) -> tuple[str, str | None]:
    """`"labels.npz:y"` → `("labels.npz", "y")`; without a key, or where the whole is a file, the key is None."""
    if isinstance(location, InMemory):
        return location, None
    file, colon, key = location.rpartition(":")
    return (file, key) if colon and file and not Path(location).exists() else (location, None)
