import gzip
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from seq2seq.errors import InputError
from seq2seq.series.table import Series, read_series, split_in_time, split_samples

DATES = "date,a,b\n2020-01-01,1,2\n2020-01-02,3,4\n2020-01-03,5,6\n"


def write(path, content):
    data = content.encode() if isinstance(content, str) else content
    (gzip.open if path.suffix == ".gz" else open)(path, "wb").write(data)
    return path


@pytest.fixture
def csv(tmp_path):
    return lambda content, name="data.csv": write(tmp_path / name, content)


@pytest.fixture
def npy(tmp_path):
    def save(values):
        np.save(tmp_path / "data.npy", values)
        return tmp_path / "data.npy"

    return save


def refusal(location, **options):
    with pytest.raises(InputError) as caught:
        read_series(location, **options)
    assert "\n" not in str(caught.value)
    return str(caught.value).removeprefix(str(location))


def test_reading_needs_no_tensorflow():
    code = "import sys, seq2seq.series.table; sys.exit(any('tensorflow' in name for name in sys.modules))"
    assert subprocess.run([sys.executable, "-c", code], cwd=Path(__file__).parents[2]).returncode == 0


# --- tables


@pytest.mark.parametrize("name", ["data.csv", "data.csv.gz", "data.txt", "data.txt.gz"])
@pytest.mark.parametrize(
    "change", [lambda text: text, lambda text: text.replace("\n", "\r\n"), lambda text: "\ufeff" + text]
)
def test_csv(csv, name, change):
    series = read_series(csv(change(DATES), name))
    assert series.values[0].dtype == np.float64
    assert series.values[0].tolist() == [[1, 2], [3, 4], [5, 6]]
    assert (series.columns, series.names, series.whole, series.notes) == (("a", "b"), ("",), False, ())
    assert series.times[0].astype("datetime64[D]").astype(str).tolist() == ["2020-01-01", "2020-01-02", "2020-01-03"]
    assert series.lengths.tolist() == [3]


@pytest.mark.parametrize("content", ["1,2\n3,4\n", "1, 2\n3, 4\n", "1;2\n3;4\n", "1\t2\n3\t4\n", "\n\n1,2\n3,4\n\n\n"])
def test_csv_without_a_header(csv, content):
    series = read_series(csv(content))
    assert series.columns == ("0", "1") and series.times is None
    assert series.values[0].tolist() == [[1, 2], [3, 4]]


def test_csv_with_times_without_a_header(csv):
    series = read_series(csv("2020-01-01 00:00,1\n2020-01-01 01:00,2\n"))
    assert series.columns == ("1",) and len(series.times[0]) == 2


def test_the_index_that_pandas_writes_is_no_feature(tmp_path):
    for frame, columns in ((pd.DataFrame({"a": [5, 6, 7]}), ("a",)), (pd.DataFrame([[5, 6], [7, 8]]), ("0", "1"))):
        frame.to_csv(tmp_path / "data.csv")
        series = read_series(tmp_path / "data.csv")
        assert series.columns == columns
        assert series.values[0].tolist() == frame.values.tolist()


def test_parquet_reads_as_csv_does(tmp_path, csv):
    expected = read_series(csv(DATES))
    frame = pd.read_csv(csv(DATES), parse_dates=["date"])
    for number, table in enumerate((frame, frame.set_index("date"))):
        table.to_parquet(tmp_path / f"{number}.parquet")
        series = read_series(tmp_path / f"{number}.parquet")
        assert series.columns == expected.columns
        np.testing.assert_array_equal(series.values[0], expected.values[0])
        np.testing.assert_array_equal(series.times[0], expected.times[0])
    frame.assign(a=["1", "high", "3"]).to_parquet(tmp_path / "text.parquet")
    assert ", row 2, column 'a': 'high' is not a number" in refusal(tmp_path / "text.parquet")


def test_columns_come_in_the_wished_order(csv):
    path = csv("date,a,b,place\n2020-01-01,1,2,north\n2020-01-02,3,4,south\n")
    assert read_series(path, columns=("b", "a")).values[0].tolist() == [[2, 1], [4, 3]]
    assert read_series(path, columns="b").columns == ("b",)
    series = read_series(path)
    assert series.columns == ("a", "b")
    assert series.notes == (
        "column 'place' holds no numbers and was left out: --categorical makes its values features",
    )
    assert "line 2, column 'place': 'north' is not a number" in refusal(path, columns=("place",))


