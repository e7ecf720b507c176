"""Options of the commands that forecast."""

from typing import Annotated

from typer import Option

from seq2seq.errors import InputError

FORECAST = "Forecast"

Steps = Annotated[
    int | None,
    Option(
        min=1,
        help="Steps to forecast. Beyond the horizon of the run, forecasts are fed back.",
        show_default="the horizon of the run",
        rich_help_panel=FORECAST,
    ),
]
Interval = Annotated[
    float | None,
    Option(
        min=0.0,
        max=0.999,
        help="Share of actual values that the prediction interval is to hold; 0 for none.",
        show_default="as trained",
        rich_help_panel=FORECAST,
    ),
]
Baseline = Annotated[
    str | None,
    Option(
        metavar="NAME",
        help="Forecast by a baseline in place of the model: ridge, the linear forecast that was fitted beside it; "
        '"last value", drift, "seasonal naive" and others, as a training and evaluate call them.',
        show_default="the model",
        rich_help_panel=FORECAST,
    ),
]
Known = Annotated[
    str | None,
    Option(
        metavar="FILE",
        help="Columns known ahead, for the steps to forecast, joined by series and time: a file, a quoted pattern of "
        "files, or a folder.",
        show_default="none",
        rich_help_panel=FORECAST,
    ),
]


def check_baseline(baseline: str | None, interval: float | None) -> None:
    """Raise InputError where an interval is asked for of a baseline."""
    if baseline is not None and interval:
        raise InputError(f"--interval {interval:g}: a baseline has no intervals; leave it out, or --baseline.")
