"""What every task on numbers begins with: read, tell what is what, split, scale."""

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from seq2seq.config import SeriesDataConfig
from seq2seq.errors import InputError
from seq2seq.report import Report, counted
from seq2seq.run import Run, RunFolder
from seq2seq.run.resuming import data_have_changed
from seq2seq.series.figures import cell
from seq2seq.series.files import data_files
from seq2seq.series.learned import LearnedRows
from seq2seq.series.level import level_shift
from seq2seq.series.reading import category_of
from seq2seq.series.scaling import Scaler
from seq2seq.series.segments import gaps_of, segments
from seq2seq.series.series import listed
from seq2seq.series.sizes import ROUNDING, column_notes, ends, is_constant, sizes_differ, still_notes
from seq2seq.series.table import Series, parts_of
from seq2seq.training.setup import Setup

NONE = "none"  # what the card says of a part that is not there


@dataclass(frozen=True)
class Split:
    """The three parts of the data in the user's units, cut at gaps, and the scaler fitted on the first."""

    train: Series
    valid: Series
    test: Series
    scaler: Scaler

    def scaled(self, name: str) -> list[np.ndarray]:
        """float32 `(steps, features)` of each series of the part `name`."""
        part = getattr(self, name)
        return [self.scaler.of(name).transform(values) for name, values in zip(part.names, part.values, strict=True)]

    def save(self, run: RunFolder) -> None:
        """Write what a run keeps of them: its units, and which rows it has learned from."""
        if not run.scaler.exists():  # that of a run that goes on stays to the byte: its checkpoints name its checksum
            self.scaler.save(run.scaler)
        LearnedRows.of(self.train, self.valid).save(run.learned)


def split(series: Series, data: SeriesDataConfig, seed: int, report: Report, scaler: Scaler | None = None) -> Split:
    """Split into training, validation and test part, and fit the scaler on the first.

    Whole sequences are drawn at random; long series are cut in time, so that what is later is never trained on.

    Args:
        series: `Series`.
        data: `SeriesDataConfig`. Where it leaves `scale_by_group` open, it is decided from the training part.
        seed: int.
        report: `Report`.
        scaler: that of a run that goes on or that is started from; by default one is fitted. Series that it has no
            units of their own for, where others have some, get them.

    Raises:
        InputError: too few steps; units of each series that cannot be, or are otherwise than the run began with.
    """
    parts = parts_of(series, data.valid_share, data.test_share, seed, data.fold_of)
    train = parts[0]
    if not train.lengths.sum():
        raise InputError(f"{data.location} has too few steps to split: {int(series.lengths.sum())} in all.")
    if scaler is None:
        of_categories = [name for name in series.columns if category_of(name, data.categorical)]
        logs = {"log": data.log or data.log1p, "plus_one": data.log1p}
        names = train.names if _has_sizes(train, data) else ()
        scaler = Scaler.fit(data.scaling, train.values, series.columns, plain=of_categories, names=names, **logs)
        if _by_group(scaler, train, data, report):
            scaler = scaler.by_series(train.values, train.names)
    elif data.scale_by_group not in (None, bool(scaler.groups)):
        began = "units of its own for each series" if scaler.groups else "one unit for all series"
        raise InputError(
            f"data.scale_by_group={str(data.scale_by_group).lower()}: the run began with {began}, and its weights with "
            "it: leave the setting out, or train another run."
        )
    elif scaler.groups:
        scaler = scaler.with_more_series(train.values, train.names)
    still = still_notes(scaler, train.values, train.names) if _has_sizes(train, data) else []
    for note in column_notes(scaler, train.values, train.names) + still:
        report.warn(note)
    return Split(*map(segments, parts), scaler)


def part_to_measure(run: Run | None, trained: SeriesDataConfig, data: str | None) -> str:
    """What is measured where nobody says it: `"test"`, what the training set apart of its data, or `"all"` of others.

    Args:
        run: `Run`; None for a model that was never stored.
        trained: `SeriesDataConfig` of the training.
        data: file to measure; None for that of the training.

    Raises:
        InputError: the data of the training have changed since.
    """
    new = run and data_have_changed(run, "data.location", data_files(data or trained.location))
    if new is None:  # runs of the first versions hold no checksums: data are told by their name
        new = data is not None and Path(data).resolve() != Path(trained.location).resolve()
    if new and data is None:
        raise InputError(
            f"{trained.location} has changed since the training, so its last part is no longer that of then: give "
            "--data FILE with what the training has not seen, or --part test or all of the file as it is."
        )
    return "all" if new else "test"


