"""What a run goes on with: the settings and the data that it was started with; what differs is named and refused."""

from collections.abc import Iterable, Mapping
from dataclasses import is_dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from seq2seq.config.resolving import from_stored, settings_of, to_mapping
from seq2seq.errors import InputError
from seq2seq.run.integrity import read_config
from seq2seq.sources import InMemory, Source
from seq2seq.storage import digest

if TYPE_CHECKING:
    from seq2seq.run.directory import Run

# Of the settings of a run, what may be another when it goes on.
MAY_CHANGE = {"training.epochs", "training.checkpoint_minutes", "training.on_divergence", "training.tensorboard"}


def refuse_new_settings(path: str | Path, config: Any) -> None:
    """Raise InputError where `config`, as it was given to resume the run at `path`, sets what the run never stored.

    A version that had no such setting trained it, and to that the default comes down. To be asked before anything that
    `config` leaves open is decided.
    """
    known = settings_of(read_config(Path(path))[1])
    defaults = {name: to_mapping(type(part)()) for name, part in vars(config).items() if is_dataclass(part)}
    given = settings_of(to_mapping(config))
    new = [
        f"{name}={given[name]!r}"
        for name, default in settings_of(defaults).items()
        if name not in known and given[name] != default and name not in MAY_CHANGE
    ]
    if new:
        raise InputError(
            f"{path} cannot go on with {', '.join(new)}, which the version that started the run did not know: leave it "
            "out, or start a new run."
        )


def refuse_other_settings(run: "Run", config: Any) -> None:
    """Raise InputError where settings of `config`, to resume `run` with, differ from its own; names them."""
    # As this version reads both: another may have stored the same in other words, or what does nothing. What it did
    # not know may have been settled since: `refuse_new_settings` has seen what was given.
    stored = settings_of(to_mapping(run.read_config_as(type(config))))
    known = settings_of(run.config)
    differing = [
        f"{name}={value!r} (the run: {stored[name]!r})"
        for name, value in settings_of(to_mapping(from_stored(type(config), to_mapping(config)))).items()
        if name in known and stored[name] != value and name not in MAY_CHANGE
    ]
    if differing:
        raise InputError(f"{run.path} cannot go on with other settings: {', '.join(differing)}; give the run's own.")


def refuse_other_data(run: "Run", data: Mapping[str, Iterable[Source]]) -> None:
    """Raise InputError where the content of the files of `data`, see `Run.start`, is not that of the run's start."""
    stored = run.data
    files = {name: list(paths) for name, paths in data.items()}
    differing = [
        f"{name} ({', '.join(map(str, paths))})" for name, paths in files.items() if stored.get(name) != digests(paths)
    ]
    if differing:
        raise InputError(
            f"{run.path} cannot go on with other data: the content of {', '.join(differing)} has changed since the run "
            "was started; restore it, or start a new run."
        )


def data_have_changed(run: "Run", name: str, files: Iterable[Source]) -> bool | None:
    """Whether the content of the files of a setting of data is not that of the run's start; None: nobody can tell."""
    stored, files = run.data.get(name), list(files)
    return None if stored is None or not all(map(_is_there, files)) else stored != digests(files)


def digests(files: Iterable[Source]) -> list[str]:
    """Checksums of those of `files` that are there."""
    return [file.digest if isinstance(file, InMemory) else digest(file) for file in files if _is_there(file)]


def _is_there(file: Source) -> bool:
    return isinstance(file, InMemory) or file.is_file()
