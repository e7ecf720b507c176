"""Two forecasters from the same origins: what of the difference of their errors is more than luck."""

from dataclasses import asdict, dataclass

import numpy as np

from seq2seq.errors import InputError
from seq2seq.evaluation.significance import Difference, paired
from seq2seq.series.series import listed
from seq2seq.tasks.made_forecasts import MadeForecasts

_NAMES = {"rmse": "RMSE", "mae": "MAE"}


@dataclass(frozen=True)
class ForecastComparison:
    """Errors of two forecasters in the same steps.

    Attributes:
        first, second: str. What they are called.
        origins: int. From how many both have forecast.
        blocks: int. How many parts of the time, each drawn as a whole, these make.
        unit: str. What the errors are in, in words.
        differences: dict of `"rmse"` and `"mae"` to the `Difference`.
    """

    first: str
    second: str
    origins: int
    blocks: int
    unit: str
    differences: dict[str, Difference]

    columns = ("error", "first", "second", "difference", "95 % of samples", "p")

    def as_dict(self) -> dict:
        """JSON-ready."""
        figures = {name: asdict(each) | {"difference": each.difference} for name, each in self.differences.items()}
        return {
            "run": self.second,
            "origins": self.origins,
            "blocks": self.blocks,
            "unit": self.unit,
            "differences": figures,
        }

    @property
    def verdict(self) -> str:
        """Which is better, in a sentence."""
        return self.differences["rmse"].verdict(_NAMES["rmse"], self.first, self.second, least=True)

    def rows(self) -> list[tuple]:
        """For a table with `columns`."""
        return [
            (
                _NAMES[name],
                f"{each.first:.5g}",
                f"{each.second:.5g}",
                f"{each.difference:+.3g}",
                *each.said,
            )
            for name, each in self.differences.items()
        ]


def compare(first: MadeForecasts, second: MadeForecasts, names: tuple[str, str]) -> ForecastComparison:
    """Compare the forecasts of two runs from the origins that they share, by a paired bootstrap of blocks of time.

    Forecasts that begin side by side share most of what came, so that each tells little more than its neighbour:
    stretches of at least a horizon are drawn as a whole. Forecasts that differ by the digits that a model computes with
    alone, see `MadeForecasts.rounding`, are the same.

    Args:
        first, second: `MadeForecasts`.
        names: what to call them.

    Raises:
        InputError: they forecast other steps, columns or values.
    """
    horizons = first.actual.shape[1], second.actual.shape[1]
    if horizons[0] != horizons[1]:
        raise InputError(f"--against: one run forecasts {horizons[0]} steps at once and the other {horizons[1]}.")
    columns = [name for name in first.columns if name in second.columns]
    if not columns:
        raise InputError(f"--against: one run forecasts {listed(first.columns)}, the other {listed(second.columns)}.")
    columns = [name for name in columns if name not in first.not_pooled] or columns
    places = _places(first), _places(second)
    shared = [key for key in places[0] if key in places[1]]
    if not shared:
        raise InputError("--against: the runs have no origin in common, so there is nothing to compare.")
    actual, of_first, rounding = _taken(first, [places[0][key] for key in shared], columns)
    other, of_second, _ = _taken(second, [places[1][key] for key in shared], columns)
    if not np.allclose(actual, other, rtol=1e-5, equal_nan=True):
        raise InputError("--against: the runs read other values of the same steps, by other settings of their data.")
    # Last digits that fall to the same side each time would look like no luck at all.
    of_second = np.where(np.abs(of_first - of_second) <= rounding, of_first, of_second)
    series = [key[0] for key in shared]
    several = len(columns) > 1 or bool(first.scaler.groups or second.scaler.groups)
    scale = _spreads(actual, series) if several else 1.0
    units = _blocks(first, shared)
    errors = [_sums((made - actual) / scale) for made in (of_first, of_second)]
    differences = {
        "rmse": paired(*errors, lambda total: float(np.sqrt(total[0] / total[2])), units),
        "mae": paired(*errors, lambda total: float(total[1] / total[2]), units),
    }
    unit = "standard deviations of what came" if several else f"the unit of {columns[0]}"
    return ForecastComparison(*names, len(shared), int(units.max()) + 1, unit, differences)


def _places(made):
    """Of each origin, a series and a time or step, its row."""
    keys = []
    for number, (name, at) in enumerate(zip(made.series.names, made.origins, strict=True)):
        keys += [(name, each) for each in (made.series.times[number][at] if made.series.times else at).tolist()]
    return {key: row for row, key in enumerate(keys)}


def _taken(made, rows, columns):
    at = [made.columns.index(name) for name in columns]
    return (values[rows][:, :, at] for values in (made.actual, made.predicted, made.rounding))


def _spreads(actual, series):
    """Of each origin the standard deviations of the columns of its series, `(origins, 1, columns)`."""
    scale = np.ones((len(actual), 1, actual.shape[2]))
    names = np.array(series, dtype=object)
    for name in dict.fromkeys(series):
        mine = names == name
        spread = np.nanstd(actual[mine], axis=(0, 1))
        scale[mine] = np.where(spread > 0, spread, 1.0)
    return scale


def _sums(errors):
    """Of each origin the sums of squared and of absolute errors, and their number."""
    seen = ~np.isnan(errors)
    errors = np.where(seen, errors, 0.0)
    return np.stack([part.sum(axis=(1, 2)) for part in (errors**2, np.abs(errors), seen)], axis=1).astype(np.float64)


def _blocks(made, shared):
    """Of each origin the number of its block: stretches of a series, as long as a horizon or longer."""
    steps = [step for at in made.origins for step in np.diff(at).tolist()]
    stride = min(steps, default=1)
    length = max(-(-made.actual.shape[1] // stride), round(len(shared) ** (1 / 3)))
    numbers, counts = {}, {}
    blocks = []
    for name, _ in shared:
        count = counts[name] = counts.get(name, -1) + 1
        blocks.append(numbers.setdefault((name, count // length), len(numbers)))
    return np.array(blocks)
