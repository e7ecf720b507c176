"""Tables as the world writes them: other separators, decimal marks, preambles, codes for missing values, encodings."""

import gzip
import sys
import warnings

import numpy as np
import openpyxl
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from seq2seq.errors import InputError
from seq2seq.series.layout import head_of
from seq2seq.series.numerals import looks_like_number, number_of, parsed
from seq2seq.series.table import read_series

VALUES = [[1234.5, -0.25], [2.0, 1234567.75], [3.5, 4.0]]


@pytest.fixture
def table(tmp_path):
    def write(content, name="data.csv", code="utf-8"):
        (tmp_path / name).write_bytes(content if isinstance(content, bytes) else content.encode(code))
        return tmp_path / name

    return write


def refusal(location, **how):
    with pytest.raises(InputError) as caught:
        read_series(location, **how)
    assert "\n" not in str(caught.value)
    return str(caught.value).removeprefix(str(location))


def written(number, decimal, group):
    """A number as somebody writes it."""
    return f"{number:,}".replace(",", "G").replace(".", decimal).replace("G", group)


@pytest.mark.parametrize("separator", [";", "\t", "|", ","])
@pytest.mark.parametrize(
    ("decimal", "group"), [(",", "."), (",", " "), (",", "\u202f"), (".", ","), (".", "'"), (".", "")]
)
def test_numbers_are_read_in_any_writing(table, separator, decimal, group):
    rows = [[written(value, decimal, group) for value in row] for row in VALUES]
    quoted = [[f'"{cell}"' if separator in cell else cell for cell in row] for row in rows]
    content = "\n".join(separator.join(row) for row in [["speed", "heat"], *quoted])
    series = read_series(table(content))
    assert series.values[0].tolist() == VALUES
    assert series.reading.decimal == decimal
    assert series.columns == ("speed", "heat")


@given(st.floats(-1e9, 1e9).map(lambda value: round(value, 2)), st.sampled_from([(",", "."), (".", ","), (",", " ")]))
def test_what_was_written_is_what_is_read(value, marks):
    text = written(value, *marks)
    assert looks_like_number(text)
    assert parsed(pd.Series([text]), marks[0])[0] == value


def test_what_a_comma_means_is_told_or_asked(table):
    path = table("a;b\n1,234;7\n2,345;8\n")
    message = refusal(path)
    assert "column 'a': '1,234' may be a whole number or have a decimal comma" in message and "--decimal" in message
    assert read_series(path, decimal=".").values[0][0].tolist() == [1234, 7]
    assert read_series(path, decimal=",").values[0][0].tolist() == [1.234, 7]
    assert read_series(path, columns=["b"]).values[0].tolist() == [[7], [8]]  # what is not used is not asked
    # Any other number tells.
    assert read_series(table("a;b\n1,234;7,5\n2,345;8\n")).values[0][0].tolist() == [1.234, 7.5]
    assert read_series(table("a;b\n1,234;7.5\n2,345;8\n")).values[0][0].tolist() == [1234, 7.5]
    assert read_series(table("a;b\n1.234;7,5\n2.345;8\n")).values[0][0].tolist() == [1234, 7.5]
    both = refusal(table("a;b\n1,5;7.25\n2,5;8.5\n"))
    assert "has '7.25' in column 'b' and '1,5' in column 'a': say which mark is decimal" in both


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("header", [True, False])
@pytest.mark.parametrize("whole", [(), (0,), (1, 5, 6)])
@pytest.mark.parametrize(
    ("names", "row"),
    [
        ("Zeit;Wert", "{day:02d}.01.2024 00:00;{value}"),
        ("date;time;value", "2024-01-{day:02d};12:30;{value}"),
        ("date;Ort;value", "2024-01-{day:02d};Kiel;{value}"),
        ("Ort;Wert", "Kiel;{value}"),
        ("Ort;Art;Wert", "Kiel;x;{value}"),
        ("Ort;Wert;Art", "Kiel;{value};x"),
        ("Wert;Datum", "{value};{day:02d}.01.2024"),
        ("date|value", "2024-01-{day:02d}|{value}"),
        ("time, of day;value, K", "2024-01-{day:02d};{value}"),
        ("time\ta", "2024-01-{day:02d} 10:00\t{value}"),
    ],
)
def test_a_decimal_comma_does_not_separate(table, names, row, whole, header):
    values = [20 + day + (0 if day in whole else 0.4) for day in range(10)]
    rows = [row.format(day=day + 1, value=f"{value:g}".replace(".", ",")) for day, value in enumerate(values)]
    if not header and any(word in row for word in ("Kiel", "x")):
        return  # a row with texts is taken for a header
    series = read_series(table("\n".join([names] * header + rows)))
    assert [value for (value,) in series.values[0]] == values
    assert (series.times is not None) == ("day" in row)


