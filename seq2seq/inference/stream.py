"""One step in, the forecast of the next one out: a stateful forecaster on data that go on and on."""

import csv
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from seq2seq.errors import InputError
from seq2seq.inference.forecaster import Forecaster
from seq2seq.inference.series_data import READING
from seq2seq.report import Report
from seq2seq.series.clock import shared_out
from seq2seq.series.far import far_notes
from seq2seq.series.figures import cell, decimals_of
from seq2seq.series.latest_times import LatestTimes
from seq2seq.series.numerals import is_missing, looks_like_number, number_of
from seq2seq.series.reading import Reading
from seq2seq.series.series import column_positions
from seq2seq.series.values import without_codes
from seq2seq.storage import read_arrays, write_arrays


class Stream:
    """A forecaster that has read some steps and waits for the next.

    Args:
        forecaster: stateful `Forecaster`, loaded from its run.
        interval: float. Share of actual values that an interval about each forecast is to hold; 0 for none.
        times: bool. Each line has a time, in the column of times of the run, without a header in front of the others;
            each answer begins with the time that it is for, empty until that can be told. Where steps are missing
            before a line, it is the first one of a fresh state, as files are cut at gaps.
        report: `Report`, told of those.

    Attributes:
        steps: int. Steps read so far, those before a loaded state included.

    Raises:
        InputError: the run was trained on windows, or its errors were not measured for that interval.
    """

    def __init__(
        self, forecaster: Forecaster, interval: float = 0.0, times: bool = False, report: Report | None = None
    ):
        if len(forecaster.members) > 1:
            raise InputError(
                f"{len(forecaster.members)} runs answer as one here, and a stream goes on from the state of a single "
                "one: give that alone."
            )
        if not forecaster.stateful:
            raise InputError(
                f"{forecaster.run.path} was trained on windows: --stream needs one trained with --stateful."
            )
        self.forecaster, self.steps, self._report = forecaster, 0, report or Report()
        self.columns, self._far = forecaster.columns.names, set()  # those of which a far value was told of
        self.interval, self._margin = interval, forecaster.core.margin(interval) if interval else None
        data = forecaster.config.data
        self._reading = Reading(**{name: getattr(data, name) for name in READING})
        self._clock = LatestTimes(self._reading) if times else None
        self._time, self._latest = data.time or ("time",), []
        times = len(self._time) if times else 0
        self._order = [times + k for k in range(len(self.columns))]  # where each column is in a line
        self._time_at, self._width = list(range(times)), times + len(self.columns)
        self._decimals = [decimals_of(*size) for size in forecaster.scaler.sizes()]
        self._graphs = forecaster.core.graphs
        self._states = self._graphs.initial_state(1)
        # Whatever trained it: another training of the same settings gives other weights, to which no state fits.
        self._identity = forecaster.run.identity

    @property
    def header(self) -> list[str]:
        """The names of the cells of an answer."""
        ends = ("", "_low", "_high") if self.interval else ("",)
        time = self._time if self._clock else []
        return [*time, *(name + end for name in self.columns for end in ends)]

    def is_header(self, line: str) -> bool:
        """Whether a first line is one of names for certain: some are columns of the run, and none is a number."""
        try:
            cells = [cell.strip() for cell in self._cells(line)]
        except InputError:
            return False
        numbers = (is_missing(cell) or looks_like_number(cell) for cell in cells)
        return bool({*cells} & {*self.columns}) and not any(numbers)

    def read_header(self, line: str) -> None:
        """Take the columns in the order of this line; further ones are dropped.

        Raises:
            InputError: a column of the run, or that of times, is missing (names the near match).
        """
        cells = [cell.strip() for cell in self._cells(line)]
        self._order = column_positions(self.columns, cells, "the header of the stream")
        self._width = len(cells)
        if self._clock:
            self._time_at = column_positions(self._time, cells, "the header of the stream")

    def read(self, line: str) -> np.ndarray:
        """Read one step, numbers as the run reads them, with commas between, or semicolons beside decimal commas.

        What a table of the run says where a value is missing says it here: an empty cell, NA, `data.missing_values`.

        Returns:
            float64 `(columns,)`: the forecast of the next step, in the user's units.

        Raises:
            InputError: a line that cannot be used; the state stays as it was.
        """
        return self._forecast(line)[0]

    def answer(self, line: str) -> list[str]:
        """Read one step as `read` does: the cells of the answer, as `header` names them."""
        return self._told(self._forecast(line))

    def answer_values(self, values: Sequence[float], time: str = "") -> list[str]:
        """`answer` to a step whose numbers need no reading.

        Args:
            values: in the order of `columns`, NaN for what is missing.
            time: str. Of the step, where steps have times; all of it is in one cell of the answer then.

        Raises:
            InputError: another number of values, an infinite one, or a time that cannot be used; the state stays as it
                was.
        """
        if len(values) != len(self.columns) or np.isinf(values).any():
            raise InputError(f"expected {len(self.columns)} finite numbers, got {list(values)!r:.60}")
        return self._told(self._step(np.array([values], np.float64), [time] if self._clock else []))

    def _told(self, forecast):
        point, low, high = forecast
        parts = (point, low, high) if self.interval else (point,)
        rows = zip(*parts, self._decimals, strict=True)
        cells = [cell(value, decimals) for *values, decimals in rows for value in values]
        if not self._clock:
            return cells
        # The latest time has as many words in each of its cells as the next one will have.
        words = [text.count(" ") + 1 for text in self._latest]
        return [*shared_out(self._clock.following(), words, len(words)), *cells]

    def _cells(self, line):
        separator = ";" if self._reading.decimal == "," else ","
        try:
            return next(csv.reader([line], delimiter=separator), [""])
        except csv.Error as error:
            raise InputError(f"{error}: {line[:60]!r}") from error

    def _forecast(self, line):
        cells, reading = self._cells(line), self._reading
        if len(cells) != self._width:
            marks = "semicolons" if reading.decimal == "," else "commas"
            raise InputError(f"expected {self._width} cells with {marks} between, got {len(cells)}: {line[:60]!r}")
        told = (reading.decimal, reading.missing_values, reading.thousands)
        values = [[number_of(cells[at], *told) for at in self._order]]
        return self._step(np.array(values), [cells[at].strip() for at in self._time_at])

    def _step(self, values, latest):
        """The forecast and the ends of its interval after a step, `(1, columns)`, with the cells of its time."""
        values = without_codes(values, self._reading.missing_values)
        scaled = self.forecaster.scaler.transform(values)
        time = self._clock.read(" ".join(latest)) if self._clock else None
        if self._clock and (gap := self._clock.gap_before(time)):
            self._report.warn(f"steps are missing between {gap}: the state begins anew")
            self._states = self._graphs.initial_state(1)
        for name, note in far_notes(values, self.columns, self.forecaster.scaler).items():
            if name not in self._far:
                self._report.warn(note)
            self._far.add(name)
        output, self._states = self._graphs.step(scaled, self._states)
        self.steps += 1
        if self._clock:
            self._clock.add(time)
            self._latest = latest
        point = output[0]
        margin = np.nan if self._margin is None else self._margin
        return [self.forecaster.unscaled(part) for part in (point, point - margin, point + margin)]

    def save(self, path: Path) -> None:
        """Write the state to an NPZ file, whole or not at all."""
        states = {f"state{k}": np.asarray(state) for k, state in enumerate(self._states)}
        if self._clock:
            states["times"] = self._clock.times
        cells = {"order": list(map(int, self._order)), "width": self._width, "time_at": list(map(int, self._time_at))}
        write_arrays(path, states, identity=self._identity, steps=self.steps, cells=cells)

    def load(self, path: Path) -> None:
        """Go on from a state that `save` wrote, lines in the order that they had.

        Raises:
            InputError: the file is damaged, or of another run.
        """
        blank = self._states
        try:
            arrays, record = read_arrays(path)
            identity = record["identity"]
            found = self._checked(arrays, record) if identity == self._identity else None
        except Exception as error:  # whatever a forged file makes of those who read it
            raise InputError(f"--state {path} is no state of a stream, or is damaged: delete it.") from error
        if identity != self._identity:
            raise InputError(
                f"--state {path} is of another run, or of {self.forecaster.run.path} before it was trained again: "
                "name another file."
            )
        if any(state.shape != zeros.shape for state, zeros in zip(found[0], blank, strict=True)):
            raise InputError(f"--state {path} is damaged (a state of another size): delete it.")
        self._states, self.steps, self._clock, (self._order, self._width, self._time_at) = found

    def _checked(self, arrays, record):
        """States, steps, clock and cells of a file; what is wrong with it raises whatever it raises."""
        clock = LatestTimes(self._reading, _times(arrays.get("times", ()))) if self._clock else None
        if clock:
            clock.following()
        states = _numbers([arrays[f"state{k}"] for k in range(len(self._states))])
        return states, _steps(record), clock, self._cells_of(record, arrays)

    def _cells_of(self, record, arrays):
        """Where columns and times are in a line, as a record tells; as they are, if it tells of other lines."""
        now = self._order, self._width, self._time_at
        if "cells" not in record or ("times" in arrays) != bool(self._clock):
            return now
        order, width, time_at = (record["cells"][name] for name in ("order", "width", "time_at"))
        whole = {*map(type, [*order, *time_at, width])} == {int} and width < 2**31
        if not whole or not all(0 <= at < width for at in [*order, *time_at]):
            raise ValueError("cells that no line has")
        if (len(order), len(time_at)) != (len(now[0]), len(now[2])):
            raise ValueError("cells of other columns")
        return order, width, time_at


def _numbers(states):
    """States as float32."""
    if any(np.asarray(state).dtype.kind != "f" for state in states):
        raise ValueError("states that are no numbers")
    with np.errstate(over="ignore"):
        states = [np.asarray(state, np.float32) for state in states]
    if not all(np.isfinite(state).all() for state in states):
        raise ValueError("states that are not finite")
    return states


def _steps(record):
    """The number of steps of a record."""
    steps = record["steps"]
    if type(steps) is not int or not 0 <= steps < 2**63:
        raise ValueError("no number of steps")
    return steps


def _times(times):
    """The latest times of a state."""
    times = np.asarray(times)
    if times.ndim != 1 or times.dtype.kind not in "fM" or not np.isfinite(times).all():
        raise ValueError("no times")
    if not (times[1:] > times[:-1]).all():
        raise ValueError("times that do not rise")
    return times
