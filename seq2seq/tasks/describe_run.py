"""What a folder is: a run, several runs of one training, or an exported folder; read without TensorFlow."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from seq2seq.errors import InputError
from seq2seq.run import Run
from seq2seq.run.integrity import MOST_JSON_BYTES, stored_in
from seq2seq.run.parent import parent_of, teachers_of
from seq2seq.run.seeds import is_of_seeds, runs_in
from seq2seq.runtime.folder import is_exported, read_manifest
from seq2seq.storage import read_arrays

TASKS = ("translation", "language-model", "autoencoder", "forecaster")
# The settings that name the data of a training.
NAMES_OF_DATA = ("train", "valid", "source", "target", "text", "location", "array", "keep", "columns", "group")
_TRAINED_ON, _MEASURED = "train_", ("val_", "validation_", "threshold")


@dataclass(frozen=True)
class Description:
    """One folder in words and figures.

    Attributes:
        path: str. The folder, as it was given.
        kind: str. "run", "runs" or "export".
        task: str. Such as `"translation"`.
        versions: library → version that wrote it.
        data: setting → what the training was told of its data, those of `NAMES_OF_DATA` that it was told.
        windows: setting → steps of a window, and of what is predicted; empty where none are cut.
        alarms: setting of `detection` → what a detector was fitted with last.
        trained_on: unit → how many of them, such as `{"pairs": 700}`; empty while the training has not ended.
        weights: int. Numbers that were learned; None of an exported folder, or while there are none.
        model_bytes: int. Of the weights, or of the files of an exported folder.
        folder_bytes: int. Of all in the folder: checkpoints, too.
        epoch: int. The best one, whose weights these are; None while the training has not ended.
        epochs: int. How many there were.
        validation: name → figure of the best epoch, as in metrics.json.
        parent: path and digest of the weights of the run that this one started from.
        teachers: the same of those that it learned from.
        written_as: str. Format of an exported folder.
        members: of several runs each, or of an exported folder of several their names.
    """

    path: str
    kind: str
    task: str
    versions: Mapping[str, str]
    data: Mapping[str, Any]
    folder_bytes: int
    windows: Mapping[str, int] = field(default_factory=dict)
    alarms: Mapping[str, Any] = field(default_factory=dict)
    trained_on: Mapping[str, int] = field(default_factory=dict)
    weights: int | None = None
    model_bytes: int | None = None
    epoch: int | None = None
    epochs: int | None = None
    validation: Mapping[str, Any] = field(default_factory=dict)
    parent: Mapping[str, str] | None = None
    teachers: Sequence[Mapping[str, str]] = ()
    written_as: str | None = None
    members: Sequence[Any] = ()

    def as_dict(self) -> dict[str, Any]:
        """All of it, JSON-ready."""
        return asdict(self)

    def rows(self) -> list[tuple[str, object]]:
        """What is known of it, for a table of two columns."""
        return list(self._rows())

    @property
    def member_columns(self) -> tuple[str, ...]:
        """Heads of `member_rows`."""
        return ("run", "weights", "best epoch", *_figures(self.members[0].validation))

    def member_rows(self) -> list[tuple[object, ...]]:
        """One row for each of several runs: what differs between them."""
        names = list(_figures(self.members[0].validation))
        return [
            (
                Path(one.path).name,
                one.weights or "none",
                one.epoch or "not ended",
                *(_figures(one.validation).get(name, "") for name in names),
            )
            for one in self.members
        ]

    def _rows(self) -> Iterator[tuple[str, object]]:
        what = {"run": "a run", "runs": f"{len(self.members)} runs that answer as one", "export": "an exported folder"}
        yield "what it is", f"{what[self.kind]}, {self.task}"
        if self.versions:
            yield "made by", ", ".join(f"{library} {version}" for library, version in self.versions.items())
        if self.data:
            yield "trained on", ", ".join(f"{name} {_told(value)}" for name, value in self.data.items())
        for unit, count in self.trained_on.items():
            yield f"training {unit.replace('_', ' ')}", count
        if self.windows:
            yield "windows", ", ".join(f"{name} {steps}" for name, steps in self.windows.items())
        if self.alarms:
            yield "alarms by", ", ".join(f"{name} {_told(value)}" for name, value in self.alarms.items())
        if self.kind == "export":
            yield "format", self.written_as
            if self.members:
                yield "made of", ", ".join(self.members)
        elif self.kind == "run":
            yield "weights", self.weights or "none yet: its training has not finished an epoch"
        if self.model_bytes:
            yield "model on disk", _size(self.model_bytes)
        yield "whole folder", _size(self.folder_bytes)
        if self.kind == "run":
            yield "best epoch", f"{self.epoch} of {self.epochs}" if self.epoch else "its training has not ended"
        yield from _figures(self.validation).items()
        if self.parent:
            yield "started from", _named(self.parent)
        if self.teachers:
            yield "learned from", ", ".join(map(_named, self.teachers))


def describe(path: str | Path) -> Description:
    """Tell what is in a folder.

    Raises:
        InputError: it is none of a run, or damaged.
    """
    path = Path(path)
    if is_exported(path):
        return _exported(path)
    if not is_of_seeds(path):
        return _run(path)
    members = [_run(each) for each in runs_in(path, finished=False)]
    first, whole = members[0], sum(each.model_bytes or 0 for each in members)
    return Description(
        str(path), "runs", first.task, first.versions, first.data, _bytes(path), model_bytes=whole, members=members
    )


def _run(path: Path) -> Description:
    run = Run.open(path, *TASKS)
    metrics = _metrics(path)
    there = run.weights.exists()
    return Description(
        str(path),
        "run",
        run.task,
        stored_in(path, "versions") or {},
        _data(run.config),
        _bytes(path),
        _windows(run.config),
        _alarms(run.detector),
        {name.removeprefix(_TRAINED_ON): count for name, count in metrics.items() if name.startswith(_TRAINED_ON)},
        sum(array.size for array in read_arrays(run.weights)[0].values()) if there else None,
        run.weights.stat().st_size if there else None,
        metrics.get("epoch"),
        metrics.get("epochs"),
        {name: figure for name, figure in metrics.items() if name.startswith(_MEASURED)},
        parent_of(path),
        teachers_of(path),
    )


def _exported(path: Path) -> Description:
    record = read_manifest(path)
    return Description(
        str(path),
        "export",
        record["task"],
        record.get("versions") or {},
        _data(record["config"]),
        _bytes(path),
        _windows(record["config"]),
        _alarms(path / "detector.npz"),
        written_as=record.get("written_as"),
        members=[each["name"] for each in record["members"]],
    )


def _metrics(path: Path) -> dict[str, Any]:
    """What is in metrics.json; nothing while the training has not ended."""
    file = path / "metrics.json"
    if not file.is_file():
        return {}
    try:
        if file.stat().st_size > MOST_JSON_BYTES:
            raise ValueError(f"larger than {MOST_JSON_BYTES:,} bytes")
        metrics = json.loads(file.read_text(encoding="utf-8"))
        if not isinstance(metrics, dict):
            raise ValueError("it is not what a training writes")
    except (OSError, ValueError, RecursionError) as error:
        raise InputError(f"{file} is damaged ({error}): restore it or train again.") from error
    return metrics


def _data(config: Mapping[str, Any]) -> dict[str, Any]:
    told = config.get("data")
    told = told if isinstance(told, Mapping) else {}
    return {name: told[name] for name in NAMES_OF_DATA if told.get(name)}


def _windows(config: Mapping[str, Any]) -> dict[str, int]:
    both = {**config.get("model", {}), **config.get("windows", {})}
    return {name: both[name] for name in ("look_back", "horizon", "chunk") if both.get(name)}


def _alarms(detector: Path) -> dict[str, Any]:
    """What a detector was fitted with last; nothing where there is none, or one of the first versions."""
    arrays = read_arrays(detector)[0] if detector.is_file() else {}
    if "settings" not in arrays:
        return {}
    chosen = json.loads(str(arrays["settings"]))
    if "autoencoder_kinds" in arrays:  # what became of "auto", and of a smoothing that follows the window
        chosen["errors"] = " and ".join(arrays["autoencoder_kinds"].tolist())
        chosen["smoothing"] = int(arrays["autoencoder_smoothing"])
    return {name: value for name, value in chosen.items() if value is not None}


def _bytes(path: Path) -> int:
    return sum(file.stat().st_size for file in path.rglob("*") if file.is_file())


def _figures(validation: Mapping[str, Any]) -> dict[str, object]:
    """The figures by name; those of several models beside each other have theirs, too."""
    found: dict[str, object] = {}
    for name, figure in validation.items():
        if isinstance(figure, Mapping):
            found |= {f"{name}, {of}": each for of, each in figure.items()}
        else:
            found[name] = figure
    return found


def _named(record: Mapping[str, str]) -> str:
    return f"{record['run']} ({record['weights'][:12]})"


def _told(value: Any) -> str:
    return ",".join(map(str, value)) if isinstance(value, list | tuple) else str(value)


def _size(count: int) -> str:
    return f"{count / 2**20:,.1f} MiB" if count >= 2**20 else f"{count / 2**10:,.0f} KiB"
