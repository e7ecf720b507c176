"""What a batch job has finished: `manifest.json`, or one file for each shard, such as `manifest-3-of-16.json`."""

import json
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from seq2seq.jobs.shards import Shard
from seq2seq.storage import replacing

FORMAT = 1
# What a job asks of an entry, and of which type it is.
ENTRY = {
    **dict.fromkeys(("input_checksum", "output_checksum", "model", "problem"), str),
    **dict.fromkeys(("records", "bad_records"), int),
    "settings": dict,
}
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
        self._own, self._read, self._written = _entries(self.path), {}, True

    def entries(self, name: str) -> Iterator[Mapping[str, Any]]:
        """What the manifests say of the output `name`: shards finish outputs for each other."""
        for path in sorted(self.folder.glob("manifest*.json")):
            if NAME.fullmatch(path.name) and name in (entries := self._latest(path)):
                yield entries[name]

    def _latest(self, path):
        """The entries of a manifest, read again only where it was written since: there may be thousands of outputs."""
        try:
            state = path.stat()
        except FileNotFoundError:
            return {}
        stamp = state.st_mtime_ns, state.st_ino, state.st_size
        if path not in self._read or self._read[path][0] != stamp:
            self._read[path] = stamp, _entries(path)
        return self._read[path][1]

    def record(self, name: str, entry: Mapping[str, Any]) -> None:
        """Note that the output `name` is finished; `write` puts it on the disk."""
        self._own[name], self._written = entry, False

    def write(self) -> None:
        """Write the manifest of this process, whole or not at all."""
        if self._written:
            return
        self._written = True
        with replacing(self.path) as temporary:
            content = {"format": FORMAT, "outputs": self._own}
            temporary.write_text(json.dumps(content, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")


def _entries(path):
    """The whole entries of a manifest; what is not there or was damaged by other hands is none: work is done again."""
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
        if content["format"] != FORMAT:
            return {}
        return {name: entry for name, entry in content["outputs"].items() if _is_entry(entry)}
    except (OSError, ValueError, TypeError, KeyError, AttributeError, RecursionError):
        return {}


def _is_entry(entry):
    return isinstance(entry, dict) and all(isinstance(entry.get(key), kind) for key, kind in ENTRY.items())
