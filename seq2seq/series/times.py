"""A column of times becomes instants: how it is written is decided once, from all of it, for the life of a run."""

import re
import zoneinfo
from collections.abc import Callable, Mapping
from dataclasses import replace

import numpy as np
import pandas as pd

from seq2seq.errors import InputError
from seq2seq.series.clock import ISO, UNITS, Clock, dates_of, nanoseconds, offset_of, time_text
from seq2seq.series.patterns import ISO_FORM, YEAR, ZONE, patterns_of
from seq2seq.series.reading import Reading
from seq2seq.series.recognition import rhythm_of
from seq2seq.series.time_cells import Shapes, parsed_times, split_zones
from seq2seq.series.zones import clock_of, of_another_zone

Row = Callable[[int], str]  # from the label of a row to what an error shall call it
_SHOWN = 1000  # cells by which it is told what is written without leading zeros


def looks_like_time(text: str) -> bool:
    """Return whether `text` is a date, with or without a time of day, that shows its year in four digits."""
    if not YEAR.search(text) or text.strip().isdigit():
        return False
    local = (re.sub(ZONE, "", text) if ":" in text or "T" in text else text).strip()
    try:
        return any(_fits(pd.Series([local]), pattern) for pattern in (ISO, *patterns_of(local)))
    except InputError:  # a time all the same, out of range: whoever reads the column says so
        return True


def read_times(
    column: pd.Series, reading: Reading, row: Row, groups: Mapping[str, np.ndarray]
) -> tuple[np.ndarray, Clock, str | None]:
    """Read a column of times.

    Numbers stay numbers, unless the format is a unit of Unix time or a pattern. Of dates the format is that of
    `reading`, or else the one that all cells are of; where days and months could be either, what orders them decides.

    Args:
        column: numbers, dates or texts.
        reading: `Reading`.
        row: as errors call rows.
        groups: name of each series → positions of its rows.

    Returns:
        The times, float64 or datetime64[ns] `(rows,)`; the `Clock` that they are by; and the format, None for numbers
        and for dates that the file itself stores as such.

    Raises:
        InputError: names the first cell that is no time, or not of the format; or the format is not clear.
    """
    earlier, form = reading.gaps is None, reading.time_format
    if pd.api.types.is_datetime64_any_dtype(column):
        _check_zoned(getattr(column.dtype, "tz", None) is not None, column, reading, row)
        times, clock = _stored(column, reading, row)
        return times, Clock() if earlier else clock, None
    numeric = pd.api.types.is_numeric_dtype(column)
    if numeric and (form in UNITS or form is None):
        times, clock = _numbers(column, form, reading, row)
        return times, clock, form
    texts = _texts(column, form, numeric, row)
    local, zones = _split(texts, column, row, told="%z" in (form or ""))
    _check_zoned(zones is not None, column, reading, row)
    form = form or _decided(local, column, reading, row, groups)
    bare = form.replace("%z", "").replace("%Z", "").strip()
    wall = parsed_times(local, bare)
    mend = "all data of a run have their times in one form, that of its training or of its --time-format"
    _refuse(column, np.isnat(wall), row, f"is not a time written as {form}", mend)
    if zones is None:
        clock = Clock(time_zone=_checked_zone(reading.time_zone))
        times = clock.instants(wall) if not reading.time_zone else _localized(wall, reading.time_zone, groups, row)
    else:
        times, clock = _instants(wall, zones, column, row, groups, _checked_zone(reading.time_zone))
    return times, Clock() if earlier else _written(clock, times, texts, local, bare), form


def _stored(column, reading, row):
    """Dates that the file stores as such."""
    _refuse(column, column.isna().to_numpy(), row)
    zone = getattr(column.dtype, "tz", None)
    local = column.dt.tz_localize(None).to_numpy("datetime64[ns]")
    if zone is None:
        clock = Clock(time_zone=_checked_zone(reading.time_zone))
        return clock.instants(local), replace(clock, **_finest(local))
    times = column.dt.tz_convert("UTC").dt.tz_localize(None).to_numpy("datetime64[ns]")
    known = str(zone) in zoneinfo.available_timezones()
    time_zone = reading.time_zone or (str(zone) if known else None)
    clock = replace(clock_of(times, nanoseconds(local) - nanoseconds(times), time_zone), **_finest(local))
    return times, replace(clock, zones={int(offset): _offset_text(int(offset)) for offset in np.unique(clock.offsets)})


def _finest(local):
    nanosecond = nanoseconds(local)
    if not (nanosecond % (86_400 * 10**9)).any():
        return {"pattern": "%Y-%m-%d"}
    digits = next(digits for digits in (0, 3, 6, 9) if not (nanosecond % 10 ** (9 - digits)).any())
    return {"pattern": "%Y-%m-%d %H:%M:%S" + ".%f" * bool(digits), "digits": digits}


