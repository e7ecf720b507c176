"""The data of a run on numbers, and other data read in the same way."""

from dataclasses import fields, replace

from seq2seq.config import SeriesDataConfig
from seq2seq.report import Report
from seq2seq.series.files import holds_array
from seq2seq.series.table import Reading, Series, read_series

READING = tuple(field.name for field in fields(Reading))  # settings of the data that say how they are read


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
    how = {name: getattr(data, name) for name in READING}
    if windowed and data.rows == "auto":
        how["rows"] = "steps"
    series = read_series(location or data.location, rejected=rejected, **how)
    for note in series.notes:
        report.warn(note)
    return series if data.limit is None else first_steps(series, data.limit)


def for_training(data: SeriesDataConfig) -> SeriesDataConfig:
    """`data` as a new training reads them: what is left out there keeps runs of earlier versions as they were."""
    return data if data.gaps else replace(data, gaps="split")


def decided(data: SeriesDataConfig, series: Series) -> SeriesDataConfig:
    """`data` with what was decided in reading `series` where it was left open: for the life of the run."""
    return replace(data, **{name: getattr(series.reading, name) for name in READING if getattr(data, name) is None})


def for_other(data: SeriesDataConfig, location: str, array: str | None = None) -> SeriesDataConfig:
    """`data` to read all of another `location` by, without what says nothing about a file of its kind."""
    if not holds_array(location):
        return replace(data, array=array, limit=None)
    has_keys = not location.lower().endswith(".npy")
    array = (array or data.array) if has_keys else array
    return replace(data, array=array, columns=None, group=None, time=None, limit=None)


def first_steps(series: Series, limit: int) -> Series:
    """The first `limit` steps of each series, or the first `limit` samples."""
    if series.whole:
        return series.take(range(min(limit, len(series.values))))
    times = series.times and tuple(times[:limit] for times in series.times)
    return replace(series, values=tuple(values[:limit] for values in series.values), times=times)