def test_a_comma_that_may_separate_or_be_decimal_is_asked(table):
    path = table("value\n1,5\n2,5\n3,5\n")
    assert "has more cells than the header, 'value'" in refusal(path) and "give --decimal ," in refusal(path)
    assert read_series(path, decimal=",").values[0].tolist() == [[1.5], [2.5], [3.5]]
    for content in ("value\n1,5\n2\n3,5\n4,5\n", "1,5\n2,5\n3\n4,5\n"):  # some of them whole numbers
        path = table(content)
        assert "give --decimal ," in refusal(path, missing="mask")
        assert len(read_series(path, decimal=",").values[0]) == 4
    assert np.isnan(read_series(table("a,b\n7,5\n2\n3,5\n"), missing="mask").values[0][1, 1])
    assert read_series(table('a,b\n"1,5",2\n"2,5",3\n'), decimal=",").values[0].tolist() == [[1.5, 2], [2.5, 3]]


def test_a_number_of_another_writing_is_no_number(table):
    assert "line 3, column 'a': '1.5' is not a number" in refusal(table("a;b\n1,5;7\n1.5;8\n"), decimal=",")
    assert "line 4, column 'a': 'x' is not a number" in refusal(table("a;b\n1,5;7\n2,5;8\nx;9\n"))


def test_runs_of_blanks_separate(table):
    series = read_series(table("  speed   heat\n  1.0     2\n 10.5    -3\n"))
    assert series.columns == ("speed", "heat") and series.values[0].tolist() == [[1, 2], [10.5, -3]]
    series = read_series(table("12,5 13,5\n14,5 15\n", "data.txt"))
    assert series.values[0].tolist() == [[12.5, 13.5], [14.5, 15]]


@pytest.mark.parametrize("separator", ["\t", ";", ",", "|"])
@pytest.mark.parametrize("column", [0, 1, 2])
def test_an_empty_cell_keeps_its_place(table, separator, column):
    rows = [[str(10 * row + k) for k in range(3)] for row in range(6)]
    rows[2][column] = ""
    content = "\n".join(separator.join(row) for row in [["a", "b", "c"], *rows])
    expected = [[float(cell or "nan") for cell in row] for row in rows]
    np.testing.assert_array_equal(read_series(table(content), missing="mask").values[0], expected)


ROWS = "2024-01-01,1.5,2\n2024-01-02,2.5,3\n2024-01-03,3.5,4\n2024-01-04,4.5,5\n"


