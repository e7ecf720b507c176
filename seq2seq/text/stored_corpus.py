"""A corpus of any size, prepared for training and kept in a folder: found again by all who need the same.

    contents.json        numbers of the corpus, and a hash of each file
    joint.*              the tokenizer; or `source.*` and `target.*`
    source-ids.bin       ids of the training part, end to end; target-ids.bin
    source-lengths.bin   number of ids of each pair; target-lengths.bin
    valid.txt            the held-out pairs, with further references, as text; NUL between columns
    train.txt            the training part as text, protected, where each epoch segments it anew
    hashes.bin           hashes of the pairs, where none are held out: other validation pairs are looked for among them

The folder is named by a hash of all that its content depends on.
"""

import json
import secrets
import shutil
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import TextIO

import numpy as np

from seq2seq.errors import InputError
from seq2seq.sources import InMemory, Source
from seq2seq.storage import digest, fingerprint
from seq2seq.text.cleaning import CleaningReport
from seq2seq.text.corpus import ParallelText
from seq2seq.text.overlap import PAIR_HASHES
from seq2seq.text.stored_rows import RowWriter, StoredRows
from seq2seq.text.tokenizer import load_tokenizer, resample
from seq2seq.text.tokens import CorpusStatistics, SideStatistics, Tokenizer

FORMAT = 2  # part of the name of the folder: counts what else decides its content, such as what cleaning drops
PAIRS_AT_ONCE = 10_000  # read and encoded together: bounds memory
HASHES_AT_ONCE = 500_000  # 8 MB
SIDES = ("source", "target")
SEPARATOR = "\0"  # between the columns of a line: texts may hold tabs, and none holds this
CONTENTS, TRAIN, VALID, HASHES = "contents.json", "train.txt", "valid.txt", "hashes.bin"
IDS, LENGTHS = "{}-ids.bin", "{}-lengths.bin"
_WRITING = ".writing-"  # This begins the names of folders that are being prepared.
_ABANDONED = 2 * 24 * 3600  # seconds without a write after which whoever prepared a folder is dead


@dataclass(frozen=True)
class StoredCorpus:
    """A prepared corpus in its folder.

    Attributes:
        folder: Path.
        tokenizers: of source and target; one and the same for a joint vocabulary.
        rows: `StoredRows` of source and target, of all training pairs that are not too long.
        cleaning: CleaningReport.
        statistics: CorpusStatistics of the training part, pairs that are too long included.
        valid: ParallelText. The held-out pairs; maybe none.
    """

    folder: Path
    tokenizers: tuple[Tokenizer, Tokenizer]
    rows: tuple[StoredRows, StoredRows]
    cleaning: CleaningReport
    statistics: CorpusStatistics
    valid: ParallelText

    @classmethod
    def open(cls, folder: Path) -> "StoredCorpus | None":
        """Open a prepared corpus; None where there is none, or it is damaged."""
        try:
            contents = json.loads((folder / CONTENTS).read_text(encoding="utf-8"))
            if contents.pop("hash") != fingerprint(contents) or contents["files"] != _digests(folder):
                return None
            counts = contents["statistics"]
            loaded = {name: load_tokenizer(folder / name) for name in contents["tokenizers"]}
            valid = [line.split(SEPARATOR) for line in read_lines_of(folder / VALID)]
            with ExitStack() as files:
                corpus = cls(
                    folder,
                    tuple(loaded[name] for name in contents["tokenizers"]),
                    tuple(_open_rows(folder, side, files, **contents["types"][side]) for side in SIDES),
                    CleaningReport(**contents["cleaning"]),
                    CorpusStatistics(counts["pairs"], *(SideStatistics(**counts[side]) for side in SIDES)),
                    ParallelText([row[0] for row in valid], [row[1] for row in valid], [row[1:] for row in valid]),
                )
                files.pop_all()  # They stay open as long as the rows are there.
                return corpus
        except (OSError, ValueError, LookupError, TypeError, AttributeError):
            return None

    def hashes(self) -> Iterator[np.ndarray]:
        """Stream `pair_hashes` of all pairs, block by block; of a corpus with a held-out part there are none."""
        with suppress(FileNotFoundError), open(self.folder / HASHES, "rb") as file:
            while len(block := np.fromfile(file, PAIR_HASHES, HASHES_AT_ONCE)):
                yield block

    def resampled(self, sampling: float, seed: int) -> tuple[StoredRows, StoredRows]:
        """Encode the training part in random segmentations, into files that are gone with the process.

        Args:
            sampling: as for `Tokenizer.encode`.
            seed: int. The same seed gives the same rows.

        Raises:
            InputError: the text is gone, or the disk of the cache is full.
        """
        cache = self.folder.parent
        try:
            with ExitStack() as files:
                writers = [
                    RowWriter(files.enter_context(tempfile.TemporaryFile(dir=cache)), tokenizer.vocabulary_size)
                    for tokenizer in self.tokenizers
                ]
                lines = read_lines_of(self.folder / TRAIN)
                for number, block in enumerate(in_blocks(lines)):
                    texts = zip(*(line.split(SEPARATOR) for line in block), strict=True)
                    for side, tokenizer, writer in zip(texts, self.tokenizers, writers, strict=True):
                        writer.append(resample(tokenizer, side, sampling, seed + 7_368_787 * number))  # A prime.
                rows = writers[0].rows(), writers[1].rows()
                files.pop_all()  # They stay open as long as the rows are there.
                return rows
        except OSError as error:
            reason = error.strerror or error
            raise InputError(
                f"the text of {self.folder} cannot be segmented anew ({reason}): make room in {cache}, or start the "
                "training again with the same command and --resume"
            ) from error


