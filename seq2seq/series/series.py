"""Series of numbers in memory: named features, one array per series, and their parts for training and test."""

import difflib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from seq2seq.errors import InputError
from seq2seq.report import counted
from seq2seq.series.clock import Clock
from seq2seq.series.reading import Reading


@dataclass(frozen=True, eq=False)
class Series:
    """Numeric sequences with the same features, in the user's units. NaN is a value that was not observed.

    Attributes:
        values: tuple of float64 arrays, one `(time_steps, features)` per series, oldest step first.
        columns: tuple of str. Names of the features; "0", "1"… where they have none.
        names: tuple of str. Of the series: the value of its group, the number of the sample in its file, or "".
        times: tuple of datetime64[ns] or float64 arrays, one `(time_steps,)` per series, or None: instants, of
            UTC where the data tell a zone; `clock` makes local times and texts of them.
        whole: bool. True: independent samples, to be split by sample. False: long series, to be split in time.
        notes: tuple of str. What the user should be told about the data.
        reading: `Reading`. How they were read, with what was decided from them.
        clock: `Clock`. How the times were written, so that others are written alike.
    """

    values: tuple[np.ndarray, ...]
    columns: tuple[str, ...]
    names: tuple[str, ...]
    times: tuple[np.ndarray, ...] | None
    whole: bool
    notes: tuple[str, ...] = ()
    reading: Reading = field(default_factory=Reading)
    clock: Clock = field(default_factory=Clock)

    def __post_init__(self):
        for name in ("values", "columns", "names", "notes"):
            object.__setattr__(self, name, tuple(getattr(self, name)))
        for values in self.values:
            if np.ndim(values) != 2 or np.shape(values)[1] != len(self.columns):
                raise InputError(
                    f"expected series of shape (time_steps, {len(self.columns)}), one column for each of "
                    f"{listed(self.columns)}; got the shape {np.shape(values)}"
                )
        lengths = [len(times) for times in self.times] if self.times is not None else self.lengths.tolist()
        if len(self.names) != len(self.values) or lengths != self.lengths.tolist():
            raise InputError(f"expected a name and as many times as steps for each of {len(self.values)} series")

    @property
    def lengths(self) -> np.ndarray:
        """int64 array: the number of steps of each series."""
        return np.array([len(values) for values in self.values], np.int64)

    @property
    def local_times(self) -> tuple[np.ndarray, ...] | None:
        """The times by the clock on the wall, as the calendar and pictures have them."""
        return self.times and tuple(map(self.clock.local, self.times))

    def take(self, indices: Sequence[int]) -> "Series":
        """Return the series at `indices`, in that order."""
        indices = list(indices)
        values, names = ([column[i] for i in indices] for column in (self.values, self.names))
        times = self.times and tuple(self.times[i] for i in indices)
        return replace(self, values=values, names=names, times=times)

    def select(self, columns: Sequence[str], names: Sequence[str] | None = None) -> "Series":
        """Return the series with these columns in this order, called `names` if given.

        Raises:
            InputError: there is no such column (names the near match).
        """
        at = column_positions(columns, self.columns, "the data")
        values = [values[:, at] for values in self.values] if at != list(range(len(self.columns))) else self.values
        return replace(self, values=values, columns=tuple(columns if names is None else names))


class MissingColumnError(InputError):
    """There is no column of that name.

    Attributes:
        column: str.
    """

    def __init__(self, column: str, message: str):
        super().__init__(message)
        self.column = column


def check_read(series: object) -> None:
    """Raise InputError where `series` are none, but data that the `read` of a run makes series of."""
    if not isinstance(series, Series):
        raise InputError(
            f"expected series as the run reads them, got {type(series).__name__}: give what its read(…) returns, which "
            "takes files, data frames, arrays and lists of arrays."
        )


def column_positions(wanted: Sequence[str], columns: Sequence[str], place: str) -> list[int]:
    """Return where in `columns` each of `wanted` is; `place` is what the error calls their home.

    Raises:
        MissingColumnError: one is missing; names the near match.
        InputError: one is wanted twice.
    """
    # Blanks around a name come and go with the kind of file.
    columns, wanted = [name.strip() for name in columns], [name.strip() for name in wanted]
    for number, name in enumerate(wanted):
        if name not in columns:
            raise MissingColumnError(name, f"{place} has no column {name!r}: {near_match(str(name), columns)}")
        if name in wanted[:number]:
            raise InputError(f"the column {name!r} is wanted twice: name it once")
    return [columns.index(name) for name in wanted]


def unnamed(columns: Sequence[str]) -> bool:
    """Return whether the columns are only numbered, as those of arrays and of files without a header.

    >>> unnamed(["0", "1"]), unnamed(["0", "speed"])
    (True, False)
    """
    return list(columns) == [str(number) for number in range(len(columns))]


