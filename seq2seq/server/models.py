"""The runs that a server has loaded, by name."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

from seq2seq.errors import InputError
from seq2seq.inference import forecaster, reconstructor, translator, writer
from seq2seq.inference.detector import Detector
from seq2seq.inference.ensemble import check_joined, members_of
from seq2seq.report import Report
from seq2seq.run import Run
from seq2seq.run.seeds import is_of_seeds
from seq2seq.runtime.folder import ExportedRun, is_exported
from seq2seq.series.series import listed, near_match
from seq2seq.server.requests import FIELDS

CLASSES: dict[str, Any] = {
    "translation": translator.Translator,
    writer.TASK: writer.Writer,
    reconstructor.TASK: reconstructor.Reconstructor,
    forecaster.TASK: forecaster.Forecaster,
}
_OPTION = re.compile(r"--([a-z][a-z-]*)(?: [A-Z]+\b)?")  # of a command, with what stands for its value
# What the user has called or written so is no advice. An apostrophe within a word begins nothing.
_QUOTED = re.compile(r"""(?<!\w)(?:'(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*")(?!\w)""")
_BETWEEN = re.compile(r"((?:, or|[:;,]) | \(|(?=\)))")  # clauses


class Told(Report):
    """Keeps warnings, each once.

    Attributes:
        lines: list of str.
    """

    def __init__(self):
        self.lines = []

    def warn(self, line: str) -> None:
        if line not in self.lines:
            self.lines.append(line)


@dataclass(frozen=True, eq=False)
class Model:
    """A run that is loaded, or an exported folder.

    Attributes:
        name: str. Of its folder.
        path: Path of that.
        task: str. Of the run.
        loaded: `Translator`, `Writer`, `Reconstructor` or `Forecaster`.
        others: Paths of the runs that answer together with that.
        members: list of str. The names of all runs of an ensemble.
    """

    name: str
    path: Path
    task: str
    loaded: Any = field(repr=False)
    others: Sequence[Path] = ()
    members: Sequence[str] = ()

    @cached_property
    def described(self) -> dict[str, Any]:
        """What `/v1/models` tells of it."""
        told = {"name": self.name, "task": self.task, "exported": is_exported(self.path)}
        told |= {"members": list(self.members)} if self.members else {}
        return told | _MORE[self.task](self.loaded)

    def in_words(self, message: str) -> str:
        """A message as clients may read it: the model has its name, no place on this machine is told, options of
        commands are fields, `set beam_size 5` for `set --beam-size 5`, and advice to train otherwise is left out."""
        data = getattr(self.loaded.config.data, "location", None)
        named = {path: _name(path) for path in (self.path, *self.others)}
        places = {str(path): name for each, name in named.items() for path in (each, each.absolute())}
        places[str(data or "")] = "its training data"
        for place in sorted(places, key=len, reverse=True):
            if "/" in place:  # else it is a name alone
                message = message.replace(place, places[place])
        quoted: list[str] = []

        def put_aside(found):
            quoted.append(found[0])
            return f"\0{len(quoted) - 1}\0"

        message = _OPTION.sub(_field, _without_training(_QUOTED.sub(put_aside, message)))
        return re.sub("\0(\\d+)\0", lambda found: quoted[int(found[1])], message)

    def in_words_all(self, told: dict[str, Any]) -> dict[str, Any]:
        """An answer whose warnings are in these words."""
        return told | {"warnings": list(map(self.in_words, told["warnings"]))} if "warnings" in told else told


def _field(option):
    return option[1].replace("-", "_")


def _without_training(message):
    """A message without its clauses about what only a training can set."""
    first, *rest = _BETWEEN.split(message)
    kept = first
    for between, clause in zip(rest[::2], rest[1::2], strict=True):
        if not (clause.startswith("train ") or {_field(option) for option in _OPTION.finditer(clause)} - FIELDS):
            kept += between + clause
        elif between == " (":  # what closes it stays behind
            kept += between
    kept = re.sub(r" \(\)", "", kept)
    return kept + "." if message.endswith(".") and not kept.endswith(".") else kept


def _of_translator(loaded):
    config = loaded.config
    return {"beam_size": config.decoding.beam_size, "attention": config.model.attention != "none"}


def _of_series(loaded):
    data, columns = loaded.config.data, list(loaded.scaler.columns)
    return {"columns": columns, "time": list(data.time) if data.time else None, "group": data.group}


def _of_reconstructor(loaded):
    try:
        for member in loaded.members:
            Detector.load(member.run)
        detects = True
    except InputError:
        detects = False
    return _of_series(loaded) | {"look_back": loaded.look_back, "detects": detects}


def _of_forecaster(loaded):
    told = _of_series(loaded) | {
        "look_back": max(member.config.windows.look_back for member in loaded.members),
        "horizon": loaded.horizon,
        "targets": list(loaded.columns.targets),
        "known": list(loaded.columns.in_table(loaded.columns.known)),
        "interval": loaded.core.level,
        "stateful": loaded.stateful,
        "least_history": loaded.least_history,
    }
    streams = loaded.stateful and len(loaded.members) == 1
    return told | ({"intervals": list(map(float, loaded.core.calibration.levels))} if streams else {})


_MORE = {
    "translation": _of_translator,
    writer.TASK: lambda loaded: {},
    reconstructor.TASK: _of_reconstructor,
    forecaster.TASK: _of_forecaster,
}


def named(paths: Iterable[Path]) -> dict[str, Path]:
    """Runs by the names of their folders.

    Raises:
        InputError: two have one name.
    """
    found: dict[str, Path] = {}
    for path in paths:
        name = _name(path)
        if name in found:
            raise InputError(f"{found[name]} and {path} would both be called {name!r}: give one of them another name.")
        found[name] = path
    return found


def _name(path):
    path = path.resolve()
    return path.parent.name if is_of_seeds(path.parent) else path.name


def check(paths: Iterable[Path], others: Sequence[Path] = ()) -> dict[str, Run]:
    """Open runs or exported folders, which are not loaded yet; gives them by their names.

    Args:
        paths: a folder for each model.
        others: folders of runs that answer together with the only one of `paths`.

    Raises:
        InputError: one is neither, damaged, or written by a newer version; two have one name; or there are others, and
            the models are several, or one is of another task, or of one whose runs do not answer together.
    """
    places = named(paths)
    if others and len(places) > 1:
        raise InputError(
            f"--with makes one model of several runs, and {len(places)} are to be served: make a folder of those that "
            "answer together by seq2seq export RUN --with RUN --output DIR, and give it in their place."
        )
    together = members_of([*places.values(), *others]) if others else ()
    found = {name: (ExportedRun if is_exported(path) else Run).open(path, *CLASSES) for name, path in places.items()}
    for run in found.values() if others else ():
        check_joined(run)
        for path in together:
            Run.open(path, run.task)
    return found


def load(paths: Iterable[Path], others: Sequence[Path] = ()) -> dict[str, Model]:
    """Load runs, and ask translators once, so that nobody waits for what only the first answer needs.

    Args:
        paths, others: as for `check`; an ensemble is called like its first run.

    Raises:
        InputError: what `check` raises; one is not finished; or others cannot answer together with the first.
    """
    models = {}
    for name, run in check(paths, others).items():
        loaded = CLASSES[run.task].load([run.path, *others] if others else run.path)
        members = run.members if isinstance(run, ExportedRun) else ()
        members = [name, *map(_name, others)] if others else members
        models[name] = Model(name, run.path, run.task, loaded, others, members)
    for model in models.values():
        _ = model.described  # reads files, now and not when a client waits
        if model.task == "translation":
            model.loaded.translate(["."])
    return models


def chosen(models: Mapping[str, Model], name: str | None, task: str, able: str = "") -> Model:
    """The model that is asked for, or the only one of a task.

    Args:
        models: all by name.
        name: str, or None.
        task: str.
        able: str. What it must be by its description, such as stateful.

    Raises:
        InputError: there is none, or several are possible.
    """
    possible = {each.name: each for each in models.values() if each.task == task and (not able or each.described[able])}
    task = f"{able} {task}".strip()
    if not possible:
        raise InputError(f"no {task} model is served here.")
    if name is None:
        if len(possible) > 1:
            raise InputError(f"several models can answer: choose one by the field model: {listed(possible)}.")
        return next(iter(possible.values()))
    if name not in possible:
        other = f" is no {task} model" if name in models else " is not served here"
        raise InputError(f"the model {name!r:.60}{other}: {near_match(name, possible)}.")
    return possible[name]
