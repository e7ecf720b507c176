"""What nobody should miss about measured forecasts: naive ones that are better, intervals that hold too little."""

from collections.abc import Mapping

import numpy as np

from seq2seq.config import ForecasterConfig
from seq2seq.evaluation.forecasting import ForecastEvaluation
from seq2seq.report import counted
from seq2seq.tasks.made_forecasts import MadeForecasts

TIE = 0.005  # of the error: what is no loss
CLEAR_LOSS = 0.1  # of it: what is no chance either in one of several columns or series, of which less is measured
# Of an interval: so many times the share that may lie outside is too many, of that many forecasts or more.
OUTSIDE, LEAST_FORECASTS = 1.5, 20
# Or so many times it is too few, of that many forecasts, and values that would have so many outside.
INSIDE, LEAST_OUTSIDE = 0.5, 10
FEW = 10  # forecasts, of which fewer tell little
# Baselines by a season → how many steps of a window they read, and those that go on with a growth.
SEASONS = {
    "seasonal naive": lambda season: season,
    "seasonal × growth": lambda season: 2 * season,
    "seasonal × latest growth": lambda season: season + 1,
}
GROWING = ("drift", "seasonal × growth", "seasonal × latest growth")

Compared = Mapping[int, tuple[float, float, str, float]]


def losses(
    compared: Compared, metric: str, made: MadeForecasts, config: ForecasterConfig, tuned: bool = False
) -> list[str]:
    """A line for each baseline that beats the model at some steps ahead, with the settings that help.

    Args:
        compared: from step ahead to the errors of the model and of the best baseline, its name, and the skill.
        metric: str. Which errors these are.
        made: the forecasts themselves.
        config: `ForecasterConfig` of the run, settled: nobody is told to set what is set.
        tuned: bool. Whether the run has started from another, whose window and linear forecast it keeps.
    """
    lost: dict[str, dict[int, tuple[float, float]]] = {}
    for step, (ours, theirs, name, skill) in compared.items():
        if skill < -TIE and not only_rounding(made, step):
            lost.setdefault(name, {})[step] = (ours, theirs)
    return [
        f"{_steps(list(errors))} ahead “{name}” {_by_how_much([*errors.values()], metric)} "
        f"({_forecasts(made, list(errors))}): {advice(name, config, tuned)}"
        for name, errors in lost.items()
    ]


def advice(baseline: str, config: ForecasterConfig, tuned: bool = False) -> str:
    """Which settings may help where `baseline` is better; those that the run has already are no advice."""
    if tuned:
        return "train without --from, for a window and a linear forecast that suit these data"
    windows, season, logged = config.windows, config.model.season or 0, config.data.log or config.data.log1p
    log = ["try data.log=true"] * (baseline in GROWING and not logged)
    if config.model.kind == "stateful":  # it reads no window, and has nothing but its state to know a season from
        chunk = 3 * season if baseline in SEASONS else 0
        longer = [f"raise windows.chunk to {chunk:,} steps or more, some seasons"] * (windows.chunk < chunk)
        more = "train longer (training.epochs), with more data or a lower training.learning_rate"
        return f"{', or '.join([*longer, *log, more])}, or train on windows, without --stateful"
    needed = SEASONS[baseline](season) if baseline in SEASONS else 0
    found = [f"raise windows.look_back to {needed:,} steps or more"] * (windows.look_back < needed)
    found += ["raise windows.look_back"] * (baseline == "drift")
    found += ["set model.residual=auto"] * (config.model.residual != "linear") + log
    return ", or ".join([*(found or ["try more data or other windows"]), f"forecast by it (--baseline {baseline!r})"])


def on_the_whole(overall: ForecastEvaluation, config: ForecasterConfig, tuned: bool = False) -> str:
    """A line for a baseline that is better on the whole, though at no step by more than a tie."""
    best = overall.best_baseline
    ours, theirs = overall.scores[overall.metric], overall.baselines[best][overall.metric]
    how = f"{_by_how_much([(ours, theirs)], overall.metric)} ({_of_so_many(overall.windows)})"
    return f"on the whole “{best}” {how}: {advice(best, config, tuned)}"