def test_a_missing_column_names_the_near_match(csv):
    path = csv("pressure,tank\n1,A\n2,A\n")
    for options in ({"columns": ("presure",)}, {"group": "presure"}, {"time": "presure"}, {"keep": "presure>1"}):
        assert "has no column 'presure': did you mean 'pressure'?" in refusal(path, **options)
    assert "did you mean 'pressure'" in refusal(path, columns=("PRESSURE",))
    assert "wanted twice" in refusal(path, columns=("pressure", "pressure"))


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("a,b\n1,2\n3,high\n5,6\n", ", line 3, column 'b': 'high' is not a number"),
        ("a,b\n\n1,2\n3,x\n5,6\n", ", line 4, column 'b': 'x' is not a number"),
        ("a,b\n1,2\n3,?\n5,6\n", ", line 3, column 'b' is missing"),
        ("\n\na,b\n1,2\n3,x\n", ", line 5, column 'b': 'x' is not a number"),
        ("1,2\n3,x\n", ", line 2, column '1': 'x' is not a number"),
        ('a\n"1,567"\n2\n', ", column 'a': '1,567' may be a whole number or have a decimal comma, and nothing tells"),
        ("a,b\n1,2\n3,inf\n", ", line 3, column 'b' is infinite"),
        ("a,b\n1,2\n3,-Infinity\n", ", line 3, column 'b' is infinite"),
        ("a,b\n1,1e999\n", ", line 2, column 'b' is infinite"),
        ("a,b\n1,2\n3,\n", ", line 3, column 'b' is missing"),
        ("a,b\n1,NaN\n3,4\n", ", line 2, column 'b' is missing"),
        ("a,b\n1,2\n3\n", ", line 3, column 'b' is missing"),
        ("a,b\n1,2\n\n3,4\n", ", line 3, column 'a' is missing"),
        ("a,b\n1,2\n3,4,5\n", ", line 3 has 3 cells, expected 2"),
        ("a,b\n1,2,3\n4,5,6\n", "the first row has more cells than the header"),
        ("", " is empty"),
        ("\n\n", " is empty"),
        ("a,b\n", " has no rows"),
        ("a,b\n,\n,\n", " has no rows"),
        ("a,b\nx,y\n", " has no column of numbers; its columns: a, b"),
        (b"a\n1\n\xe9\n", " is not UTF-8 text"),
    ],
)
def test_bad_csv(csv, content, message):
    assert message in refusal(csv(content))


def test_bad_files(tmp_path, csv):
    csv(DATES, "measured.csv")
    assert f"there is no file {tmp_path}/mesured.csv; near it: measured.csv" in refusal(tmp_path / "mesured.csv")
    assert "there is no file" in refusal(tmp_path / "none" / "data.csv")
    assert " is a folder" in refusal(tmp_path)
    assert "of no known kind: expected a file named .csv" in refusal(csv(DATES, "data.doc"))
    (tmp_path / "data.csv.gz").write_bytes(gzip.compress(DATES.encode())[:-9])
    assert "is not a whole gzip file" in refusal(tmp_path / "data.csv.gz")
    assert "cannot be read" in refusal(csv(DATES, "data.parquet"))
    assert "is a table, but the array 'x' was asked for" in refusal(csv(DATES), array="x")


def test_a_constant_column_is_read(csv):
    assert read_series(csv("a,b\n1,7\n2,7\n")).values[0][:, 1].tolist() == [7, 7]


@pytest.mark.parametrize(
    ("keep", "kept"),
    [("a==3", [3]), ("a != 3", [1, 5]), ("a<3", [1]), ("a<=3", [1, 3]), ("a>3", [5]), ("a>=3.0", [3, 5])],
)
def test_rows_to_keep(csv, keep, kept):
    series = read_series(csv(DATES), keep=keep, columns=("a", "b"))
    assert series.values[0][:, 0].tolist() == kept
    assert len(series.times[0]) == len(kept)


