"""Names of columns, as people write them in one line."""

import csv
from typing import Annotated

from seq2seq.errors import InputError


def names_in(text: str, setting: str) -> tuple[str, ...]:
    """Read names with commas between, quoted where a name has a comma itself, as in the header of a CSV file.

    Args:
        text: what was given.
        setting: what an error calls it.

    Raises:
        InputError: no name, or a quote that does not end.

    >>> names_in('"Temp, C", flow', "data.columns")
    ('Temp, C', 'flow')
    """
    try:
        cells = next(csv.reader([text], skipinitialspace=True, strict=True), [])
    except csv.Error as error:
        raise InputError(
            f"{setting}={text!r}: {error}; expected names with commas between, a name that has one in double quotes."
        ) from error
    names = tuple(cell.strip() for cell in cells if cell.strip())
    if not names:
        raise InputError(f"{setting}={text!r}: expected names with commas between.")
    return names


# A setting of names: a list of them, or one text.
Names = Annotated[tuple[str, ...], names_in]