def corpus_key(files: Sequence[Source], settings: Mapping) -> str:
    """Return the name of the folder of a corpus: a hash of the content of `files` and of `settings`, JSON-ready."""
    checksums = [file.digest if isinstance(file, InMemory) else digest(file) for file in files]
    record = {"format": FORMAT, "files": checksums, "settings": settings}
    return fingerprint(record)


def find_or_build(
    cache: Path, key: str, build: Callable[[Path], None], tokenizers: Sequence[Tokenizer] | None = None
) -> tuple[StoredCorpus, bool]:
    """Open the corpus `key` of a cache; where it is missing, damaged or of other tokenizers, build it first.

    Args:
        cache: folder of prepared corpora; made if missing.
        key: see `corpus_key`.
        build: function that prepares the corpus into an empty folder. Whatever it raises leaves nothing behind.
        tokenizers: those that the corpus must have been encoded with, where they are given.

    Returns:
        The corpus, and whether it was there.

    Raises:
        InputError: the cache cannot be written.
    """
    folder = cache / key
    if corpus := _fitting(folder, tokenizers):
        return corpus, True
    try:
        with _temporary_folder(folder) as temporary:
            build(temporary)
            if corpus := _fitting(folder, tokenizers):
                return corpus, True  # Another process has finished it meanwhile, and others may be reading it.
            _put_in_place(temporary, folder)
    except OSError as error:
        raise InputError(f"the corpus cannot be prepared in {cache}: {error.strerror or error}") from error
    corpus = StoredCorpus.open(folder)
    if corpus is None:
        raise InputError(f"the corpus in {folder} was changed while it was prepared: start the training again")
    return corpus, False


def write_contents(folder: Path, contents: Mapping) -> None:
    """Write contents.json, with hashes of itself and of all other files: the last step of preparing a corpus."""
    record = {**contents, "files": _digests(folder)}
    record["hash"] = fingerprint(record)
    (folder / CONTENTS).write_text(json.dumps(record, indent=2) + "\n", encoding="utf-8")


def open_text(path: Path, mode: str) -> TextIO:
    r"""Open a file of normalised texts: `\0` and `\n` are in none of them, and separate them."""
    return open(path, mode, encoding="utf-8", newline="\n")


def read_lines_of(path: Path) -> Iterator[str]:
    r"""Stream the lines of a file of normalised texts, without their `\n`."""
    with open_text(path, "r") as lines:
        for line in lines:
            yield line[:-1]


def in_blocks(items: Iterator) -> Iterator[list]:
    """Yield lists of `PAIRS_AT_ONCE` items, the last one shorter."""
    while block := list(islice(items, PAIRS_AT_ONCE)):
        yield block


def _open_rows(folder, side, files, ids, lengths):
    file = files.enter_context(open(folder / IDS.format(side), "rb"))  # noqa: SIM115, `files` closes it
    return StoredRows(file, np.dtype(ids), np.fromfile(folder / LENGTHS.format(side), lengths))


def _fitting(folder, tokenizers):
    """The corpus in `folder`, if there is one that is whole and was encoded with `tokenizers`, where they are given."""
    corpus = StoredCorpus.open(folder)
    return corpus if corpus and (tokenizers is None or _same(tokenizers, corpus.tokenizers)) else None


def _same(first, second):
    return [one.to_bytes() for one in first] == [one.to_bytes() for one in second]


def _digests(folder):
    return {file.name: digest(file) for file in sorted(folder.iterdir()) if file.name != CONTENTS}


@contextmanager
def _temporary_folder(folder):
    """Give an empty folder beside `folder`, which is gone after the block unless it was renamed."""
    folder.parent.mkdir(parents=True, exist_ok=True)
    temporary = folder.with_name(f"{_WRITING}{secrets.token_hex(4)}-{folder.name}")  # Machines may share the cache.
    temporary.mkdir()
    try:
        _remove_abandoned(folder.parent, temporary.stat().st_mtime)
        yield temporary
    finally:
        shutil.rmtree(temporary, ignore_errors=True)


def _remove_abandoned(cache, now):
    """Delete what killed preparations have left: folders in which nothing was written for long before `now`, the time
    of the same file system."""
    for folder in cache.glob(f"{_WRITING}*"):
        with suppress(OSError):  # Another process may be deleting it, too.
            if max(path.stat().st_mtime for path in (folder, *folder.iterdir())) < now - _ABANDONED:
                shutil.rmtree(folder, ignore_errors=True)


def _put_in_place(temporary, folder):
    """Rename a prepared folder; one that is there is renamed first and deleted last: never is half of one there."""
    old = temporary.with_name(f"{temporary.name}-old")
    with suppress(FileNotFoundError):
        folder.rename(old)
    try:
        temporary.rename(folder)
    finally:
        shutil.rmtree(old, ignore_errors=True)
