"""Uploads that would take far more memory than their size says are refused before they are read."""

import io

import pandas as pd
import pyarrow as pa
import pytest
from pyarrow import parquet

from seq2seq.errors import InputError
from seq2seq.server.data import Upload, with_files


def read(given, told):
    from seq2seq.series.table import read_series

    return read_series(given.data)


def packed(**columns):
    file = io.BytesIO()
    parquet.write_table(pa.table(columns), file)
    return file.getvalue()


@pytest.mark.parametrize(
    "content",
    [
        b"1," * 20_000,
        b"\n\n" + b"1," * 20_000,
        b"a,b\n" + b"1;" * 20_000 + b"\n",
        b"1\t" * 20_000 + b"\r2",
        b"1 " * 20_000,
        b"1|" * 20_000,
    ],
)
def test_columns_are_limited(content):
    with pytest.raises(InputError, match="data: at most 10,000 columns, got 20,001"):
        with_files(read, Upload("june.csv", content))


def test_columns_of_json_are_limited():
    with pytest.raises(InputError, match="data: at most 10,000 columns, got 10,001"):
        with_files(read, {str(number): [1] for number in range(10_001)})


@pytest.mark.parametrize("content", [b"1,2\n" * 500_000 + b"1,2", b"1\r" * 1_000_001])
def test_a_last_line_without_an_end_counts(content):
    with pytest.raises(InputError, match="at most 1,000,000 cells"):
        with_files(read, Upload("june.csv", content))


@pytest.mark.parametrize("content", [b"flow,heat\n1,2\n3,4", b"flow,heat\r1,2\r3,4\r", b"flow heat\n1  2\n3  4\n"])
def test_small_tables_are_read(content):
    found, _ = with_files(read, Upload("june.csv", content))
    assert (found.columns, found.values[0].tolist()) == (("flow", "heat"), [[1, 2], [3, 4]])


@pytest.mark.parametrize(
    "nested",
    [
        pa.array([[1.0] * 1000, []]),
        pa.array([{"a": 1}, {"a": 2}]),
        pa.array([[("a", 1)], []], pa.map_(pa.string(), pa.int64())),
    ],
    ids=["list", "struct", "map"],
)
def test_nested_columns_are_refused(nested):
    with pytest.raises(InputError, match="data: expected columns of numbers or texts, got one of lists"):
        with_files(read, Upload("june.parquet", packed(flow=[1.0, 2.0], more=nested)))


def test_dots_in_names_are_no_nesting():
    found, _ = with_files(read, Upload("june.parquet", packed(**{"flow.in": [1.0, 2.0]})))
    assert found.columns == ("flow.in",)


@pytest.mark.parametrize("place", ["name", "cell"])
def test_parquet_that_is_no_utf_8(place):
    columns = {"flow": [1.0, 2.0], "WORD" if place == "name" else "time": ["WORD", "2024-05-01"]}
    content = packed(**columns).replace(b"WORD", b"W\xc9RD")
    with pytest.raises(InputError, match=r"june\.parquet (is no Parquet file|cannot be read): .*(?i:utf-?8)"):
        with_files(read, Upload("june.parquet", content))


@pytest.mark.parametrize("cells", [[2**53 + 1, 0.5], [2**63, 1], [-(2**63) - 1, 2**53 + 1], [10**300, 1.5]])
def test_large_integers_are_numbers(cells):
    found, _ = with_files(read, {"flow": cells})
    assert found.values[0][:, 0].tolist() == pytest.approx([float(cell) for cell in cells])


def test_integers_stay_exact():
    cells = [2**53 + 1, None]
    found, _ = with_files(lambda given, _: pd.read_parquet(given.data, dtype_backend="pyarrow"), {"id": cells})
    assert int(found["id"][0]) == cells[0]


@pytest.mark.parametrize("compression", ["none", "zstd"])
@pytest.mark.parametrize("dictionary", [True, False])
def test_texts_that_a_file_has_packed_well_are_bounded(compression, dictionary):
    file = io.BytesIO()
    texts = pa.array(["x" * 100_000] * 1_000)
    parquet.write_table(pa.table({"a": texts}), file, compression=compression, use_dictionary=dictionary)
    with pytest.raises(InputError, match="95 MiB unpacked"):
        with_files(read, Upload("june.parquet", file.getvalue()))
