"""A forecaster's run: nothing of the future is read, what is fed back is what was forecast, states go on."""

import numpy as np
import pytest

from seq2seq.config import ForecasterConfig, resolve
from seq2seq.errors import InputError
from seq2seq.evaluation.origins import origins_of, targets_at
from seq2seq.inference.calibration import Calibration
from seq2seq.inference.columns import Columns, season_of
from seq2seq.inference.forecaster import Forecaster
from seq2seq.inference.series_data import history_of, known_ahead
from seq2seq.inference.stream import Stream
from seq2seq.series.table import Series
from seq2seq.storage import read_arrays, write_arrays
from seq2seq.tasks import measure_forecaster
from seq2seq.tasks.train_forecaster import train

TINY = ["model.units=4", "training.epochs=2", "training.lr_ramp_steps=2", "windows.batch_size=32"]


def write_days(path, steps=240, seed=0):
    """Hourly load and temperature with a daily cycle, and a plan known ahead."""
    draw, hours = np.random.default_rng(seed), np.arange(steps)
    plan = (hours // 12 % 2).astype(float)
    load = 50 + 10 * np.sin(hours * 2 * np.pi / 24) + 5 * plan + draw.normal(size=steps)
    warm = 15 + 5 * np.cos(hours * 2 * np.pi / 24) + draw.normal(size=steps)
    times = np.datetime64("2024-03-01T00") + hours.astype("timedelta64[h]")
    rows = (
        f"{str(t).replace('T', ' ')}:00,{a:.4f},{b:.4f},{c:.0f}"
        for t, a, b, c in zip(times, load, warm, plan, strict=True)
    )
    path.write_text("when,load,warm,plan\n" + "\n".join(rows) + "\n")
    return path


@pytest.fixture(scope="module")
def days(tmp_path_factory):
    return write_days(tmp_path_factory.mktemp("days") / "days.csv")


def trained(path, folder, *settings, **given):
    config = resolve(ForecasterConfig, settings=[*TINY, *settings], data__location=str(path), **given)
    train(config, folder)
    return Forecaster.load(folder)


@pytest.fixture(scope="module")
def windowed(days, tmp_path_factory):
    """Windows of two forecast columns, the plan and the hour known ahead."""
    settings = ["model.known=plan", "model.calendar=hour", "windows.look_back=24", "windows.horizon=3"]
    return trained(days, tmp_path_factory.mktemp("runs") / "windowed", *settings, "model.kind=encoder_decoder")


@pytest.fixture(scope="module")
def plain(days, tmp_path_factory):
    """Windows of two columns, nothing known ahead."""
    settings = ["windows.look_back=24", "windows.horizon=3"]
    return trained(days, tmp_path_factory.mktemp("runs") / "plain", *settings, data__columns="load,warm")


@pytest.fixture(scope="module")
def stateful(days, tmp_path_factory):
    settings = ["model.kind=stateful", "windows.chunk=20"]
    return trained(days, tmp_path_factory.mktemp("runs") / "stateful", *settings, data__columns="load,warm")


def cut(series, end):
    """The series up to step `end`."""
    times = series.times and tuple(times[:end] for times in series.times)
    return Series(tuple(v[:end] for v in series.values), series.columns, series.names, times, series.whole)


def test_seasons_follow_from_the_times():
    steps = {"h": 24, "D": 7, "M": 12, "m": 1440, "W": 0}
    for unit, season in steps.items():
        assert season_of(np.datetime64("2024-01", unit) + np.arange(50)) == season, unit
    assert season_of(np.arange(50.0)) == 0


def test_each_column_has_one_part():
    config = resolve(ForecasterConfig, windows__look_back=2, model__known="plan", model__calendar="hour")
    columns = Columns.of(config, ("load", "plan", "warm"))
    assert columns.targets == ("load", "warm") and columns.target_columns == [0, 2]
    assert columns.features == 5 and columns.known_columns == [1, 3, 4]
    for wrong in (
        {"model__known": "plam"},
        {"model__known": "load", "model__targets": "load"},
        {"model__known": "load,plan,warm"},
    ):
        with pytest.raises(InputError, match=r"plan|load"):
            Columns.of(resolve(ForecasterConfig, windows__look_back=2, **wrong), ("load", "plan", "warm"))


@pytest.mark.parametrize("last", [None, 1, 4, 1000])
@pytest.mark.parametrize("stride", [1, 3])
def test_origins_lie_in_their_part_and_leave_room_for_the_horizon(stride, last):
    origins = origins_of(50, 31, 4, stride, last)
    assert origins[0] >= 31 and origins[-1] <= 46
    assert (np.diff(origins) == stride).all()
    assert len(origins) == min(last or 1000, 15 // stride + 1)
    if last:
        assert origins[-1] == 46  # the latest of all


def test_season_and_residual_are_settled_in_the_run(windowed, stateful):
    assert (windowed.config.model.season, windowed.config.model.residual) == (24, "season")
    assert (stateful.config.model.season, stateful.config.model.residual) == (24, "last")


def test_forecasts_read_nothing_of_what_comes(windowed):
    series = history_of(windowed)
    inputs = windowed.columns.read_by_model(series, windowed.scaler)
    origins = [np.array([100, 150])]
    before = windowed.rolling(inputs, origins)
    changed = inputs[0].copy()
    changed[150:, windowed.columns.target_columns] += 7.0
    np.testing.assert_array_equal(windowed.rolling([changed], origins), before)
    changed[149] += 7.0  # whereas what was there counts
    assert np.abs(windowed.rolling([changed], origins) - before)[1].max() > 1e-3


def test_validation_targets_are_no_training_targets(plain):
    from seq2seq.report import Report
    from seq2seq.tasks import series_split
    from seq2seq.tasks.train_forecaster import valid_part

    series = history_of(plain)
    parts = series_split.split(series, plain.config.data, plain.config.seed, Report())
    held_out = valid_part(parts, 24)
    origins = [origins_of(held_out.lengths[0], 24, 3)]
    targets = targets_at(held_out.values, origins, 3)
    np.testing.assert_array_equal(targets[0], parts.valid.values[0][:3])
    np.testing.assert_array_equal(targets[-1], parts.valid.values[0][-3:])


def test_a_forecast_is_that_of_its_origin(plain):
    series = history_of(plain)
    rolled = plain.rolling(plain.columns.read_by_model(series, plain.scaler), [np.array([120])])
    np.testing.assert_allclose(
        plain.forecast(cut(series, 120), interval=0.0).values[0], plain.unscaled(plain.point(rolled))[0], rtol=1e-5
    )


def test_beyond_the_horizon_forecasts_are_fed_back(plain):
    series = cut(history_of(plain), 120)
    found = plain.forecast(series, 8)
    first = plain.forecast(series, 3)
    np.testing.assert_allclose(found.values[0][:3], first.values[0], rtol=1e-5)
    longer = Series((np.concatenate((series.values[0], first.values[0])),), series.columns, ("",), None, False)
    np.testing.assert_allclose(found.values[0][3:6], plain.forecast(longer, 3).values[0], rtol=1e-4)
    assert (np.diff(found.times[0]) == np.timedelta64(1, "h")).all()


def test_intervals_hold_the_forecast_and_widen_with_their_level(plain):
    series = history_of(plain)
    narrow, wide = (plain.forecast(series, 7, interval=level) for level in (0.5, 0.95))
    for found in (narrow, wide):
        assert (found.lower[0] <= found.values[0]).all() and (found.values[0] <= found.upper[0]).all()
    assert ((wide.upper[0] - wide.lower[0]) >= (narrow.upper[0] - narrow.lower[0])).all()
    with pytest.raises(InputError, match=r"0\.5, 0\.8, 0\.9"):
        plain.forecast(series, interval=0.77)


def test_margins_cover_what_they_were_calibrated_on():
    draw = np.random.default_rng(1)
    actual = draw.normal(size=(200, 2, 1)).astype(np.float32)
    outputs = np.zeros((200, 2, 1, 3), np.float32)
    calibration = Calibration.fit(outputs, actual, 0.9)
    for level in calibration.levels:
        assert (np.abs(actual) <= calibration.margin(level)).mean() >= level
    assert len(Calibration.fit(outputs[:5], actual[:5], 0.9).margins) < len(calibration.margins)


def test_known_columns_are_wanted_for_the_steps_ahead(windowed, days, tmp_path):
    series = history_of(windowed)
    with pytest.raises(InputError, match="plan must be known"):
        windowed.forecast(series, 2)
    lines = days.read_text().splitlines()
    plans = []
    for value in ("0", "1"):
        file = tmp_path / f"plan{value}.csv"
        file.write_text("plan\n" + f"{value}\n" * 5)
        plans.append(known_ahead(windowed, str(file)))
    without, with_plan = (windowed.forecast(series, 5, known=plan).values[0] for plan in plans)
    assert len(lines) and np.abs(without - with_plan).max() > 0


def test_columns_are_matched_by_name(plain):
    series = history_of(plain)
    turned = series.select(["warm", "load"])
    np.testing.assert_array_equal(plain.forecast(turned).values[0], plain.forecast(series).values[0])


def test_a_short_history_is_refused(plain):
    with pytest.raises(InputError, match="has 10 steps, the model reads 24"):
        plain.forecast(cut(history_of(plain), 10))


def test_evaluation_stands_beside_the_baselines(plain):
    found = measure_forecaster.evaluate(plain)
    values = history_of(plain).values[0]
    first = len(values) - round(0.2 * len(values))
    assert found.overall.windows == len(values) - first - 2
    errors = np.stack([values[o : o + 3] - values[o - 1] for o in range(first, len(values) - 2)])
    assert found.overall.baselines["last value"]["rmse"] == pytest.approx(np.sqrt((errors**2).mean()))
    scaled = (errors / plain.scaler.scale) ** 2
    assert found.overall.baselines["last value"]["mse_scaled"] == pytest.approx(scaled.mean())
    assert found.ahead["last value"]["rmse"][2] == pytest.approx(np.sqrt((errors[:, 2] ** 2).mean()))
    assert set(found.overall.baselines) >= {"last value", "drift", "seasonal naive", "seasonal × growth"}
    assert found.overall.metric == "mse_scaled" and 0 <= found.overall.intervals["coverage"] <= 1


def test_a_backtest_takes_the_last_origins(plain):
    found = measure_forecaster.evaluate(plain, backtest=4)
    assert found.overall.windows == 4
    assert found.origins == ["2024-03-10 12:00:00", "2024-03-10 21:00:00"]
    assert measure_forecaster.evaluate(plain, part="all", stride=50).overall.windows == (240 - 24 - 3) // 50 + 1


def test_a_stateful_forecast_is_the_loop_of_its_steps(stateful, days):
    series = history_of(stateful)
    stream = Stream(stateful)
    for row in series.values[0]:
        following = stream.read(",".join(map(str, row)))
    looped = []
    for _ in range(4):
        looped.append(following)
        following = stream.read(",".join(map(repr, map(float, following))))
    np.testing.assert_allclose(stateful.forecast(series, 4).values[0], looped, rtol=1e-4)


def test_a_stateful_evaluation_is_what_the_stream_says(stateful):
    series = cut(history_of(stateful), 60)
    inputs = stateful.columns.read_by_model(series, stateful.scaler)
    rolled = stateful.unscaled(stateful.rolling(inputs, [np.array([30, 31])]))[:, 0]
    stream = Stream(stateful)
    told = [stream.read(",".join(map(str, row))) for row in series.values[0][:31]]
    np.testing.assert_allclose(rolled, told[29:31], rtol=1e-4)


def test_a_state_goes_on_only_in_its_own_run(stateful, tmp_path):
    lines = [",".join(map(str, row)) for row in history_of(stateful).values[0][:12]]
    whole, first, second = Stream(stateful), Stream(stateful), Stream(stateful)
    told = [whole.read(line) for line in lines]
    for line in lines[:7]:
        first.read(line)
    first.save(tmp_path / "state.npz")
    second.load(tmp_path / "state.npz")
    np.testing.assert_allclose([second.read(line) for line in lines[7:]], told[7:], rtol=1e-5)
    assert second.steps == 12
    arrays, record = read_arrays(tmp_path / "state.npz")
    write_arrays(tmp_path / "other.npz", arrays, **{**record, "identity": "another"})
    (tmp_path / "damaged.npz").write_bytes(b"PK")
    for name, words in (("other", "of another run"), ("damaged", "damaged")):
        with pytest.raises(InputError, match=words):
            Stream(stateful).load(tmp_path / f"{name}.npz")


def test_bad_lines_leave_the_state(stateful):
    stream, clean = Stream(stateful), Stream(stateful)
    stream.read("50,15")
    for line in ("abc,15", "1,2,3", "inf,1", ""):
        with pytest.raises(InputError):
            stream.read(line)
    clean.read("50,15")
    np.testing.assert_array_equal(stream.read("51,"), clean.read("51,nan"))


def test_a_run_goes_on_with_its_own_settings_only(plain):
    config = plain.config
    with pytest.raises(InputError, match=r"model\.units=5 \(the run: 4\)"):
        changed = resolve(
            ForecasterConfig,
            settings=[*TINY, "model.units=5", "windows.look_back=24", "windows.horizon=3"],
            data__location=config.data.location,
            data__columns="load,warm",
        )
        train(changed, plain.run.path, resume=True)
    more = resolve(
        ForecasterConfig,
        settings=[*TINY, "windows.look_back=24", "windows.horizon=3", "training.epochs=3"],
        data__location=config.data.location,
        data__columns="load,warm",
    )
    assert train(more, plain.run.path, resume=True)["epochs"] == 3


def test_settings_that_do_not_go_together_are_refused(days):
    for settings, words in (
        (["windows.look_back=0"], "look_back=0"),
        (["model.kind=stateful", "model.known=plan"], "stateful"),
        (["windows.look_back=5", "data.limit=1"], "limit=1"),
    ):
        with pytest.raises(InputError, match=words):
            resolve(ForecasterConfig, settings=settings, data__location=str(days))
