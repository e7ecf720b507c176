"""What every task on numbers begins with: read, tell what is what, split, scale."""

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from seq2seq.config import SeriesDataConfig
from seq2seq.errors import InputError
from seq2seq.report import Report
from seq2seq.run import RunFolder
from seq2seq.series.calendar import time_text
from seq2seq.series.scaling import Scaler, sizes_differ
from seq2seq.series.table import Series, parts_of


@dataclass(frozen=True)
class Split:
    """The three parts of the data in the user's units, and the scaler fitted on the first."""

    train: Series
    valid: Series
    test: Series
    scaler: Scaler

    def scaled(self, name: str) -> list[np.ndarray]:
        """float32 `(steps, features)` of each series of the part `name`."""
        part = getattr(self, name)
        return [self.scaler.of(name).transform(values) for name, values in zip(part.names, part.values, strict=True)]


def split(series: Series, data: SeriesDataConfig, seed: int, report: Report, scaler: Scaler | None = None) -> Split:
    """Split into training, validation and test part, and fit the scaler on the first.

    Whole sequences are drawn at random; long series are cut in time, so that what is later is never trained on.

    Args:
        series: `Series`.
        data: `SeriesDataConfig`. Where it leaves `scale_by_group` open, it is decided from the training part.
        seed: int.
        report: `Report`.
        scaler: that of a run that goes on; by default one is fitted.
    """
    parts = parts_of(series, data.valid_share, data.test_share, seed)
    train = parts[0]
    if not train.lengths.sum():
        raise InputError(f"{data.location} has too few steps to split: {int(series.lengths.sum())} in all.")
    if scaler is None:
        by_group = _by_group(train, data, report)
        names = train.names if by_group else None
        scaler = Scaler.fit(data.scaling, train.values, series.columns, log=data.log, names=names)
    for name, value in scaler.constants(train.values).items():
        report.warn(f"the column {name!r} is constant ({value:g}) in the training part: it tells nothing")
    return Split(*parts, scaler)


def stored_scaler(run_dir: str | Path) -> Scaler | None:
    """The scaler of a run that goes on; None where it has none yet."""
    path = RunFolder(Path(run_dir)).scaler
    return Scaler.load(path) if path.exists() else None


def _by_group(train, data, report):
    """Whether each series gets units of its own."""
    possible = len(set(train.names)) > 1 and not train.whole and data.scaling != "none"
    if data.scale_by_group is not None:
        if data.scale_by_group and not possible:
            raise InputError(
                "data.scale_by_group=true is for several series in time (data.group) and a data.scaling: leave it out."
            )
        return data.scale_by_group
    column = sizes_differ(train.values, train.names, train.columns, data.log) if possible else None
    if column is not None:
        report.say(
            f"the series are of different size (column {column!r}): each is measured in units of its own; "
            "--set data.scale_by_group=false for one unit"
        )
    return column is not None


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
