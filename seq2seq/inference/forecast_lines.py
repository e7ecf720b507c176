"""A forecast as lines of a table."""

from collections.abc import Iterator
from typing import Any

from seq2seq.config import SeriesDataConfig
from seq2seq.inference.forecast import Forecast
from seq2seq.series.writing import step_lines


def forecast_lines(made: Forecast, data: SeriesDataConfig, several: bool = False) -> Iterator[list[Any]]:
    """Group, time and, of each column, the forecast and its interval; the first line has the headings.

    Args:
        made: `Forecast`.
        data: how the series were read that it continues.
        several: whether each line names its series, also where there is but one of them.
    """
    ends = {"": made.values} | ({"_low": made.lower, "_high": made.upper} if made.lower is not None else {})
    columns = [column + end for column in made.columns for end in ends]
    values = [
        [of_series[number][:, k] for k in range(len(made.columns)) for of_series in ends.values()]
        for number in range(len(made.names))
    ]
    decimals = [[places for places in each for _ in ends] for each in made.decimals]
    group = data.group or ("series" if several else None)
    how = {"decimals": decimals, "group": group, "time": data.time, "clock": made.clock}
    return step_lines(made.names, made.times, columns, values, **how, first=1)
