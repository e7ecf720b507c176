"""The data of a run on numbers, and other data read in the same way."""

from collections.abc import Callable, Sequence
from dataclasses import fields, replace

from seq2seq.config import SeriesDataConfig
from seq2seq.errors import InputError
from seq2seq.report import Report
from seq2seq.run import Run
from seq2seq.series.files import has_names, holds_array
from seq2seq.series.learned import LearnedRows
from seq2seq.series.series import some_of, unnamed
from seq2seq.series.table import Reading, Series, read_series
from seq2seq.sources import InMemory

REASONS = 5  # that are told of series left out
READING = tuple(field.name for field in fields(Reading))  # settings of the data that say how they are read
# What data must have → the settings that say something about it, and nothing where it is not there.
_NEEDED_BY = {
    "times": ("time_format", "duplicates", "step", "rhythm", "gaps"),
    "dates": ("day_first", "time_zone", "zoned"),
    "names of columns": ("categorical",),
}
_LEFT = (None, "error", "split")  # what leaves such a setting as it is


def read_data(
    data: SeriesDataConfig,
    report: Report,
    location: str | None = None,
    windowed: bool = False,
    rejected: list[tuple[int | str, str]] | None = None,
    joined: bool = False,
) -> Series:
    """The data of a run, or those at another `location` read in the same way.

    Args:
        data: `SeriesDataConfig`.
        report: `Report`, told what the reader noticed.
        location: default `data.location`.
        windowed: the data are cut into windows: rows of a plain 2-D array are steps then, not samples.
        rejected: list that takes what cannot be used, as in `read_series`; None raises at the first.
        joined: rows are joined to others by group and time, as in `read_series`.
    """
    how = {name: getattr(data, name) for name in READING}
    if windowed and data.rows == "auto":
        how["rows"] = "steps"
    series = read_series(location or data.location, rejected=rejected, joined=joined, **how)
    for note in series.notes:
        report.warn(note)
    return series


def for_training(data: SeriesDataConfig) -> SeriesDataConfig:
    """`data` as a new training reads them: what is left out there keeps runs of earlier versions as they were."""
    return data if data.gaps else replace(data, gaps="split")


def decided(data: SeriesDataConfig, series: Series) -> SeriesDataConfig:
    """`data` with what was decided in reading `series` where it was left open: for the life of the run.

    Raises:
        InputError: a setting does nothing, as the data have nothing of the kind.
    """
    _check_effect(data, series)
    found = {name: getattr(series.reading, name) for name in READING if getattr(data, name) is None}
    # Categories have become the values that they had.
    return replace(data, **found | {"columns": series.reading.columns})


def _check_effect(data, series):
    if data.time_format is not None and data.day_first is not None:
        raise InputError(
            f"data.day_first={data.day_first} does nothing: data.time_format={data.time_format} says which is first: "
            "leave one of them out."
        )
    times = series.times is not None
    there = {"times": times, "dates": times and series.times[0].dtype.kind == "M"}
    there["names of columns"] = not holds_array(data.location)
    for what, names in _NEEDED_BY.items():
        idle = [name for name in names if getattr(data, name) not in _LEFT]
        if idle and not there[what]:
            option = f" (--{idle[0].replace('_', '-')})" if idle[0] not in ("rhythm", "zoned") else ""
            mend = "" if holds_array(data.location) else "name the column of times with --time, or "
            raise InputError(
                f"data.{idle[0]}={getattr(data, idle[0])}{option} does nothing: "
                f"{data.location} has no {what}, or none that is known as such: {mend}leave it out."
            )


def of_run(data: SeriesDataConfig, columns: Sequence[str]) -> SeriesDataConfig:
    """`data` of a run that knows these `columns`: no other one of a table is looked at, whatever may be in it."""
    return replace(data, columns=None if unnamed(columns) else tuple(columns))


def read_usable(
    data: SeriesDataConfig,
    report: Report,
    location: str | None = None,
    windowed: bool = False,
    rejected: list[tuple[int | str, str]] | None = None,
) -> Series:
    """`read_data` for answers: of the series of a table, those that cannot be used are left out and named.

    Samples of an array are known by their places, so none is left out unless `rejected` takes it.
    """
    if rejected is not None or not data.group:
        return read_data(data, report, location, windowed, rejected)
    left_out = []
    series = read_data(data, report, location, windowed, left_out)
    warn_left_out(left_out, report)
    return series


def passing(series: Series, check: Callable[[int], None], rejected: list[tuple[int | str, str]]) -> Series:
    """`series` without those for whose number `check` raises; their names and its messages come into `rejected`.

    Raises:
        InputError: none is left.
    """
    kept, reason = [], ""
    for number, name in enumerate(series.names):
        try:
            check(number)
        except InputError as error:
            reason = str(error)
            rejected.append((int(name) if series.whole else name, reason))
        else:
            kept.append(number)
    if not kept:
        raise InputError(reason)
    return series if len(kept) == len(series.names) else series.take(kept)


def warn_left_out(left_out: Sequence[tuple[int | str, str]], report: Report) -> None:
    """Tell which series cannot be used and why, of many with the same reason the first, and of many reasons, too."""
    of_reason: dict[str, list[int | str]] = {}
    for name, reason in left_out:
        of_reason.setdefault(reason, []).append(name)
    told = list(of_reason.items())[:REASONS]
    for reason, names in told:
        report.warn(f"{some_of(names)} left out: {reason}")
    if rest := len(left_out) - sum(len(names) for _, names in told):
        report.warn(f"so are {rest:,} more")


def for_other(data: SeriesDataConfig, location: str, array: str | None = None) -> SeriesDataConfig:
    """`data` to read all of another `location` by, without what says nothing about a file of its kind."""
    if not holds_array(location):
        if not has_names(location, data.encoding, data.decimal):  # its columns are taken in their order
            data = replace(data, columns=None, time=data.time and None)  # and times are the first that is one
        return replace(data, array=array, limit=None)
    has_keys = not (isinstance(location, InMemory) or location.lower().endswith(".npy"))
    array = (array or data.array) if has_keys else array
    return replace(data, array=array, columns=None, group=None, time=None, limit=None)


def learned_rows(run: Run | None) -> LearnedRows:
    """Which rows the training of a run has learned from; none of a model that was never stored."""
    return LearnedRows.load(run.learned) if run else LearnedRows()
