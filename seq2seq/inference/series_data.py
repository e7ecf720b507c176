"""The data of a run on numbers, and other data read in the same way."""

from dataclasses import replace

from seq2seq.config import SeriesDataConfig
from seq2seq.report import Report
from seq2seq.series.table import Series, read_series


def read_data(
    data: SeriesDataConfig,
    report: Report,
    location: str | None = None,
    windowed: bool = False,
    rejected: list[tuple[int, str]] | None = None,
) -> Series:
    """The data of a run, or those at another `location` read in the same way.

    Args:
        data: `SeriesDataConfig`.
        report: `Report`, told what the reader noticed.
        location: default `data.location`.
        windowed: the data are cut into windows: rows of a plain 2-D array are steps then, not samples.
        rejected: list that takes the samples that cannot be used, as in `read_series`; None raises at the first.
    """
    rows = "steps" if windowed and data.rows == "auto" else data.rows
    series = read_series(
        location or data.location,
        array=data.array,
        keep=data.keep,
        columns=data.columns,
        group=data.group,
        time=data.time,
        missing=data.missing,
        rows=rows,
        rejected=rejected,
    )
    for note in series.notes:
        report.warn(note)
    return series if data.limit is None else first_steps(series, data.limit)


def first_steps(series: Series, limit: int) -> Series:
    """The first `limit` steps of each series, or the first `limit` samples."""
    if series.whole:
        return series.take(range(min(limit, len(series.values))))
    times = series.times and tuple(times[:limit] for times in series.times)
    return replace(series, values=tuple(values[:limit] for values in series.values), times=times)