def test_the_column_to_keep_by_is_no_feature(csv):
    path = csv("a,fault\n1,0\n2,1\n3,0\n4,\n")
    assert read_series(path, keep="fault==0").columns == ("a",)
    assert read_series(path, keep="fault==0").values[0].tolist() == [[1], [3]]
    assert "has no fault == 7: the values of fault are 0, 1" in refusal(path, keep="fault==7")
    for bad in ("fault", "fault=0", "==0", "fault==zero", "fault==0 or 1", "__import__('os')"):
        assert "expected what to keep as KEY OP NUMBER" in refusal(path, keep=bad)


# --- groups and times


GROUPS = "tank,hour,p\nB,1,10\nA,1,20\nB,2,11\nA,2,21\nB,3,12\n"


def test_groups_of_different_lengths(csv):
    series = read_series(csv(GROUPS), group="tank", time="hour")
    assert (series.names, series.columns, series.lengths.tolist()) == (("B", "A"), ("p",), [3, 2])
    assert [values[:, 0].tolist() for values in series.values] == [[10, 11, 12], [20, 21]]
    assert [times.tolist() for times in series.times] == [[1, 2, 3], [1, 2]]
    assert series.take([1]).names == ("A",) and series.take([1]).times[0].tolist() == [1, 2]


def test_groups_keep_their_names_as_written(csv):
    assert read_series(csv("id,p\n007,1\n7,2\n"), group="id").names == ("007", "7")
    assert "line 3 has an empty cell in the column of groups, 'id'" in refusal(csv("id,p\n1,1\n,2\n"), group="id")


def test_the_column_after_the_group_may_hold_the_times(csv):
    series = read_series(csv("tank,date,p\nA,2020-01-01,1\nB,2020-01-01,2\n"), group="tank")
    assert series.columns == ("p",) and len(series.times) == 2


def test_times_out_of_order_and_repeated(csv):
    assert ", line 4 has the time 2020-01-02" in refusal(
        csv(DATES.replace("01-03", "01-02").replace("01-02", "01-05", 1))
    )
    message = refusal(csv(DATES.replace("01-03", "01-02")))
    assert ", line 4 repeats the time 2020-01-02 of" in message and "as the group" in message
    assert ", line 4 repeats the time 1 of" in refusal(csv("tank,h,p\nA,1,1\nB,1,1\nA,1,1\n"), group="tank", time="h")
    read_series(csv("tank,h,p\nA,1,1\nB,1,1\nA,2,1\n"), group="tank", time="h")
    assert "line 3 has 'noon', which is not a time" in refusal(csv(DATES.replace("2020-01-02", "noon")))
    assert "line 3 has no time" in refusal(csv(DATES.replace("2020-01-02", "")))
    assert "line 2 has '1-01', which is not a time" in refusal(csv("month,a\n1-01,1\n1-02,2\n"), time="month")


def test_gaps_are_told(csv):
    path = csv("t,p\n" + "".join(f"{t},1\n" for t in (0, 1, 2, 5, 6, 7, 9)))
    (note,) = read_series(path, time="t").notes
    assert note.startswith("2 gaps in time, the first from 2 to 5 where the usual step is 1")
    path = csv("g,t,p\n" + "".join(f"{g},{t},1\n" for g in "ABC" for t in (0, 1, 2, 3 if g == "A" else 5)))
    assert read_series(path, group="g", time="t").notes[0].startswith("2 gaps in time in 2 of 3 series")


# --- missing values


def test_missing_values(csv):
    path = csv("g,p,q\nA,,1\nA,1,1\nA,,1\nA,,1\nA,4,1\nB,,1\nB,9,\nB,,5\n")
    assert ", line 2, column 'p' is missing" in refusal(path, group="g")
    series = read_series(path, group="g", missing="interpolate")
    assert series.values[0][:, 0].tolist() == [1, 1, 2, 3, 4]
    assert series.values[1].tolist() == [[9, 1], [9, 3], [9, 5]]
    missing, at_end = series.notes
    assert missing == "6 of 16 values were missing and were interpolated"
    assert "'p' of series 'B' has no value in the last 1 step:" in at_end
    series = read_series(path, group="g", missing="mask")
    assert [int(np.isnan(values).sum()) for values in series.values] == [3, 3]
    assert series.notes == ("6 of 16 values were missing and were left out by mask",)
    assert "missing must be one of error, interpolate, mask" in refusal(path, missing="drop")
    nothing = csv("g,p\nA,1\nB,\n")
    assert "column 'p' of series 'B' has no value" in refusal(nothing, group="g", missing="interpolate")


