"""A detection as lines of a table: a score for each step or sequence, or an event for each run of alarms."""

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from seq2seq.config import SeriesDataConfig
from seq2seq.evaluation.events import Event
from seq2seq.inference.detection import Detection
from seq2seq.series.figures import cell
from seq2seq.series.series import Series
from seq2seq.series.writing import step_lines


def score_lines(
    detection: Detection,
    data: SeriesDataConfig,
    per_step: bool = False,
    several: bool = False,
    parts: Sequence[np.ndarray] | None = None,
) -> Iterator[list[Any]]:
    """For each step, or each whole sequence, score, alarm and blame of each column; the first line has the headings.

    Args:
        detection: `Detection`.
        data: how its series were read.
        per_step: whether steps are listed also where whole sequences are scored.
        several: whether each line names its series, also where there is but one of them.
        parts: of each series, for each step the part of the training data that it is in, as from `parts_of_steps`.
    """
    scores, columns = detection.scores, detection.series.columns
    blamed = [f"blame_{name}" for name in columns] if len(columns) > 1 else []
    if scores.samples is not None and not per_step:
        yield ["sample", "score", "alarm", *blamed, *["part"] * bool(parts)]
        for number, (name, score, alarm, blame) in enumerate(
            zip(detection.series.names, scores.samples, detection.alarms, scores.blame, strict=True)
        ):
            shares = _shares(np.nansum(blame, axis=0)) if blamed else ()
            yield [name, cell(score), int(alarm), *map(cell, shares), *(parts[number][:1] if parts else ())]
        return
    values, live = [], detection.live and detection.selection.cut(detection.live)
    for number, score in enumerate(scores.steps):
        shares = _shares(scores.blame[number]).T if blamed else ()
        own = [(score > detection.threshold).astype(int), scores.windows[number]] if scores.windows else []
        own += [live[number].astype(int)] if live else []
        values.append([score, *own, *shares, *([parts[number]] if parts else [])])
    own = ["alarm", "window_score"] * bool(scores.windows) + ["window_alarm"] * bool(live)
    named = ["score", *own, *blamed, *["part"] * bool(parts)]
    series, unit = detection.series, "sample" if detection.series.whole else "series"
    group = data.group or (unit if several else None)
    how = {"group": group, "time": data.time, "clock": series.clock, "unit": unit}
    how["first"] = detection.selection.first
    yield from step_lines(series.names, series.times, named, values, **how)


def _shares(blame):
    """Scores shared out among features → shares of the whole."""
    total = np.nansum(blame, axis=-1, keepdims=True)
    return np.divide(blame, total, out=np.full(np.shape(blame), np.nan), where=total > 0)


def event_lines(
    series: Series,
    events: Sequence[Sequence[Event]],
    data: SeriesDataConfig,
    labelled: bool = False,
    several: bool = False,
) -> Iterator[list[Any]]:
    """Events, series after series, a line each; the first line has the headings.

    They are: the series where there are several, or a column of groups; `start` and `end`, times or steps; `steps`,
    from the first alarm to the last; `peak`, the highest score, and `peak_at`; where there are several columns
    `column`, the one most to blame, and `share`, its part of the scores; `known_at`, when it was known as the data came
    in; where `labelled`, `label`, the time at which the labelled anomaly begins that it meets, and `lead_seconds` (or
    `lead_steps`), how long before that it was known.

    Args:
        series: that they are of, with all of its steps: as `Detection.given`.
        events: of each series.
        data: how these were read.
        labelled: whether the events were held against labels.
        several: whether each line names its series, also where there is but one of them.
    """
    dates = series.times is not None and series.times[0].dtype.kind == "M"
    named = data.group or ("series" if several or len(series.names) > 1 else None)
    wide = len(series.columns) > 1
    blamed, known = ["column", "share"] * wide, ["label", "lead_seconds" if dates else "lead_steps"] * labelled
    yield [*[named] * bool(named), "start", "end", "steps", "peak", "peak_at", *blamed, "known_at", *known]
    for number, of_series in enumerate(events):
        if not of_series:
            continue
        places = series.times[number] if series.times else np.arange(len(series.values[number]))
        texts = series.clock.texts(places) if series.times else places.tolist()
        for event in of_series:
            peak_at, known_at, label = (
                None if at is None else texts[int(np.searchsorted(places, at))]
                for at in (event.peak_at, event.known_at, event.label)
            )
            line = [*[event.series] * bool(named), texts[event.first], texts[event.last]]
            line += [event.steps, event.peak, peak_at]
            yield [*line, *[event.column, event.share] * wide, known_at, *[label, event.lead] * labelled]
