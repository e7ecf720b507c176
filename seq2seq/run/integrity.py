"""What a run directory may be: read without trust, and trained by one process at a time."""

import fcntl
import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any, TextIO

from seq2seq.errors import InputError

FORMAT = 2
MOST_JSON_BYTES = 2**26
_LAYERS = ("encoder_layers", "decoder_layers", "num_layers")


def read_config(path: Path) -> tuple[str, dict, dict]:
    """Return task, configuration and checksums of the data, from the config.json of a run directory.

    Raises:
        InputError: it is damaged, or of another format.
    """
    file = path / "config.json"
    try:
        if file.stat().st_size > MOST_JSON_BYTES:
            raise ValueError(f"larger than {MOST_JSON_BYTES:,} bytes")
        content = json.loads(file.read_text(encoding="utf-8"))
        if not isinstance(content, dict) or not {"format", "task", "config"} <= content.keys():
            raise ValueError("it is not what a training writes")
        form, task, config, data = content["format"], content["task"], content["config"], content.get("data", {})
        if not (isinstance(form, int) and isinstance(config, dict) and isinstance(data, dict)):
            raise ValueError("it is not what a training writes")
    except (ValueError, OSError, RecursionError) as error:
        raise InputError(f"{file} is damaged ({error}): restore it or train again.") from error
    if form > FORMAT:
        raise InputError(
            f"{path} was written by a newer seq2seq (run format {form}; this one reads {FORMAT}): update it."
        )
    if form < FORMAT:
        raise InputError(
            f"{path} was written by an older seq2seq (run format {form}; this one reads {FORMAT}): train again."
        )
    return task, config, data


def stored_in(path: str | Path, name: str) -> Any:
    """What the config.json of a folder has under a name; None where it has nothing, or cannot be read."""
    file = Path(path) / "config.json"
    try:
        if file.stat().st_size > MOST_JSON_BYTES:
            return None  # which opening the run tells of
        return json.loads(file.read_text(encoding="utf-8")).get(name)
    except (OSError, ValueError, AttributeError, RecursionError):
        return None


def is_config(path: Path) -> bool:
    """Whether the config.json of a folder is that of a run that this version reads."""
    try:
        read_config(path)
    except InputError:
        return False
    return True


def refuse_links_out(path: Path) -> None:
    """Raise InputError where a run directory holds a link that leads out of it, or something that is no file."""
    inside = path.resolve()
    for entry in path.rglob("*"):
        if entry.is_symlink() and not entry.resolve().is_relative_to(inside):
            raise InputError(f"{entry} is a link out of the run directory: put the file itself there.")
        # One that is gone by now was a temporary one of a training.
        if os.path.lexists(entry) and not (entry.is_file() or entry.is_dir()):
            raise InputError(f"{entry} is neither a file nor a folder: restore it or delete it.")


def locked(path: Path) -> TextIO:
    """Return the lock `path`, taken: an open file. The system frees it when the process ends, however that happens.

    Raises:
        InputError: another process has it.
    """
    file = open(path, "a+", encoding="utf-8")  # noqa: SIM115, open as long as the run is trained
    try:
        fcntl.lockf(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except (BlockingIOError, PermissionError):
        raise _trained_by_another(path, file) from None
    file.truncate(0)
    file.write(f"process {os.getpid()} on {os.uname().nodename}\n")
    file.flush()
    return file


def refuse_while_trained(path: Path) -> None:
    """Raise InputError where another process has the lock `path`; any number of processes may ask at once."""
    if not path.exists():
        return
    with open(path, encoding="utf-8") as file:
        try:
            fcntl.lockf(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except (BlockingIOError, PermissionError):
            raise _trained_by_another(path, file) from None
        except OSError:  # a file system without locks
            return


def _trained_by_another(path, file):
    file.seek(0)
    owner = file.read(200).strip()
    file.close()
    return InputError(
        f"{path.parent} is being trained by another process ({owner or 'unknown'}): wait for it, or stop it first."
    )


def check_widths(path: Path, config: Mapping[str, Any], weights: int) -> None:
    """Raise InputError where a model of `config` has more than `weights` weights: before memory is taken for it."""
    model = config.get("model")
    sizes = {name: size for name, size in model.items() if isinstance(size, int)} if isinstance(model, Mapping) else {}
    units = sizes.get("units", 1)
    # Whatever is how wide, some kernel leads from it to gates or to a code; each layer has a recurrent one.
    least = [units * sizes.get(name, 1) for name in ("units", "embedding_dim", "latent_dim")]
    least += [units * units // 2 * sizes.get(name, 1) for name in _LAYERS]
    if max(least) > weights:
        raise InputError(f"{path} has fewer weights than its settings ask for: restore it or train again.")
