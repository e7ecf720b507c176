"""What each column of a table is: a number, a category, or left out and why."""

import numpy as np
import pandas as pd
import pytest

from seq2seq.config.names import names_in
from seq2seq.errors import InputError
from seq2seq.series.scaling import Scaler
from seq2seq.series.series import listed
from seq2seq.series.table import read_series

DAYS = "season,sky,flag,a\nwinter,01,true,1\nsummer,02,false,2\nwinter,,true,3\n"


@pytest.fixture
def table(tmp_path):
    def write(content, name="data.csv"):
        (tmp_path / name).write_text(content)
        return tmp_path / name

    return write


def test_a_category_is_a_feature_of_each_of_its_values(table):
    series = read_series(table(DAYS), categorical=["season", "sky"])
    assert series.columns == ("season=summer", "season=winter", "sky=01", "sky=02", "a")
    assert series.values[0].tolist() == [[0, 1, 1, 0, 1], [1, 0, 0, 1, 2], [0, 1, 0, 0, 3]]
    assert series.notes == (
        "column 'flag' holds true and false and was left out: --columns takes them as 1 and 0",
        "column 'sky' is empty in 1 row: none of its values is there",
    )
    assert series.reading.columns == series.columns
    chosen = read_series(table(DAYS), categorical=["season"], columns=["a"])
    assert chosen.columns == ("a", "season=summer", "season=winter")


def test_values_that_training_had_not_are_told_and_are_none_of_those_it_had(table):
    decided = read_series(table(DAYS), categorical=["season"], columns=["a"]).reading
    later = table("a,season\n1,fog\n2,winter\n3,fog\n", "later.csv")
    series = read_series(later, columns=decided.columns, categorical=decided.categorical)
    assert series.columns == ("a", "season=summer", "season=winter")
    assert series.values[0].tolist() == [[1, 0, 0], [2, 0, 1], [3, 0, 0]]
    assert series.notes == ("column 'season' has values that training had not, in 2 rows: 'fog'",)


def test_categories_read_alike_from_any_kind_of_file(table, tmp_path):
    frame = pd.DataFrame({"kind": [1, 2, 1], "a": [1.0, 2.0, 3.0]})
    frame.to_parquet(tmp_path / "whole.parquet")
    frame.assign(kind=[1.0, 2.0, np.nan]).to_parquet(tmp_path / "float.parquet")
    frame.to_csv(tmp_path / "data.csv", index=False)
    for name in ("whole.parquet", "float.parquet", "data.csv"):
        assert read_series(tmp_path / name, categorical=["kind"]).columns == ("kind=1", "kind=2", "a")


def test_a_category_has_few_values_and_is_there(table):
    many = table("id,a\n" + "".join(f"x{k},{k}\n" for k in range(101)))
    with pytest.raises(InputError, match="column 'id' has 101 values"):
        read_series(many, categorical=["id"])
    with pytest.raises(InputError, match="has no column 'idd': did you mean 'id'"):
        read_series(many, categorical=["idd"])


def test_blanks_around_names_do_not_matter(table, tmp_path):
    content = '"Temp, degC ", flow \n1,2\n3,4\n'
    pd.DataFrame({"Temp, degC ": [1, 3], " flow ": [2, 4]}).to_parquet(tmp_path / "data.parquet")
    for path in (table(content), tmp_path / "data.parquet"):
        assert read_series(path).columns == ("Temp, degC", "flow")
        assert read_series(path, columns=["flow ", "Temp, degC"]).values[0].tolist() == [[2, 1], [4, 3]]
    with pytest.raises(InputError, match='there are "Temp, degC", flow'):
        read_series(table(content), columns=["pressure"])


def test_values_of_categories_are_not_scaled(tmp_path):
    values = [np.array([[1.0, 0.0], [np.e**2, 1.0]])]
    scaler = Scaler.fit("standard", values, ["a", "s=x"], log=True, plain=["s=x"])
    assert scaler.transform(values[0]).tolist() == [[-1, 0], [1, 1]]
    np.testing.assert_allclose(scaler.inverse(scaler.transform(values[0])), values[0])
    scaler.save(tmp_path / "scaler.json")
    assert Scaler.load(tmp_path / "scaler.json").plain == ("s=x",)


def test_names_that_are_listed_are_told_apart_as_they_are_to_be_given():
    names = ["Temp, C", "flow", 'a "b"', " x ", "two\nlines"]
    assert listed(names) == '"Temp, C", flow, "a ""b""", " x ", "two\\nlines"'
    assert names_in(listed(names[:3]), "data.columns") == tuple(names[:3])
    assert listed("abcd", 3) == "a, b, c, …" and listed([]) == ""
