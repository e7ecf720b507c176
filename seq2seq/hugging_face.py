"""Data sets of Hugging Face: of the Hub, `hf:NAME[/CONFIG][:SPLIT]`, and those that `save_to_disk` has written.

Both are files of Arrow, which are mapped into memory and read a few rows at a time. The library `datasets` fetches what
is on the Hub; nothing else needs it.
"""

import json
import logging
import os
import re
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from seq2seq.errors import InputError, installed_with

if TYPE_CHECKING:
    import pyarrow as pa

_FORMS = "hf:NAME[/CONFIG][:SPLIT] or hf:/FOLDER[:SPLIT]"
_LOCATION = re.compile(r"(?:hf:)?+(?P<name>.+?)(?::(?P<split>[A-Za-z_][^/]*))?")
_SEVERAL, _STATE, _INFO = "dataset_dict.json", "state.json", "dataset_info.json"
_ROWS_AT_ONCE = 1024


@dataclass(frozen=True)
class ArrowSplits:
    """The splits of a data set, as files of Arrow.

    Attributes:
        place: str. The location without its split.
        split: str or None. The one that the location names, or the only one of a folder of `Dataset.save_to_disk`.
        splits: name of each → its files, in the order of their rows.
    """

    place: str
    split: str | None
    splits: Mapping[str, tuple[Path, ...]]

    @property
    def files(self) -> list[Path]:
        """All files: they hold the rows, and nothing that another `save_to_disk` of the same rows would change."""
        return [file for files in self.splits.values() for file in files]

    @property
    def schema(self) -> "pa.Schema":
        """Names and types of the columns.

        Raises:
            InputError: the files are damaged.
        """
        with reading(self.place), _stream(self.files[0]) as stream:
            return stream.schema

    def batches(self, split: str) -> Iterator["pa.RecordBatch"]:
        """Yield the rows of a split, in the order of the files, some at a time.

        Args:
            split: name of a split, or a part of some, in the grammar of TFDS: `train[:90%]`, `train+test`.

        Raises:
            InputError: no such split, or the files are damaged.
        """
        for name, start, stop in self._parts(split):
            first = 0  # row of the batch among those of the split
            for file in self.splits[name]:
                with reading(self.place), _stream(file) as stream:
                    for batch in stream:
                        end = first + len(batch) if stop is None else min(stop, first + len(batch))
                        for row in range(max(start, first), end, _ROWS_AT_ONCE):
                            yield batch.slice(row - first, min(_ROWS_AT_ONCE, end - row))
                        first += len(batch)

    def _parts(self, split):
        """Name of each split with the first row that is read of it, and the one behind the last; None is its end."""
        if split in self.splits:
            return [(split, 0, None)]
        import tensorflow_datasets as tfds  # whose grammar this is

        sizes = {
            name: tfds.core.SplitInfo(
                name=name, shard_lengths=[self._rows(file) for file in files], num_bytes=0, filename_template=None
            )
            for name, files in self.splits.items()
        }
        try:
            parts = tfds.core.ReadInstruction.from_spec(split).to_absolute(sizes)
        except ValueError as error:
            raise InputError(f"{self.place} has no split {split!r}; its splits: {', '.join(self.splits)}") from error
        return [(part.splitname, part.from_ or 0, part.to) for part in parts]

    def _rows(self, file):
        with reading(self.place), _stream(file) as stream:
            return sum(map(len, stream))


def is_hf(location: str | Path) -> bool:
    """Return whether `location` names a data set of Hugging Face, or is a folder that `save_to_disk` wrote."""
    return str(location).startswith("hf:") or _is_saved(_parted(str(location))[0])


def opened_hf(location: str | Path) -> ArrowSplits:
    """Find a data set of Hugging Face; one of the Hub is fetched, if it is not yet.

    Raises:
        InputError: no such data set, or it cannot be had.
    """
    location = str(location)
    if not location.startswith("hf:"):
        return _saved(*_parted(location))
    match = _LOCATION.fullmatch(location)
    if not match:
        raise InputError(f"expected {_FORMS}, got {location!r}")
    name, split = match["name"], match["split"]
    folder = os.path.expanduser(name)
    if name.startswith(("/", ".", "~")) or os.path.isdir(folder):
        return _saved(folder, split)
    return ArrowSplits(f"hf:{name}", split, _of_hub(name))


@contextmanager
def reading(place: str) -> Iterator[None]:
    """Turn what damaged files make Arrow raise into an `InputError` that names the data set."""
    try:
        yield
    except InputError:
        raise
    except Exception as error:  # whatever the readers of Arrow raise, it is about these files
        raise InputError(
            f"{place} cannot be read, its files may be damaged: {_reason(error)}: save or download it again"
        ) from error


def is_dataset(data: Any, name: str) -> bool:
    """Return whether `data` are a `datasets.Dataset`.

    Raises:
        InputError: they are several by name, a `datasets.DatasetDict`; the message calls them `name`.
    """
    library = sys.modules.get("datasets")  # who holds a data set has loaded it
    several = getattr(library, "DatasetDict", ())
    if isinstance(data, several):
        first = next(iter(data), "train")
        raise InputError(f"{name}: expected one data set, got splits, {', '.join(data)}: give one, data[{first!r}].")
    return isinstance(data, getattr(library, "Dataset", ()))


