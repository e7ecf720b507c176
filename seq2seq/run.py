"""The run directory: everything that one training leaves behind. The only file that knows the names of the files in it.

    config.json          task, format version, resolved configuration, library versions
    source.* target.*    tokenizers; one file `joint.*` where both sides share a vocabulary
    corpus/              a training corpus too large for memory, prepared; not needed once the training is over
    text.json            characters of a language model
    scaler.json          units of the columns of a run on numbers
    calibration.npz      what the prediction intervals of a forecaster were calibrated to
    detector.npz         what errors of an autoencoder are usual, and from where on they are an alarm
    model.weights.h5     the best weights
    history.csv          one row per epoch
    metrics.json         the figures of the best epoch
    learning_curve.png
    checkpoint.npz       what `--resume` needs: last weights, optimizer, random state, position
    tensorboard/         on request

A run directory is data: it is read as JSON, CSV, HDF5 and NPZ without pickle, and nothing in it is executed.
"""

import csv
import json
import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

from seq2seq.errors import InputError

FORMAT = 1
LIBRARIES = ("seq2seq", "tensorflow", "keras", "numpy", "sentencepiece")


@dataclass(frozen=True)
class Run:
    """One run directory. Make it with `start` or `open`."""

    path: Path
    task: str
    config: Mapping[str, Any]

    @classmethod
    def start(cls, path: str | Path, task: str, config: Any, resume: bool = False) -> "Run":
        """A new run directory for `task` with its configuration; or, to resume, the one that is there.

        Args:
            path: the run directory.
            task: its task.
            config: the configuration, a dataclass of sections.
            resume: what `check` said.

        Raises:
            InputError: the folder holds a run already, or cannot be written; or the run to resume is damaged, or was
                started with other settings (names them).
        """
        if resume:
            return cls._resumed(path, task, config)
        cls.check(path)
        run = cls(Path(path), task, asdict(config))
        try:
            run.path.mkdir(parents=True, exist_ok=True)
            run.checkpoint.unlink(missing_ok=True)  # of a run whose config.json is gone: not to be resumed
            versions = {name: version(name) for name in LIBRARIES}
            run.write_json("config.json", {"format": FORMAT, "task": task, "config": run.config, "versions": versions})
        except OSError as error:
            raise InputError(f"--run {path} cannot be written ({error.strerror}): choose a folder that can.") from error
        return run

    @classmethod
    def open(cls, path: str | Path, *tasks: str) -> "Run":
        """Open the run directory of a finished or interrupted training of one of `tasks`; the run's `task` says which.

        Raises:
            InputError: there is no run, it is of another task or of a newer format, or its config.json is damaged.
        """
        file = Path(path) / "config.json"
        if not Path(path).is_dir():
            raise InputError(f"{path}: no such run directory; train one with: seq2seq train {tasks[0]} --run {path} …")
        if not file.exists():
            raise InputError(f"{path} is not a run directory: it has no config.json.")
        try:
            content = json.loads(file.read_text(encoding="utf-8"))
            form, found_task, config = content["format"], content["task"], content["config"]
            if not (isinstance(form, int) and isinstance(config, dict)):
                raise TypeError("wrong types")
        except (ValueError, KeyError, TypeError, OSError) as error:
            raise InputError(f"{file} is damaged ({error}): restore it or train again.") from error
        if form > FORMAT:
            raise InputError(
                f"{path} was written by a newer seq2seq (run format {form}; this one reads {FORMAT}): update it."
            )
        if found_task not in tasks:
            expected = " or ".join(map(repr, tasks))
            raise InputError(f"{path} is a run of the task {found_task!r}, expected one of {expected}.")
        return cls(Path(path), found_task, config)

    @classmethod
    def _resumed(cls, path, task, config):
        run = cls.open(path, task)
        stored = dict(_settings(run.config))
        differing = [
            f"{name}={value!r} (the run: {stored[name]!r})"
            for name, value in _settings(asdict(config))
            if stored.get(name, value) != value and name != "training.epochs"
        ]
        if differing:
            raise InputError(f"--resume of {path} with other settings: {', '.join(differing)}; give the run's own.")
        return run

    @classmethod
    def check(cls, path: str | Path, resume: bool = False) -> bool:
        """Whether there is a run to resume, if that is wished; to be asked before anything that takes long.

        Raises:
            InputError: the folder holds a run, and it is not wished.
        """
        found = (Path(path) / "config.json").exists()
        if found and not resume:
            raise InputError(
                f"{path} holds a run already: --resume goes on with it; or choose another --run, or delete the folder."
            )
        return found

    @property
    def weights(self) -> Path:
        return self.path / "model.weights.h5"

    @property
    def scaler(self) -> Path:
        return self.path / "scaler.json"

    @property
    def calibration(self) -> Path:
        return self.path / "calibration.npz"

    @property
    def detector(self) -> Path:
        return self.path / "detector.npz"

    @property
    def checkpoint(self) -> Path:
        return self.path / "checkpoint.npz"

    @property
    def corpus(self) -> Path:
        return self.path / "corpus"

    @property
    def learning_curve(self) -> Path:
        return self.path / "learning_curve.png"

    @property
    def tensorboard(self) -> Path:
        return self.path / "tensorboard"

    def load_weights(self, model: Any) -> None:
        """Load the best weights into a Keras model of the run's configuration.

        Raises:
            InputError: there are none yet, or they are damaged or of another model.
        """
        if not self.weights.exists():
            raise InputError(
                f"{self.path} has no weights ({self.weights.name}): its training has not finished an epoch yet."
            )
        try:
            model.load_weights(self.weights)
        except (ValueError, OSError, KeyError) as error:
            reason = str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
            raise InputError(f"{self.weights} does not fit the run or is damaged: {reason}") from error

    def tokenizer_stem(self, side: str) -> Path:
        """Path without suffix of the tokenizer of a side: `"source"`, `"target"` or `"joint"`."""
        return self.path / side

    def tokenizer_file(self, side: str) -> Path:
        """The saved tokenizer of `"source"` or `"target"`, which may be the joint one."""
        found = [file for stem in (side, "joint") for file in sorted(self.path.glob(f"{stem}.*"))]
        if not found:
            raise InputError(f"{self.path} has no tokenizer ({side}.* or joint.*): restore it or train again.")
        return found[0]

    def write_metrics(self, metrics: Mapping[str, Any]) -> None:
        self.write_json("metrics.json", metrics)

    def write_history(self, rows: Sequence[Mapping[str, Any]]) -> None:
        """One row per epoch; the columns of the first row."""
        with replacing(self.path / "history.csv") as temporary, open(temporary, "w", newline="") as file:
            writer = csv.DictWriter(file, fieldnames=list(rows[0]))
            writer.writeheader()
            writer.writerows(rows)

    def write_json(self, name: str, content: Any) -> None:
        with replacing(self.path / name) as temporary:
            temporary.write_text(json.dumps(content, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")


def _settings(config):
    """Names, `section.name`, and values of a configuration."""
    for section, settings in config.items():
        if isinstance(settings, Mapping):
            yield from ((f"{section}.{name}", value) for name, value in settings.items())
        else:
            yield section, settings


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """Give a temporary path beside `path`, with its suffixes; rename it to `path` when the block has ended well."""
    temporary = path.with_name(f".writing-{os.getpid()}-{path.name}")
    try:
        yield temporary
        os.replace(temporary, path)
    finally:
        temporary.unlink(missing_ok=True)