@pytest.mark.parametrize(
    "above",
    [
        "day,speed,heat\n",
        "# made by a logger\n# v2, beta\nday,speed,heat\n",
        "Station Rome\n\nday,speed,heat\n",
        "Station Rome,,\nday,speed,heat\n",
        "Station:,Rome,\nHeight:,20,\nday,speed,heat\n",
        "day,speed,heat\n,m/s,K\n",
        "day,speed,heat\nyyyy-mm-dd,m/s,K\n",
        "# day,speed,heat\n",
    ],
)
def test_what_stands_above_a_table_is_passed_over_and_told(table, above):
    series = read_series(table(above + ROWS))
    assert series.columns == ("speed", "heat")
    assert series.values[0].tolist() == [[1.5, 2], [2.5, 3], [3.5, 4], [4.5, 5]]
    assert len(series.notes) == (above.count("\n") > 1)
    # An error names the line of the file.
    bad = table(above + ROWS.replace("3.5", "x"), "bad.csv")
    assert f", line {above.count(chr(10)) + 3}, column 'speed': 'x'" in refusal(bad)


def test_a_row_without_numbers_below_the_header_is_kept(table):
    series = read_series(table("city,speed\nRome,\nRome,1\nRome,2\nRome,3\n"), missing="mask")
    assert series.lengths.tolist() == [4] and np.isnan(series.values[0][0, 0])


def test_columns_at_the_end_without_anything_are_none(table):
    for content in ("a;b;;\n1;2;;\n3;4;;\n", "a;b\n1;2;\n3;4;\n", "a;b;;\n1;2\n3;4\n"):
        series = read_series(table(content))
        assert (series.columns, series.notes) == (("a", "b"), ())
        assert series.values[0].tolist() == [[1, 2], [3, 4]]
    assert "the first row has more cells than the header" in refusal(table("a;b\n1;2;3\n4;5;6\n"))


@pytest.mark.parametrize("word", ["", "NA", "n/a", "?", "-", "null", "NULL", "None", "NaN", "--"])
def test_words_for_missing_values(table, word):
    series = read_series(table(f"a,b\n1,2\n{word},3\n4,5\n"), missing="mask")
    assert series.notes == ("1 of 6 values was missing and was left out by mask",)


def test_codes_for_missing_values_are_told_and_never_guessed(table, tmp_path):
    content = "a,b\n" + "".join(f"{value},{k * k}\n" for k, value in enumerate([1.5, -200, 2.5, -200, -200, 3.5, 1, 2]))
    path = table(content)
    (note,) = read_series(path).notes
    assert note.startswith("column 'a' is -200 in 3 rows and 1 to 3.5 in all others")
    assert "--missing-values -200" in note
    series = read_series(path, missing_values=["-200", "bad"], missing="mask")
    assert np.isnan(series.values[0][:, 0]).tolist() == [False, True, False, True, True, False, False, False]
    assert series.reading.missing_values == ("-200", "bad")
    european = table(content.replace(",", ";").replace(".", ","), "european.csv")
    np.testing.assert_array_equal(
        read_series(european, missing_values=["-200"], missing="mask").values[0], series.values[0]
    )
    pd.read_csv(path).to_parquet(tmp_path / "data.parquet")
    np.save(tmp_path / "data.npy", pd.read_csv(path).to_numpy())
    for name in ("data.parquet", "data.npy"):
        same = read_series(tmp_path / name, missing_values=["-200"], missing="mask", rows="steps")
        np.testing.assert_array_equal(same.values[0], series.values[0])
    words = read_series(table("a\n1\nbad\n2\n", "words.csv"), missing_values=["bad"], missing="interpolate")
    assert words.values[0][:, 0].tolist() == [1, 1.5, 2]


def test_ordinary_extremes_are_no_codes(table):
    for values in ([0, 0, 0, 5, 0, 5, 5], [1, 2, 3, 3, 3], [7, 7, 7, 7], [1.5, -200, 2.5, 3.5]):
        assert read_series(table("a\n" + "".join(f"{value}\n" for value in values))).notes == ()