def _offset_text(offset):
    minutes = abs(offset) // (60 * 10**9)
    return f"{'-' if offset < 0 else '+'}{minutes // 60:02d}:{minutes % 60:02d}"


def _numbers(column, unit, reading, row):
    numbers = column.to_numpy(np.float64, na_value=np.nan)
    _refuse(column, ~np.isfinite(numbers), row)
    if unit is None:
        return numbers, Clock()
    _refuse(
        column,
        np.abs(numbers) >= 2**63 // UNITS[unit],
        row,
        f"is no Unix time in {unit} of the years 1678 to 2261",
        f"give times in {unit}, as those of this run are",
    )
    if pd.api.types.is_integer_dtype(column):
        whole, fraction = column.to_numpy(np.int64), np.zeros(len(column))
    else:
        whole = np.floor(numbers).astype(np.int64)
        fraction = numbers - whole
    rest = np.round(fraction * UNITS[unit]).astype(np.int64)
    exact = whole * UNITS[unit] + rest
    digits = next(each for each in range(10) if not (rest * 10**each % UNITS[unit]).any())
    return dates_of(exact), Clock(unit, digits, time_zone=_checked_zone(reading.time_zone))


def _texts(column, form, numeric, row):
    missing = column.isna().to_numpy()
    if numeric:
        _refuse(column, missing, row)
        whole = column.to_numpy(np.float64) % 1 == 0
        texts = (column.astype("int64") if whole.all() else column).astype("str")
    else:
        texts = column.astype("str")
    if form in UNITS:
        raise InputError(
            f"the times of column {column.name!r} are in Unix time ({form}), but {str(column.iloc[0])!r} is no number"
        )
    _refuse(column, missing if form else ~_with_year(texts.fillna("")), row)
    return texts


def _with_year(texts):
    """Where a year is seen."""
    seen = Shapes.of(texts).matching(YEAR)
    if not seen.all():  # dates that are run together tell by the digits
        seen[~seen] = [YEAR.search(text) is not None for text in texts[~seen]]
    return seen


def _split(texts, column, row, told):
    """Cells without what tells a zone, and what told it, or None."""
    stripped = texts.str.strip()
    local, zones, tells = split_zones(stripped, told)
    if not tells.any():
        return stripped, None
    _refuse(column, ~tells, row, "tells no zone, as other rows do", "write all times alike")
    return local, zones


def _check_zoned(zoned, column, reading, row):
    """Refuse times that tell a zone where those of the run tell none, or the other way round: hours would be off."""
    if reading.zoned in (None, zoned) or reading.time_zone:
        return
    said, expected = ("a", "none") if zoned else ("no", "one")
    raise InputError(
        f"{row(column.index[0])} has {str(column.iloc[0])!r} in column {column.name!r}, which tells {said} zone, while "
        f"the times of this run tell {expected}: write them alike, or train with --time-zone Europe/Berlin, say"
    )


def _fits(texts, pattern):
    return not np.isnat(parsed_times(texts, pattern)).any()


def _decided(local, column, reading, row, groups):
    """The one format that all cells are of."""
    if Shapes.of(local).matching(ISO_FORM, whole=True).all():
        return ISO
    first = local.iloc[0]
    found = [pattern for pattern in patterns_of(first) if _fits(local, pattern)]
    if reading.day_first is not None:
        wanted = [pattern for pattern in found if _day_first(pattern) in (None, reading.day_first)]
        if found and not wanted:
            told, other = ("day", "month") if reading.day_first else ("month", "day")
            raise InputError(
                f"column {column.name!r} has dates such as {first!r}, which are only dates if the {other} comes first: "
                f"leave --{told}-first"
            )
        found = wanted
    if not found:
        # Which cell is it that is of no form that the others are of?
        parsed = [parsed_times(local, pattern) for pattern in (ISO, *patterns_of(first))]
        bad = np.isnat(min(parsed, key=lambda times: np.isnat(times).sum()))
        if bad.all():
            raise InputError(
                f"{row(column.index[0])} has {first!r} in column {column.name!r}, a date of no known form: give the "
                "form with --time-format, such as '%d.%m.%Y %H:%M'"
            )
        _refuse(column, bad, row)
    if len(found) == 1 or len({parsed_times(local, pattern).tobytes() for pattern in found}) == 1:
        return found[0]
    if reading.gaps is None:
        return found[-1]  # runs of earlier versions took the month to come first
    return _ordered(found, local, column, row, groups)


