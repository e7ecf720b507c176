"""Whether a model or a job is the same as another: checksums."""

import json
from hashlib import blake2b
from typing import Any

from seq2seq.run import Run
from seq2seq.storage import digest


def fingerprint(content: Any) -> str:
    """BLAKE2b of anything that JSON can hold; the order of keys does not matter."""
    return blake2b(json.dumps(content, sort_keys=True).encode(), digest_size=16).hexdigest()


def model_fingerprint(run: Run) -> str:
    """What a run's results depend on: the weights, which name the checksums of all other files that they need."""
    return digest(run.weights)