@pytest.mark.parametrize("packed", [False, True])
def test_other_encodings_are_named_or_told(table, packed):
    content = "Temp °C;flow\n1,5;2\n2,5;3\n".encode("cp1252")
    path = table(gzip.compress(content) if packed else content)
    assert "is not UTF-8 text" in refusal(path) and "--encoding cp1252" in refusal(path)
    series = read_series(path, encoding="cp1252")
    assert series.columns == ("Temp °C", "flow") and series.values[0][0].tolist() == [1.5, 2]
    assert "there is no encoding 'cp99999'" in refusal(path, encoding="cp99999")
    # What is UTF-8 is read as that, whatever was told for what is not.
    assert read_series(table("Temp °C;flow\n1;2\n2;3\n", "new.csv"), encoding="cp1252").columns == ("Temp °C", "flow")


def test_codes_of_digits_are_no_numbers(table):
    content = "site,serial,month,a\n00060,1234567890123456789,01,1\n12030,1234567890123456780,12,2\n"
    series = read_series(table(content))
    assert series.columns == ("month", "a")
    assert [note.partition(" and was")[0] for note in series.notes] == [
        "column 'site' holds identifiers",
        "column 'serial' holds identifiers",
    ]
    assert read_series(table(content), columns=["site"]).values[0].tolist() == [[60], [12030]]


def test_a_group_may_be_called_as_a_missing_value(table):
    assert read_series(table("land,a\nNA,1\nNA,2\nDE,3\n"), group="land").names == ("NA", "DE")


def test_several_files_are_one_table(table, tmp_path):
    table("day,a,b\n2024-01-03,5,6\n2024-01-04,7,8\n", "log2.csv")
    table("day;b;a\n2024-01-01;2;1\n2024-01-02;4;3\n", "log1.csv")
    for location in (tmp_path / "log*.csv", f"{tmp_path}/log1.csv,{tmp_path}/log2.csv"):
        series = read_series(location)
        assert series.columns == ("b", "a") and series.values[0].tolist() == [[2, 1], [4, 3], [6, 5], [8, 7]]
        assert len(series.times[0]) == 4 and series.notes[0].startswith("2 files are read one after the other")
    table("day,a,b\n2024-01-05,x,6\n2024-01-06,7,8\n", "log3.csv")
    assert "log3.csv, line 2, column 'a': 'x' is not a number" in refusal(tmp_path / "log*.csv")
    table("day,a,c\n2024-01-05,1,6\n", "log3.csv")
    assert "has a column 'b'" in refusal(tmp_path / "log*.csv")
    assert "no file is called" in refusal(tmp_path / "none*.csv")


def test_numbers_with_signs_are_told(table):
    path = table("share,price,x\n12.5%,$3,1\n7 %,-$4.50,2\n-,€5,3\n")
    series = read_series(path)
    assert series.columns == ("x",)
    for name, cell in (("share", "12.5%"), ("price", "$3")):
        assert any(f"column {name!r} was left out" in note and f"as in {cell!r}" in note for note in series.notes)
    assert "line 2, column 'share': '12.5%' has a sign: write numbers without it" in refusal(path, columns="share")
    assert "'5%' has a sign" in refusal(table("x,y\n1,1\n5%,2\n3,3\n"))


def test_a_text_among_numbers_that_may_stand_for_a_missing_value_is_told(table):
    path = table("x,y\n1,1\nnodata,2\n3,3\n")
    assert "line 3, column 'x': 'nodata' is not a number" in refusal(path)
    assert "give --missing-values 'nodata'" in refusal(path)
    assert np.isnan(read_series(path, missing_values="nodata", missing="mask").values[0][1, 0])


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("x,y\n1.234,1\n12.500,2\n-1.000,3\n", True),
        ("x,y\n1.234,1\n?,2\n2.000,3\n", True),
        ("x,y\n1.234,0.5\n12.500,2\n1.000,3\n", False),  # another column shows that the point is decimal
        ("x,y\n1.234,1\n0.500,2\n1.000,3\n", False),
        ("x,y\n1.234,1\n1234.500,2\n1.000,3\n", False),
        ("x,y\n1.234,1\n1.50,2\n1.000,3\n", False),
        ("x,y\n1,1\n12,2\n3,3\n", False),
        ("x,y\n" + "1.234,1\n" * 300 + "1.2345,1\n", False),  # seen only beyond the first rows
    ],
)
def test_points_that_may_stand_between_thousands_are_told(table, text, told):
    path = table(text.replace(",", ";"))
    series = read_series(path, missing="mask")
    assert any("if it stands between thousands, give --decimal ," in note for note in series.notes) == told
    assert not any("thousands" in note for note in read_series(path, missing="mask", decimal=".").notes)
    if told:
        assert np.nanmax(read_series(path, missing="mask", decimal=",").values[0]) >= 1234