def lost_in(rows: list[tuple], what: str, made: MadeForecasts) -> list[str]:
    """A line where a baseline is clearly better than the model in some of the columns, or series.

    Args:
        rows: of each the name, the errors of the model and of the best baseline, its name, and the skill.
        what: str. `"columns"` or `"series"`.
        made: the forecasts themselves.
    """
    inexact = made.inexact(what)
    lost = [row for row in rows if row[-1] < -CLEAR_LOSS and row[0] in inexact]
    if len(rows) < 2 or not lost:
        return []
    name, ours, theirs, best, _ = min(lost, key=lambda row: row[-1])
    return [
        f"in {len(lost):,} of {len(rows):,} {what} a naive forecast is clearly better than the model, most in "
        f"{name!r}: “{best}” with an error of {theirs:.4g}, the model {ours:.4g} "
        f"({_of_so_many(made.count_of(what, name))})"
    ]


def too_little_held(intervals: Mapping[str, float] | None, forecasts: int, where: str, far: bool = False) -> list[str]:
    """A line where intervals hold much less than they were asked to.

    Args:
        intervals: `ForecastEvaluation.intervals`.
        forecasts: int. How many were measured.
        where: str. What was measured, in words.
        far: whether there are values in it far from those of the training, which no wider interval should hold.
    """
    if not intervals or forecasts < LEAST_FORECASTS:
        return []
    level, coverage = intervals["level"], intervals["coverage"]
    if 1 - coverage <= OUTSIDE * (1 - level):
        return []
    advice = (
        "it has values far from those of the training: leave them out (--missing-values) if they are faults, else "
        "train again with newer data"
        if far
        else "it is unlike the one that they were calibrated on: ask for wider ones (--interval), or train again with "
        "newer data or a larger data.valid_share"
    )
    held = f"intervals for {level:.0%} of the values hold {coverage:.1%} in {where}"
    return [f"{held} ({_of_so_many(forecasts)}), and {advice}"]


def too_much_held(intervals: Mapping[str, float] | None, forecasts: int, values: int, where: str) -> list[str]:
    """A line where intervals hold so much more than they were asked to that they are far too wide.

    Args:
        intervals, forecasts, where: as of `too_little_held`.
        values: int. How many values came.
    """
    if not intervals or forecasts < LEAST_FORECASTS:
        return []
    level, coverage = intervals["level"], intervals["coverage"]
    if 1 - coverage >= INSIDE * (1 - level) or values * (1 - level) < LEAST_OUTSIDE:
        return []
    return [
        f"intervals for {level:.0%} of the values hold {coverage:.1%} in {where} ({_of_so_many(forecasts)}): they are "
        "wider than they had to be there, since the validation part is short, with windows that overlap, or it or the "
        "training part is rougher"
    ]


def only_rounding(made: MadeForecasts, step: int | None = None) -> bool:
    """Whether the model is exact in each value, to the digits that it computes with: so far ahead, or everywhere."""
    ahead = slice(None) if step is None else slice(step - 1, step)
    return bool(made.pooled(made.exact)[:, ahead].all())


def _by_how_much(errors, metric):
    exact, most = [ours for ours, theirs in errors if theirs == 0], "up to " * (len(errors) > 1)
    if exact:
        return f"is exactly right, the model is not (its {metric} {most}{max(exact):.4g})"
    return f"is better than the model, by {most}{max(ours / theirs - 1 for ours, theirs in errors):.1%} of {metric}"


def _forecasts(made, steps):
    """On how many forecasts errors at these steps ahead rest: the fewest at one of them."""
    came = ~np.isnan(made.pooled(made.actual)[:, [step - 1 for step in steps]]).all(axis=2)
    return _of_so_many(int(came.sum(axis=0).min()))


def _of_so_many(forecasts):
    few = (", which tells little", ", which tell little") if forecasts < FEW else ("", "")
    return counted(forecasts, f"forecast{few[0]}", f"forecasts{few[1]}")


def _steps(steps):
    """Numbers of steps as text: `step 1`, `steps 1 to 3, 7`."""
    runs = np.split(steps, np.flatnonzero(np.diff(steps) > 1) + 1)
    parts = [f"{run[0]}" if len(run) == 1 else f"{run[0]} to {run[-1]}" for run in runs]
    return f"{'step' if len(steps) == 1 else 'steps'} {', '.join(parts[:6])}{', …' * (len(parts) > 6)}"
