"""Cells of times, a million at once: a pattern looks at each shape once, and each day is parsed once."""

import re
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from seq2seq.errors import InputError
from seq2seq.series.clock import DIRECTIVE, OF_DAY
from seq2seq.series.patterns import HAS_HOUR, ZONE

_DIGITS_AS_0 = np.array([ord("0") if chr(byte) in "0123456789" else byte for byte in range(256)], np.uint8)


@dataclass(frozen=True)
class Shapes:
    """Texts but for their digits: of a column of times there are few, however many rows it has.

    Attributes:
        texts: list of str. Each shape once, every digit a 0.
        codes: int array `(rows,)`. Which of them each text has.
    """

    texts: list[str]
    codes: np.ndarray

    @classmethod
    def of(cls, texts: pd.Series) -> "Shapes":
        """The shapes of texts, of which none is missing."""
        array = _strings(texts)
        _, offsets, characters = array.buffers()
        if characters is not None:
            characters = pa.py_buffer(_DIGITS_AS_0[np.frombuffer(characters, np.uint8)])
        alike = pa.LargeStringArray.from_buffers(len(array), offsets, characters, offset=array.offset)
        encoded = alike.dictionary_encode()
        return cls(encoded.dictionary.to_pylist(), encoded.indices.to_numpy())

    def each(self, function: Callable[[str], Any]) -> np.ndarray:
        """`(rows,)`: what `function` says of each text, if it says the same of all digits."""
        return np.array([function(text) for text in self.texts])[self.codes]

    def matching(self, pattern: str | re.Pattern, whole: bool = False) -> np.ndarray:
        """bool `(rows,)`: where the pattern is found, or is the `whole` text."""
        match = re.fullmatch if whole else re.search
        return self.each(lambda text: match(pattern, text) is not None)


def _strings(texts):
    array = pa.array(texts, pa.large_string(), from_pandas=True)
    return array.combine_chunks() if isinstance(array, pa.ChunkedArray) else array


def split_zones(texts: pd.Series, told: bool) -> tuple[pd.Series, pd.Series, np.ndarray]:
    """Split what tells a zone, `Z` or `+01:00`, off texts that tell a time of day.

    Args:
        texts: without blanks around them.
        told: they tell a time of day, whether it is seen or not.

    Returns:
        The texts before it, what tells it, and a bool array `(rows,)`: where there is one.
    """
    shapes = Shapes.of(texts)

    def place(text):
        match = re.search(ZONE, text) if told or re.search(HAS_HOUR, text) else None
        return match.start() if match else -1

    places = shapes.each(place)
    if len(unique := np.unique(places)) == 1:
        return texts.str[: unique[0]], texts.str[unique[0] :], places >= 0
    local, zones = (np.empty(len(texts), object) for _ in range(2))
    for each in unique:
        rows = places == each
        local[rows], zones[rows] = texts[rows].str[:each], texts[rows].str[each:]
    local, zones = (pd.Series(part, texts.index, "str", texts.name) for part in (local, zones))
    return local, zones, places >= 0


def parsed_times(texts: pd.Series, pattern: str) -> np.ndarray:
    """Read texts in a pattern of strptime, or ISO 8601.

    Returns:
        datetime64[ns] array `(rows,)`, NaT where a text is not of the pattern.

    Raises:
        InputError: a time that does not fit into 64 bits.
    """
    date, blank, hours = pattern.partition(" ")
    # What begins with the year is read by a parser of pandas' own that is quick.
    if not blank or pattern.startswith("%Y") or _directives(date) & OF_DAY or _directives(hours) - OF_DAY:
        return _parsed_whole(texts, pattern)
    parts = pc.utf8_split_whitespace(_strings(texts), max_splits=1)
    if not pc.all(pc.equal(pc.list_value_length(parts), 2)).as_py():
        return _parsed_whole(texts, pattern)
    days = _parsed_once(pc.list_element(parts, 0), date, texts.name)
    of_day = _parsed_once(pc.list_element(parts, 1), hours, texts.name) - np.datetime64("1900-01-01", "ns")
    return days + of_day


def _directives(pattern):
    return {*DIRECTIVE.findall(pattern)} - {"%"}


def _parsed_once(texts, pattern, name):
    encoded = texts.dictionary_encode()
    return _parsed_whole(pd.Series(encoded.dictionary.to_pylist(), dtype="str", name=name), pattern)[encoded.indices]


def _parsed_whole(texts, pattern):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        times = pd.to_datetime(texts, format=pattern, errors="coerce")
    try:
        return times.dt.as_unit("ns").to_numpy("datetime64[ns]")
    except pd.errors.OutOfBoundsDatetime as error:
        raise InputError(
            f"column {texts.name!r} has a time outside the years 1678 to 2261 ({error}): give the times as numbers"
        ) from error
