"""Several trainings into one folder, which commands take as an ensemble."""

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import replace
from pathlib import Path
from statistics import mean, stdev
from typing import TYPE_CHECKING, Any

from seq2seq.cli.options.training import seconds_of, train_run
from seq2seq.errors import InputError
from seq2seq.interruption import Interruption
from seq2seq.report import Progress, Report

if TYPE_CHECKING:
    from seq2seq.sources import Source


def of_seeds(count: int, config: Any) -> dict[str, Any]:
    """The settings of so many runs that differ by their random numbers alone, by the names of their folders.

    Their data are split as those of one run are.
    """
    if count < 2:
        raise InputError(f"--seeds {count}: expected at least 2; leave it out for one run.")
    if config.training.seed is not None:
        raise InputError(
            f"training.seed={config.training.seed} with --seeds, which sets it for each run: leave it out."
        )
    seeds = range(config.seed, config.seed + count)
    return {f"seed-{seed}": replace(config, training=replace(config.training, seed=seed)) for seed in seeds}


def of_folds(count: int, config: Any) -> dict[str, Any]:
    """The settings of so many runs each of which holds out another part of the samples, by the names of their folders.

    Their random numbers are others, too.
    """
    if count < 2:
        raise InputError(f"--folds {count}: expected at least 2; leave it out for one run.")
    if config.windows.look_back:
        raise InputError("--folds holds out samples, and windows (--look-back) are of series in time: leave it out.")
    if config.data.fold is not None:
        raise InputError(f"data.fold={config.data.fold} with --folds, which sets it for each run: leave it out.")
    if config.data.valid_share != (usual := type(config.data).valid_share):
        raise InputError(
            f"data.valid_share={config.data.valid_share:g} does nothing with --folds {count}, by which each run holds "
            f"out 1/{count} of the samples: leave it out, or where a recipe has it, set it to {usual:g}."
        )
    return {
        f"fold-{number}": replace(config, data=replace(config.data, fold=f"{number}/{count}"), training=training)
        for number, training in enumerate((each.training for each in of_seeds(count, config).values()), 1)
    }


def train_several(
    configs: Mapping[str, Any],
    train: Callable[..., dict],
    config: Any,
    run: Path,
    report: Report,
    max_time: str | None,
    files: Callable[[Any], Mapping[str, Iterable["Source"]]],
    **how: Any,
) -> None:
    """Train several runs into one folder, which commands take as an ensemble.

    With `resume`, or `finish`, those that are finished stay as they are, unless more or fewer epochs are asked for.

    Args:
        configs: the settings of each, by the name of its folder, as from `of_seeds` or `of_folds`.
        config: what all of them were asked for with.
        train, run, report, max_time: as for `train_run`; the time is for all of them.
        files: the files that each setting of data stands for, by the configuration, as for `Run.start`.
        **how: the other arguments of `train_run`.
    """
    from seq2seq.run import Run
    from seq2seq.run.parent import Parent
    from seq2seq.run.resuming import refuse_other_data
    from seq2seq.run.seeds import start_seeds

    count, goes_on = len(configs), how["resume"] or bool(how.get("finish"))
    parent = how.get("parent")
    origin = parent and Parent.open(parent, type(config), run).record
    start_seeds(run, list(configs), config, goes_on, origin)
    interruption, reached = Interruption(None if max_time is None else seconds_of(max_time)), []
    of_runs = _TablesOnce(report)
    for number, (name, own) in enumerate(configs.items(), 1):
        folder = run / name
        report.say(f"run {number} of {count}: {folder}")
        finished = goes_on and (folder / "metrics.json").exists()
        if not finished or (how["resume"] and _trains_on(folder, own)):
            train_run(train, own, folder, of_runs, interruption=interruption, **how)
        else:
            refuse_other_data(Run.open(folder, config.task), files(config))
        monitor = Run.open(folder, config.task).config["training"].get("monitor") or "loss"
        reached.append(_reached(folder / "metrics.json", f"val_{monitor}"))
    spread = f"{mean(reached):.4g} ± {stdev(reached):.2g} (mean and standard deviation of {count})"
    report.say(f"{run} answers as one; validation {monitor} {spread}: {', '.join(f'{each:.4g}' for each in reached)}")


class _TablesOnce(Report):
    """Passes all on to a report but tables that are as the last one of their title, as what runs read mostly is."""

    def __init__(self, report: Report):
        self._report = report
        self._shown: dict[str, tuple[Sequence[str], Sequence[Sequence[object]]]] = {}

    def say(self, line: str) -> None:
        self._report.say(line)

    def warn(self, line: str) -> None:
        self._report.warn(line)

    def wait(self, line: str) -> None:
        self._report.wait(line)

    def progress(self, title: str, total: int | None, unit: str) -> AbstractContextManager[Progress]:
        return self._report.progress(title, total, unit)

    def table(self, title: str, columns: Sequence[str], rows: Sequence[Sequence[object]]) -> None:
        if self._shown.get(title) == (columns, rows):
            self.say(f"{title.strip()}: as of the run before")
            return
        self._shown[title] = columns, rows
        self._report.table(title, columns, rows)


def _trains_on(folder, config):
    """Whether a finished run is asked for other epochs than it has had, as it may be where it is alone."""
    from seq2seq.run import Run

    asked = config.training.epochs
    return asked not in (None, Run.open(folder, config.task).read_config_as(type(config)).training.epochs)


def _reached(metrics, figure):
    """A figure in the file `metrics` of a run."""
    try:
        return float(json.loads(metrics.read_text(encoding="utf-8"))[figure])
    except (OSError, ValueError, TypeError, KeyError, RecursionError) as error:
        raise InputError(f"{metrics} is damaged ({error!r}): delete {metrics.parent} to train it again.") from error
