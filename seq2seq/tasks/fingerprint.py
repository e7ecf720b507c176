"""Whether a file, a model or a job is the same as another: checksums."""

import hashlib
import json
from pathlib import Path
from typing import Any

from seq2seq.run import Run

_BLOCK = 1 << 20


def checksum(path: Path) -> str:
    """BLAKE2b of the content of a file, as 32 hexadecimal digits."""
    digest = _digest()
    with open(path, "rb") as file:
        while block := file.read(_BLOCK):
            digest.update(block)
    return digest.hexdigest()


def fingerprint(content: Any) -> str:
    """BLAKE2b of anything that JSON can hold; the order of keys does not matter."""
    digest = _digest()
    digest.update(json.dumps(content, sort_keys=True).encode())
    return digest.hexdigest()


def model_fingerprint(run: Run) -> str:
    """What a run's results depend on: its weights, its configuration, and its tokenizers or the units of its columns.

    Where the run lies, and what else lies in it, does not matter.
    """
    files = {run.tokenizer_file(side) for side in ("source", "target")} if run.task == "translation" else {run.scaler}
    files.add(run.weights)
    return fingerprint([run.task, run.config, sorted((file.name, checksum(file)) for file in files)])


def _digest():
    return hashlib.blake2b(digest_size=16)
