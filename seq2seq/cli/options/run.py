"""The runs of a command, and what it can know of one before it loads it."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any

from typer import Option

from seq2seq.cli.options.forecasts import FORECAST


def _with(what: str, panel: str | None) -> Any:
    """An option that takes further runs; `what` says what RUN and they do together."""
    help_ = f"Another run, {what}; the settings are those of RUN. Repeat it for more runs."
    named = Option("--with", metavar="RUN", help=help_, show_default="none", rich_help_panel=panel)
    return Annotated[list[Path] | None, named]


_TEXT = "which translates together with RUN: at each step the mean of their probabilities decides"
_NUMBERS = "which forecasts together with RUN: forecasts, and ends of intervals, are the means of theirs"
_SCORES = "which scores together with RUN: scores are the means of theirs, on one scale by their thresholds"
_SEQUENCES = "which reconstructs together with RUN: sequences are the means of what they make of them"
With = _with(f"{_TEXT}. They must have the same tokenizers", "Search")
WithForecaster = _with(_NUMBERS, FORECAST)
WithDetector = _with(_SCORES, "Scores")
WithReconstructor = _with(_SEQUENCES, "Output")
WithAny = _with("which answers together with RUN: the mean of their probabilities, forecasts or scores counts", None)
WithEither = _with(f"{_TEXT}; or {_NUMBERS}", "Results")


def together(run: Path, others: Sequence[Path] | None) -> Path | list[Path]:
    """The run, or those of an ensemble, as `Translator.load` and those of other tasks take them."""
    return [run, *others] if others else run


def members(run: Path, others: Sequence[Path] | None) -> tuple[Path, list[Path] | None]:
    """The first run and all others of what a command was given, with the runs in folders of several seeds."""
    from seq2seq.run.seeds import runs_in

    first, *more = [each for path in (run, *(others or ())) for each in runs_in(path)]
    return first, more or None


def data_of(run: Path) -> Mapping[str, Any]:
    """The `data` section of the run's settings; empty where there is no run, which loading it will tell."""
    from seq2seq.run.integrity import read_config

    return read_config(run)[1].get("data", {}) if (run / "config.json").exists() else {}
