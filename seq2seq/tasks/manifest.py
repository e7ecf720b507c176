"""What a batch job has finished: `manifest.json`, or one file for each shard, such as `manifest-3-of-16.json`."""

import json
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from seq2seq.storage import replacing
from seq2seq.tasks.shards import Shard

FORMAT = 1
NAME = re.compile(r"manifest(-\d+-of-\d+)?\.json")


class Manifest:
    """The entries of all manifests of a folder, and the one file that this process writes.

    Args:
        folder: of the outputs.
        shard: `Shard` of this process.
    """

    def __init__(self, folder: Path, shard: Shard):
        self.folder = folder
        self.path = folder / (f"manifest-{shard.number}-of-{shard.count}.json" if shard.count > 1 else "manifest.json")
        self._own = _entries(self.path)

    def entries(self, name: str) -> Iterator[Mapping[str, Any]]:
        """What the manifests say of the output `name`: shards finish outputs for each other."""
        for path in sorted(self.folder.glob("manifest*.json")):
            if NAME.fullmatch(path.name) and name in (entries := _entries(path)):
                yield entries[name]

    def record(self, name: str, entry: Mapping[str, Any]) -> None:
        """Write down that the output `name` is finished."""
        self._own[name] = entry
        with replacing(self.path) as temporary:
            content = {"format": FORMAT, "outputs": self._own}
            temporary.write_text(json.dumps(content, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")


def _entries(path):
    """The entries of a manifest; none where it is not there or was damaged by other hands: then work is done again."""
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
        return dict(content["outputs"]) if content["format"] == FORMAT else {}
    except (OSError, ValueError, TypeError, KeyError):
        return {}