def some_of(names: Sequence[int | str]) -> str:
    """How many series these are, or samples, whose names are numbers, and the first of their names.

    >>> some_of(["north", "south"]), some_of([""]), some_of([0, 7])
    ("2 series ('north', 'south')", '1 series', '2 samples (0, 7)')
    """
    listed = ", ".join(map(repr, names[:3])) + ", …" * (len(names) > 3) if set(names) != {""} else ""
    kind = "sample" if any(isinstance(name, int) for name in names) else None
    count = counted(len(names), kind) if kind else f"{len(names):,} series"
    return f"{count}{f' ({listed})' * bool(listed)}"


def near_match(name: str, names: Iterable[str]) -> str:
    """What to say after "there is no `name`": the nearest of `names`, or all of them."""
    names = list(map(str, names))
    near = difflib.get_close_matches(name, names, 1, 0.6) or [
        other for other in names if other.casefold() == name.casefold()
    ]
    return (f"did you mean {near[0]!r}? " if near else "") + f"there are {listed(names) or 'none'}"


def listed(names: Iterable[str], most: int = 12) -> str:
    """Names with commas between, the first of them where there are many; quoted, as they are to be given, if need be.

    >>> listed(["Temp, C", "flow"]), listed("abc", 2)
    ('"Temp, C", flow', 'a, b, …')
    """
    names = list(map(str, names))
    return ", ".join(map(_quoted, names[:most])) + ", …" * (len(names) > most)


def _quoted(name):
    doubtful = name != name.strip() or {*name} & {*',"\n\r'}
    return '"' + name.replace('"', '""').replace("\n", "\\n").replace("\r", "\\r") + '"' if doubtful else name


def parts_of(
    series: Series, valid_share: float, test_share: float, seed: int, fold: tuple[int, int] | None = None
) -> tuple[Series, Series, Series]:
    """Split samples at random (`split_samples`), long series in time (`split_in_time`), which have no `fold`."""
    if series.whole:
        return split_samples(series, valid_share, test_share, seed, fold)
    if fold is not None:
        raise InputError(
            f"data.fold={fold[0]}/{fold[1]} (--folds) is of samples, and these are series, which are split in time: "
            "leave it out."
        )
    return split_in_time(series, valid_share, test_share)


def split_in_time(series: Series, valid_share: float, test_share: float) -> tuple[Series, Series, Series]:
    """Split every series in time: its first steps for training, then validation, its last ones for the test.

    Args:
        series: Series.
        valid_share: float, 0 or more. Share of the steps of each series, rounded.
        test_share: float, 0 or more. The same for the test.

    Returns:
        `(train, valid, test)`, each with all series, some of them without steps where a series is too short.

    Raises:
        InputError: the shares are negative or leave nothing to train on.
    """
    _check_shares(valid_share, test_share)
    bounds = []
    for length in series.lengths.tolist():
        test, valid = (min(int(length * share + 0.5), length) for share in (test_share, valid_share))
        bounds.append((0, max(length - test - valid, 0), length - test, length))

    def part(number):
        slices = [slice(bound[number], bound[number + 1]) for bound in bounds]
        values = [values[steps] for values, steps in zip(series.values, slices, strict=True)]
        times = series.times and tuple(times[steps] for times, steps in zip(series.times, slices, strict=True))
        return replace(series, values=values, times=times)

    return part(0), part(1), part(2)


def split_samples(
    series: Series, valid_share: float, test_share: float, seed: int, fold: tuple[int, int] | None = None
) -> tuple[Series, Series, Series]:
    """Split samples at random, each into one part. Parts keep the order of the file.

    Args:
        series: Series.
        valid_share: float, 0 or more. Share of the samples, rounded; at least one if above 0.
        test_share: float, 0 or more. The same for the test.
        seed: int.
        fold: two ints, such as `(2, 5)`: the second of five parts, as equal as can be, of all that is not for the test
            is the validation part. Each sample is then held out in one of the five splits of one seed.

    Returns:
        `(train, valid, test)`.

    Raises:
        InputError: the shares are negative or leave nothing to train on, or there are too few samples.
    """
    _check_shares(valid_share, test_share)
    count = len(series.values)
    valid, test = (max(int(count * share + 0.5), share > 0) for share in (valid_share, test_share))
    if valid + test >= count:
        raise InputError(
            f"{counted(count, 'sample is', 'samples are')} too few to split: expected at least {valid + test + 1}"
        )
    order = np.random.default_rng(seed).permutation(count)
    if fold is not None:
        number, folds = fold
        if count - test < 2 * folds:
            raise InputError(
                f"{counted(count - test, 'sample is', 'samples are')} too few for {folds} folds: expected two for each."
            )
        turn = np.arange(count - test) % folds == number - 1
        order[: count - test] = np.concatenate((order[: count - test][~turn], order[: count - test][turn]))
        valid = int(turn.sum())
    parts = np.split(order, [count - valid - test, count - test])
    return tuple(series.take(np.sort(part).tolist()) for part in parts)


def _check_shares(valid_share, test_share):
    if not (valid_share >= 0 and test_share >= 0 and valid_share + test_share < 1):
        raise InputError(
            "the shares for validation and test must be 0 or more and below 1 together, "
            f"got {valid_share} and {test_share}"
        )