def test_xlsx(table, tmp_path):
    book = openpyxl.Workbook()
    for row in (["Report of May"], [], ["speed", "note", "heat"], [1.5, "ok", 2], [2.5, None, 3], [3.5, "ok", "4,5"]):
        book.active.append(row)
    book.save(tmp_path / "data.xlsx")
    series = read_series(tmp_path / "data.xlsx")
    assert series.columns == ("speed", "heat")
    assert series.values[0].tolist() == [[1.5, 2], [2.5, 3], [3.5, 4.5]]


@pytest.mark.parametrize("how", [{}, {"decimal": ","}, {"decimal": ",", "thousands": True}])
def test_a_number_of_a_sheet_is_itself_beside_texts(tmp_path, how):
    book = openpyxl.Workbook()
    for row in (["a", "b", "c"], [17.305, 0.25, 1], ["NA", 2.5, 2], [12.125, "1.234,5", 3], [3, 1e-7, 4]):
        book.active.append(row)
    book.save(tmp_path / "data.xlsx")
    series = read_series(tmp_path / "data.xlsx", missing="mask", **how)
    assert series.reading.decimal == "," and series.reading.thousands
    read = [[17.305, 0.25, 1], [np.nan, 2.5, 2], [12.125, 1234.5, 3], [3, 1e-7, 4]]
    np.testing.assert_array_equal(series.values[0], np.array(read))


@pytest.mark.parametrize(("mark", "other"), [(".", ","), (",", ".")])
def test_no_group_of_thousands_begins_with_a_zero(table, mark, other):
    assert read_series(table(f"a;b\n0{mark}123;3\n-0{mark}456;4\n")).values[0].tolist() == [[0.123, 3], [-0.456, 4]]
    assert "say which mark is decimal" in refusal(table(f"a;b\n0{mark}123;3{other}5\n0{mark}456;4{other}5\n"))
    with_thousands = later(read_series(table(f"a;b\n1{other}234{mark}5;5\n2{other}345{mark}5;6\n")))
    turned = read_series(table(f"a;b\n17{other}304;5\n0{other}305;6\n", "later.csv"), **with_thousands)
    assert turned.values[0].tolist() == [[17.304, 5], [0.305, 6]] and any(
        "are read so" in note for note in turned.notes
    )
    with pytest.raises(InputError, match="is not a number"):
        number_of(f"0{other}123", mark, thousands=True)


def test_without_the_package_xlsx_names_it(table, monkeypatch):
    monkeypatch.setitem(sys.modules, "openpyxl", None)
    assert "pip install '.[xlsx]'" in refusal(table("", "data.xlsx"))


def test_names_in_upper_case_are_the_same_kinds(table, tmp_path):
    np.savez(tmp_path / "data.npz", x=np.ones((3, 4)))
    (tmp_path / "data.npz").rename(tmp_path / "DATA.NPZ")
    assert len(read_series(tmp_path / "DATA.NPZ", array="x").values) == 3
    assert read_series(table("a\n1\n2\n", "DATA.CSV")).lengths.tolist() == [2]


def test_a_limit_cuts_before_anything_is_counted(table):
    path = table("g,a\nA,1\nB,\nA,2\nA,\nB,4\nB,inf\n")
    series = read_series(path, group="g", limit=2, missing="mask")
    assert series.values[0][:, 0].tolist() == [1, 2]
    assert "1 of 4 values was missing and was left out by mask" in series.notes
    assert any("first 2 steps were read (data.limit)" in note for note in series.notes)


