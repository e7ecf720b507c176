"""A folder of runs that differ by their random numbers alone, and answer as one: `seeds.json` names them."""

import json
from collections.abc import Sequence
from pathlib import Path

from seq2seq.errors import InputError
from seq2seq.run.integrity import refuse_inside_run
from seq2seq.storage import replacing

SEEDS = "seeds.json"


def write_seeds(path: Path, names: Sequence[str]) -> None:
    """Make of `path` the folder of the runs `names`, folders in it."""
    path.mkdir(parents=True, exist_ok=True)
    with replacing(path / SEEDS) as temporary:
        temporary.write_text(json.dumps({"runs": list(names)}) + "\n", encoding="utf-8")


def start_seeds(path: Path, names: Sequence[str], resume: bool) -> None:
    """Begin a folder of the runs `names`, or go on with it.

    Raises:
        InputError: it holds a run, or others, or these ones and nobody wishes to go on; or other files.
    """
    if (path / "config.json").exists():
        raise InputError(f"{path} holds a single run: choose another --run for runs of several seeds.")
    if is_of_seeds(path):
        if not resume:
            raise InputError(
                f"{path} holds runs of several seeds already: --resume goes on with them; or choose another --run, or "
                "delete the folder."
            )
        if (there := [run.name for run in runs_in(path)]) != list(names):
            raise InputError(f"{path} holds {', '.join(there)}, and {', '.join(names)} are asked for: choose those.")
    elif path.is_dir() and any(path.iterdir()):
        raise InputError(f"{path} holds other files: choose an empty folder, or one to be made.")
    else:
        refuse_inside_run(path, "--run")
        write_seeds(path, names)


def is_of_seeds(path: str | Path) -> bool:
    """Whether `path` is a folder of several runs."""
    return (Path(path) / SEEDS).is_file()


def runs_in(path: str | Path) -> list[Path]:
    """The runs in a folder of several; of any other folder, that alone.

    Raises:
        InputError: its `seeds.json` is damaged, or names what lies elsewhere.
    """
    path = Path(path)
    if not is_of_seeds(path):
        return [path]
    try:
        names = json.loads((path / SEEDS).read_text(encoding="utf-8"))["runs"]
        if len(names) < 2 or any(Path(name).name != name or name in ("", "..") for name in names):
            raise ValueError("it does not name runs in its folder")
    except (OSError, ValueError, TypeError, KeyError) as error:
        raise InputError(
            f"{path / SEEDS} is damaged ({error}): restore it, or give the runs in {path} one by one."
        ) from error
    return [path / name for name in names]
