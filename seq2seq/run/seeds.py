"""A folder of runs that differ by their random numbers alone, and answer as one.

`seeds.json` in it names them, and has the settings that all of them were asked for and the run that they start from.
"""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from seq2seq.config.resolving import settings_of, to_mapping
from seq2seq.errors import InputError
from seq2seq.run.integrity import MOST_JSON_BYTES, is_config
from seq2seq.run.resuming import MAY_CHANGE
from seq2seq.storage import replacing

SEEDS = "seeds.json"


def start_seeds(
    path: Path, names: Sequence[str], config: Any, goes_on: bool, parent: Mapping[str, str] | None = None
) -> None:
    """Begin a folder of the runs `names` of `config`, as it was given, or go on with it.

    Args:
        path: the folder.
        names: of the folders in it.
        config: configuration.
        goes_on: bool. Whether to go on with what there is.
        parent: what is kept of the run that all of them start from, see `Parent.record`.

    Raises:
        InputError: it holds a run, or others, or of other settings, or these and nobody wishes to go on; or other
            files.
    """
    if (path / "config.json").exists():
        raise InputError(f"{path} holds a single run: choose another --run for runs of several seeds.")
    begun = has_begun(path)
    if begun and not goes_on:
        raise InputError(
            f"{path} holds runs of several seeds already: --resume goes on with them; or choose another --run, or "
            "delete the folder."
        )
    if begun:
        runs, stored, _ = _read(path)
        if (there := [run.name for run in runs]) != list(names):
            raise InputError(f"{path} holds {', '.join(there)}, and {', '.join(names)} are asked for: choose those.")
        given = _settings(config)
        if wrong := [name for name in given.keys() | stored.keys() if given.get(name) != stored.get(name)]:
            name = min(wrong)
            was = f"{name}={given.get(name)!r} (the runs: {stored.get(name)!r})"
            raise InputError(f"{path} cannot go on with other settings: {was}; give those of the runs.")
    elif not is_of_seeds(path) and path.is_dir() and any(path.iterdir()):
        raise InputError(f"{path} holds other files: choose an empty folder, or one to be made.")
    else:
        refuse_inside_run(path, "--run")
        path.mkdir(parents=True, exist_ok=True)
        with replacing(path / SEEDS) as temporary:
            content = {"runs": list(names), "settings": _settings(config), "parent": parent}
            temporary.write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")


def is_of_seeds(path: str | Path) -> bool:
    """Whether `path` is a folder of several runs."""
    return (Path(path) / SEEDS).is_file()


def has_begun(path: str | Path) -> bool:
    """Whether one of the runs in a folder of several has begun."""
    return is_of_seeds(path) and any((run / "config.json").exists() for run in _read(Path(path))[0])


def started_from(path: str | Path) -> Mapping[str, str] | None:
    """`Parent.record` of the run that all in a folder of several start from; None where they start from none."""
    return _read(Path(path))[2]


def refuse_inside_run(path: Path, option: str) -> None:
    """Raise InputError, naming `option`, where a folder that is to be written would lie in that of a run, or in one of
    several without being one of them."""
    for above in path.resolve().parents:
        if is_config(above):
            raise InputError(f"{option} {path} lies in {above}, the folder of a run: choose one outside.")
        if is_of_seeds(above) and path.resolve() not in _read(above)[0]:
            raise InputError(f"{option} {path} lies in {above}, the folder of several runs: choose one outside.")


def runs_in(path: str | Path, finished: bool = True) -> list[Path]:
    """The runs in a folder of several; of any other folder, that alone.

    Args:
        path: the folder.
        finished: bool. Whether those of several must have finished, so that they answer as one: one that was stopped
            has other epochs than the others, and no held-out errors to calibrate by.

    Raises:
        InputError: its `seeds.json` is damaged, or one of its runs is not there, or not finished.
    """
    path = Path(path)
    if not is_of_seeds(path):
        return [path]
    runs, _, _ = _read(path)
    if missing := [run.name for run in runs if not (run / "config.json").exists()]:
        raise InputError(
            f"{path} has no {', '.join(missing)} of its {len(runs)} runs: the command that trained it, with --resume, "
            "trains what is missing."
        )
    if finished and (stopped := [run.name for run in runs if not (run / "metrics.json").exists()]):
        raise InputError(
            f"{path} does not answer as one: {', '.join(stopped)} of its {len(runs)} runs has not finished; the "
            "command that trained it, with --resume, goes on with it, or give the finished ones by --with."
        )
    return runs


def _settings(config):
    """Those that runs which go on must have in common, JSON-ready, by name."""
    settings = json.loads(json.dumps(settings_of(to_mapping(config))))
    return {name: value for name, value in settings.items() if name not in MAY_CHANGE}


def _read(path):
    """The folders of the runs, the settings, and what is kept of the run that they start from."""
    try:
        if (path / SEEDS).stat().st_size > MOST_JSON_BYTES:
            raise ValueError(f"larger than {MOST_JSON_BYTES:,} bytes")
        content = json.loads((path / SEEDS).read_text(encoding="utf-8"))
        names, settings, parent = content["runs"], content["settings"], content.get("parent")
        if not (isinstance(names, list) and isinstance(settings, dict)) or len(set(names)) < max(len(names), 2):
            raise ValueError("it does not name runs")
        if any(Path(name).name != name or "\0" in name or name == ".." for name in names):
            raise ValueError("it names what is not in its folder")
        if parent is not None and {"run", "weights"} - parent.keys():
            raise ValueError("it does not name the run that they start from")
    except (OSError, ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
        raise InputError(f"{path / SEEDS} is damaged ({error}): restore it, or give its runs one by one.") from error
    return [path / name for name in names], settings, parent
