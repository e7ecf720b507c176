"""A forecaster: histories and plans in, the next steps in their units and after their times out."""

from dataclasses import replace

import numpy as np
import pytest

from seq2seq.config import ForecasterConfig, resolve
from seq2seq.errors import InputError
from seq2seq.inference.baseline_forecasts import forecast_by
from seq2seq.inference.columns import Columns
from seq2seq.inference.forecast_lines import forecast_lines
from seq2seq.inference.forecaster import Forecaster, build_model
from seq2seq.inference.selection import Selection
from seq2seq.inference.series_data import warn_left_out
from seq2seq.report import Report
from seq2seq.series.scaling import Scaler
from seq2seq.tasks import train_forecaster


class Listening(Report):
    def __init__(self):
        self.warnings = []

    def warn(self, line):
        self.warnings.append(line)


def test_known_columns_are_wanted_for_the_steps_ahead(days_windowed, tmp_path):
    series = days_windowed.read()
    with pytest.raises(InputError, match="plan must be known"):
        days_windowed.forecast(series, 2)
    plans = []
    for value in ("0", "1"):
        file = tmp_path / f"plan{value}.csv"
        file.write_text("when,plan\n" + "".join(f"2024-03-11 0{hour}:00:00,{value}\n" for hour in range(9)))
        plans.append(days_windowed.read_known(str(file)))
    without, with_plan = (days_windowed.forecast(series, 5, known=plan).values[0] for plan in plans)
    assert np.abs(without - with_plan).max() > 0


def test_a_file_of_what_is_known_ahead_has_the_columns_that_it_is_joined_by(days_windowed, tmp_path):
    (tmp_path / "plan.csv").write_text("plan,load\n1,2\n")
    with pytest.raises(InputError, match=r"plan.csv has no column 'when', by which its rows are joined .*: add it"):
        days_windowed.read_known(str(tmp_path / "plan.csv"))


def test_names_of_columns_known_ahead_may_hold_commas(tmp_path):
    given = {
        "windows__look_back": 2,
        "model__known": '"open, closed"',
        "model__season": 0,
        "model__residual": "none",
        "model__kind": "direct",
        "model__dropout": 0.0,
    }
    config = resolve(ForecasterConfig, **given)
    scaler = Scaler("none", np.zeros(2), np.ones(2), ("load", "open, closed"))
    forecaster = Forecaster(config, scaler, build_model(config, Columns.of(config, scaler.columns)))
    (tmp_path / "plan.csv").write_text('open,closed,"open, closed"\n1,2,3\n')
    assert forecaster.read_known(str(tmp_path / "plan.csv")).values[0].tolist() == [[3.0]]


def test_columns_are_matched_by_name(days_plain):
    series = days_plain.read()
    turned = series.select(["warm", "load"])
    np.testing.assert_array_equal(days_plain.forecast(turned).values[0], days_plain.forecast(series).values[0])


def test_a_short_history_is_refused(days_plain):
    with pytest.raises(InputError, match="has 10 steps, the model reads 24"):
        days_plain.forecast(Selection.of_steps([0], [10]).series(days_plain.read()))


def test_what_is_known_since_a_gap_is_told_apart_from_a_short_history(days_plain, days_file, tmp_path):
    head, *lines = days_file.read_text().splitlines()
    (tmp_path / "gap.csv").write_text("\n".join([head, *lines[:100], *lines[130:141]]) + "\n")
    series = days_plain.read(str(tmp_path / "gap.csv"))
    said = r"11 steps since its last gap in time, which ends at 2024-03-06 10:00, .* of 24 .* give 13 more, or .* fill"
    with pytest.raises(InputError, match=said):
        days_plain.forecast(series)
    rejected = []
    (values,), (times,) = series.values, series.times
    both = replace(series, values=[values[:100], values], names=["a", "b"], times=[times[:100], times])
    assert days_plain.usable(both, None, rejected).names == ("a",)
    assert rejected[0][0] == "b" and "since its last gap" in rejected[0][1]


def test_an_interval_that_nobody_measured_is_empty_and_said(days_plain):
    series, config = days_plain.read(), days_plain.config
    stopped = Forecaster(config, days_plain.scaler, days_plain.model)  # without a calibration
    made = stopped.forecast(series, 5)
    assert np.isnan(made.lower[0]).all() and np.isnan(made.upper[0]).all() and np.isfinite(made.values[0]).all()
    assert len(made.notes) == 1 and "not calibrated for 90%" in made.notes[0]
    kept = days_plain.core.calibration
    within = Forecaster(config, days_plain.scaler, days_plain.model, replace(kept, residuals=kept.residuals[:0]))
    made = within.forecast(series, 5)
    assert np.isfinite(made.lower[0][:3]).all() and np.isnan(made.lower[0][3:]).all()
    assert "end after the 3 steps" in made.notes[0]
    assert not within.forecast(series, 3).notes and not days_plain.forecast(series, 5).notes


def test_a_target_that_was_not_seen_has_no_interval(days_plain):
    series = days_plain.read()
    values = series.values[0].copy()
    values[-24:, 1] = np.nan
    made = days_plain.forecast(replace(series, values=(values,)))
    assert np.isfinite(made.lower[0][:, 0]).all() and np.isnan(made.lower[0][:, 1]).all()
    assert np.isfinite(made.values[0]).all() and made.notes[0].startswith("warm has no value in the 24 steps")
    for silent in (
        days_plain.forecast(replace(series, values=(values,)), interval=0.0),
        forecast_by("ridge", days_plain, replace(series, values=(values,))),
    ):
        assert silent.notes[0].endswith("the training part alone")