def test_an_infinite_value_is_refused_without_a_warning(table):
    with warnings.catch_warnings():
        warnings.simplefilter("error", RuntimeWarning)
        assert "line 3, column 'a' is infinite" in refusal(table("a\n1\ninf\n-inf\n-inf\n-inf\n2\n"))


def test_blanks_around_the_name_of_a_group_are_no_part_of_it(table):
    series = read_series(table("g,a\nA,1\nA ,2\n B,3\n"), group="g")
    assert series.names == ("A", "B") and series.lengths.tolist() == [2, 1]


def test_a_value_of_a_category_and_a_column_are_not_mixed_up(table):
    path = table("a,s,s=x\n1,x,5\n2,y,6\n")
    assert "has a column 's=x', and so is the feature" in refusal(path, categorical="s")
    assert read_series(path).columns == ("a", "s=x")


@pytest.mark.parametrize("date", ["2024-01-{:02d} 00:00 EST", "{:02d}.02.24", "{:02d}-Mar-24"])
def test_dates_of_no_known_form_are_told_as_such(table, date):
    path = table("t,a\n" + "".join(f"{date.format(day)},{day}\n" for day in range(1, 9)))
    (note,) = read_series(path).notes
    assert note.startswith(f"column 't' holds {date.format(1)!r}, a date of no known form") and "--time-format" in note
    form = date.replace("2024-01-{:02d} 00:00", "%Y-%m-%d %H:%M").replace("{:02d}.02.24", "%d.%m.%y")
    series = read_series(path, time="t", time_format=form.replace("{:02d}-Mar-24", "%d-%b-%y"))
    assert series.reading.rhythm == "1D" and series.clock.texts(series.times[0])[0] == date.format(1)


def test_times_out_of_range_name_their_column(table):
    path = table("day,a\n1510-01-01,1\n1511-01-01,2\n")
    assert "column 'day' has a time outside the years 1678 to 2261" in refusal(path)


def test_one_bad_series_of_many_is_left_out_and_named(table):
    path = table("g,a\nA,1\nB,inf\nA,2\nC,\nC,5\n")
    assert "column 'a' is infinite" in refusal(path, group="g")
    rejected = []
    series = read_series(path, group="g", rejected=rejected)
    assert series.names == ("A",) and series.values[0].tolist() == [[1], [2]]
    assert [(name, reason.split(", ")[-1]) for name, reason in rejected] == [
        ("B", "column 'a' is infinite"),
        ("C", "column 'a' is missing"),
    ]


def test_a_column_that_is_not_used_may_hold_anything(table):
    path = table("a,b,c\n1,inf,x\n2,,7\n3,high,8\n")
    assert read_series(path, columns=["a"]).values[0].tolist() == [[1], [2], [3]]


def test_the_head_of_a_table_of_texts_alone():
    assert head_of([["a", "b"], ["x", "y"]], "data.csv") == (1, ["a", "b"], [])
    assert head_of([["1", "2"], ["3", "4"]], "data.csv") == (0, None, [])


POINTS, COMMAS = "a;b\n17.304;1\n17.5;7\n17.25;3\n", "a;b\n17,304;1\n17,5;7\n17,25;3\n"


def later(series):
    """How a run whose data were `series` reads other data."""
    return vars(series.reading)


