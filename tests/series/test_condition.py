"""What to keep is read from whatever may be written."""

import pytest

from seq2seq.errors import InputError
from seq2seq.series.condition import Condition


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("y_train==1", ("y_train", "==", 1.0)),
        ("  flow rate  <= -2.5 ", ("flow rate", "<=", -2.5)),
        ("a<b>3", ("a<b", ">", 3.0)),
        ("a!==1", ("a!", "==", 1.0)),
        ("a>\u00a01e3", ("a", ">", 1000.0)),
    ],
)
def test_conditions_in_many_forms(text, expected):
    found = Condition.parse(text)
    assert (found.key, found.sign, found.number) == expected


@pytest.mark.parametrize("text", ["", "a", "==1", " ==1", "a==", "a==b", "a=1", "a==1=", "1==a<"])
def test_what_is_no_condition(text):
    with pytest.raises(InputError, match="KEY OP NUMBER"):
        Condition.parse(text)


@pytest.mark.parametrize(
    "text", [" " * 50_000 + "a" + " " * 50_000, "=" * 100_000, "<" * 100_000 + "!", "a==" + " " * 100_000 + "b"]
)
def test_long_nonsense_is_refused_as_fast_as_it_is_read(text):
    with pytest.raises(InputError, match=r"^.{,200}$"):
        Condition.parse(text)