def test_what_is_never_below_0_is_not_forecast_there(days_plain):
    config = replace(days_plain.config, data=replace(days_plain.config.data, non_negative=("warm",)))
    scaler = replace(days_plain.scaler, center=days_plain.scaler.center - [0.0, 20.0])
    kept, free = (
        Forecaster(each, scaler, days_plain.model, days_plain.core.calibration) for each in (config, days_plain.config)
    )
    series = days_plain.read()
    series = replace(series, values=(series.values[0] - [0.0, 20.0],))
    made, below = kept.forecast(series), free.forecast(series)
    for ours, others in ((made.values, below.values), (made.lower, below.lower), (made.upper, below.upper)):
        np.testing.assert_array_equal(ours[0], np.maximum(others[0], [-np.inf, 0.0]))
    assert (below.lower[0][:, 1] < 0).any()


@pytest.mark.slow
def test_categories_are_read_and_not_forecast(tmp_path):
    draw, steps = np.random.default_rng(0), np.arange(80)
    times = np.datetime64("2024-03-01T00") + steps.astype("timedelta64[h]")
    skies = np.where(steps % 3, "wet", '"dry, hot"')
    rows = [f"{t},{sky},{draw.normal():.2f}" for t, sky in zip(times, skies, strict=True)]
    (tmp_path / "data.csv").write_text("\n".join(["when,sky,load", *rows]))
    settings = ["model.units=4", "training.epochs=1", "windows.look_back=8", "windows.horizon=2"]
    settings += ["data.categorical=sky", "model.known=sky"]
    config = resolve(ForecasterConfig, settings=settings, data__location=str(tmp_path / "data.csv"))
    train_forecaster.train(config, tmp_path / "run")
    forecaster = Forecaster.load(tmp_path / "run")
    assert forecaster.config.data.columns == ("sky=dry, hot", "sky=wet", "load")
    assert (forecaster.columns.targets, forecaster.columns.known) == (("load",), ("sky=dry, hot", "sky=wet"))
    # What another file has beside does not matter; what training had not is told.
    rows = [f"{row},inf" for row in ["when,sky,load", *rows]]
    (tmp_path / "later.csv").write_text("\n".join(rows).replace("wet", "fog", 1))
    told = []
    report = Report()
    report.warn = told.append
    later = forecaster.read(str(tmp_path / "later.csv"), report=report)
    assert told == ["column 'sky' has values that training had not, in 1 row: 'fog'"]
    (tmp_path / "known.csv").write_text('when,sky\n2024-03-04T08,wet\n2024-03-04T09,"dry, hot"\n')
    made = forecaster.forecast(later, known=forecaster.read_known(str(tmp_path / "known.csv")))
    assert made.columns == ("load",) and np.isfinite(made.values[0]).all()


def test_values_far_from_the_training_are_told_of(days_windowed, tmp_path):
    series, plan = days_windowed.read(), tmp_path / "plan.csv"

    def notes(value, load):
        plan.write_text("when,plan\n" + "".join(f"2024-03-11 0{hour}:00:00,{value}\n" for hour in range(9)))
        values = series.values[0].copy()
        values[-2, 0] = load
        known = days_windowed.read_known(str(plan))
        return days_windowed.forecast(replace(series, values=(values,)), 2, known=known).notes

    assert not notes(1, 70)
    assert [note[:35] for note in notes(1e6, 70)] == ["column 'plan' has the value 1000000"]
    assert [note[:34] for note in notes(1, -9e5)] == ["column 'load' has the value -90000"]


def test_a_series_that_was_not_there_in_training_is_told(days_plain):
    series, scaler = days_plain.read(), days_plain.scaler
    shops = replace(series, values=series.values * 5, names=list("abcde"), times=series.times * 5)
    grouped = scaler.by_series(shops.take([0]).values, ["a"])
    forecaster = Forecaster(days_plain.config, grouped, days_plain.model, days_plain.core.calibration)
    assert not forecaster.forecast(shops.take([0])).notes
    (told,) = forecaster.forecast(shops).notes
    assert told.startswith("4 series ('b', 'c', 'd', …) not there in training")


def test_of_many_series_left_out_some_are_named():
    report = Listening()
    bad = [(f"s{number}", "too short") for number in range(1000)]
    warn_left_out(bad + [(name, f"{name} is far") for name, _ in bad], report)
    assert len(report.warnings) == 6 and "1,000 series ('s0', 's1', 's2', …)" in report.warnings[0]
    assert "996 more" in report.warnings[-1]


@pytest.mark.parametrize("level", [0.0, 1e3, 1e5])
def test_a_forecast_of_one_step_has_the_figures_that_its_column_changes_by(days_plain, level):
    series = days_plain.read()
    series = replace(series, values=[level + 1e-4 * series.values[0]])
    scaler = Scaler.fit("standard", series.values, series.columns)
    forecaster = Forecaster(days_plain.config, scaler, days_plain.model, days_plain.core.calibration)
    made = forecaster.forecast(series, 1)
    (_, line), ends = forecast_lines(made, days_plain.config.data), (made.values, made.lower, made.upper)
    written = np.reshape(line[-6:], (2, 3)).astype(float)
    np.testing.assert_allclose(written, np.stack([end[0][0] for end in ends], axis=1), atol=2e-3 * scaler.scale.min())
