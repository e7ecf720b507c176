"""Options of the commands that raise alarms."""

import math
from typing import Annotated, get_args

from typer import Option

from seq2seq.config.series import THRESHOLD_VALUES, Threshold
from seq2seq.errors import InputError

EVENTS, THRESHOLD = "Events", "Threshold"
KINDS = get_args(Threshold)

Merge = Annotated[
    str,
    Option(
        metavar="SPAN",
        help="Alarms with at most so much quiet between them are one event: a number of steps, or a time such as "
        "30min, 2h or 1d.",
        rich_help_panel=EVENTS,
    ),
]
MinLength = Annotated[
    str,
    Option(
        metavar="SPAN", help="Events must last so many steps, or so long; others are left out.", rich_help_panel=EVENTS
    ),
]


def read_threshold(text: str | None) -> tuple[str, float] | None:
    """`"quantile=0.999"` → kind and value.

    Raises:
        InputError: it is not of this form, or the value cannot be one of its kind.
    """
    if text is None:
        return None
    kind, _, value = text.partition("=")
    try:
        number = float(value)
    except ValueError:
        number = None
    if kind not in KINDS or number is None:
        raise InputError(
            f"--threshold {text}: expected KIND=NUMBER: quantile=0.999 (the share of held-out scores below it), "
            "sigma=3 (standard deviations above their mean), pot=0.001 (the chance that a normal score is above it) or "
            "f_beta=1 (the F-score that is to be highest)."
        )
    highest = THRESHOLD_VALUES[kind][1]
    if not 0 < number < highest:
        below = "" if math.isinf(highest) else f" and below {highest:g}"
        percent = f"; {number:g} % is {kind}={number / 100:g}" if not math.isinf(highest) and 1 < number < 100 else ""
        raise InputError(f"--threshold {text}: expected a number above 0{below}{percent}.")
    return kind, number
