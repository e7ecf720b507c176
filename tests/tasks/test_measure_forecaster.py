"""A forecaster's figures, beside those of the baselines."""

import shutil
from dataclasses import replace

import numpy as np
import pytest

from seq2seq.cli import evaluate as command
from seq2seq.errors import InputError
from seq2seq.evaluation.forecasting import ForecastEvaluation
from seq2seq.inference.forecaster import Forecaster
from seq2seq.report import Report
from seq2seq.tasks import measure_forecaster
from seq2seq.tasks.series_split import part_to_measure


def test_evaluation_stands_beside_the_baselines(days_plain):
    evaluation = measure_forecaster.evaluate(days_plain)
    values = days_plain.read().values[0]
    first = len(values) - round(0.2 * len(values))
    assert evaluation.overall.windows == len(values) - first - 2
    errors = np.stack([values[o : o + 3] - values[o - 1] for o in range(first, len(values) - 2)])
    assert evaluation.overall.baselines["last value"]["rmse"] == pytest.approx(np.sqrt((errors**2).mean()))
    scaled = (errors / days_plain.scaler.scale) ** 2
    assert evaluation.overall.baselines["last value"]["mse_scaled"] == pytest.approx(scaled.mean())
    assert evaluation.ahead["last value"]["rmse"][2] == pytest.approx(np.sqrt((errors[:, 2] ** 2).mean()))
    assert set(evaluation.overall.baselines) >= {"last value", "drift", "seasonal naive", "seasonal × growth"}
    assert evaluation.overall.metric == "mse_scaled" and 0 <= evaluation.overall.intervals["coverage"] <= 1


def test_a_backtest_takes_the_last_origins(days_plain):
    evaluation = measure_forecaster.evaluate(days_plain, backtest=4)
    assert evaluation.overall.windows == 4
    assert evaluation.origins == ["2024-03-10 12:00", "2024-03-10 21:00"]
    assert measure_forecaster.evaluate(days_plain, part="all", stride=50).overall.windows == (240 - 24 - 3) // 50 + 1


def test_a_value_far_from_the_training_is_told_of_where_it_is_read_or_measured(days_plain):
    series, least = days_plain.read(), days_plain.core.least_history
    spiked = series.values[0].copy()
    spiked[150, 0] = 1e12
    spiked = replace(series, values=[spiked])
    for origin, far in ((151 + least, False), (150 + least, True), (150 - 2, True), (150 - 3, False)):
        result = measure_forecaster.measured(days_plain, spiked, [np.array([origin])], "all")
        assert bool(result.far) == far and result.warnings[: len(result.far)] == result.far
    assert not measure_forecaster.evaluate(days_plain).far


def test_scaled_figures_are_in_units_of_each_series(days_plain):
    series = days_plain.read()
    both = replace(
        series, values=[series.values[0] * size for size in (1, 1000)], names=["a", "b"], times=series.times * 2
    )
    scaler = days_plain.scaler.by_series(both.values, both.names)
    forecaster = Forecaster(days_plain.config, scaler, days_plain.model, days_plain.core.calibration)
    alone, together = (
        measure_forecaster.measured(forecaster, some, [np.array([100, 120])] * len(some.values), "all")
        for some in (both.take([0]), both)
    )
    for name in ("mse_scaled", "mae_scaled"):
        assert together.overall.scores[name] == pytest.approx(alone.overall.scores[name], rel=1e-4)
        np.testing.assert_allclose(together.ahead["model"][name], alone.ahead["model"][name], rtol=1e-4)
    groups = together.groups
    assert groups["a"]["model"] == pytest.approx(groups["b"]["model"], rel=1e-4)


def test_all_is_measured_of_data_that_the_training_did_not_have(days_plain, days_file, tmp_path):
    data, copy, other = days_plain.config.data, tmp_path / "copy.csv", tmp_path / "other.csv"
    copy.write_text(days_file.read_text())
    other.write_text(days_file.read_text().replace("\n", " \n", 1))
    assert [part_to_measure(days_plain.run, data, path and str(path)) for path in (None, days_file, copy, other)] == [
        *("test", "test", "test", "all")
    ]
    assert [part_to_measure(None, data, path and str(path)) for path in (None, days_file, other)] == [
        *("test", "test", "all")
    ]


def test_forecasts_of_rows_that_the_training_had_are_told_whatever_the_file_is_called(days_plain, days_file, tmp_path):
    head, *lines = days_file.read_text().splitlines()
    # 240 hours, of which the training and its validation had the first 192; windows are of 24 steps, forecasts of 3.
    files = {"some.csv": (lines[:-1], 213, 168), "later.csv": (lines[168:], 46, 0)}
    for name, (rows, total, known) in files.items():
        (tmp_path / name).write_text("\n".join([head, *rows]) + "\n")
        result = measure_forecaster.evaluate(days_plain, str(tmp_path / name))
        told = [line.split(" are of rows")[0] for line in result.warnings if "the training had" in line]
        assert told == [f"{known:,} of {total:,} forecasts"] * bool(known)
        assert result.where == f"all of {tmp_path / name}" and set(result.learned) <= set(result.as_dict()["warnings"])
    assert not measure_forecaster.evaluate(days_plain).learned
    assert measure_forecaster.evaluate(days_plain, part="all").learned
    run = shutil.copytree(days_plain.run.path, tmp_path / "run")
    (run / "learned.npz").unlink()  # as an earlier version left it
    assert not measure_forecaster.evaluate(Forecaster.load(run), str(tmp_path / "some.csv")).learned