def test_values_that_nobody_measured_are_told_where_they_are_many_or_the_last(csv):
    rows = [f"2024-05-0{1 + hour // 24} {hour % 24:02}:00,{hour},{'' if 9 < hour < 20 else hour}" for hour in range(40)]
    notes = read_series(csv("\n".join(["t,a,b", *rows])), missing="interpolate").notes
    assert any("10 steps of 'b' from 2024-05-01 10:00:00" in note for note in notes)
    assert not any("in the last" in note for note in notes)
    ended = [*rows[:38], "2024-05-02 14:00,,38", "2024-05-02 15:00,,39"]
    notes = read_series(csv("\n".join(["t,a,b", *ended])), missing="interpolate").notes
    assert any("'a' has no value in the last 2 steps: the latest one stands in" in note for note in notes)
    single = [*rows[:4], "2024-05-01 04:00,,4", *rows[5:10]]
    notes = read_series(csv("\n".join(["t,a,b", *single])), missing="interpolate").notes
    assert not any("stretch" in note or "in the last" in note for note in notes)


def test_of_arrays_too_what_nobody_measured_is_told(npy):
    values = np.arange(40.0)
    values[10:20] = values[38:] = np.nan
    notes = read_series(npy(values), missing="interpolate").notes
    assert any("10 steps of '0' from step 11:" in note for note in notes)
    assert any("'0' has no value in the last 2 steps:" in note for note in notes)


def test_infinite_values_are_refused_whatever_is_missing(csv, npy):
    for missing in ("error", "interpolate", "mask"):
        assert ", line 3, column 'a' is infinite" in refusal(csv("a\n\n-inf\n1\n"), missing=missing)
        assert "[1] is infinite" in refusal(npy([1.0, np.inf]), missing=missing)


# --- arrays


def test_shapes_of_arrays(npy):
    cases = [
        ((5,), "auto", [(5, 1)], False),
        ((5, 3), "auto", [(3, 1)] * 5, True),
        ((5, 3), "samples", [(3, 1)] * 5, True),
        ((5, 3), "steps", [(5, 3)], False),
        ((4, 5, 3), "auto", [(5, 3)] * 4, True),
        ((4, 5, 3), "steps", [(5, 3)] * 4, True),
    ]
    for shape, rows, expected, whole in cases:
        values = np.arange(np.prod(shape), dtype=np.float32).reshape(shape)
        series = read_series(npy(values), rows=rows)
        assert [part.shape for part in series.values] == expected
        assert series.whole == whole and series.times is None
        assert series.columns == tuple(map(str, range(expected[0][1])))
        np.testing.assert_array_equal(np.concatenate(series.values).ravel(), values.ravel())


@pytest.mark.parametrize("shape", [(), (0,), (3, 0), (2, 2, 2, 2)])
def test_bad_shapes(npy, shape):
    assert f"has the shape {shape}: expected (steps,)" in refusal(npy(np.ones(shape)))


def test_rows_of_a_table_may_be_samples(csv, npy):
    path = csv("1,2,3\n4,5,\n")
    series = read_series(path, rows="samples")
    assert (series.whole, series.names, series.columns) == (True, ("0", "1"), ("0",))
    assert [values[:, 0].tolist() for values in series.values] == [[1, 2, 3], [4, 5]]
    assert "rows that are samples have no column" in refusal(path, rows="samples", group="0")
    assert "is missing" in refusal(path)


def test_samples_end_where_their_values_do(npy):
    values = np.array([[1, 2, np.nan, np.nan], [1, np.nan, 3, 4.0]])
    assert "[1, 1] is missing" in refusal(npy(values))
    series = read_series(npy(values), missing="interpolate")
    assert [part[:, 0].tolist() for part in series.values] == [[1, 2], [1, 2, 3, 4]]
    assert series.notes[0].startswith("1 of 6 values") and series.notes[1].startswith("samples of 2 to 4 steps")
    assert "[1, 0] starts a sample without any value" in refusal(npy([[1.0, 2.0], [np.nan, np.nan]]))
    values = np.stack([values, np.ones_like(values)], axis=2)
    assert "[0, 2, 0] is missing" in refusal(npy(values))


