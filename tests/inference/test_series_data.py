"""Another file is read in the way of the training, all of it, whoever reads it."""

import numpy as np
import pytest

from seq2seq.config import SeriesDataConfig
from seq2seq.errors import InputError
from seq2seq.inference.series_data import decided, read_data
from seq2seq.report import Report
from seq2seq.tasks.measure_forecaster import evaluate


@pytest.fixture(scope="module")
def limited(trained_on_days):
    """A forecaster that was trained on the first 200 of 240 steps."""
    settings = ["windows.look_back=24", "windows.horizon=3", "windows.batch_size=32", "data.limit=200"]
    return trained_on_days("days-limited", *settings, data__columns="load,warm")


@pytest.fixture(params=["names", "no names"])
def other(request, days_file, tmp_path):
    """The same rows in another file, with a header or without, of the columns that are looked at."""
    lines = [line.rpartition(",")[0] for line in days_file.read_text().splitlines()]
    path = tmp_path / "other.csv"
    path.write_text("\n".join(lines if request.param == "names" else lines[1:]) + "\n")
    return str(path)


def test_the_limit_of_the_training_does_not_cut_other_data_and_columns_without_names_go_by_order(limited, other):
    own, read = limited.read(), limited.read(other)
    assert own.lengths.tolist() == [200] and read.lengths.tolist() == [240] and read.columns == own.columns
    np.testing.assert_array_equal(read.values[0][:200], own.values[0])
    np.testing.assert_array_equal(read.times[0][:200], own.times[0])
    for data, limit, steps in ((None, None, 200), (other, None, 240), (other, 100, 100)):
        evaluation = evaluate(limited, data, part="all", stride=10, limit=limit)
        assert evaluation.overall.windows == (steps - 24 - 3) // 10 + 1


ROWS = {"none": "{0}.5,{0}", "numbers": "{0},{0}.5", "dates": "2024-01-{0},{0}.5"}
ABOUT_TIMES = {"time_format": "ISO8601", "duplicates": "first", "step": "1D", "rhythm": "1D", "gaps": "fill"}
ABOUT_DATES = {"day_first": True, "time_zone": "Europe/Berlin", "zoned": False}


@pytest.mark.parametrize(
    ("name", "value", "needed"),
    [(*each, "times") for each in ABOUT_TIMES.items()]
    + [(*each, "dates") for each in ABOUT_DATES.items()]
    + [("categorical", ("kind",), "names of columns")],
)
@pytest.mark.parametrize("kind", ["none", "numbers", "dates", "array"])
def test_what_is_told_about_what_the_data_have_not_is_refused(tmp_path, name, value, needed, kind):
    path = tmp_path / ("data.npy" if kind == "array" else "data.csv")
    if kind == "array":
        np.save(path, np.arange(40.0).reshape(20, 2))
    else:
        lines = (f"{ROWS[kind].format(day)},{'ab'[day % 2]}" for day in range(10, 30))
        path.write_text("\n".join(["when,b,kind", *lines]))
    there = {"none": (), "numbers": ("times",), "dates": ("times", "dates"), "array": ()}[kind]
    there += () if kind == "array" else ("names of columns",)
    if kind == "numbers":
        value = {"rhythm": "1.0", "step": "1", "time_format": None}.get(name, value)
    time = {"numbers": ("when",), "none": None}.get(kind)
    data = SeriesDataConfig(**{"location": str(path), "missing": "mask", "time": time, "rows": "steps", name: value})
    series = read_data(data, Report())
    if needed in there:
        decided(data, series)
    else:
        with pytest.raises(InputError, match=rf"^data\.{name}=.* does nothing: .* has no {needed}") as caught:
            decided(data, series)
        assert "\n" not in str(caught.value) and ("with --time, or" in str(caught.value)) == (kind != "array")


def test_only_one_of_two_that_say_the_same(tmp_path):
    (tmp_path / "data.csv").write_text("when,b\n13/01/2024,1\n14/01/2024,2\n15/01/2024,4\n")
    data = SeriesDataConfig(location=str(tmp_path / "data.csv"), time_format="%d/%m/%Y", day_first=True)
    with pytest.raises(InputError, match=r"data\.time_format=%d/%m/%Y says which is first: leave one of them out"):
        decided(data, read_data(data, Report()))
