"""Answers about series: tables in, what the commands would write of them out."""

import csv
import io
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from seq2seq.errors import InputError
from seq2seq.evaluation.events import parse_span
from seq2seq.inference.baseline_forecasts import drawn_baselines
from seq2seq.inference.detection import detect
from seq2seq.inference.detection_lines import event_lines, score_lines
from seq2seq.inference.forecast_lines import forecast_lines
from seq2seq.inference.series_data import warn_left_out
from seq2seq.series.figures import cell
from seq2seq.series.writing import decimals_of_each, step_lines
from seq2seq.server.data import Given
from seq2seq.server.models import Model, Told
from seq2seq.server.requests import Detect, Forecast, Reconstruct, check_threshold

MOST_ROWS = 100_000  # of forecasts


@dataclass(frozen=True)
class Table:
    """Lines of cells, as a command writes them.

    Attributes:
        lines: list of lists of cells; the first line has the headings.
        numbers: frozenset of str. The columns that hold numbers, and not names or times.
    """

    lines: list[list[Any]]
    numbers: frozenset[str]

    @classmethod
    def of_steps(cls, lines: Iterable[list[Any]], first: str) -> "Table":
        """Lines whose numbers begin with the column `first`, in front of which only names and times are."""
        lines = list(lines)
        at = len(lines[0]) - lines[0][::-1].index(first) - 1  # a column of names may be called alike
        return cls(lines, frozenset(lines[0][at:]))

    def columns(self) -> dict[str, list[Any]]:
        """From headings to cells: numbers are some, and what is empty is None."""
        heading, *rows = self.lines
        cells = zip(*rows, strict=True) if rows else [()] * len(heading)
        return {
            name: [_told(value, name in self.numbers) for value in column]
            for name, column in zip(heading, cells, strict=True)
        }

    def csv(self) -> str:
        """The file that a command writes."""
        text = io.StringIO()
        csv.writer(text, lineterminator="\n").writerows(self.lines)
        return text.getvalue()


def _told(value, number):
    value = value.item() if isinstance(value, np.generic) else value
    if value is None or value == "" or value != value:
        return None
    return float(value) if number and isinstance(value, str) else value


@dataclass(frozen=True)
class Answer:
    """What is told of series.

    Attributes:
        file: `Table` that the command would write.
        tables: mapping from names to `Table`s, None where one was not asked for.
        more: mapping of what else is told.
    """

    file: Table
    tables: dict[str, Table | None]
    more: dict[str, Any] = field(default_factory=dict)

    def told(self) -> dict[str, Any]:
        """The answer in JSON."""
        return self.more | {name: table and table.columns() for name, table in self.tables.items()}


def reconstructed(model: Model, asked: Reconstruct, given: Given, told: Told) -> Answer:
    """What `seq2seq reconstruct` writes."""
    loaded, series = model.loaded, _read(model, asked, given, told)
    values = loaded.reconstruct(series)
    table = _steps(series, series.columns, values, loaded, decimals=decimals_of_each(loaded.scaler, series))
    return Answer(table, {"reconstructed": table})


def detected(model: Model, asked: Detect, given: Given, told: Told) -> Answer:
    """What `seq2seq detect` writes."""
    spans = {"merge": parse_span(asked.merge), "min_length": parse_span(asked.min_length)}
    series = _read(model, asked, given, told)
    found = detect(model.loaded, series, threshold=check_threshold(asked.threshold), report=told)
    data = model.loaded.config.data
    scores = Table.of_steps(score_lines(found, data, asked.per_step), "score")
    tables: dict[str, Table | None] = {"scores": scores, "events": None}
    if asked.events:
        lines = [list(map(cell, line)) for line in event_lines(found.given, found.events(**spans), data)]
        tables["events"] = Table(lines, frozenset(("steps", "peak", "share")))
    if asked.values:
        columns = list(found.series.columns)
        tables["values"] = Table([columns, *np.concatenate(found.series.values).tolist()], frozenset(columns))
    more = {"threshold": found.threshold, "rule": found.rule, "alarms": int(found.alarms.sum())}
    return Answer(tables["events"] or scores, tables, more)


def forecast(model: Model, asked: Forecast, given: Given, told: Told) -> Answer:
    """What `seq2seq forecast` writes."""
    loaded, rejected = model.loaded, []
    series = loaded.read(str(given.data), report=told)
    known = loaded.read_known(str(given.known), told) if given.known else None
    series = loaded.usable(series, asked.steps, rejected)
    warn_left_out(rejected, told)
    rows = len(series.values) * (asked.steps or loaded.horizon)
    if rows > MOST_ROWS:
        raise InputError(
            f"series × steps is at most {MOST_ROWS:,}, got {len(series.values):,} × {asked.steps or loaded.horizon:,}: "
            "ask for less at a time."
        )
    made = loaded.forecast(series, asked.steps, known=known, interval=asked.interval)
    for note in made.notes:
        told.warn(note)
    table = Table.of_steps(forecast_lines(made, loaded.config.data), made.columns[0])
    tables, past = {"forecast": table}, series.select(made.columns).values
    if asked.history:
        first = [max(len(each) - asked.history, 0) for each in past]
        latest = [each[start:] for each, start in zip(past, first, strict=True)]
        times = series.times and [part[start:] for part, start in zip(series.times, first, strict=True)]
        tables["history"] = _steps(series, made.columns, latest, loaded, times=times, first=first)
    more = {"interval": made.level}
    if asked.baselines:
        how = {"decimals": made.decimals, "times": made.times, "clock": made.clock, "first": 1}
        more["baselines"] = {
            name: _steps(series, made.columns, each.values, loaded, **how).columns()
            for name, each in drawn_baselines(loaded, series, len(made.values[0]), known).items()
        }
    return Answer(table, tables, more)


def _read(model, asked, given, told):
    series = model.loaded.read(str(given.data), keep=asked.keep, report=told)
    if note := model.loaded.learned_note(series):
        told.warn(note)
    return series


def _steps(series, columns, values, loaded, **how):
    """A table of values of each step, like those of the commands."""
    data, unit = loaded.config.data, "sample" if series.whole else "series"
    how = {"group": data.group, "time": data.time, "clock": series.clock, "unit": unit} | how
    times = how.pop("times", series.times)
    lines = step_lines(series.names, times, columns, [each.T for each in values], **how)
    return Table.of_steps(lines, columns[0])