def test_npz(tmp_path):
    path = tmp_path / "data.npz"
    labels = np.array([1, 2, 1, 1], np.int8)
    np.savez(path, X=np.arange(12).reshape(4, 3), y=labels, words=np.array(["a"]), short=labels[:2])
    kept = read_series(path, array="X", keep="y==1")
    assert kept.names == ("0", "2", "3")
    assert kept.values[1][:, 0].tolist() == [6, 7, 8]
    for options, message in [
        ({}, "holds 4 arrays: name the array: X, y, words, short"),
        ({"array": "x"}, "has no array 'x': did you mean 'X'"),
        ({"array": "words"}, "[words] is an array of <U1: expected numbers"),
        ({"array": "X", "keep": "z==1"}, "has no array 'z'"),
        ({"array": "X", "keep": "short==1"}, "'short' has the shape (2,), expected one number for each of 4"),
        ({"array": "X", "keep": "y==9"}, "[X] has no y == 9: the values of y are 1, 2"),
        ({"array": "X", "columns": ("1",)}, "has no column '1': there are 0"),
        ({"array": "X", "group": "y"}, "is an array, which has no column 'y'"),
    ]:
        assert message in refusal(path, **options)
    np.savez(path, np.arange(3.0))
    assert read_series(path).values[0].shape == (3, 1)