def test_that_a_file_is_the_one_of_the_training_is_said(days_plain, days_file, tmp_path):
    copy, report, told = tmp_path / "copy.csv", Report(), []
    copy.write_text(days_file.read_text())
    report.say = told.append
    measure_forecaster.evaluate(days_plain, str(copy), report=report)
    assert len(told) == 1 and f"the test part of {copy}" in told[0]
    measure_forecaster.evaluate(days_plain, str(copy), part="test", report=report)
    assert len(told) == 1


@pytest.fixture
def of_shops(days_plain):
    """The forecaster of a table with a column of groups, which may lack values."""
    data = replace(days_plain.config.data, group="shop", missing="mask")
    config = replace(days_plain.config, data=data)
    return Forecaster(config, days_plain.scaler, days_plain.model, days_plain.core.calibration)


def test_series_that_cannot_be_measured_are_named_and_stop_no_other(of_shops, days_file, tmp_path):
    head, *lines = days_file.read_text().splitlines()
    rows = {"good": lines[:60], "short": lines[:5]}
    for name, value, at in (("infinite", "inf", 30), ("far", "1e300", 30), ("empty", "", slice(None))):
        cells = [line.split(",") for line in lines[:60]]
        for row in cells[at] if isinstance(at, slice) else [cells[at]]:
            row[1:3] = [value, value]
        rows[name] = [",".join(row) for row in cells]

    def evaluated(*names):
        file, report = tmp_path / "shops.csv", Report()
        told, report.warn = [], lambda line: told.append(line)
        table = [f"{line},{name}" for name in names for line in rows[name]]
        file.write_text("\n".join([f"{head},shop", *table]) + "\n")
        return measure_forecaster.evaluate(of_shops, str(file), report=report), told

    (alone, _), (together, told) = evaluated("good"), evaluated(*rows)
    assert together.overall == alone.overall
    left_out = [line for line in told if "left out: " in line]
    assert [line.split(" left out")[0] for line in left_out] == [
        *("1 series ('infinite')", "1 series ('far')", "2 series ('short', 'empty')")
    ]
    assert "no forecast of 3 steps has values before it and in it" in left_out[2]
    with pytest.raises(InputError, match="infinite"):
        evaluated("infinite", "far")


def test_nothing_is_measured_before_a_column_has_a_value(days_plain, of_shops):
    series = days_plain.read()
    late = series.values[0][:60].copy()
    late[:50, 1] = np.nan
    both = replace(
        series, values=[series.values[0][:60], late], names=["a", "b"], times=[each[:60] for each in series.times * 2]
    )
    firsts = [24, 24]
    origins = measure_forecaster._origins(of_shops, both, firsts, 1, None)
    assert [at[0] for at in origins] == [24, 51]
    measured = measure_forecaster.measured(of_shops, both, origins, "all")
    assert "last value" in measured.overall.baselines and measured.rows_ahead()


def test_no_figure_that_is_shown_mixes_the_units_of_columns(days_plain):
    """One column in a unit a thousand times smaller changes its own lines alone."""
    series, origins = days_plain.read(), [np.arange(100, 140)]
    scaler = days_plain.scaler
    factor = np.array([1.0, 1000.0])
    smaller = replace(series, values=[series.values[0] * factor])
    rescaled = replace(scaler, center=scaler.center * factor, scale=scaler.scale * factor)
    other = Forecaster(days_plain.config, rescaled, days_plain.model, days_plain.core.calibration, days_plain.run)
    before, after = (
        measure_forecaster.measured(*each, origins, "all") for each in ((days_plain, series), (other, smaller))
    )
    assert not {"mae", "rmse", "mse", "rse"} & set(before.overall.columns)
    shown, changed = ([*each.overall.rows(), *each.rows_ahead()] for each in (before, after))
    for ours, theirs in zip(shown, changed, strict=True):
        assert ours[0] == theirs[0]
        assert [each for each in ours if isinstance(each, float)] == pytest.approx(
            [each for each in theirs if isinstance(each, float)], rel=1e-3
        )
    assert before.columns["load"] == pytest.approx(after.columns["load"], rel=1e-3)
    assert after.columns["warm"]["model"] == pytest.approx(1000 * before.columns["warm"]["model"], rel=1e-3)
    held, wider = before.overall.intervals, after.overall.intervals
    assert held["width"] is None and held["width_scaled"] == pytest.approx(wider["width_scaled"], rel=1e-3)
    assert wider["columns"]["warm"]["width"] == pytest.approx(1000 * held["columns"]["warm"]["width"], rel=1e-3)
    assert held["coverage"] == pytest.approx(np.mean([each["coverage"] for each in held["columns"].values()]))
    unscaled = replace(scaler, kind="none")  # nor where the scaler knows no unit
    plain = Forecaster(days_plain.config, unscaled, days_plain.model, days_plain.core.calibration)
    assert (
        measure_forecaster.measured(plain, series, origins, "all").unit == "standard deviations of the values that came"
    )


