"""Series as the lines of one CSV file: group, time, values."""

import csv
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from seq2seq.cli.outputs import open_lines


def write_csv(path: Path | None, lines: Iterator[Sequence[Any]]) -> None:
    """Write lines of cells, whole or not at all; None or `-` is standard output."""
    with open_lines(path) as file:
        csv.writer(file, lineterminator="\n").writerows(lines)


def step_lines(series: Any, data: Any, columns: Sequence[str], values: Sequence[Sequence[Any]]) -> Iterator[list]:
    """The lines of a table with a line for each step of each series.

    Args:
        series: `Series`, whose names and times stand in front.
        data: `SeriesDataConfig`, which knows what the columns of groups and times are called.
        columns: names of the values.
        values: of each series, of each column, an array of as many values as steps.
    """
    many = len(series.names) > 1 or bool(data.group)
    head = [data.group or ("sample" if series.whole else "series")] * many
    yield [*head, (data.time or "time") if series.times else "step", *columns]
    for number, name in enumerate(series.names):
        length = len(series.values[number])
        times = time_texts(series.times[number]) if series.times else range(length)
        for time, *cells in zip(times, *values[number], strict=True):
            yield [*[name] * many, time, *map(cell, cells)]


def time_texts(times: Any) -> list[str]:
    """datetime64 as dates, with the time of day unless all are midnight; numbers as numbers."""
    if times.dtype.kind != "M":
        return [f"{time:.12g}" for time in times]
    days = bool((times == times.astype("datetime64[D]")).all())
    return [str(time).replace("T", " ") for time in times.astype("datetime64[D]" if days else "datetime64[s]")]


def cell(value: Any) -> Any:
    """A number with nine figures, an empty cell for NaN; anything else as it is."""
    if not hasattr(value, "dtype") or value.dtype.kind != "f":
        return value
    return f"{value:.9g}" if value == value else ""
