"""Which rows a training has learned from, so that nobody takes them for new ones, whatever file they are in."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from seq2seq.series.series import Series
from seq2seq.series.sizes import by_name
from seq2seq.storage import read_arrays, write_arrays

KEPT, KEPT_OF_ALL, LEAST = 1_000, 50_000, 4  # rows of each series, of all together, and yet of each


@dataclass(frozen=True, eq=False)
class LearnedRows:
    """Some rows of each series that a training has learned from, its choices by the validation part included.

    Attributes:
        rows: dict of the name of a series to two arrays, `(rows,)`: times, datetime64, from the first to the last that
            were learned from, and the sums of the values there. Empty where the data had no dates, or were whole
            sequences: of those no time tells which ones they are.
    """

    rows: Mapping[str, tuple[np.ndarray, np.ndarray]] = field(default_factory=dict)

    @classmethod
    def of(cls, *parts: Series) -> "LearnedRows":
        """Those of the parts of the data that a training learns from, in the order of time."""
        dated = [part for part in parts if _has_dates(part) and not part.whole]
        names = [name for part in dated for name in part.names]
        times = by_name([times for part in dated for times in part.times], names)
        sums = by_name([_sums(values) for part in dated for values in part.values], names)
        most = min(KEPT, max(KEPT_OF_ALL // max(len(times), 1), LEAST))
        rows = {name: (np.concatenate(times[name]), np.concatenate(sums[name])) for name in times}
        return cls({name: tuple(_some(each, most) for each in both) for name, both in rows.items() if len(both[0])})

    def note(self, series: Series, steps: Sequence[np.ndarray | slice], unit: str, mend: str) -> str | None:
        """What to tell of what is measured, where some of it was learned from; else None.

        Args:
            series: `Series` with the columns of the training in their order.
            steps: of each of them, what picks the steps that are measured.
            unit: str. What these are, such as `"forecasts"`.
            mend: str. How to measure others alone.
        """
        if not (self.rows and _has_dates(series)):
            return None
        met, total = [], 0
        for name, times, values, at in zip(series.names, series.times, series.values, steps, strict=True):
            total += len(times[at])
            met.append(self._learned(name, times[at], values[at]))
        if not (count := sum(map(len, met))):
            return None
        known = np.concatenate(met)
        span = " to ".join(series.clock.texts(np.array([known.min(), known.max()])))
        return (
            f"{count:,} of {total:,} {unit} {'is' if count == 1 else 'are'} of rows that the training had, {span}: the "
            f"model has seen them, and is better there than on new ones; {mend}"
        )

    def _learned(self, name, times, values):
        """Those of `times` that were learned from: none where the rows then have other values, as other data may."""
        if name not in self.rows:
            return times[:0]
        kept, sums = self.rows[name]
        at = np.minimum(np.searchsorted(kept, times), len(kept) - 1)
        both = kept[at] == times
        if both.any() and np.isclose(sums[at][both], _sums(values[both]), rtol=1e-6, atol=0).mean() < 0.5:
            return times[:0]
        return times[(kept[0] <= times) & (times <= kept[-1])]

    def save(self, path: Path) -> None:
        """Write them."""
        times, sums = zip(*self.rows.values(), strict=True) if self.rows else ((np.empty(0, "datetime64[ns]"),),) * 2
        arrays = {"names": np.array(list(self.rows), np.str_), "counts": np.array([len(each) for each in times])}
        write_arrays(path, arrays | {"times": np.concatenate(times), "sums": np.concatenate(sums)})

    @classmethod
    def load(cls, path: Path) -> "LearnedRows":
        """Read what `save` wrote; none where no file is: versions before this one kept nothing of the kind.

        Raises:
            InputError: it is damaged.
        """
        if not path.exists():
            return cls()
        arrays, _ = read_arrays(path)
        times, sums = (np.split(arrays[each], np.cumsum(arrays["counts"])[:-1]) for each in ("times", "sums"))
        return cls(dict(zip(arrays["names"].tolist(), zip(times, sums, strict=True), strict=False)))


def _has_dates(series):
    return bool(series.times) and series.times[0].dtype.kind == "M"


def _sums(values):
    """What tells rows apart: one number for each."""
    return np.nansum(values, axis=1)


def _some(values, most):
    """At most so many of them, evenly, with the first and the last."""
    return values[np.unique(np.linspace(0, len(values) - 1, most).astype(int))]