def table_of(data: Any) -> "pa.Table":
    """The rows of a `datasets.Dataset`, in the order that it has."""
    return data.with_format("arrow")[:]


@contextmanager
def _stream(file):
    import pyarrow as pa  # here, since most data are none of Arrow

    with pa.memory_map(str(file)) as mapped, pa.ipc.open_stream(mapped) as stream:
        yield stream


def _parted(location):
    """The folder that a location without `hf:` names, and the split behind it, unless that is a part of its name."""
    match = _LOCATION.fullmatch(location)
    return (location, None) if os.path.exists(location) or not match else match.group("name", "split")


def _is_saved(folder):
    there = {name for name in (_SEVERAL, _STATE, _INFO) if folder and os.path.isfile(os.path.join(folder, name))}
    return _SEVERAL in there or {_STATE, _INFO} <= there


def _saved(folder, split):
    place = f"hf:{folder}"
    if not _is_saved(folder):
        what = "is no folder of a saved data set" if os.path.isdir(folder) else "does not exist"
        raise InputError(
            f"{folder} {what}: expected one that Dataset.save_to_disk wrote, with {_STATE} and {_INFO}, or "
            f"DatasetDict.save_to_disk, with {_SEVERAL}"
        )
    with reading(place):
        path = Path(folder)
        if (path / _SEVERAL).is_file():
            names = json.loads((path / _SEVERAL).read_text(encoding="utf-8"))["splits"]
            splits = {name: _shards(path / name)[0] for name in names}
        else:
            files, name = _shards(path)
            splits = {name: files}
            split = split or name
        missing = [file for files in splits.values() for file in files if not file.is_file()]
        if missing or not any(splits.values()):
            raise FileNotFoundError(f"there is no {missing[0] if missing else 'file of rows'}")
    return ArrowSplits(place, split, splits)


def _shards(folder):
    """The files of a folder that `Dataset.save_to_disk` wrote, and the name of the split that they were."""
    state = json.loads((folder / _STATE).read_text(encoding="utf-8"))
    name = re.match(r"[\w.]*", state.get("_split") or "")[0]  # of train[:10%] or train+test the first
    return tuple(folder / each["filename"] for each in state["_data_files"]), name or "train"


@cache  # asked for at several places of a training, and what the Hub has may change meanwhile
def _of_hub(name):
    """The splits of a data set of the Hub, as `ArrowSplits` has them."""
    try:
        import datasets
    except ImportError as error:
        raise InputError(f"hf:{name} needs the package datasets: {installed_with('hf')}") from error
    owner, *rest = parts = name.split("/")
    if len(parts) > 3 or not all(parts):
        raise InputError(f"expected {_FORMS}, where NAME is that of the Hub, such as owner/name; got hf:{name}")
    # What the Hub had before there were owners still goes by one word there: of two the second may be a configuration.
    candidates = {1: [(name, None)], 2: [(name, None), (owner, *rest)], 3: [("/".join(parts[:2]), parts[-1])]}
    # The library takes a folder of that name in place of what the Hub has.
    remote = [each for each in candidates[len(parts)] if not os.path.isdir(each[0])]
    if not remote:
        (folder, *_), *_ = candidates[len(parts)]
        raise InputError(f"there is no folder {name}: expected one that save_to_disk wrote; {folder} is a folder")
    try:
        with _without_retries_told():
            found = _loaded(datasets, *remote)
    except datasets.exceptions.DatasetNotFoundError as error:
        raise InputError(
            f"the Hub of Hugging Face has no data set {name!r} you may read: expected {_FORMS}; for one that asks for "
            "a login, run hf auth login"
        ) from error
    except ConnectionError as error:
        raise InputError(
            f"hf:{name} cannot be fetched, the Hub of Hugging Face is not reached ({_reason(error)}): where it is, "
            "keep the data set with save_to_disk, and give that folder"
        ) from error
    except Exception as error:  # whatever a server, a parser or a disk made the library raise
        raise InputError(f"hf:{name} cannot be fetched: {_reason(error)}") from error
    return {str(split): tuple(Path(file["filename"]) for file in rows.cache_files) for split, rows in found.items()}


def _loaded(datasets, first, *others):
    try:
        return datasets.load_dataset(*first, keep_in_memory=False)
    except datasets.exceptions.DatasetNotFoundError:
        if not others:
            raise
    return _loaded(datasets, *others)


@contextmanager
def _without_retries_told():
    """The client of the Hub warns at each of its tries, what comes of them is told once."""
    logger = logging.getLogger("huggingface_hub")
    level = logger.level
    logger.setLevel(logging.ERROR)
    try:
        yield
    finally:
        logger.setLevel(level)


def _reason(error):
    return " ".join(str(error).split())[:300] or type(error).__name__
