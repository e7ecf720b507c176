"""A reconstructed table is the table that was read, but for the cells that were reconstructed."""

import gzip
import io
import tempfile
from pathlib import Path

import numpy as np
import openpyxl
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from seq2seq.series.figures import cell
from seq2seq.series.records import cells, content, records
from seq2seq.series.table import read_series
from seq2seq.series.writing import write_like


def rewritten(path, series, values=None):
    buffer = io.BytesIO()
    decimals = [[None] * len(series.columns)] * len(series.values)
    write_like(path, buffer, series, series.values if values is None else values, decimals)
    return buffer.getvalue()


METER = (
    'time;site;serial;qc;"level, m";note;;\r\n'
    '2024-01-01 00:00;00060;1234567890123456789;"false"; 3,0000 ;"a ""quoted"" one; really";;\r\n'
    '2024-01-01 01:00;00060;;true;"1.003,25";NA;;\r\n'
    "2024-01-01 02:00;07;-;TRUE;4;two words;;\r\n"
    '2024-01-01 03:00;07;1e3;TRUE;5,5;"line\r\nends";;'
)


@pytest.mark.parametrize("code", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "cp1252"])
@pytest.mark.parametrize("packed", [False, True])
def test_all_but_the_reconstructed_cells_stay_to_the_byte(tmp_path, code, packed):
    text = METER.replace("note", "Größe") if code == "cp1252" else METER
    path = tmp_path / ("data.csv.gz" if packed else "data.csv")
    path.write_bytes(gzip.compress(text.encode(code)) if packed else text.encode(code))
    series = read_series(path, columns=["level, m"], encoding="cp1252")
    assert series.values[0][:, 0].tolist() == [3, 1003.25, 4, 5.5]
    found = rewritten(path, series, [np.array([[3.125], [1003.5], [-4.0], [5e-9]])])
    expected = text.replace(" 3,0000 ", " 3,125 ").replace("1.003,25", "1003,5").replace(";4;", ";-4;")
    assert (gzip.decompress(found) if packed else found) == expected.replace("5,5", "5e-09").encode(code)


characters = st.characters(codec="utf-8", exclude_categories=("Cs", "Cc"))
cell_texts = st.text(characters, max_size=8).map(lambda text: text.replace('"', ""))
quoted = st.text(characters | st.sampled_from("\r\n,;"), max_size=8)


@settings(max_examples=60)
@given(st.data())
def test_hostile_tables_come_back_as_they_were(data):
    separator, end = data.draw(st.sampled_from([",", ";", "\t"])), data.draw(st.sampled_from(["\n", "\r\n"]))
    other = cell_texts.map(lambda text: text.replace(separator, "")) | quoted.map(
        lambda text: '"' + text.replace('"', '""') + '"'
    )
    rows = data.draw(st.lists(st.tuples(other, other), min_size=4, max_size=9))
    numbers = data.draw(st.lists(st.integers(-999, 999), min_size=len(rows), max_size=len(rows)))
    header = separator.join(["x", "value", "y"])
    lines = [separator.join([x, f"{number}.5", y]) for (x, y), number in zip(rows, numbers, strict=True)]
    content = (end.join([header, *lines]) + end * data.draw(st.integers(0, 2))).encode()
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "data.csv"
        path.write_bytes(content)
        series = read_series(path, columns=["value"], time=None)
        assert series.values[0][:, 0].tolist() == [float(f"{number}.5") for number in numbers]
        assert rewritten(path, series) == content


def test_the_same_numbers_keep_blanks_quotes_and_short_rows(tmp_path):
    path = tmp_path / "data.csv"
    path.write_text('# made by hand\n\na,b,c\n 1 ,"2",x\n3\n\n4, 5,y\n\n\n')
    series = read_series(path, columns=["a", "b"], missing="mask")
    assert rewritten(path, series) == path.read_bytes()
    filled = [np.where(np.isnan(series.values[0]), 9.0, series.values[0])]
    assert rewritten(path, series, filled).decode() == '# made by hand\n\na,b,c\n 1 ,"2",x\n3,9\n9,9\n4, 5,y\n\n\n'


