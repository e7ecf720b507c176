"""How workers come together: of one code and with one configuration, each with a copy of the run that the chief starts.

A worker that is not the chief goes on with that copy as with a run that was stopped: so it has the chief's tokenizers,
units and weights, and is refused where its data or what it makes of them are not those of the run.
"""

import json
from collections.abc import Iterable
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import seq2seq
from seq2seq.config.resolving import settings_of, to_mapping
from seq2seq.errors import InputError
from seq2seq.run import RunFolder
from seq2seq.storage import digest, fingerprint
from seq2seq.training.cluster import Cluster


def join(cluster: Cluster, config: Any) -> TemporaryDirectory | None:
    """Come together with the other workers.

    Args:
        cluster: `Cluster`.
        config: the configuration as it was given.

    Returns:
        Of a worker that is not the chief, a folder with the files of the run, which goes when this object does. The
        worker waits for the chief to call `send_run`.

    Raises:
        InputError: the workers have not one code and one configuration; the folder cannot be written.
        Stopped: a worker is lost.
    """
    with cluster.ending_together():
        _refuse_differences(cluster.gather({"code": _digest_of_code(), "settings": to_mapping(config)}))
        if cluster.is_chief:
            return None
        content = cluster.gather_bytes(b"")[0]
    folder = TemporaryDirectory(prefix=f"seq2seq-worker{cluster.place.index}-")
    try:
        _unpack(content, Path(folder.name))
    except OSError as error:
        raise InputError(
            f"worker {cluster.place.index} cannot write its copy of the run to {folder.name} ({error.strerror}): make "
            "room there, or set TMPDIR."
        ) from error
    return folder


def send_run(cluster: Cluster, run: RunFolder) -> None:
    """Send the run that the chief has started to all others, with its last checkpoint and what its teachers wrote."""
    more = (*run.checkpoints()[-1:], *sorted(run.taught.glob("*.json")))
    names = [*run.companions(), *(str(path.relative_to(run.path)) for path in more)]
    cluster.gather_bytes(b"".join(_packed(run.path / name, name) for name in names))


def _packed(path, name):
    content = path.read_bytes()
    return json.dumps([name, len(content)]).encode() + b"\n" + content


def _unpack(content, folder):
    while content:
        header, _, content = content.partition(b"\n")
        name, size = json.loads(header)
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_bytes(content[:size])
        content = content[size:]


def _digest_of_code():
    package = Path(seq2seq.__file__).parent
    return fingerprint({str(path.relative_to(package)): digest(path) for path in sorted(package.rglob("*.py"))})


def _refuse_differences(given: Iterable[dict]) -> None:
    chief, *others = given
    for index, other in enumerate(others, 1):
        if other["code"] != chief["code"]:
            raise InputError(
                f"worker {index} has another version of seq2seq than worker 0: install one on all machines."
            )
        own = settings_of(other["settings"])
        differing = [
            f"{name}={own.get(name)!r} (worker 0: {value!r})"
            for name, value in settings_of(chief["settings"]).items()
            if own.get(name) != value
        ]
        if differing:
            raise InputError(
                f"worker {index} was started with other settings than worker 0: {', '.join(differing)}. Give all of "
                "them the same command."
            )
