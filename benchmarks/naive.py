"""Whether the default forecaster beats the naive forecasts on steps that nobody has seen: series, trainings, figures.

The generated series imitate three kinds of public data, three of each, from seeds: minimum temperatures of days (a
year's wave and weather that lasts for days), hourly pollution (heavy tails, strongly autocorrelated, hardly a day in
it) and hourly load (a day, a week, a year). The real ones are read where SEQ2SEQ_REAL_DATA names their folder.
"""

import os
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from seq2seq.config import ForecasterConfig, resolve
from seq2seq.report import Report

STEPS = 3000  # of each series, at most
DAY, HOUR, HALF_HOUR, FIVE_MINUTES, MONTH = "D", "h", "30min", "5min", "MS"
LOOK_BACK = {DAY: 28, HOUR: 72, HALF_HOUR: 96, FIVE_MINUTES: 72, MONTH: 36}
COLUMNS_OF_ETTH1 = ("OT", "HUFL", "MULL")
COLUMNS = (
    *("series", "steps ahead", "RMSE", "best naive", "", "skill", "told of a loss"),
    *("asked to hold", "holds", "told of the interval", "seconds"),
)


@dataclass(frozen=True)
class Source:
    """A series: float64 `values`, and how far apart they are, a name of frequency that pandas knows."""

    name: str
    values: np.ndarray
    frequency: str

    @property
    def horizons(self) -> tuple[int, int]:
        """The next step and a day; of days a week."""
        return (1, 7) if self.frequency == DAY else (1, 24)

    def write(self, path: Path) -> None:
        """Write a table of times and values."""
        values = self.values[:STEPS]
        when = pd.date_range("2015-01-01", periods=len(values), freq=self.frequency)
        pd.DataFrame({"when": when, "value": values}).to_csv(path, index=False)


def sources() -> list[Source]:
    """All series that there are."""
    folder = os.environ.get("SEQ2SEQ_REAL_DATA")
    return generated() + (real(Path(folder)) if folder else [])


def generated() -> list[Source]:
    """Three series of each kind."""
    kinds = {"temperature": (temperature, DAY), "pollution": (pollution, HOUR), "load": (load, HOUR)}
    return [
        Source(f"{kind} {number}", make(number, STEPS), frequency)
        for kind, (make, frequency) in kinds.items()
        for number in (1, 2, 3)
    ]


def temperature(seed: int, days: int) -> np.ndarray:
    """Daily minima in °C; weather lasts the longer the higher the seed."""
    day, draw = np.arange(days), np.random.default_rng((1, seed))
    return 10 + seed + (3 + seed) * np.cos(2 * np.pi * day / 365.25) + _lasting(draw, days, 0.45 + 0.1 * seed, 2.3)


def pollution(seed: int, hours: int) -> np.ndarray:
    """Hourly concentrations in whole µg/m³: the logarithm is what lasts."""
    hour, draw = np.arange(hours), np.random.default_rng((2, seed))
    level = 4 + 0.12 * np.cos(2 * np.pi * (hour - 3) / 24) + 0.3 * np.cos(2 * np.pi * hour / 8766)
    return np.round(np.exp(level + _lasting(draw, hours, 0.97, 0.2)))


def load(seed: int, hours: int) -> np.ndarray:
    """Hourly load in MW: two peaks a day, less at weekends, more in winter; noise grows with the seed."""
    hour, draw = np.arange(hours), np.random.default_rng((3, seed))
    day = 0.25 * np.cos(2 * np.pi * (hour - 18) / 24) + 0.1 * np.cos(4 * np.pi * (hour - 8) / 24)
    week = np.where(hour // 24 % 7 >= 5, 0.75, 1.0)
    return 1000 * week * (1 + day) + 150 * np.cos(2 * np.pi * hour / 8766) + _lasting(draw, hours, 0.9, 5 + 10 * seed)


def _lasting(draw, steps, share, deviation):
    """Noise of which a share stays from each step to the next."""
    values = draw.normal(0.0, deviation, steps)
    for step in range(1, steps):
        values[step] += share * values[step - 1]
    return values


def real(folder: Path) -> list[Source]:
    """Series of public data, from the folder that SEQ2SEQ_REAL_DATA names."""
    folder = folder / "numeric"
    transformer = pd.read_csv(folder / "ETTh1.csv.gz")
    sources = [Source(f"ETTh1 {column}", transformer[column].to_numpy(float), HOUR) for column in COLUMNS_OF_ETTH1]
    days = pd.read_csv(folder / "household_power_days.csv")["Global_active_power"]
    spots = pd.read_csv(folder / "monthly-sunspots.csv").iloc[:, 1]
    sources += [Source("household", days.to_numpy(float), DAY), Source("sunspots", spots.to_numpy(float), MONTH)]
    files = {"taxis": ("nyc_taxi", HALF_HOUR), "ambient temperature": ("ambient_temperature_system_failure", HOUR)}
    files["machine temperature"] = ("machine_temperature_system_failure", FIVE_MINUTES)
    for name, (file, frequency) in files.items():
        sources.append(Source(name, pd.read_csv(folder / "nab" / f"{file}.csv")["value"].to_numpy(float), frequency))
    return sources


def compare(sources: list[Source], folder: Path, report: Report) -> list[dict]:
    """Train a forecaster of each series and horizon and evaluate it on the test part; a dict of `COLUMNS` for each."""
    rows = []
    for source in sources:
        source.write(folder / f"{source.name}.csv")
        for horizon in source.horizons:
            row = compared(source, folder / f"{source.name}.csv", horizon, folder / f"{source.name} {horizon}")
            report.say("  ".join(f"{value:.4g}" if isinstance(value, float) else str(value) for value in row.values()))
            rows.append(row)
    return rows


def compared(source: Source, data: Path, horizon: int, run: Path, **options) -> dict:
    """One training with the default settings, and what it reaches on the test part. `options` are of the training."""
    from seq2seq.inference.forecaster import Forecaster
    from seq2seq.tasks.measure_forecaster import evaluate
    from seq2seq.tasks.train_forecaster import train

    windows = {"windows__look_back": LOOK_BACK[source.frequency], "windows__horizon": horizon}
    begin = time.perf_counter()
    train(resolve(ForecasterConfig, data__location=str(data), **windows), run, **options)
    seconds = time.perf_counter() - begin
    result = evaluate(Forecaster.load(run))
    overall, best, interval = result.overall, result.overall.best_baseline, result.overall.intervals
    figures = (overall.scores["rmse"], overall.baselines[best]["rmse"], best, overall.skill)
    told = ["yes" if lines else "no" for lines in (result.naive_warnings, result.interval_warnings)]
    held = (interval["level"], interval["coverage"])
    return dict(zip(COLUMNS, (source.name, horizon, *figures, told[0], *held, told[1], seconds), strict=True))


def summary(rows: list[dict]) -> str:
    """One line about all rows."""
    lost, held = [row for row in rows if row["skill"] < 0], [row["holds"] for row in rows]
    won, told = sum(row["skill"] > 0 for row in rows), sum(row["told of a loss"] == "yes" for row in lost)
    return (
        f"better than the best naive forecast in {won} of {len(rows)}; told of {told} of {len(lost)} losses; "
        f"intervals hold {np.mean(held):.3f} on average, {min(held):.3f} at least"
    )
