"""Another file is read in the way of the training, all of it, whoever reads it."""

import numpy as np
import pytest

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
