"""Alarms that belong together are one event: when it began and ended, how high it went, what was to blame for it."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise

import numpy as np

from seq2seq.errors import InputError
from seq2seq.evaluation.detection import durations, f1_of, runs

_SPAN = re.compile(r"(\d+(?:\.\d+)?) ?(s|min|h|d|w)?")
_SECONDS = {None: 1, "s": 1, "min": 60, "h": 3600, "d": 86_400, "w": 604_800}
_LONGEST = (2**63 - 1) // 10**9  # seconds: NumPy counts them in nanoseconds

Span = int | np.timedelta64  # so many steps, or so much time


@dataclass(frozen=True)
class Event:
    """A run of alarms in one series.

    Attributes:
        series: str. Its name.
        first, last: int. The steps of its first and its last alarm.
        start, end: their times, datetime64 or float; the steps where there are no times.
        peak: float. The highest score.
        peak_at: time, or step, of that.
        column: str. The column with the largest part of the scores.
        share: float, 0 to 1. That part.
        known_at: time, or step, at which whoever watches the data come in is first alarmed of it; None where never.
        label: time, or step, at which the labelled anomaly begins that it meets first; None where it meets none.
        lead: float. How long before that it was known, in seconds (steps, where times are none); negative is after.
            None where it meets none, or never was known.
        leads: mapping from the step at which each labelled anomaly begins that it meets, to `lead` for that one.
    """

    series: str
    first: int
    last: int
    start: np.datetime64 | float | int
    end: np.datetime64 | float | int
    peak: float
    peak_at: np.datetime64 | float | int
    column: str
    share: float
    known_at: np.datetime64 | float | int | None = None
    label: np.datetime64 | float | int | None = None
    lead: float | None = None
    leads: Mapping[int, float | None] = field(default_factory=dict)

    @property
    def steps(self) -> int:
        """From its first alarm to its last."""
        return self.last - self.first + 1


def parse_span(text: str) -> Span:
    """Read a number of steps, `"3"`, or a time, `"45s"`, `"30min"`, `"2h"`, `"1d"`, `"1w"`.

    Raises:
        InputError: it is neither, or longer than times may be apart.

    >>> parse_span("3"), parse_span("1.5h")
    (3, np.timedelta64(5400,'s'))
    """
    found = _SPAN.fullmatch(text.strip())
    if not found or (found[2] is None and "." in found[1]):
        raise InputError(f"{text!r:.60} is neither a number of steps (3) nor a time (45s, 30min, 2h, 1d or 1w).")
    length = float(found[1]) * _SECONDS[found[2]]
    if length > _LONGEST:
        raise InputError(f"{text!r:.60} is too long: expected at most {_LONGEST:,} steps or seconds.")
    return int(length) if found[2] is None else np.timedelta64(round(length), "s")


def find_events(
    name: str,
    scores: np.ndarray,
    blame: np.ndarray,
    threshold: float,
    columns: Sequence[str],
    times: np.ndarray | None = None,
    *,
    merge: Span = 0,
    min_length: Span = 1,
    labels: np.ndarray | None = None,
    gaps: np.ndarray | None = None,
    live: np.ndarray | None = None,
    reach: int = 0,
) -> list[Event]:
    """The events of one series.

    Args:
        name: str. Of the series.
        scores: float array, `(steps,)`; NaN = not scored.
        blame: float array, `(steps, features)`: scores shared out among the columns.
        threshold: float. A score above it is an alarm.
        columns: sequence of str.
        times: datetime64 or float array, `(steps,)`, increasing; None counts steps.
        merge: `Span`. Runs with at most so much quiet between them are one event; where it is a number of steps, no
            event goes on across a gap in time.
        min_length: `Span`. Shorter events are left out; a step lasts until the next one.
        labels: bool array, `(steps,)`: what is known to be anomalous, also at steps without a score.
        gaps: int array: the steps after gaps in time, as the rhythm of the times has them. None finds them by how
            long steps usually last.
        live: bool array, `(steps,)`: which steps are an alarm by what is known when they come in. An event is known
            from the first of them on, from its first step to `reach` steps after its last.
        reach: int. For how many steps after its last one what comes in still tells of an event.

    Raises:
        InputError: a span of time where times are no dates.
    """
    for option, span in (("merge", merge), ("min-length", min_length)):
        if isinstance(span, np.timedelta64) and (times is None or times.dtype.kind != "M"):
            raise InputError(f"--{option} {span}: the data have no dates; give a number of steps.")
    alarms, merged = scores > threshold, []
    if not alarms.any():  # as in most of many series
        return []
    broken = np.zeros(len(scores), bool)  # after this step
    if gaps is not None:
        broken[np.asarray(gaps, np.int64) - 1] = True
    elif times is not None and times.dtype.kind == "M" and len(times):
        broken[:-1] = durations(times)[:-1] < np.diff(times)
    for first, last in _stretches(alarms, broken):
        if merged and _is_bridged(merged[-1][1], first, times, broken, merge):
            merged[-1] = merged[-1][0], last
        else:
            merged.append((first, last))
    places = np.arange(len(scores)) if times is None else times
    known = runs(labels) if labels is not None else []
    found = []
    for first, last in merged:
        if not _is_long(first, last, times, min_length):
            continue
        steps = slice(first, last + 1)
        peak = first + int(np.nanargmax(scores[steps]))
        parts = np.nansum(blame[steps], axis=0)
        most, total = int(parts.argmax()), parts.sum()
        met = [start for start, end in known if start <= last and first <= end]
        alarmed = () if live is None else first + np.flatnonzero(live[first : last + 1 + reach])
        known_at = places[alarmed[0]] if len(alarmed) else None
        leads = {start: None if known_at is None else _seconds(places[start] - known_at) for start in met}
        found.append(
            Event(
                name,
                first,
                last,
                places[first],
                places[last],
                float(scores[peak]),
                places[peak],
                columns[most],
                float(parts[most] / total) if total else 0.0,
                known_at,
                places[met[0]] if met else None,
                leads[met[0]] if met else None,
                leads,
            )
        )
    return found


def event_scores(
    events: Sequence[Sequence[Event]], labels: Sequence[np.ndarray], scored: Sequence[np.ndarray], unit: str = "steps"
) -> dict[str, float | int | None]:
    """Measure events against labelled anomalies: each counts once, however long it is.

    Args:
        events: of each series its events.
        labels: of each series a bool array, `(steps,)`.
        scored: likewise: which steps have a score. An anomaly without one counts in nothing.
        unit: str. Of the leads: "seconds" or "steps".

    Returns:
        dict of `events` and `labelled`: int, how many of each; `met`: int, how many labelled anomalies meet an event;
        `event_precision`: share of the events that meet a labelled anomaly; `event_recall`: share of those that meet an
        event; `event_f1`; `known_recall`: share of those that meet an event which was known as the data came in;
        `median_lead_seconds` (or `…_steps`): of the first such event at each of them, see `Event.lead`. None where
        there is nothing to divide by, see `f1_of`.
    """
    found = [event for of_series in events for event in of_series]
    labelled = met = 0
    for of_series, known, there in zip(events, labels, scored, strict=True):
        for first, last in runs(known):
            if there[first : last + 1].any():
                labelled += 1
                met += any(event.first <= last and first <= event.last for event in of_series)
    earliest: dict[tuple, float] = {}  # of each labelled anomaly that is met
    for number, of_series in enumerate(events):
        for event in of_series:
            for start, lead in event.leads.items():
                if lead is not None:
                    earliest.setdefault((number, start), lead)
    leads = list(earliest.values())
    precision = sum(event.label is not None for event in found) / len(found) if found else None
    recall = met / labelled if labelled else None
    return {
        "events": len(found),
        "labelled": labelled,
        "met": met,
        "event_precision": precision,
        "event_recall": recall,
        "event_f1": f1_of(precision, recall),
        "known_recall": len(leads) / labelled if labelled else None,
        f"median_lead_{unit}": float(np.median(leads)) if leads else None,
    }


def _stretches(alarms, broken):
    """Runs of alarms, none of them across a gap, after whose steps `broken` is True."""
    for first, last in runs(alarms):
        starts = [first, *(first + 1 + np.flatnonzero(broken[first:last])).tolist(), last + 1]
        yield from ((start, end - 1) for start, end in pairwise(starts))


def _is_bridged(last, first, times, broken, merge):
    if isinstance(merge, np.timedelta64):
        return times[first] - times[last] <= merge
    return first - last - 1 <= merge and not broken[last:first].any()


def _is_long(first, last, times, least):
    if isinstance(least, np.timedelta64):
        return times[last] - times[first] + durations(times)[last] >= least
    return last - first + 1 >= least


def _seconds(difference):
    if isinstance(difference, np.timedelta64):
        return float(difference / np.timedelta64(1, "s"))
    return float(difference)
