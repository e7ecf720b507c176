"""Series that are hard to forecast: refused in one line, told of, or forecast in finite numbers; no NaN in silence."""

import numpy as np
import pytest

from seq2seq.config import ForecasterConfig, resolve
from seq2seq.errors import InputError
from seq2seq.inference.forecaster import Forecaster
from seq2seq.report import Report
from seq2seq.run.parent import Parent
from seq2seq.tasks.measure_forecaster import evaluate
from seq2seq.tasks.train_forecaster import train


class Heard(Report):
    def __init__(self):
        self.lines = []

    def warn(self, line):
        self.lines.append(line)


def trained(folder, columns, look_back=14, horizon=3, parent=None, **settings):
    """A forecaster of columns of values, hardly trained, and what was warned of."""
    table, heard = folder / "hard.csv", Heard()
    days = np.datetime64("2023-01-01") + np.arange(len(next(iter(columns.values()))))
    rows = zip(days, *columns.values(), strict=True)
    cells = [
        ",".join([str(day), *("" if np.isnan(value) else repr(float(value)) for value in row)]) for day, *row in rows
    ]
    table.write_text("\n".join([",".join(["when", *columns]), *cells]) + "\n")
    short = ["model.units=4", "training.epochs=1", "training.lr_ramp_steps=1"]
    windows = {"windows__look_back": look_back, "windows__horizon": horizon}
    base = Parent.open(parent, ForecasterConfig, folder / "run").settings if parent else None
    config = resolve(ForecasterConfig, settings=short, base=base, data__location=str(table), **windows, **settings)
    train(config, folder / "run", report=heard, parent=parent)
    return Forecaster.load(folder / "run"), heard.lines


@pytest.mark.slow
def test_magnitudes_constants_counts_and_spikes(tmp_path):
    draw = np.random.default_rng(0)
    walk = draw.normal(size=400).cumsum()
    columns = {
        "walk": walk,
        "constant": np.full(400, 7.5),
        "counts": np.where(draw.random(400) < 0.7, 0, draw.poisson(3, 400)),
        "huge": 1e9 * walk,
        "on a height": 1e9 + walk,
        "nearly the same": 1e9 + 0.05 * np.sin(np.arange(400)),
        "tiny": 1e-9 * walk,
        "spike": np.where(np.arange(400) == 100, 1e9, walk),
    }
    forecaster, lines = trained(tmp_path, columns)
    assert not [line for line in lines if "validation part, step" in line and "drift" not in line], lines
    (told,) = (line for line in lines if "are alike" in line)
    assert "'spike'" in told and "the farthest 1000000000 at 2023-04-11:" in told
    made = evaluate(forecaster).made
    for values in (made.predicted, made.lower, made.upper):
        assert np.isfinite(values).all()
    # A walk is a walk, whatever it is measured in.
    errors = {name: np.abs(made.predicted - made.actual)[..., k].mean() for k, name in enumerate(columns)}
    assert errors["huge"] == pytest.approx(1e9 * errors["walk"], rel=0.05)
    assert errors["tiny"] == pytest.approx(1e-9 * errors["walk"], rel=0.05)
    assert errors["constant"] == 0


def test_windows_without_a_value_are_told_of(tmp_path):
    draw = np.random.default_rng(1)
    holes = np.where(draw.random(400) < 0.9, np.nan, 10 + draw.normal(size=400).cumsum())
    forecaster, lines = trained(tmp_path, {"value": holes}, data__missing="mask")
    assert [line for line in lines if "no value of 'value' was observed" in line and "windows.look_back" in line]
    assert np.isfinite(forecaster.forecast(forecaster.read()).values[0]).all()


def test_a_network_that_too_few_windows_judge_counts_for_nothing_unless_another_run_knows_it(tmp_path):
    months = np.arange(300)
    sales = (100 + 2 * months) * (1 + 0.2 * np.sin(months * 2 * np.pi / 12)) + np.random.default_rng(3).normal(size=300)
    for name in ("short", "long", "tuned"):
        (tmp_path / name).mkdir()
    forecaster, lines = trained(tmp_path / "short", {"sales": sales[:60]}, look_back=14, horizon=6)
    few = "too few to tell whether the network helps"
    assert [line for line in lines if few in line], lines
    _, enough = trained(tmp_path / "long", {"sales": sales}, look_back=14, horizon=6)
    parent = tmp_path / "long" / "run"
    _, tuned = trained(tmp_path / "tuned", {"sales": sales[:60]}, look_back=14, horizon=6, parent=parent)
    assert not [line for line in [*enough, *tuned] if few in line]
    series = forecaster.read()
    made, linear = (each.forecast(series).values[0] for each in (forecaster, forecaster.ridge))
    np.testing.assert_allclose(made, linear)


@pytest.mark.parametrize("rows", [10, 30, 60])
def test_short_series_are_refused_in_one_line_or_forecast(tmp_path, rows):
    values = np.random.default_rng(2).normal(size=rows)
    try:
        forecaster, lines = trained(tmp_path, {"value": values}, look_back=7, horizon=2)
    except InputError as error:
        assert "\n" not in str(error) and rows < 60
        return
    assert np.isfinite(forecaster.forecast(forecaster.read()).values[0]).all()
    assert not forecaster.core.gaps_of_interval(2, 0.9) or [line for line in lines if "too few to calibrate" in line]