def _day_first(pattern):
    at = {name: pattern.find(name) for name in ("%d", "%m")}
    return at["%d"] < at["%m"] if min(at.values()) >= 0 and not pattern.startswith("%Y") else None


def _ordered(found, local, column, row, groups):
    """The one of several patterns in which the times go on as times do."""
    parts = {pattern: [parsed_times(local, pattern)[rows] for rows in groups.values()] for pattern in found}
    rising = [name for name in found if all((np.diff(part) >= np.timedelta64(0)).all() for part in parts[name])]
    steady = [name for name in rising if _at_one_step(parts[name])]
    for left in (rising, steady):
        if len(left) == 1:
            return left[0]
    first = column.iloc[0]
    raise InputError(
        f"{row(column.index[0])} has {first!r} in column {column.name!r}, and day and month could be either in all "
        "rows: give --day-first, --month-first, or --time-format"
    )


def _at_one_step(parts):
    if len(local := [part for part in parts if len(part) > 1]) == 0:
        return False
    rhythm = rhythm_of(local, local)
    return rhythm is not None and all(np.allclose(rhythm.between(part), 1) for part in local)


def _instants(wall, zones, column, row, groups, time_zone):
    codes, unique = pd.factorize(zones)
    offsets = {zone: offset_of(zone) for zone in unique}
    ahead = np.array(list(offsets.values()), np.int64)[codes]
    times = dates_of(nanoseconds(wall) - ahead)
    other = of_another_zone(times, ahead, groups)
    if other is not None and not time_zone:
        raise InputError(
            f"{row(column.index[other])} tells another zone than other rows at about the same time, column "
            f"{column.name!r}: give the zone that times are to be written in, --time-zone Europe/Berlin"
        )
    zones = {offset: zone for zone, offset in reversed(offsets.items())}
    # Rows of several zones can be gone on with in none of them.
    return times, replace(clock_of(times, ahead, time_zone, own=other is None), zones=zones)


def _checked_zone(name):
    if name is not None:
        try:
            zoneinfo.ZoneInfo(name)
        except (zoneinfo.ZoneInfoNotFoundError, ValueError, OSError) as error:
            raise InputError(f"there is no time zone {name!r}: expected a name such as Europe/Berlin") from error
    return name


def _localized(wall, zone, groups, row):
    """Instants of local times. Where an hour comes twice, its second coming is the later one."""
    again = np.zeros(len(wall), bool)
    for rows in groups.values():
        again[rows] = pd.Series(wall[rows]).duplicated().to_numpy()
    local = pd.DatetimeIndex(wall)
    missing = local.tz_localize(zone, ambiguous=~again, nonexistent="NaT").isna()
    if missing.any():
        at = int(missing.argmax())
        raise InputError(f"{row(at)} has the time {time_text(wall[at])}, which {zone} leaves out when clocks change")
    return local.tz_localize(zone, ambiguous=~again).tz_convert("UTC").tz_localize(None).to_numpy("datetime64[ns]")


def _written(clock, times, texts, local, form):
    """`clock` with how the cells were written: those that are written otherwise than most are kept."""
    pattern = form
    if form == ISO:
        sample = max(local.iloc[:_SHOWN], key=len)
        pattern = patterns_of(sample)[0]
    digits = 0
    if "%f" in pattern:
        digits = int(Shapes.of(local).each(_fraction_digits).max())
    clock = replace(clock, pattern=pattern, digits=digits)
    head = texts.iloc[:_SHOWN].tolist()

    def wrong(unpadded):
        written = replace(clock, unpadded=unpadded).texts(times[: len(head)])
        return sum(ours != theirs for ours, theirs in zip(written, head, strict=True))

    clock = replace(clock, unpadded=min(("", "dm", "HI", "dmHI"), key=wrong))
    others = np.flatnonzero(np.array(clock.texts(times), object) != texts.to_numpy(object))
    kept = zip(nanoseconds(times[others]).tolist(), texts.iloc[others], strict=True)
    return replace(clock, exceptions=dict(kept))


def _fraction_digits(text):
    match = re.search(r"[.,](\d+)(?:\s?[AaPp][Mm])?$", text)
    return len(match[1]) if match else 0


_EXPECTED = "expected a date with a year of four digits, as in 2016-07-01 13:00:00, or a number, in every row"


def _refuse(column, bad, row, what="is not a time", mend=_EXPECTED):
    if bad.any():
        first = int(bad.argmax())
        cell = column.iloc[first]
        found = f"has {str(cell)!r}, which {what}," if not pd.isna(cell) else "has no time"
        mend = _EXPECTED if pd.isna(cell) else mend
        raise InputError(f"{row(column.index[first])} {found} in column {column.name!r}: {mend}")
