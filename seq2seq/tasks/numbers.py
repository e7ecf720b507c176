"""What every task on numbers begins with: read, tell what is what, split, scale."""

from dataclasses import dataclass, replace

import numpy as np

from seq2seq.config import SeriesDataConfig
from seq2seq.errors import InputError
from seq2seq.report import Report
from seq2seq.series.scaling import Scaler
from seq2seq.series.table import Series, read_series, split_in_time, split_samples


@dataclass(frozen=True)
class Parts:
    """The three parts of the data in the user's units, and the scaler fitted on the first."""

    train: Series
    valid: Series
    test: Series
    scaler: Scaler

    def scaled(self, name: str) -> list[np.ndarray]:
        """float32 `(steps, features)` of each series of the part `name`."""
        return [self.scaler.transform(values) for values in getattr(self, name).values]


def read(
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
        columns=names_in(data.columns),
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


def split(series: Series, data: SeriesDataConfig, seed: int, report: Report) -> Parts:
    """Split into training, validation and test part, and fit the scaler on the first.

    Whole sequences are drawn at random; long series are cut in time, so that what is later is never trained on.
    """
    if series.whole:
        parts = split_samples(series, data.valid_share, data.test_share, seed)
    else:
        parts = split_in_time(series, data.valid_share, data.test_share)
    if not parts[0].lengths.sum():
        raise InputError(f"{data.location} has too few steps to split: {int(series.lengths.sum())} in all.")
    scaler = Scaler.fit(data.scaling, parts[0].values, series.columns, log=data.log)
    for name, low, high in _ranges(parts[0]):
        if low == high:
            report.warn(f"the column {name!r} is constant ({low:g}) in the training part: it tells nothing")
    return Parts(*parts, scaler)


def with_context(part: Series, before: Series, steps: int) -> Series:
    """`part` with up to `steps` steps of history in front: known when its first forecast is made, never a target."""
    values = [
        np.concatenate((old[max(len(old) - steps, 0) :], new))
        for old, new in zip(before.values, part.values, strict=True)
    ]
    times = None
    if part.times is not None:
        times = tuple(
            np.concatenate((old[max(len(old) - steps, 0) :], new))
            for old, new in zip(before.times, part.times, strict=True)
        )
    return replace(part, values=tuple(values), times=times)


def shape_card(series: Series, parts: Parts, rows: list[tuple[str, str]], report: Report) -> None:
    """Tell what is taken for samples, time steps and features, what is predicted from what, and which rows are what."""
    lengths = series.lengths
    steps = f"{lengths.min():,}" if lengths.min() == lengths.max() else f"{lengths.min():,} to {lengths.max():,}"
    kind = "independent samples" if series.whole else "series in time"
    features = ", ".join(series.columns) if len(series.columns) <= 12 else f"{', '.join(series.columns[:12])}, …"
    report.table(
        "Shapes",
        ("", ""),
        [
            ("sequences", f"{len(lengths):,} {kind}"),
            ("time steps", f"{steps} in each"),
            ("features", f"{len(series.columns)}: {features}"),
            *rows,
            *((name, _part_of(series, parts, name)) for name in ("train", "valid", "test")),
        ],
    )


def names_in(text: str | None) -> tuple[str, ...] | None:
    """`"a, b"` → `("a", "b")`; `None` stays."""
    if text is None:
        return None
    names = tuple(name.strip() for name in text.split(",") if name.strip())
    if not names:
        raise InputError(f"columns {text!r}: expected names with commas between.")
    return names


def _part_of(series, parts, name):
    part = getattr(parts, name)
    if series.whole:
        return f"{len(part.values):,} sequences, drawn from the seed" if part.values else "none"
    if not part.lengths.sum():
        return "none"
    if len(series.values) > 1:
        return f"{int(part.lengths.sum()):,} steps, {part.lengths.sum() / series.lengths.sum():.0%} of each series"
    before = {"train": 0, "valid": len(parts.train.values[0])}
    first = before.get(name, len(parts.train.values[0]) + len(parts.valid.values[0]))
    last = first + len(part.values[0]) - 1
    times = ""
    if series.times is not None:
        times = f", {time_text(part.times[0][0])} to {time_text(part.times[0][-1])}"
    return f"steps {first:,} to {last:,}{times}"


def time_text(time: np.datetime64 | float) -> str:
    """A time as people write it: to the second, midnight as the date alone."""
    if isinstance(time, np.datetime64):
        return str(time.astype("datetime64[s]")).replace("T", " ").removesuffix(" 00:00:00")
    return f"{time:g}"


def _ranges(series):
    for column, name in enumerate(series.columns):
        values = np.concatenate([values[:, column] for values in series.values])
        values = values[np.isfinite(values)]
        if len(values):
            yield name, values.min(), values.max()
