"""Several runs that forecast as one."""

import shutil
from dataclasses import replace

import numpy as np
import pytest

from seq2seq.errors import InputError
from seq2seq.inference.forecaster import Forecaster
from seq2seq.inference.stream import Stream
from seq2seq.tasks import measure_forecaster
from tests.conftest import OLDER_RUNS
from tests.other_runs import forecaster_like


@pytest.fixture(scope="module")
def run(days_plain):
    return days_plain.run.path


@pytest.fixture(scope="module")
def copy(run, tmp_path_factory):
    return shutil.copytree(run, tmp_path_factory.mktemp("copy") / "of-the-run")


@pytest.fixture(scope="module")
def made(days_plain, tmp_path_factory):
    """A function that gives the folder of an untrained run like `days_plain`, see `forecaster_like`."""
    return lambda *given, **changes: forecaster_like(
        days_plain, tmp_path_factory.mktemp("runs") / "run", *given, **changes
    )


@pytest.fixture(scope="module")
def other(made):
    """A run of shorter windows, other units and sizes, and columns in another order."""
    return made("minmax", windows={"look_back": 12}, model={"units": 3, "kind": "encoder_decoder"})


def test_a_run_with_a_copy_of_itself_answers_as_it_does_alone(days_plain, run, copy):
    together, series = Forecaster.load([str(run), copy]), days_plain.read()
    for asked in ({}, {"steps": 7}, {"interval": 0.5}, {"interval": 0.0}):
        assert_same(together.forecast(series, **asked), days_plain.forecast(series, **asked))
    alone, both = (measure_forecaster.evaluate(each) for each in (days_plain, together))
    assert list(both.alone.values()) == [alone.overall.scores["mse_scaled"]] * 2
    assert alone.as_dict() == both.as_dict() | {"alone": {}}


def assert_same(made, alone):
    assert (made.columns, made.level, made.notes) == (alone.columns, alone.level, alone.notes)
    for name in ("values", "lower", "upper"):
        np.testing.assert_array_equal(getattr(made, name) or (), getattr(alone, name) or ())


def test_what_two_say_is_the_mean_of_what_each_says(days_plain, run, other):
    """Also beyond the horizon, where each goes on from its own forecasts."""
    single, series = Forecaster.load(other), days_plain.read()
    assert single.columns.targets == days_plain.columns.targets[::-1]
    for steps in (3, 8):
        both = [each.forecast(series, steps) for each in (days_plain, single)]
        together = Forecaster.load([run, other]).forecast(series, steps)
        for name in ("values", "lower", "upper"):
            (first,), (second,) = (getattr(each, name) for each in both)
            np.testing.assert_allclose(getattr(together, name)[0], (first + second[:, ::-1]) / 2, rtol=1e-12)
        turned = Forecaster.load([other, run]).forecast(series, steps)
        np.testing.assert_allclose(turned.values[0][:, ::-1], together.values[0], rtol=1e-12)
        assert together.level == 0.9 and together.columns == days_plain.columns.targets


def test_forecasts_are_measured_as_they_are_made(days_plain, run, other):
    together, series = Forecaster.load([other, run]), days_plain.read()
    found = measure_forecaster.evaluate(together, backtest=2).made
    for row, origin in enumerate(found.origins[0]):
        history = replace(series, values=[series.values[0][:origin]], times=(series.times[0][:origin],))
        made = together.forecast(history)
        for name, values in (("values", found.predicted), ("lower", found.lower), ("upper", found.upper)):
            np.testing.assert_allclose(getattr(made, name)[0], values[row], rtol=1e-4)


def test_who_reads_more_sets_how_much_is_needed(days_plain, run, other):
    series = days_plain.read()
    short = replace(series, values=[series.values[0][-20:]], times=(series.times[0][-20:],))
    assert len(Forecaster.load(other).forecast(short).values[0]) == 3
    for pair in ([run, other], [other, run]):
        with pytest.raises(InputError, match="the history has 20 steps, the model reads 24"):
            Forecaster.load(pair).usable(short, None, [])
    assert measure_forecaster.evaluate(Forecaster.load([other, run]), part="all").made.origins[0][0] == 24


def test_rows_that_one_of_the_runs_has_learned_from_are_told_of(days_plain, run, other, days_file, tmp_path):
    lines = days_file.read_text().splitlines()
    (tmp_path / "some.csv").write_text("\n".join(lines[:180]) + "\n")
    alone = measure_forecaster.evaluate(Forecaster.load(run), str(tmp_path / "some.csv")).learned
    both = measure_forecaster.evaluate(Forecaster.load([other, run]), str(tmp_path / "some.csv")).learned
    assert both == tuple(f"{run}: {note}" for note in alone) != ()


def test_stateful_runs_forecast_together(days_stateful, tmp_path):
    run = days_stateful.run.path
    together = Forecaster.load([run, shutil.copytree(run, tmp_path / "copy")])
    series = days_stateful.read()
    assert_same(together.forecast(series, 4), days_stateful.forecast(series, 4))
    with pytest.raises(InputError, match="a stream goes on from the state of a single one"):
        Stream(together)


def test_an_interval_needs_all_to_be_calibrated(run, made, days_plain):
    without, series = made(model={"interval": 0.0}), days_plain.read()
    with pytest.raises(InputError) as error:
        Forecaster.load([run, without]).forecast(series)
    assert str(error.value).startswith(f"{without}: this run has no intervals (model.interval=0)")
    assert Forecaster.load([run, without]).forecast(series, interval=0.0).lower is None
    assert measure_forecaster.evaluate(Forecaster.load([without, run]), backtest=2).overall.intervals is None


def test_what_cannot_forecast_together(run, copy, made, days_plain, days_stateful, days_windowed, exported, tmp_path):
    def refused(*runs):
        with pytest.raises(InputError) as error:
            Forecaster.load(runs)
        assert "\n" not in str(error.value)
        return str(error.value)

    assert refused(run).startswith("An ensemble needs two runs or more, got 1")
    assert "is given twice" in refused(run, copy, f"{run}/../{run.name}")
    assert "is an exported folder" in refused(run, exported("forecaster"))
    assert "is a run of the task 'autoencoder'" in refused(run, OLDER_RUNS / "autoencoder")
    assert "no such run directory" in refused(run, tmp_path / "none")
    damaged = shutil.copytree(run, tmp_path / "damaged")
    (damaged / "weights.npz").write_bytes((damaged / "weights.npz").read_bytes()[:-40])
    assert f"{damaged}/weights.npz" in refused(run, damaged)

    stateful = days_stateful.run.path
    both = f"{stateful} and {run} cannot forecast together"
    assert refused(run, stateful) == f"{both}: model.kind is 'stateful' in the first and 'of windows' in the second."
    assert "only one of them has plan among the columns that are read" in refused(run, days_windowed.run.path)
    assert "only one of them has load among the columns that are read" in refused(run, made(names=("warm",)))
    assert "only one of them has warm among the columns that are forecast" in refused(
        run, made(model={"targets": ("load",)})
    )
    assert "windows.horizon is 2 in the first and 3 in the second" in refused(run, made(windows={"horizon": 2}))
    for setting in ({"step": "2h"}, {"time_zone": "Europe/Berlin"}, {"missing": "mask"}, {"gaps": "fill"}):
        (name,) = setting
        assert f"data.{name} is {setting[name]!r} in the first" in refused(run, made(data=setting))
