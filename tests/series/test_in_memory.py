"""Series in memory are read as those of files are: the same numbers, checks and messages."""

import copy
import pickle

import numpy as np
import pandas as pd
import pytest

from seq2seq.errors import InputError
from seq2seq.run.resuming import digests
from seq2seq.series.files import data_files
from seq2seq.series.in_memory import series_at
from seq2seq.series.table import read_series
from seq2seq.sources import InMemory, refuse_forgotten

HOURS = pd.date_range("2024-03-01", periods=6, freq="h", name="time")
FRAME = pd.DataFrame({"a": np.arange(6.0), "tank": list("xyxyxy"), "b": np.arange(6)}, index=HOURS)


def same(one, other):
    assert (one.columns, one.names, one.whole) == (other.columns, other.names, other.whole)
    assert all(np.array_equal(a, b, equal_nan=True) for a, b in zip(one.values, other.values, strict=True))
    times = [each.times or [None] for each in (one, other)]
    assert all(np.array_equal(a, b) for a, b in zip(*times, strict=True))


@pytest.mark.parametrize("how", [{}, {"group": "tank"}, {"columns": ("b",)}, {"categorical": ("tank",)}])
def test_a_data_frame_is_read_as_its_file(how, tmp_path):
    FRAME.to_parquet(tmp_path / "a.parquet")
    same(read_series(series_at(FRAME), **how), read_series(tmp_path / "a.parquet", **how))


@pytest.mark.parametrize("rows", ["auto", "steps"])
@pytest.mark.parametrize("shape", [(6,), (6, 2), (4, 3, 2)])
def test_an_array_is_read_as_its_file(shape, rows, tmp_path):
    values = np.random.default_rng(0).normal(size=shape).astype(np.float32)
    np.save(tmp_path / "a.npy", values)
    same(read_series(series_at(values), rows=rows), read_series(tmp_path / "a.npy", rows=rows))


def test_a_list_of_arrays_is_a_sample_each_whatever_its_length():
    parts = [np.arange(6.0).reshape(3, 2), np.ones((5, 2)), np.zeros((1, 2))]
    series = read_series(series_at(parts), rows="steps")
    assert series.whole and series.names == ("0", "1", "2")
    assert all(np.array_equal(a, b) for a, b in zip(series.values, parts, strict=True))
    assert [part.tolist() for part in read_series(series_at([[1, 2], [3]])).values] == [[[1], [2]], [[3]]]


@pytest.mark.parametrize(
    "form", [FRAME[["a", "b"]].to_dict("list"), FRAME[["a", "b"]].reset_index(drop=True), FRAME[["a", "b"]]]
)
def test_other_forms_of_a_table(form):
    assert [part.tolist() for part in read_series(series_at(form)).values] == [[[k, k] for k in range(6)]]


def test_what_numbers_rows_is_no_column_and_what_has_times_is_one():
    kept = FRAME.reset_index(drop=True)[["a"]].iloc[[0, 2, 3]]
    assert read_series(series_at(kept)).columns == ("a",)
    unnamed = FRAME["a"].rename_axis(None)
    assert read_series(series_at(unnamed)).times[0].tolist() == HOURS.to_numpy("datetime64[ns]").tolist()
    months = pd.Series([1.0, 2.0, 3.0], pd.period_range("2024-01", periods=3, freq="M"), name="sales")
    assert read_series(series_at(months)).times[0][1] == np.datetime64("2024-02-01")


def test_a_list_of_numbers_is_a_series():
    assert read_series(series_at([1, 2.5, 3])).values[0].tolist() == [[1], [2.5], [3]]


@pytest.mark.parametrize(
    "data, message",
    [
        (FRAME.assign(a=[0, 1, np.nan, 3, 4, 5]), "memory:series, row 3, column 'a' is missing"),
        (FRAME.assign(a=np.inf), "memory:series, row 1, column 'a' is infinite"),
        (FRAME.iloc[:0], "memory:series has no rows"),
        (
            pd.DataFrame([[1, 2]], columns=pd.MultiIndex.from_tuples([("a", "x"), ("a", "y")])),
            "has columns of 2 levels",
        ),
        (FRAME.iloc[::-1], "memory:series, row 2"),
        (pd.DataFrame(np.ones((2, 2)), columns=["a", "a"]), "two columns 'a'"),
        ({"a": [1, 2], "b": [1]}, "columns of equally many values"),
        (np.array([1.0, np.nan]), r"memory:series\[1\] is missing"),
        (np.array(["a"]), "array of <U1: expected numbers"),
        (np.array([object()]), "array of object: expected numbers"),
        (np.ones((2, 2, 2, 2)), "has the shape"),
        ([np.ones((2, 2)), np.ones((2, 3))], r"memory:series\[1\] has 3 features, the first 2"),
        ([np.ones(2), "a"], r"memory:series\[1\]: expected an array of numbers"),
        ([FRAME, FRAME], "put data frames into one, with a column that names the series"),
        (["a", "b"], r"memory:series\[0\]: expected an array of numbers"),
        ([[1, 2], [3, [4]]], r"memory:series\[1\]: expected an array of numbers"),
        ([], "expected a pandas DataFrame"),
        (7, "expected a pandas DataFrame .* got int 7"),
    ],
)
def test_what_cannot_be_used_is_named(data, message):
    with pytest.raises(InputError, match=message):
        read_series(series_at(data))


def test_the_checksum_is_of_the_content():
    def checksum(data):
        return digests(data_files(series_at(data)))

    others = [FRAME.assign(a=1.0), FRAME.rename(columns={"a": "c"}), FRAME.iloc[1:], FRAME.reset_index(drop=True)]
    others += [FRAME[["b", "tank", "a"]], FRAME.astype({"b": float}), FRAME.shift(freq="h")]
    checksums = [checksum(each)[0] for each in (FRAME, *others)]
    assert checksum(FRAME.copy()) == checksums[:1] and len({*checksums}) == len(checksums)
    values = np.arange(6.0)
    assert checksum(values) == checksum(values.copy()) != checksum(values.reshape(2, 3))
    assert checksum(values) != checksum(values.astype(np.float32))


def test_what_the_program_does_to_its_data_later_changes_nothing():
    values, frame = np.zeros((4, 1)), FRAME[["a"]].copy()
    places = series_at(values), series_at(frame)
    values[:], frame["a"] = 1, 1.0
    assert read_series(places[0], rows="steps").values[0].max() == 0
    assert read_series(places[1]).values[0].max() == 5


def test_a_name_is_a_file_and_a_copy_of_data_in_memory_is_their_name():
    assert series_at("a.csv") == "a.csv" and not isinstance(series_at("a.csv"), InMemory)
    place = series_at(FRAME)
    for kept in (copy.deepcopy(place), pickle.loads(pickle.dumps(place))):
        assert type(kept) is str and kept == place == "memory:series"
        with pytest.raises(InputError, match="which no run keeps"):
            refuse_forgotten(kept)
        with pytest.raises(InputError, match="which no run keeps"):
            read_series(kept)