def test_columns_of_blanks_stay_where_they_are(tmp_path):
    path = tmp_path / "data.txt"
    path.write_text("  a    b\n  1.5  2\n  2.5  3\n")
    series = read_series(path, columns=["a"])
    assert rewritten(path, series, [np.array([[7.0], [np.nan]])]).decode() == "  a    b\n  7  2\n  NaN  3\n"


def test_series_of_groups_go_back_to_their_rows(tmp_path):
    path = tmp_path / "data.csv"
    path.write_text("id,a,note\n007,1,x\n7,2,\n007,3,NA\nB,inf,-\n")
    series = read_series(path, columns=["a"], group="id", rejected=[])
    values = [np.array([[10.0], [30.0]]), np.array([[20.0]])]
    assert rewritten(path, series, values).decode() == "id,a,note\n007,10,x\n7,20,\n007,30,NA\nB,,-\n"


def test_values_of_categories_are_no_columns(tmp_path):
    path = tmp_path / "data.csv"
    path.write_text("season,a\nwinter,1\nsummer,2\n")
    series = read_series(path, categorical=["season"])
    assert series.columns == ("season=summer", "season=winter", "a")
    assert rewritten(path, series, [np.array([[0.1, 0.9, 5.0], [0.8, 0.2, 6.0]])]) == b"season,a\nwinter,5\nsummer,6\n"


def test_other_columns_of_parquet_keep_types_and_values(tmp_path):
    path, out = tmp_path / "data.parquet", tmp_path / "out.parquet"
    frame = pd.DataFrame(
        {
            " a ": np.array([1, 2, 3], np.float32),
            "serial": pd.array([1234567890123456789, None, 3], "Int64"),
            "flag": [True, None, False],
            "kind": pd.Categorical(["x", "y", "x"]),
            "count": np.array([1, 2, 3], np.int16),
        },
        index=pd.date_range("2024-01-01", periods=3, freq="D", name="day"),
    )
    frame.to_parquet(path)
    series = read_series(path, columns=["a"])
    out.write_bytes(rewritten(path, series, [np.array([[1.5], [2.5], [np.nan]])]))
    expected = frame.assign(**{" a ": np.array([1.5, 2.5, np.nan], np.float32)})
    pd.testing.assert_frame_equal(pd.read_parquet(out), expected, check_freq=False)


def test_a_sheet_keeps_its_other_cells(tmp_path):
    book = openpyxl.Workbook()
    for row in (["Report"], [], ["a", "note"], [1.5, "00060"], [2.5, None]):
        book.active.append(row)
    path = tmp_path / "data.xlsx"
    book.save(path)
    found = openpyxl.load_workbook(io.BytesIO(rewritten(path, read_series(path), [np.array([[7.0], [8.0]])])))
    rows = [list(row) for row in found.active.iter_rows(values_only=True)]
    assert rows == [["Report", None], [None, None], ["a", "note"], [7, "00060"], [8, None]]


def test_records_and_cells():
    lines = ['a,"b, c"\r\n', '"d\n', 'e",f\n', '5",6']
    assert list(records(lines, ",")) == ['a,"b, c"\r\n', '"d\ne",f\n', '5",6']
    assert cells('x"y,"a""b", "c" ,', ",") == ['x"y', '"a""b"', ' "c" ', ""]
    assert [content(cell) for cell in ('"a""b"', ' "c" ', 'x"y', "")] == ['a"b', "c", 'x"y', ""]


def test_a_counter_keeps_its_changes():
    for value, text in ((1234567890.5, "1234567890.5"), (1e15 + 10, "1000000000000010"), (-2.5e6, "-2500000")):
        assert cell(value) == text
    assert (cell(0.1 + 0.2), cell(float("nan")), cell(1e300), cell(np.float32(0.5))) == ("0.3", "", "1e+300", "0.5")
