"""What `evaluate --against` adds: a second run on the data of the first."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from seq2seq.cli.console import ConsoleReport
from seq2seq.errors import InputError
from seq2seq.report import counted


def check(runs: Sequence[Path], against: Path, task: str) -> None:
    """Raise InputError where there is no second run, or folder of several, of `task`, to measure on the data of `runs`,
    which answer together."""
    from seq2seq.config import TranslationConfig
    from seq2seq.run import Run
    from seq2seq.run.seeds import runs_in

    others = runs_in(against)
    if {each.resolve() for each in others} == {each.resolve() for each in runs}:
        raise InputError(f"--against {against} is the run itself: there is nothing to compare.")
    first = Run.open(runs[0], task)
    for other in (Run.open(path, task) for path in others):
        other.need_weights()
        if task == "translation":
            ours, theirs = (each.read_config_as(TranslationConfig).data for each in (first, other))
            if theirs.reverses(ours):
                raise InputError(f"--against {against} translates the other way round than {runs[0]}.")


def named(runs: Sequence[Path]) -> str:
    """What runs that answer together are called."""
    return " + ".join(map(str, runs))


def translations(result: Any, runs: Sequence[Path], against: Path, search: Any, report: ConsoleReport) -> Any:
    """The comparison of translations that were evaluated, `result` of `runs` together, with those of another run."""
    from seq2seq.inference.translator import Translator
    from seq2seq.report import Naming
    from seq2seq.tasks.compare_translations import compare

    other = Translator.load(against, report=Naming(report, str(against)))
    return compare(result, (named(runs), str(against)), other, search, report)


def forecasts(
    result: Any,
    runs: Sequence[Path],
    against: Path,
    data: str | None,
    limit: int | None,
    options: dict,
    report: ConsoleReport,
) -> Any:
    """The comparison of forecasts that were evaluated, `result` of `runs` together, with those of another run."""
    from seq2seq.inference.forecaster import Forecaster
    from seq2seq.report import Naming
    from seq2seq.tasks.compare_forecasts import compare
    from seq2seq.tasks.measure_forecaster import evaluate as measure

    options = options | {"part": result.part, "report": Naming(report, str(against))}
    found = measure(Forecaster.load(against), data or result.config.data.location, limit=limit, **options)
    for line in found.learned:
        report.warn(f"{against}: {line}")
    names = (named(runs), str(against))
    if bool(found.learned) != bool(result.learned):
        seen, other = names if result.learned else names[::-1]
        report.warn(f"{seen} has learned from what is forecast here and {other} has not: the comparison favours {seen}")
    compared = compare(result.made, found.made, names)
    blocks = counted(compared.blocks, "block")
    report.say(f"compared from {counted(compared.origins, 'origin')}, in {blocks}")
    return compared
