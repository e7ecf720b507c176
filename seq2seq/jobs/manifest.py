"""What a batch job has finished: `manifest.json`, or one file for each shard, such as `manifest-3-of-16.json`."""

import json
import re
import time
from collections.abc import Iterator, Mapping
from math import inf
from pathlib import Path
from typing import Any

from seq2seq.errors import InputError
from seq2seq.jobs.folder import Folder, folder_at
from seq2seq.jobs.shards import Shard

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

    def __init__(self, folder: Folder | Path, shard: Shard):
        self._folder = folder_at(folder)
        self.name = f"manifest-{shard.number}-of-{shard.count}.json" if shard.count > 1 else "manifest.json"
        own, self._written = self._entries(self.name) or {}, True
        self._own = {name: entry for name, entry in own.items() if _is_entry(entry)}
        self._read: dict[str, tuple[Any, Mapping[str, Any]]] = {}
        self.look_again()

    def entries(self, name: str) -> Iterator[Mapping[str, Any]]:
        """What the manifests say of the output `name`: shards finish outputs for each other."""
        self._look()
        return (entries[name] for entries in self._latest if entries and _is_entry(entries.get(name)))

    def names(self, name: str) -> bool:
        """Whether a manifest names the output, whole or not; one that was damaged may have done so."""
        self._look()
        return any(entries is None or name in entries for entries in self._latest)

    def look_again(self) -> None:
        """Do not answer from what was read a while ago."""
        self._looked_at = -inf

    def _look(self):
        if time.monotonic() - self._looked_at >= self._folder.look_every:
            others = sorted(filter(NAME.fullmatch, self._folder.names()))
            self._latest = [self._entries_of(other) for other in others]
            self._looked_at = time.monotonic()

    def _entries_of(self, other):
        """What is in a manifest, read again only where it was written since: there may be thousands of outputs."""
        stamp = self._folder.stamp(other)
        if other not in self._read or self._read[other][0] != stamp:
            self._read[other] = stamp, self._entries(other)
        return self._read[other][1]

    def _entries(self, other):
        """All entries of a manifest; None where it was damaged by other hands: work is redone."""
        try:
            content = json.loads(self._folder.read(other).decode())
            return {**content["outputs"]} if content["format"] == FORMAT else None
        except InputError:  # it may be there, and cannot be asked
            raise
        except FileNotFoundError:
            return {}
        except (OSError, ValueError, TypeError, KeyError, RecursionError):
            return None

    def record(self, name: str, entry: Mapping[str, Any]) -> None:
        """Note that the output `name` is finished; `write` puts it on the disk."""
        self._own[name], self._written = entry, False

    def write(self) -> None:
        """Write the manifest of this process, whole or not at all."""
        if self._written:
            return
        self._written = True
        content = {"format": FORMAT, "outputs": self._own}
        with self._folder.writing(self.name) as file:
            file.write(json.dumps(content, indent=2, ensure_ascii=False).encode() + b"\n")


def _is_entry(entry):
    return isinstance(entry, dict) and all(isinstance(entry.get(key), kind) for key, kind in ENTRY.items())
