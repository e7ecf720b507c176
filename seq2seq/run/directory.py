"""The run directory: everything that one training leaves behind, open to be trained or used.

A run directory is data: it is read as JSON, CSV and NPZ without pickle, and nothing in it is executed. The weights
name the checksums of all files that they need, `calibration.npz` and `detector.npz` that of the weights: what is
damaged or of another run is refused.
"""

import csv
import json
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from seq2seq.config.resolving import Config, from_stored, to_mapping
from seq2seq.errors import InputError
from seq2seq.run.folder import MANIFEST, RunFolder
from seq2seq.run.integrity import (
    FORMAT,
    check_widths,
    is_config,
    locked,
    read_config,
    refuse_links_out,
)
from seq2seq.run.resuming import digests, refuse_other_data, refuse_other_settings
from seq2seq.run.seeds import is_of_seeds, refuse_inside_run, runs_in
from seq2seq.sources import Source
from seq2seq.storage import digest, read_arrays, read_record, remove_leftovers, replacing, write_arrays
from seq2seq.versions import version_of

if TYPE_CHECKING:
    from seq2seq.run.parent import Parent

LIBRARIES = ("seq2seq", "tensorflow", "keras", "numpy", "sentencepiece")
KEPT_CHECKPOINTS = 2


@dataclass(frozen=True)
class Run(RunFolder):
    """One run directory that is open. Make it with `start` or `open`.

    Attributes:
        path: Path of the folder.
        task: str. What it was trained for, such as `"translation"`.
        config: its configuration as it is stored, a mapping of sections.
        lock: an open file while this process trains the run, else None.
    """

    task: str
    config: Mapping[str, Any]
    lock: Any = field(default=None, repr=False, compare=False)

    @classmethod
    def start(
        cls,
        path: str | Path,
        task: str,
        config: Any,
        data: Mapping[str, Iterable[Source]] | None = None,
        resume: bool = False,
        parent: "Parent | None" = None,
        teachers: Sequence[Mapping[str, str]] = (),
    ) -> "Run":
        """A new run directory for `task` with its configuration; or, to resume, the one that is there.

        What a training left that ended before it had weights makes way.

        Args:
            path: the run directory.
            task: its task.
            config: the configuration, a dataclass of sections.
            data: the files that each setting of data stands for, such as those of `data.train`.
            resume: what `check` said.
            parent: the run that its weights start from, whose name and digest it keeps.
            teachers: the same of the runs that it learns from, as `teachers_of` gives them back.

        Raises:
            InputError: the folder holds a run already, or cannot be written, or another process is training it; or the
                run to resume is damaged, or was started with other settings or other data (names them).
        """
        found = cls.check(path, resume)
        checksums = {} if found else {name: digests(files) for name, files in (data or {}).items()}
        run = cls(Path(path), task, to_mapping(config))
        try:
            run.path.mkdir(parents=True, exist_ok=True)
            run = cls(run.path, task, run.config, locked(run.path / "lock"))
            for folder in (run.path, run.path / "checkpoints", run.taught):
                remove_leftovers(folder)
            if not found:
                run.remove_beginning()
                versions = {name: version_of(name) for name in LIBRARIES}
                record = {"format": FORMAT, "task": task, "config": run.config, "data": checksums, "versions": versions}
                record |= {"parent": parent.record} if parent else {}
                run.write_json("config.json", record | ({"teachers": list(teachers)} if teachers else {}))
        except OSError as error:
            raise InputError(f"--run {path} cannot be written ({error.strerror}): choose a folder that can.") from error
        return run._resumed(config, data or {}) if found else run

    @classmethod
    def open(cls, path: str | Path, *tasks: str) -> "Run":
        """Open the run directory of a finished or interrupted training of one of `tasks`; the run's `task` says which.

        Raises:
            InputError: there is no run, it is of another task or format, or one of its files is damaged, of another run
                or a link out of it.
        """
        path = Path(path)
        if path.is_file():
            raise InputError(f"{path} is a file: give the folder of a run.")
        if not path.is_dir():
            raise InputError(
                f"{path}: no such run directory; train one with: seq2seq train {'|'.join(tasks)} --run {path} …"
            )
        if (path / MANIFEST).exists() and not (path / "config.json").exists():
            raise InputError(f"{path} is an exported folder, and no run: give the one that it was made from.")
        if is_of_seeds(path):
            one = runs_in(path, finished=False)[0]
            raise InputError(f"{path} holds several runs, and one is needed here: give one of its folders, as {one}.")
        if not (path / "config.json").exists():
            raise InputError(f"{path} is not a run directory: it has no config.json.")
        refuse_links_out(path)
        task, config, _ = read_config(path)
        if task not in tasks:
            expected = " or ".join(map(repr, tasks))
            raise InputError(f"{path} is a run of the task {task!r}, expected one of {expected}.")
        run = cls(path, task, config)
        if run.weights.exists():
            run.verify(run.weights, read_record(run.weights))
            check_widths(run.path, config, run.weights.stat().st_size // 4)
        return run

    @property
    def identity(self) -> str:
        """Of its weights, which name the checksums of all files that they need."""
        return digest(self.weights)

    @property
    def data(self) -> Mapping[str, Any]:
        """The checksums of the files of each setting of data, as they were at its start."""
        return read_config(self.path)[2]

    def read_config_as(self, kind: type[Config]) -> Config:
        """The configuration as the dataclass `kind`.

        Raises:
            InputError: it has settings that `kind` does not know, or values that it refuses.
        """
        try:
            return from_stored(kind, self.config)
        except InputError as error:
            raise InputError(f"{self.path}: its config.json cannot be used: {error}") from error

    def _resumed(self, config, data):
        stored = Run.open(self.path, self.task)
        refuse_other_settings(stored, config)
        refuse_other_data(stored, data)
        return Run(self.path, self.task, stored.config, self.lock)

    @classmethod
    def check(cls, path: str | Path, resume: bool = False) -> bool:
        """Whether there is a run to resume, if that is wished; to be asked before anything that takes long.

        A run has weights or a checkpoint; what a training left that ended before is none.

        Raises:
            InputError: the folder holds a run, and it is not wished; or one that is being trained; or other files; or
                it would lie in that of another run.
        """
        folder = RunFolder(Path(path))
        if (folder.path / "lock").exists():
            with suppress(OSError):  # a folder that cannot be written is told of later
                locked(folder.path / "lock").close()
        found = folder.holds_run
        if not found and folder.path.is_dir():
            others = [file.name for file in sorted(folder.path.iterdir()) if not folder.owns(file)]
            if not is_config(folder.path):  # these are somebody's then, whatever they are called
                others += folder.companions()
            if others:
                raise InputError(f"{path} holds other files ({others[0]}): choose an empty folder, or one to be made.")
        if not found:
            refuse_inside_run(folder.path, "--run")
        if found and not resume:
            raise InputError(
                f"{path} holds a run already: --resume goes on with it; or choose another --run, or delete the folder."
            )
        return found

    def save_checkpoint(self, position: str, arrays: Mapping[str, Any], **record: Any) -> None:
        """Write a checkpoint, and delete those that are more than `KEPT_CHECKPOINTS` behind.

        Args:
            position: how far the training is: checkpoints are in the order of these.
            arrays: all that changes in training.
            **record: what else there is to keep, JSON-ready.
        """
        path = self.path / "checkpoints" / f"checkpoint-{position}.npz"
        path.parent.mkdir(exist_ok=True)
        write_arrays(path, arrays, files=self.companions(), **record)
        for old in self.checkpoints()[:-KEPT_CHECKPOINTS]:
            old.unlink()

    def save_weights(self, weights: Sequence[np.ndarray]) -> None:
        """Write the weights of a Keras model, in the order of its `get_weights`; what was fitted to others goes."""
        for fitted in (self.calibration, self.detector):
            fitted.unlink(missing_ok=True)
        write_arrays(self.weights, dict(_numbered(weights)), files=self.companions())

    def load_weights(self, model: Any) -> None:
        """Load the best weights into a Keras model of the run's configuration.

        Raises:
            InputError: there are none yet, or they are damaged or of another model.
        """
        self.need_weights()
        arrays, record = read_arrays(self.weights)
        self.verify(self.weights, record)
        expected = {name: tuple(weight.shape) for name, weight in _numbered(model.weights)}
        if {name: array.shape for name, array in arrays.items()} != expected:
            raise InputError(f"{self.weights} does not fit the settings of the run: its arrays have other shapes.")
        model.set_weights([arrays[name] for name in expected])

    def need_weights(self) -> None:
        """Raise InputError where there are none yet."""
        if not self.weights.exists():
            raise InputError(
                f"{self.path} has no weights ({self.weights.name}): its training has not finished an epoch yet."
            )

    def save_fitted(self, path: Path, arrays: Mapping[str, Any]) -> None:
        """Write what was fitted to the weights of this run: its calibration or its detector."""
        write_arrays(path, arrays, weights=digest(self.weights))

    def load_fitted(self, path: Path) -> dict[str, np.ndarray]:
        """Read what `save_fitted` wrote.

        Raises:
            InputError: it is damaged, or was fitted to other weights.
        """
        arrays, record = read_arrays(path)
        if record.get("weights") != self.identity:
            raise InputError(f"{path} does not belong to {self.weights}: restore it or train again.")
        return arrays

    def verify(self, path: Path, record: Mapping[str, Any]) -> None:
        """Raise InputError where the files of the run are not those that the record of `path`, one of them, names."""
        expected = record.get("files")
        if not isinstance(expected, dict):
            raise InputError(f"{path} is not of a run: restore it or train again.")
        if wrong := sorted({name for name, _ in expected.items() ^ self.companions().items()}):
            raise InputError(
                f"{self.path}: {', '.join(wrong)} and {path.name} do not belong together (changed, missing or of "
                "another run): restore them or train again."
            )

    def write_metrics(self, metrics: Mapping[str, Any]) -> None:
        """Write the figures of the best epoch, JSON-ready, to metrics.json, with which a training ends.

        The run is free then for other processes, not only when Python has found out that nobody needs it any more.
        """
        self.write_json("metrics.json", metrics)
        self.release()

    def release(self) -> None:
        """Let other processes train the run, if this one does."""
        if self.lock is not None:
            self.lock.close()

    def write_history(self, rows: Sequence[Mapping[str, Any]]) -> None:
        """One row per epoch; the columns of all rows, since a later version that goes on may measure more."""
        columns = dict.fromkeys(name for row in rows for name in row)
        with replacing(self.path / "history.csv") as temporary, open(temporary, "w", newline="") as file:
            writer = csv.DictWriter(file, fieldnames=list(columns))
            writer.writeheader()
            writer.writerows(rows)

    def write_diverged(self, name: str, arrays: Mapping[str, Any]) -> Path:
        """Write the batches that `name` names, to be looked at with `numpy.load`."""
        path = self.path / f"diverged-{name}.npz"
        write_arrays(path, arrays)
        return path

    def write_json(self, name: str, content: Any) -> None:
        """Write what JSON can hold to the file `name`, whole or not at all."""
        with replacing(self.path / name) as temporary:
            temporary.write_text(json.dumps(content, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")


def _numbered(values):
    """Names of arrays that sort as their numbers do."""
    return ((f"array{k:04d}", value) for k, value in enumerate(values))