@pytest.mark.parametrize(("training", "mark", "other"), [(POINTS, ".", ","), (COMMAS, ",", ".")])
def test_another_decimal_mark_in_later_data_is_seen_or_refused(table, training, mark, other):
    how = later(read_series(table(training)))
    same, turned = f"a;b\n16{mark}504;1\n17;2\n", f"a;b\n16{other}504;1\n17;2\n"
    assert read_series(table(same, "later.csv"), **how).values[0].tolist() == [[16.504, 1], [17, 2]]
    message = refusal(table(turned, "later.csv"), **how)
    assert f"column 'a': '16{other}504' may be a whole number or have a decimal" in message
    assert message.endswith(f"write 16504 or 16{mark}504")
    # Any number that can be read in one way alone tells; there is no need to ask.
    series = read_series(table(turned + f"17{other}3;3\n", "later.csv"), **how)
    assert series.values[0].tolist() == [[16.504, 1], [17, 2], [17.3, 3]] and series.reading.decimal == other
    assert "those of the training have a" in series.notes[0]
    series = read_series(table(turned + f"17{mark}3;3\n", "later.csv"), **how)
    assert series.values[0].tolist() == [[16504, 1], [17, 2], [17.3, 3]] and series.notes == ()


def test_separators_of_later_data_are_their_own(table):
    how = later(read_series(table(COMMAS)))
    assert read_series(table("a,b\n17.3,1\n17.5,2\n", "later.csv"), **how).values[0].tolist() == [[17.3, 1], [17.5, 2]]
    how = later(read_series(table("value\n1,5\n2,5\n"), decimal=","))
    assert read_series(table("value\n3,5\n4,5\n", "later.csv"), **how).values[0].tolist() == [[3.5], [4.5]]


def test_thousands_of_the_training_may_come_again(table):
    for training, told in (("a;b\n1,234.5;1\n18;2\n", None), ("a;b\n1,234;1\n18;2\n", ".")):
        how = later(read_series(table(training), decimal=told))
        assert read_series(table("a;b\n17,304;1\n", "later.csv"), **how).values[0].tolist() == [[17304, 1]]
    whole = later(read_series(table("a;b\n17;1\n18;2\n")))
    assert "the data of the training have whole numbers" in refusal(table("a;b\n17,304;1\n", "later.csv"), **whole)
    assert read_series(table("a;b\n17,3;1\n", "later.csv"), **whole).values[0].tolist() == [[17.3, 1]]


def test_a_cell_that_may_have_another_mark_is_no_number():
    assert number_of("17,304", ".") == number_of("17,304", ".", thousands=True) == 17304
    with pytest.raises(InputError, match=r"write 17304 or 17\.304"):
        number_of("17,304", ".", thousands=False)
    assert number_of("17,304.5", ".", thousands=False) == 17304.5


@pytest.mark.parametrize("end", ["\n", "\r\n"])
@pytest.mark.parametrize("above", ["", "# made by a logger\n\n"])
def test_errors_name_the_line_of_the_file(table, above, end):
    rows = ['"a, b",note', '1,"two\nlines"', '2,"three\n\nlines"', "3,x", "bad,y", ""]
    path = table((above + "\n".join(rows)).replace("\n", end))
    line = (above + "\n".join(rows)).split("\n").index("bad,y") + 1
    assert refusal(path, columns=["a, b"]).startswith(f", line {line}, column 'a, b': 'bad' is not a number")
    assert refusal(table(path.read_text() + "4,x,y\n", "long.csv")).startswith(
        f", line {line + 1} has 3 cells, expected 2"
    )
    other = table("note," + '"a, b"' + "\n1,2\n", "other.csv")
    both = refusal(f"{other.parent}/[do]*.csv", columns=["a, b"])
    assert f"{path}, line {line}, column" in both


def test_marks_of_inches_open_no_cell_between_blanks(tmp_path):
    path = tmp_path / "pipes.txt"
    path.write_text('size flow\n3" 1.5\n4" 2.5\n3" 3.5\n')
    assert read_series(path).values[0].tolist() == [[1.5], [2.5], [3.5]]
    path.write_text('size flow\n3" 1.5\n"4 5" 2.5\n3" oops\n')
    with pytest.raises(InputError, match="line 4, column 'flow'"):
        read_series(path)
