"""Number words and dates in English (British usage) and French (France, traditional spelling)."""

import datetime
from random import Random

FIRST_DAY, LAST_DAY = datetime.date(1901, 1, 1), datetime.date(2019, 12, 31)


def _table(text):
    return tuple(text.split())


_ENGLISH = _table(
    "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen "
    "eighteen nineteen"
)
_ENGLISH_TENS = _table("_ _ twenty thirty forty fifty sixty seventy eighty ninety")
_ENGLISH_ORDINALS = _table(
    "_ first second third fourth fifth sixth seventh eighth ninth tenth eleventh twelfth thirteenth fourteenth "
    "fifteenth sixteenth seventeenth eighteenth nineteenth twentieth"
)
_FRENCH = _table(
    "zéro un deux trois quatre cinq six sept huit neuf dix onze douze treize quatorze quinze seize dix-sept dix-huit "
    "dix-neuf"
)
_FRENCH_TENS = _table("_ _ vingt trente quarante cinquante soixante")

_ENGLISH_MONTHS = _table("_ January February March April May June July August September October November December")
_FRENCH_MONTHS = _table("_ janvier février mars avril mai juin juillet août septembre octobre novembre décembre")
_ENGLISH_DAYS = _table("Monday Tuesday Wednesday Thursday Friday Saturday Sunday")
_FRENCH_DAYS = _table("lundi mardi mercredi jeudi vendredi samedi dimanche")


def english_number(number: int) -> str:
    """Return a number from 0 to 999 999 in words.

    >>> english_number(342_601)
    'three hundred and forty-two thousand six hundred and one'
    """
    thousands, rest = divmod(number, 1000)
    if not thousands:
        return _english_below_1000(rest)
    words = [_english_below_1000(thousands), "thousand"]
    if rest:
        words += ["and"] * (rest < 100) + [_english_below_1000(rest)]
    return " ".join(words)


def _english_below_1000(number):
    hundreds, rest = divmod(number, 100)
    if not hundreds:
        return _english_below_100(rest)
    return f"{_ENGLISH[hundreds]} hundred" + (f" and {_english_below_100(rest)}" if rest else "")


def _english_below_100(number):
    if number < 20:
        return _ENGLISH[number]
    tens, unit = divmod(number, 10)
    return _ENGLISH_TENS[tens] + (f"-{_ENGLISH[unit]}" if unit else "")


def french_number(number: int, gender: str = "m") -> str:
    """Return a number from 0 to 999 999 in words.

    Traditional spelling: hyphens below 100 only, and not beside `et`. `vingt` and `cent` take an `s` when multiplied
    and last (so not before `mille`), `mille` never does, and a final `un` agrees with the noun that is counted.

    Args:
        number: int.
        gender: `"m"` or `"f"`, that of the noun counted.

    >>> french_number(80), french_number(81, "f"), french_number(71), french_number(200_080)
    ('quatre-vingts', 'quatre-vingt-une', 'soixante et onze', 'deux cent mille quatre-vingts')
    """
    thousands, rest = divmod(number, 1000)
    if not thousands:
        return _french_below_1000(rest, gender)
    words = [] if thousands == 1 else [_french_below_1000(thousands, "m", last=False)]  # mille is masculine
    return " ".join([*words, "mille"] + ([_french_below_1000(rest, gender)] if rest else []))


def _french_below_1000(number, gender, last=True):
    hundreds, rest = divmod(number, 100)
    words = [_FRENCH[hundreds]] if hundreds > 1 else []
    if hundreds:
        words.append("cents" if hundreds > 1 and not rest and last else "cent")
    if rest or not hundreds:
        words.append(_french_below_100(rest, gender, last))
    return " ".join(words)