def stored_scaler(setup: Setup) -> Scaler | None:
    """The scaler of the run that goes on, or that a new one starts from; None where there is none."""
    folder = setup.parent.run if setup.parent else RunFolder(setup.run_dir) if setup.resume else None
    return Scaler.load(folder.scaler) if folder and folder.scaler.exists() else None


def _by_group(scaler, train, data, report):
    """Whether each series gets units of its own."""
    possible = _has_sizes(train, data)
    if data.scale_by_group is not None:
        if data.scale_by_group and not possible:
            raise InputError(
                "data.scale_by_group=true is for several series in time (data.group) and a data.scaling: leave it out."
            )
        return data.scale_by_group
    column = sizes_differ(scaler, train.values, train.names) if possible else None
    if column is not None:
        report.say(
            f"the series are of different size (column {column!r}): each is measured in units of its own; "
            "--set data.scale_by_group=false for one unit"
        )
    return column is not None


def _has_sizes(train, data):
    """Whether there are several series in time, in units."""
    return len(set(train.names)) > 1 and not train.whole and data.scaling != "none"


def unit_of_streams(parts: Split, data: SeriesDataConfig) -> list[tuple[str, str]]:
    """What the card says where series of different size are read in one unit, because a stream has no name.

    Raises:
        InputError: units of each series were asked for.
    """
    if data.scale_by_group:
        raise InputError(
            "data.scale_by_group=true: a stream has no name, so that a stateful forecaster reads all series in one "
            "unit; leave it out, or train on windows."
        )
    differ = _has_sizes(parts.train, data) and sizes_differ(parts.scaler, parts.train.values, parts.train.names)
    told = f"one for all series, of different size (column {differ!r}): a stream has no name; data.log helps the small"
    return [("units", told)] if differ else []


def with_context(part: Series, before: Series, steps: int | None = None) -> Series:
    """`part` with what is known before it: never a target, nor across a gap.

    Args:
        part: Series, cut at gaps.
        before: the part before it, too.
        steps: int. How many steps in front, at most; None for all.
    """
    latest = {name: number for number, name in enumerate(before.names)}
    first = {name: number for number, name in reversed(list(enumerate(part.names)))}

    def joined(mine, others):
        """An array of `part` for each series, the first of each name after what is known of it."""
        parts = list(mine)
        for name, number in first.items():
            if name in latest:
                old = others[latest[name]]
                parts[number] = np.concatenate((old[0 if steps is None else max(len(old) - steps, 0) :], mine[number]))
        return parts

    values = joined(part.values, before.values)
    if part.times is None:
        return replace(part, values=values)
    whole = replace(part, values=values, times=tuple(joined(part.times, before.times)))
    pairs = list(zip(whole.values, whole.times, part.values, part.times, gaps_of(whole), strict=True))
    kept = [(values, times) if not gaps.size else own for values, times, *own, gaps in pairs]
    return replace(part, values=[each for each, _ in kept], times=tuple(each for _, each in kept))


def warn_of_shift(parts: Split, length: int, report: Report) -> None:
    """Warn where the validation part is on another level than the training part ever was, or varies where that did not.

    Args:
        parts: the data in their parts.
        length: int. Steps whose mean is a level, see `level_shift`.
        report: `Report`.
    """
    shifts, changes = [], []
    for column, name, before, later in [] if parts.train.whole else _in_time(parts):
        if shift := level_shift(before, later, length):
            shifts.append((abs(shift.size), column, name, shift))
        if column in parts.scaler.constant or name in parts.scaler.groups:
            changes += [(column, name, *change) for change in _change_of_constant(before, later)]
    if shifts:
        _, column, name, shift = max(shifts, key=lambda each: each[0])
        report.warn(
            f"the level of {column!r}{_of_series(name, shifts)} shifts within the validation part, about "
            f"{_place(parts.valid, name, shift.step)}, by {shift.size:+.1f} standard deviations, farther than twice "
            "what the training part knows: weights, thresholds and intervals are chosen by that part. Leave out what "
            "came before the shift, or change data.valid_share so that the training part has it"
        )
    if changes:
        column, name, step, was, now = changes[0]
        report.warn(
            f"the column {column!r}{_of_series(name, changes)} is {cell(was)} in all of the training part, and "
            f"{cell(now)} in the validation part at {_place(parts.valid, name, step)}: no model learns that, and "
            "thresholds and intervals, which are chosen by that part, take it for usual, so that hardly any alarm is "
            "left. Leave the column out, or change data.valid_share so that the training part has the change"
        )


