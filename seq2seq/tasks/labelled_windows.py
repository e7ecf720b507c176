"""Labels that are windows of time, from JSON."""

import json
from difflib import get_close_matches
from pathlib import Path

import numpy as np

from seq2seq.errors import InputError
from seq2seq.evaluation.detection import Labels, Window, window_labels
from seq2seq.inference.reconstructor import Reconstructor
from seq2seq.report import Report
from seq2seq.series.clock import Clock, time_texts
from seq2seq.series.table import Series
from seq2seq.series.told_times import forms, span

LISTED = 3  # series without a labelled step that are told of


def labelled_windows(
    location: str, key: str | None, reconstructor: Reconstructor, series: Series, name: str, report: Report
) -> Labels:
    """The labels of series from a JSON file of windows, as `read_labels`."""
    if not reconstructor.look_back:
        raise InputError(f"{location} labels windows of time, but this run scores whole sequences: give FILE:KEY.")
    if series.times is None:
        raise InputError(f"{location} labels windows of time, but {name} has no column of times.")
    if key and len(series.names) > 1:
        raise InputError(f"{location}:{key}: {name} holds {len(series.names)} series, each labelled by its own name.")
    names = [key] if key else series.names if reconstructor.config.data.group else [name]
    windows = tuple(tuple(read_windows(location, each, series.clock)) for each in names)
    values = [window_labels(times, each) for times, each in zip(series.times, windows, strict=True)]
    outside = [
        _outside(each, called, times, series.clock)
        for each, called, times, known in zip(windows, names, series.times, values, strict=True)
        if each and len(times) and not known.any()
    ]
    for note in outside[:LISTED]:
        report.warn(f"{location}: {note}")
    if rest := len(outside[LISTED:]):
        report.warn(f"{location}: so it is with {rest:,} series more")
    return Labels(np.concatenate(values), windows)


def _outside(windows, name, times, clock):
    """What to tell of windows none of which holds a step."""
    ends = min(start for start, _ in windows), max(end for _, end in windows).astype("datetime64[s]")
    first, last, low, high = time_texts(clock.local(np.array([*ends, times[0], times[-1]])))
    return (
        f"none of {len(windows):,} windows of {name!r} holds a step: they are from {first} to {last}, the data from "
        f"{low} to {high}"
    )


def read_windows(path: str | Path, name: str, clock: Clock | None = None) -> list[Window]:
    """Read the labelled anomaly windows of one file, from JSON in the format of the Numenta Anomaly Benchmark.

    That is `{"taxi.csv": [["2014-10-30 15:30:00", "2014-11-03 22:30:00"], …], …}`.

    Args:
        path: str or Path. The JSON file.
        name: str. The labelled file: a name of the JSON, or a path that ends in one, or else has the last part of one
            alone.
        clock: `Clock` of the data: times are written as there, Unix time as numbers, or in ISO 8601; they are what its
            clocks on the wall show, unless they tell an offset.

    Returns:
        A list of `(start, end)`, instants as datetime64[ns], both inside the window, in the order of the file. It goes
        on to the end of what its second time names: all of that day, minute or second. Of an hour that comes twice the
        window has both.

    Raises:
        InputError: if the file cannot be read, is not in that format, or knows no such name, or several.
    """
    path = Path(path)
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise InputError(f"There is no file {path}: pass a file of labelled windows.") from None
    except (OSError, ValueError) as error:
        raise InputError(f"{path} cannot be read as JSON: {error}; pass a file of labelled windows.") from None
    if not isinstance(content, dict):
        raise InputError(
            f'{path} holds a {type(content).__name__}; labelled windows are {{"{Path(name).name}": [[start, end], …]}}.'
        )
    name = _key_of(name, content, path)
    try:
        clock = clock or Clock()
        windows = [_window(str(start), str(end), clock) for start, end in content[name]]
    except (TypeError, ValueError) as error:
        raise InputError(
            f"{path}, {name}: {error}; write each window as [start, end], two times, each {forms(clock)}."
        ) from None
    for (start, end), told in zip(windows, content[name], strict=True):
        if not start <= end:
            raise InputError(f"{path}, {name}: the window {told} ends before it begins; swap its times.")
    return windows


def _window(start, end, clock):
    first, (begin, over) = span(start, clock)[0], span(end, clock)
    return first, max(begin, over - np.timedelta64(1, "ns"))


def _key_of(name, keys, path):
    """That of the `keys` which means the file `name`."""
    if name in keys:
        return name
    parts = Path(name).parts or (name,)
    ends = [key for key in keys if key and Path(key).parts == parts[-len(Path(key).parts) :]]
    if ends:
        return max(ends, key=lambda key: len(Path(key).parts))
    alike = [key for key in keys if Path(key).name == parts[-1]]
    if len(alike) == 1:
        return alike[0]
    if alike:
        raise InputError(f"{path} has windows for {' and '.join(alike)}: {name} may be any of them; name it as one.")
    near = get_close_matches(parts[-1], [Path(key).name for key in keys], n=1)
    hint = f"did you mean {near[0]}?" if near else f"it has {', '.join(sorted(keys)) or 'none'}."
    raise InputError(f"{path} has no windows for {parts[-1]}; {hint}")
