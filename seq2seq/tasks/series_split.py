"""What every task on numbers begins with: read, tell what is what, split, scale."""

from dataclasses import dataclass, replace

import numpy as np

from seq2seq.config import SeriesDataConfig
from seq2seq.errors import InputError
from seq2seq.report import Report
from seq2seq.series.calendar import time_text
from seq2seq.series.scaling import Scaler
from seq2seq.series.table import Series, split_in_time, split_samples


@dataclass(frozen=True)
class Split:
    """The three parts of the data in the user's units, and the scaler fitted on the first."""

    train: Series
    valid: Series
    test: Series
    scaler: Scaler

    def scaled(self, name: str) -> list[np.ndarray]:
        """float32 `(steps, features)` of each series of the part `name`."""
        return [self.scaler.transform(values) for values in getattr(self, name).values]


def split(series: Series, data: SeriesDataConfig, seed: int, report: Report) -> Split:
    """Split into training, validation and test part, and fit the scaler on the first.

    Whole sequences are drawn at random; long series are cut in time, so that what is later is never trained on.
    """
    if series.whole:
        parts = split_samples(series, data.valid_share, data.test_share, seed)
    else:
        parts = split_in_time(series, data.valid_share, data.test_share)
    if not parts[0].lengths.sum():
        raise InputError(f"{data.location} has too few steps to split: {int(series.lengths.sum())} in all.")
    scaler = Scaler.fit(data.scaling, parts[0].values, series.columns, log=data.log or data.log1p, plus_one=data.log1p)
    for name, low, high in _ranges(parts[0]):
        if low == high:
            report.warn(f"the column {name!r} is constant ({low:g}) in the training part: it tells nothing")
    return Split(*parts, scaler)


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


def shape_card(series: Series, parts: Split, rows: list[tuple[str, str]], report: Report) -> None:
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


def _ranges(series):
    for column, name in enumerate(series.columns):
        values = np.concatenate([values[:, column] for values in series.values])
        values = values[np.isfinite(values)]
        if len(values):
            yield name, values.min(), values.max()