def _in_time(parts):
    """Of each column of each series, by name, what is known of it in the training part, and the validation part."""
    learned, held_out = _stretches(parts.train), _stretches(parts.valid)
    for name in (name for name in held_out if name in learned):
        known, after = _joined(learned[name], parts.train.values), _joined(held_out[name], parts.valid.values)
        for column, before, later in zip(parts.train.columns, known.T, after.T, strict=True):
            yield column, name, before, later


def _change_of_constant(before, later):
    """Where a column first has another value than the one it had before: that step and both values; else nothing."""
    seen, after = before[~np.isnan(before)], later[~np.isnan(later)]
    if not (seen.size and after.size and is_constant(*ends([seen]), log=False)):
        return []
    if is_constant(*ends([seen, after]), log=False):
        return []
    step = int(np.nanargmax(np.abs(later - seen[0]) > ROUNDING * np.abs(seen[0])))
    return [(step, seen[0], later[step])]


def _of_series(name, found):
    return f" of series {name!r}" * bool(name) + f", and of {len(found) - 1:,} more" * (len(found) > 1)


def _place(part, name, step):
    """The time of a step of a series of a part, or its row in it."""
    if part.times is None:
        return f"row {step + 1:,} of it"
    times = _joined(_stretches(part)[name], part.times)
    return part.clock.texts(times[step : step + 1])[0]


def _stretches(part):
    """The numbers of the stretches between gaps that each series of a part has, by its name."""
    found = {}
    for number, name in enumerate(part.names):
        found.setdefault(name, []).append(number)
    return found


def _joined(numbers, arrays):
    """These stretches, one after the other."""
    return arrays[numbers[0]] if len(numbers) == 1 else np.concatenate([arrays[number] for number in numbers])


def shape_card(
    series: Series, parts: Split, rows: list[tuple[str, str]], report: Report, keeps_test: str | None = None
) -> None:
    """Tell what is taken for samples, time steps and features, what is predicted from what, and which rows are what.

    Args:
        series: `Series`, all of the data.
        parts: `Split` of it.
        rows: further rows of the card.
        report: `Report`.
        keeps_test: str. How to keep a test part, said where there is none.
    """
    lengths, said = series.lengths, {name: _part_of(series, parts, name) for name in ("train", "valid", "test")}
    if said["test"] == NONE and keeps_test:
        said["test"] += f"; {keeps_test}"
    steps = f"{lengths.min():,}" if lengths.min() == lengths.max() else f"{lengths.min():,} to {lengths.max():,}"
    kind = "independent samples" if series.whole else "series in time"
    report.table(
        "Shapes",
        ("", ""),
        [
            ("sequences", f"{len(lengths):,} {kind}"),
            ("time steps", f"{steps} in each"),
            *_times_of(series),
            ("features", f"{len(series.columns)}: {listed(series.columns)}"),
            *_other_columns(series.reading),
            *[("units", "each series its own (data.scale_by_group)")] * bool(parts.scaler.groups),
            *rows,
            *said.items(),
        ],
    )


def _other_columns(reading):
    """What the columns are that are no features."""
    columns = (("names of series", reading.group), ("kept by", reading.keep))
    categories = [("categories", listed(reading.categorical))] if reading.categorical else []
    return [*categories, *((what, name) for what, name in columns if name)]


def _part_of(series, parts, name):
    part = getattr(parts, name)
    if series.whole:
        return f"{len(part.values):,} sequences, drawn from the seed" if part.values else NONE
    if not part.lengths.sum():
        return NONE
    if len(series.values) > 1:
        steps = counted(int(part.lengths.sum()), "step")
        return f"{steps}, {part.lengths.sum() / series.lengths.sum():.0%} of each series"
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
    return [("times", f"{listed(reading.time)}{form}{zone}: {rhythm}")]
