"""What each column is to a forecaster."""

import pytest

from seq2seq.config import ForecasterConfig, resolve
from seq2seq.errors import InputError
from seq2seq.inference.columns import Columns


def test_each_column_has_one_part():
    config = resolve(ForecasterConfig, windows__look_back=2, model__known="plan", model__calendar="hour")
    columns = Columns.of(config, ("load", "plan", "warm"))
    assert columns.targets == ("load", "warm") and columns.target_columns == [0, 2]
    assert columns.features == 5 and columns.known_columns == [1, 3, 4]
    for wrong in (
        {"model__known": "plam"},
        {"model__known": "load", "model__targets": "load"},
        {"model__known": "load,plan,warm"},
    ):
        with pytest.raises(InputError, match=r"plan|load"):
            Columns.of(resolve(ForecasterConfig, windows__look_back=2, **wrong), ("load", "plan", "warm"))


def test_categories_are_called_as_in_the_table():
    names = ("load", "promo=no", "promo=yes", "sky=wet")
    config = resolve(
        ForecasterConfig, windows__look_back=2, model__known="promo", data__categorical="promo,sky", model__season=0
    )
    columns = Columns.of(config, names)
    assert columns.known == ("promo=no", "promo=yes") and columns.in_table(columns.known) == ("promo",)
    assert columns.in_table(names) == ("load", "promo", "sky")
    with pytest.raises(InputError, match=r"model\.known=load, promo, sky leaves no column"):
        given = {"model__known": "load,promo,sky", "data__categorical": "promo,sky"}
        Columns.of(resolve(ForecasterConfig, windows__look_back=2, **given), names)
