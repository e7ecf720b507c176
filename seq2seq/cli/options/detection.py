"""Options of the commands that raise alarms."""

from typing import Annotated, get_args

from typer import Option

from seq2seq.config.series import Threshold
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
        InputError: it is not of this form.
    """
    if text is None:
        return None
    kind, _, value = text.partition("=")
    try:
        number = float(value)
    except ValueError:
        number = None
    if kind not in KINDS or number is None:
        raise InputError(f"--threshold {text}: expected KIND=NUMBER with one of {', '.join(KINDS)}: quantile=0.999.")
    return kind, number
