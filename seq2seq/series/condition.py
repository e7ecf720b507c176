"""Which rows are kept: a column, or an array beside the values, compared with a number."""

import operator
import re
from dataclasses import dataclass

import numpy as np

from seq2seq.errors import InputError
from seq2seq.series.figures import cell

_COMPARISONS = {
    "==": operator.eq,
    "!=": operator.ne,
    "<=": operator.le,
    ">=": operator.ge,
    "<": operator.lt,
    ">": operator.gt,
}
_END = re.compile(r"(==|!=|<=|>=|<|>)([^=<>!]*)\Z")  # nothing before it, nor blanks: that takes far too long


@dataclass(frozen=True)
class Condition:
    """What a row must fulfil to be kept.

    Attributes:
        key: str. The column, or the array.
        sign: str. One of == != < <= > >=.
        number: float.

    >>> Condition.parse("y_train==1")
    Condition(key='y_train', sign='==', number=1.0)
    """

    key: str
    sign: str
    number: float

    @classmethod
    def parse(cls, text: str) -> "Condition":
        """Read `KEY OP NUMBER`.

        Raises:
            InputError: it is of another form.
        """
        end = _END.search(text)
        key = text[: end.start()].strip() if end else ""
        try:
            if not key:
                raise ValueError
            return cls(key, end[1], float(end[2]))
        except ValueError:
            raise InputError(
                f"expected what to keep as KEY OP NUMBER, OP one of == != < <= > >=, as in y_train==1; got {text!r:.60}"
            ) from None

    def positions(self, values: np.ndarray, name: str) -> np.ndarray:
        """Return where float `values` `(rows,)` fulfil it, NaN nowhere; `name` is what an error calls their home.

        Raises:
            InputError: nowhere.
        """
        kept = np.flatnonzero(_COMPARISONS[self.sign](values, self.number) & ~np.isnan(values))
        if not kept.size:
            occurring = np.unique(values[~np.isnan(values)])
            listed = ", ".join(cell(value) for value in occurring[:8]) + ", …" * (len(occurring) > 8)
            wanted = f"{self.key} {self.sign} {cell(self.number)}"
            raise InputError(f"{name} has no {wanted}: the values of {self.key} are {listed or 'missing'}")
        return kept