def test_objects_are_never_unpickled(tmp_path):
    ragged = np.array([np.ones(2), np.ones(3)], dtype=object)
    np.savez(tmp_path / "data.npz", X=ragged)
    np.save(tmp_path / "data.npy", ragged)
    assert "[X] holds Python objects" in refusal(tmp_path / "data.npz", array="X")
    assert "holds Python objects" in refusal(tmp_path / "data.npy")
    for name in ("text.npy", "text.npz"):
        assert "is not an NPY or NPZ file" in refusal(write(tmp_path / name, "1,2,3"))
    whole = (tmp_path / "data.npz").read_bytes()
    assert "is damaged" in refusal(write(tmp_path / "cut.npz", whole[: len(whole) // 2]))
    assert "has no column" in refusal(tmp_path / "data.npy", time="t")
    np.save(tmp_path / "data.npy", np.ones(3))
    assert "one array without keys, but 'X'" in refusal(tmp_path / "data.npy", array="X")


def test_tfds(tmp_path):
    tfds = pytest.importorskip("tensorflow_datasets")
    tfds.disable_progress_bar()

    class TinyBeats(tfds.core.GeneratorBasedBuilder):
        VERSION = tfds.core.Version("1.0.0")

        def _info(self):
            beat = tfds.features.Tensor(shape=(None, 2), dtype=np.float32)
            features = tfds.features.FeaturesDict({"beat": beat, "label": np.int64, "who": tfds.features.Text()})
            return tfds.core.DatasetInfo(builder=self, features=features)

        def _split_generators(self, dl_manager):
            return {"train": self._rows(6), "test": self._rows(2)}

        def _rows(self, count):
            yield from (
                (i, {"beat": np.full((i + 1, 2), i, np.float32), "label": i % 2, "who": "me"}) for i in range(count)
            )

        def _generate_examples(self):
            raise AssertionError("the splits generate their own")

    builder = TinyBeats(data_dir=str(tmp_path))
    builder.download_and_prepare()
    location = f"tfds:{builder.data_dir}"
    series = read_series(location, array="beat", keep="label==0")
    assert series.whole and all((values == len(values) - 1).all() for values in series.values)
    assert sorted(series.lengths) == [1, 3, 5]
    assert len(read_series(f"{location}:test", array="beat").values) == 2
    assert len(read_series(location, array="label").values[0]) == 6
    assert "has no numeric feature 'who': there are beat, label" in refusal(location, array="who")
    assert "no split 'valid'" in refusal(location, array="beat", split="valid")
    assert "cannot open" in refusal(f"tfds:{tmp_path}/none", array="beat")
    assert "name the one to read, by --array: beat, label" in refusal(location)
    (records,) = builder.data_path.glob("*-train.tfrecord*")
    records.write_bytes(records.read_bytes()[:-9])
    assert "cannot be read, its files may be damaged" in refusal(location, array="beat")


# --- series in memory and their parts


def made(lengths, times=True):
    values = [np.arange(length * 2.0).reshape(length, 2) for length in lengths]
    return Series(
        values, ("a", "b"), map(str, lengths), tuple(np.arange(float(n)) for n in lengths) if times else None, False
    )


def test_series_refuse_other_shapes():
    with pytest.raises(InputError, match=r"expected series of shape \(time_steps, 1\).*got the shape \(3,\)"):
        Series((np.ones(3),), ("a",), ("",), None, False)
    with pytest.raises(InputError, match="a name and as many times"):
        Series((np.ones((3, 1)),), ("a",), ("",), (np.arange(2.0),), False)


@pytest.mark.parametrize("shares", [(0.2, 0.2), (0.0, 0.33), (0.0, 0.0), (0.3, 0.6)])
def test_parts_in_time_follow_each_other(shares):
    series = made([100, 7, 1, 0])
    parts = split_in_time(series, *shares)
    for number, values in enumerate(series.values):
        np.testing.assert_array_equal(np.concatenate([part.values[number] for part in parts]), values)
        np.testing.assert_array_equal(np.concatenate([part.times[number] for part in parts]), series.times[number])
    assert [part.lengths[0] for part in parts[1:]] == [round(100 * share) for share in shares]


def test_parts_of_samples_are_disjoint_and_seeded():
    series = made(range(1, 41))
    parts = split_samples(series, 0.1, 0.25, seed=3)
    assert [len(part.values) for part in parts] == [26, 4, 10]
    names = [name for part in parts for name in part.names]
    assert sorted(names) == sorted(series.names)
    assert all(part.lengths.tolist() == sorted(part.lengths) for part in parts)
    assert [part.names for part in split_samples(series, 0.1, 0.25, seed=3)] == [part.names for part in parts]
    assert split_samples(series, 0.1, 0.25, seed=4)[2].names != parts[2].names
    assert [len(part.values) for part in split_samples(made([2, 2, 2]), 0.01, 0.01, seed=0)] == [1, 1, 1]
    folds = [split_samples(series, 0.1, 0.25, 3, (number, 4)) for number in (1, 2, 3, 4)]
    assert all(test.names == parts[2].names for *_, test in folds)
    held_out = [name for _, valid, _ in folds for name in valid.names]
    assert sorted(held_out) == sorted((*parts[0].names, *parts[1].names))
    assert all(set(train.names).isdisjoint((*valid.names, *test.names)) for train, valid, test in folds)


def test_bad_shares():
    for shares in ((-0.1, 0.2), (0.5, 0.5), (0.0, 1.0), (float("nan"), 0.1)):
        for split in (split_in_time, lambda *arguments: split_samples(*arguments, seed=0)):
            with pytest.raises(InputError, match="below 1 together"):
                split(made([5, 5]), *shares)
    with pytest.raises(InputError, match="2 samples are too few to split: expected at least 3"):
        split_samples(made([5, 5]), 0.1, 0.1, seed=0)


@pytest.mark.real_data
@pytest.mark.skipif("SEQ2SEQ_REAL_DATA" not in os.environ, reason="SEQ2SEQ_REAL_DATA names no folder")
def test_real_series():
    folder = Path(os.environ.get("SEQ2SEQ_REAL_DATA", "")) / "numeric"
    shapes = {
        "airline-passengers.csv": (144, 1),
        "shampoo.csv": (36, 1),
        "monthly-sunspots.csv": (2820, 1),
        "ETTh1.csv.gz": (17420, 7),
        "exchange_rate.txt.gz": (7588, 8),
        "household_power_days.csv": (1442, 8),
        "nab/nyc_taxi.csv": (10320, 1),
    }
    for name, shape in shapes.items():
        series = read_series(folder / name)
        assert series.values[0].shape == shape
        assert not any("gap" in note for note in series.notes)
        assert (series.times is None) == (name in ("shampoo.csv", "exchange_rate.txt.gz"))
    assert "10 gaps" in read_series(folder / "nab" / "ambient_temperature_system_failure.csv").notes[0]
    # One hour of it was recorded twice.
    assert "as 12 rows do in all" in refusal(folder / "nab" / "machine_temperature_system_failure.csv")
    beats = read_series(folder / "ECG5000.npz", array="X_train", keep="y_train==1")
    assert (len(beats.values), set(beats.lengths), beats.whole) == (292, {140}, True)
