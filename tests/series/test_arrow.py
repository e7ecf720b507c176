"""Data sets of Hugging Face as series: tables, and arrays where cells hold lists of numbers."""

from decimal import Decimal

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from seq2seq.errors import InputError
from seq2seq.series.files import data_files, has_names, holds_array
from seq2seq.series.in_memory import series_at
from seq2seq.series.table import read_series

datasets = pytest.importorskip("datasets")

HOURS = pd.date_range("2024-01-01", periods=50, freq="h", name="when")
DRAW = np.random.default_rng(0)
FRAME = pd.DataFrame({"load": DRAW.normal(size=50), "wind": DRAW.normal(size=50)}, HOURS)
FRAME["tank"] = ["a"] * 25 + ["b"] * 25
FRAME.iloc[3, 0] = np.nan


def refusal(location, **how):
    with pytest.raises(InputError) as caught:
        read_series(location, **how)
    assert "\n" not in str(caught.value)
    return str(caught.value)


def same(one, two):
    assert one.columns == two.columns and one.names == two.names and one.whole == two.whole
    assert all(np.array_equal(a, b, equal_nan=True) for a, b in zip(one.values, two.values, strict=True))
    assert (one.times is None) == (two.times is None)
    assert all(np.array_equal(a, b) for a, b in zip(one.times or (), two.times or (), strict=True))
    return True


@pytest.mark.parametrize("how", [{}, {"group": "tank"}, {"columns": ("wind",), "limit": 9}, {"keep": "wind>0"}])
def test_a_data_set_of_cells_is_the_table_that_a_file_would_be(tmp_path, how):
    FRAME.reset_index().to_csv(tmp_path / "a.csv", index=False)
    data = datasets.Dataset.from_pandas(FRAME)
    datasets.DatasetDict({"train": data}).save_to_disk(tmp_path / "hf")
    how = {"missing": "mask", **how}
    expected = read_series(tmp_path / "a.csv", **how)
    for location in (tmp_path / "hf", f"hf:{tmp_path}/hf:train", series_at(data)):
        assert not holds_array(location) and has_names(location)
        assert same(read_series(location, **how), expected)
    assert [file.suffix for file in data_files(tmp_path / "hf")] == [".arrow"]


def test_rows_are_those_of_the_split_and_in_the_order_of_the_data_set(tmp_path):
    data = datasets.Dataset.from_dict({"load": [1.0, 2.0, 4.0, 3.0]})
    data.save_to_disk(tmp_path)
    assert read_series(f"hf:{tmp_path}:train[1:3]").values[0].ravel().tolist() == [2, 4]
    assert read_series(series_at(data.select([3, 0]))).values[0].ravel().tolist() == [3, 1]
    assert "has no rows" in refusal(f"hf:{tmp_path}:train[4:]")
    assert "has no split 'test'; its splits: train" in refusal(f"hf:{tmp_path}:test")
    assert "is a table, but the array 'load' was asked for" in refusal(tmp_path, array="load")


@pytest.mark.parametrize("frame", [FRAME.rename_axis(None), FRAME[FRAME.wind > 0].reset_index()[3:]])
def test_an_index_of_times_is_a_column_and_row_numbers_are_none(frame):
    series = read_series(series_at(datasets.Dataset.from_pandas(frame)), missing="mask")
    assert series.columns == ("load", "wind") and series.times[0].astype("M8[h]")[0] in HOURS


def test_lists_and_records_are_no_cells(tmp_path):
    frame = FRAME.assign(tags=[["x"]] * 50, meta=[{"a": 1}] * 50)
    frame.to_parquet(tmp_path / "a.parquet")
    datasets.Dataset.from_pandas(frame).save_to_disk(tmp_path / "hf")
    for location in (tmp_path / "a.parquet", tmp_path / "hf", series_at(frame)):
        series = read_series(location, missing="mask")
        assert series.columns == ("load", "wind")
        assert "left out, as their cells are lists or records: tags, meta" in series.notes


@pytest.fixture(scope="module")
def beats(tmp_path_factory):
    """Samples of 1 to 6 steps and two features, with labels; and the same in plain lists."""
    array = datasets.Array2D((None, 2), "float32")
    number, text = datasets.Value("int64"), datasets.Value("string")
    features = datasets.Features({"beat": array, "label": number, "who": text})
    rows = {"beat": [np.full((i + 1, 2), i).tolist() for i in range(6)], "label": [i % 2 for i in range(6)]}
    folder = tmp_path_factory.mktemp("beats")
    datasets.Dataset.from_dict(rows | {"who": ["me"] * 6}, features=features).save_to_disk(folder / "arrays")
    datasets.Dataset.from_dict(rows | {"who": ["me"] * 6}).save_to_disk(folder / "lists")
    return folder


@pytest.mark.parametrize("form", ["arrays", "lists"])
def test_lists_of_numbers_are_samples(beats, form):
    location = beats / form
    assert holds_array(location)
    series = read_series(location, keep="label==0")
    assert series.whole and [values.tolist() for values in series.values] == [[[i, i]] * (i + 1) for i in (0, 2, 4)]
    assert len(read_series(f"hf:{location}:train[:4]", array="beat").values) == 4
    assert read_series(location, array="label").values[0].shape == (6, 1)
    assert "has no numeric feature 'who': there are beat, label" in refusal(location, array="who")
    assert "an array, which has no column 'who'" in refusal(location, group="who")
    data = datasets.load_from_disk(str(location))
    message = r"memory:series has lists of numbers in beat: give list\(data\['beat'\]\) alone"
    with pytest.raises(InputError, match=message):
        series_at(data)
    assert same(read_series(series_at(list(data["beat"]))), read_series(location))


def test_samples_that_do_not_fit(tmp_path):
    for name, cells, message in [
        ("none", [[1.0], None], "row 2, column 'x' is empty: expected a list of numbers"),
        ("ragged", [[[1.0], [2.0, 3.0]]], "row 1, column 'x' has lists of 1 to 2 entries: expected one length"),
        ("two", [[[1.0]], [[2.0, 3.0]]], r"[x] has examples whose steps have the shapes (1,) and (2,)"),
    ]:
        datasets.Dataset.from_dict({"x": cells}).save_to_disk(tmp_path / name)
        assert message in refusal(tmp_path / name)
    datasets.Dataset.from_dict({"x": [[1.0]], "y": [[1]]}).save_to_disk(tmp_path / "several")
    assert "has several features: name the one to read, by --array: x, y" in refusal(tmp_path / "several")
    datasets.Dataset.from_dict({"x": [[True, None], [False, True]]}).save_to_disk(tmp_path / "flags")
    assert read_series(tmp_path / "flags").values[1].ravel().tolist() == [0, 1]


def test_decimal_numbers_are_numbers_beside_dates(tmp_path):
    """As texts, 0.25 to 6.25 after a column of dates would be times of the day."""
    days = pd.date_range("2024-01-01", periods=25).date
    prices = [Decimal(number) / 4 for number in range(1, 25)] + [None]
    table = pa.table({"day": days, "price": pa.array(prices, pa.decimal128(10, 2))})
    pq.write_table(table, tmp_path / "a.parquet")
    datasets.Dataset(table).save_to_disk(tmp_path / "hf")
    for location in (tmp_path / "a.parquet", tmp_path / "hf"):
        series = read_series(location, missing="mask")
        assert series.columns == ("price",) and np.array_equal(series.values[0][:3, 0], [0.25, 0.5, 0.75])
        assert np.isnan(series.values[0][-1, 0])