def with_scaler(forecaster, **changes):
    """The same forecaster with another scaler, or something else about it."""
    scaler = replace(forecaster.scaler, **changes)
    return Forecaster(forecaster.config, scaler, forecaster.model, forecaster.core.calibration, forecaster.run)


def test_columns_that_were_constant_in_training_do_not_count_in_figures_of_all(days_plain):
    """The figures are those of the other column, whoever forecasts; the rows of each column are as they were."""
    series, origins = days_plain.read(), [np.arange(100, 140)]
    before, after = (
        measure_forecaster.measured(each, series, origins, "all")
        for each in (days_plain, with_scaler(days_plain, constant=("warm",)))
    )
    assert after.columns == before.columns and after.overall.baselines.keys() == before.overall.baselines.keys()
    unit = days_plain.scaler.scale[0]
    for name, scores in {"model": after.overall.scores, **after.overall.baselines}.items():
        assert scores["mse_scaled"] == pytest.approx((after.columns["load"][name] / unit) ** 2)
        assert np.mean(after.ahead[name]["mse_scaled"]) == pytest.approx(scores["mse_scaled"])
    held = after.overall.intervals
    assert held["columns"] == before.overall.intervals["columns"]
    assert held["coverage"] == held["columns"]["load"]["coverage"]
    assert held["width_scaled"] == pytest.approx(held["columns"]["load"]["width"] / unit)
    assert after.error_of(after.made.predicted) == after.overall.scores["mse_scaled"]
    assert after.as_dict()["not_pooled"] == ["warm"] and not before.as_dict()["not_pooled"]
    assert [line for line in after.notes if "warm" in line] == after.left_out and not before.left_out


@pytest.mark.parametrize("constant", [("load", "warm"), ("plan",)])
def test_where_all_columns_were_constant_or_none_that_is_forecast_nothing_is_left_out(days_plain, constant):
    series, origins = days_plain.read(), [np.arange(100, 140)]
    before, after = (
        measure_forecaster.measured(each, series, origins, "all")
        for each in (days_plain, with_scaler(days_plain, constant=constant))
    )
    assert after.as_dict() == before.as_dict() and not after.left_out


def test_series_that_the_training_did_not_have_are_named_with_what_their_units_know(days_plain):
    series = days_plain.read()
    both = replace(series, values=[series.values[0]] * 2, names=["a", "b"], times=series.times * 2)
    groups = days_plain.scaler.by_series(series.values, ["a"]).groups
    forecaster, of_one = with_scaler(days_plain, groups=groups), with_scaler(days_plain)
    for names, new in ((["a", "a"], ()), (["a", "b"], ("b",)), (["c", "b"], ("c", "b"))):
        result = measure_forecaster.measured(forecaster, replace(both, names=names), [np.array([100, 120])] * 2, "all")
        assert result.new == new and ("new" in result.unit) == bool(new)
        told = [line for line in result.as_dict()["warnings"] if "not there in training" in line]
        assert len(told) == bool(new) and all(repr(name) in line for name in new for line in told)
        assert not measure_forecaster.measured(of_one, both, [np.array([100, 120])] * 2, "all").new
    only_a = measure_forecaster.measured(forecaster, both, [np.array([100]), np.array([], int)], "all")
    assert not only_a.new  # of the other nothing is measured


class Heard(Report):
    """Keeps what it is told."""

    def __init__(self):
        self.said, self.titles = [], []

    def say(self, line):
        self.said.append(line)

    def table(self, title, columns, rows):
        self.titles.append(title)


def test_one_of_a_kind_is_no_plural(days_plain):
    heard = Heard()
    command._show_forecasts(measure_forecaster.evaluate(days_plain, backtest=1), heard, Report())
    assert heard.titles[0].startswith("1 forecast of 3 steps, from ")


def test_the_width_of_intervals_is_in_the_unit_of_the_errors():
    held = {"level": 0.9, "coverage": 0.8, "width": 96.67, "width_scaled": 1.25}
    for metric, width in (("rmse", "96.67"), ("mse_scaled", "1.25 ranges of each series")):
        heard = Heard()
        overall = ForecastEvaluation(9, 1, metric, {}, {}, {}, held)
        command._show_intervals(overall, "ranges of each series", heard)
        assert heard.said[0].endswith(f"their mean width is {width}")
