"""Options of the commands that forecast."""

from typing import Annotated

from typer import Option

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