def _french_below_100(number, gender, last=True):
    one = "une" if gender == "f" else "un"
    if number < 20:
        return one if number == 1 else _FRENCH[number]
    if number >= 80:
        rest = one if number == 81 else _FRENCH[number - 80]
        return f"quatre-vingt-{rest}" if number > 80 else "quatre-vingts" if last else "quatre-vingt"
    tens = min(number // 10, 6)  # soixante-dix goes on from soixante
    rest = number - 10 * tens
    if rest in (1, 11):
        return f"{_FRENCH_TENS[tens]} et {one if rest == 1 else 'onze'}"
    return _FRENCH_TENS[tens] + (f"-{_FRENCH[rest]}" if rest else "")


def number_combinations(number: int) -> set[tuple]:
    """Return what of a number may be held out.

    `("hundreds", h, r)` for each group of three digits, its hundreds with its last two digits, and
    `("thousands", a, b)`, the last two digits of the thousands with those of the units.
    """
    thousands, rest = divmod(number, 1000)
    pairs = {("hundreds", *divmod(group, 100)) for group in (thousands, rest) if group >= 100}
    return pairs | ({("thousands", thousands % 100, rest % 100)} if thousands else set())


def english_day(date: datetime.date) -> str:
    """Return day and month in words, `"third of March"`."""
    tens, unit = divmod(date.day, 10)
    if date.day <= 20 or not unit:
        ordinal = _ENGLISH_ORDINALS[date.day] if date.day <= 20 else "thirtieth"
    else:
        ordinal = f"{_ENGLISH_TENS[tens]}-{_ENGLISH_ORDINALS[unit]}"
    return f"{ordinal} of {_ENGLISH_MONTHS[date.month]}"


def french_day(date: datetime.date) -> str:
    """Return day and month in words, `"trois mars"`; only the first is an ordinal."""
    return f"{'premier' if date.day == 1 else french_number(date.day)} {_FRENCH_MONTHS[date.month]}"


def english_date(date: datetime.date) -> str:
    """Return day and month with the day in digits, `"3 March"`."""
    return f"{date.day} {_ENGLISH_MONTHS[date.month]}"


def french_date(date: datetime.date) -> str:
    """Return day and month with the day in digits, `"3 mars"`, `"1er mars"`."""
    return f"{'1er' if date.day == 1 else date.day} {_FRENCH_MONTHS[date.month]}"


def english_year(year: int) -> str:
    """Return a year from 1901 to 2099 as it is spoken: nineteen oh five, two thousand and five, twenty ten."""
    century, rest = divmod(year, 100)
    if century == 20 and rest < 10:
        return english_number(year)
    return f"{_english_below_100(century)} {'oh ' if rest < 10 else ''}{_english_below_100(rest)}"


def date_combinations(*dates: datetime.date) -> set[tuple]:
    """Return what of dates may be held out: `("day and month", day, month)`."""
    return {("day and month", date.day, date.month) for date in dates}


def draw_day(rng: Random) -> datetime.date:
    """Draw a day from `FIRST_DAY` to `LAST_DAY`."""
    return FIRST_DAY + datetime.timedelta(rng.randrange((LAST_DAY - FIRST_DAY).days + 1))


def date_phrase(rng: Random) -> tuple[str, str, set[tuple]]:
    """Draw a date in one of many styles; return English, French and what may be held out.

    A day of the week is the true one.
    """
    day, end = sorted([draw_day(rng), draw_day(rng)], key=lambda date: (date.month, date.day))
    weekday, jour = _ENGLISH_DAYS[day.weekday()], _FRENCH_DAYS[day.weekday()]
    english, french = f"{english_date(day)} {day.year}", f"{french_date(day)} {day.year}"
    spoken = f"the {english_day(day)}, {english_year(day.year)}"
    parle = f"le {french_day(day)} {french_number(day.year)}"
    styles = [
        (english, french),
        (f"{weekday}, {english}", f"{jour} {french}"),
        (f"on {weekday}, {english}", f"le {jour} {french}"),
        (f"on {weekday}, the {english_day(day)}", f"le {jour} {french_day(day)}"),
        (f"since {english}", f"depuis le {french}"),
        (f"until {english}", f"jusqu'au {french}"),
        (spoken, parle),
        (spoken, parle),
        (f"from {english_date(day)} to {english_date(end)}", f"du {french_date(day)} au {french_date(end)}"),
    ]
    style = rng.choice(styles)
    combinations = date_combinations(*([day, end] if style == styles[-1] else [day]))
    if style[0] == spoken and english_year(day.year) == english_number(day.year):  # two thousand and nine
        combinations |= number_combinations(day.year)
    return *style, combinations
