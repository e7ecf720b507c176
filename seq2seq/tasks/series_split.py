"""What every task on numbers begins with: read, tell what is what, split, scale."""

from dataclasses import dataclass, replace

import numpy as np

from seq2seq.config import SeriesDataConfig
from seq2seq.errors import InputError
from seq2seq.report import Report
from seq2seq.series.reading import category_of
from seq2seq.series.scaling import Scaler
from seq2seq.series.segments import gaps_of, segments
from seq2seq.series.table import Series, split_in_time, split_samples


@dataclass(frozen=True)
class Split:
    """The three parts of the data in the user's units, cut at gaps, and the scaler fitted on the first."""

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
    of_categories = [name for name in series.columns if category_of(name, data.categorical)]
    logs = {"log": bool(data.log or data.log1p), "plus_one": data.log1p}
    scaler = Scaler.fit(data.scaling, parts[0].values, series.columns, plain=of_categories, **logs)
    for name, low, high in _ranges(parts[0]):
        if low == high:
            report.warn(f"the column {name!r} is constant ({low:g}) in the training part: it tells nothing")
    return Split(*map(segments, parts), scaler)


def with_context(part: Series, before: Series, steps: int | None = None) -> Series:
    """`part` with what is known before it: never a target, nor across a gap.

    Args:
        part: Series, cut at gaps.
        before: the part before it, too.
        steps: int. How many steps in front, at most; None for all.
    """
    latest = {name: number for number, name in enumerate(before.names)}
    values, times = list(part.values), list(part.times or ())
    for number, name in reversed(list(enumerate(part.names))):  # of those with one name, the first is the last here
        if part.names.index(name) != number or name not in latest:
            continue
        old = latest[name]
        first = 0 if steps is None else max(len(before.values[old]) - steps, 0)
        joined = replace(
            part,
            values=[np.concatenate((before.values[old][first:], values[number]))],
            names=[name],
            times=part.times and (np.concatenate((before.times[old][first:], times[number])),),
        )
        if not gaps_of(joined)[0].size:
            values[number] = joined.values[0]
            if joined.times:
                times[number] = joined.times[0]
    return replace(part, values=values, times=part.times and tuple(times))


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
            *_times_of(series),
            ("features", f"{len(series.columns)}: {features}"),
            *_other_columns(series.reading),
            *rows,
            *((name, _part_of(series, parts, name)) for name in ("train", "valid", "test")),
        ],
    )


def _other_columns(reading):
    """What the columns are that are no features."""
    columns = (("names of series", reading.group), ("kept by", reading.keep))
    categories = [("categories", ", ".join(reading.categorical))] if reading.categorical else []
    return [*categories, *((what, name) for what, name in columns if name)]


def _part_of(series, parts, name):
    part = getattr(parts, name)
    if series.whole:
        return f"{len(part.values):,} sequences, drawn from the seed" if part.values else "none"
    if not part.lengths.sum():
        return "none"
    if len(series.values) > 1:
        return f"{int(part.lengths.sum()):,} steps, {part.lengths.sum() / series.lengths.sum():.0%} of each series"
    lengths = {each: int(getattr(parts, each).lengths.sum()) for each in ("train", "valid", "test")}
    first = sum(list(lengths.values())[: list(lengths).index(name)])
    times = ""
    if series.times is not None:
        ends = np.array([part.times[0][0], part.times[-1][-1]])
        times = f", {' to '.join(series.clock.texts(ends))}"
    return f"steps {first:,} to {first + lengths[name] - 1:,}{times}"


def _times_of(series):
    """What is taken for the times, how they are read, and their rhythm."""
    reading = series.reading
    if series.times is None or not reading.time:
        return []
    form = f", {reading.time_format}" if reading.time_format else ""
    zone = f", {reading.time_zone}" if reading.time_zone else ""
    rhythm = f"every {reading.rhythm}" if reading.rhythm else "at no steady step"
    return [("times", f"{', '.join(reading.time)}{form}{zone}: {rhythm}")]


def _ranges(series):
    for column, name in enumerate(series.columns):
        values = np.concatenate([values[:, column] for values in series.values])
        values = values[np.isfinite(values)]
        if len(values):
            yield name, values.min(), values.max()
