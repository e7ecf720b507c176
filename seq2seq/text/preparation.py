"""Prepare a corpus of any size: pairs of strings in, a folder with a `StoredCorpus` out, in bounded memory.

The pairs go through two passes in blocks. The first one cleans them into a file and hashes their sources, which decides
what is held out; the second one encodes that file. In between the tokenizers are trained.
"""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import asdict, dataclass
from itertools import compress
from pathlib import Path

import numpy as np

from seq2seq.report import Report
from seq2seq.special_ids import UNK
from seq2seq.text.cleaning import Cleaning, CleaningReport, chosen_sources, first_held_out, source_ranks
from seq2seq.text.overlap import pair_hashes
from seq2seq.text.protection import Protection
from seq2seq.text.stored_corpus import (
    HASHES,
    IDS,
    LENGTHS,
    SEPARATOR,
    SIDES,
    TRAIN,
    VALID,
    in_blocks,
    open_text,
    read_lines_of,
    write_contents,
)
from seq2seq.text.stored_rows import RowWriter, narrowed
from seq2seq.text.tokens import CorpusStatistics, SideStatistics, Tokenizer

_CLEANED = "cleaned.txt"


@dataclass(frozen=True)
class Preparation:
    """How a corpus is prepared.

    Attributes:
        max_characters: int. Longest side to keep, in characters; see `clean`.
        max_ratio: float. Largest ratio of the sides to keep; see `clean`.
        valid_share: float. Share of the pairs to hold out, or 0.
        by_source: bool. Hold out by source, as `hold_out` does; or else the last pairs.
        max_tokens: int. Training pairs with more tokens on a side are left out.
        keep_text: bool. Keep the training part as text beside its ids.
        keep: tuple of str. What `Protection` protects in the training part.
        lower: bool. Whether that is read in lower case.
        seed: int. Decides what is held out and what tokenizers are trained on.
    """

    max_characters: int | None
    max_ratio: float | None
    valid_share: float
    by_source: bool
    max_tokens: int
    keep_text: bool
    keep: tuple[str, ...]
    lower: bool
    seed: int

    def build(
        self,
        folder: Path,
        pairs: Iterator[list[str]],
        make_tokenizers: Callable[["TrainingPart"], tuple[Tokenizer, Tokenizer]],
        report: Report,
        total: int | None = None,
    ) -> None:
        """Prepare pairs into a folder.

        Args:
            folder: an empty one.
            pairs: what `stream_pairs` gives.
            make_tokenizers: function that makes the tokenizers of source and target from the `TrainingPart`.
            report: `Report`.
            total: int. Number of pairs, where it is known.

        Raises:
            InputError: no pair is left, too few to hold some out, or what `pairs` and `make_tokenizers` raise.
            OSError: the folder cannot be written.
        """
        cleaned = folder / _CLEANED
        cleaning, ranks = self._clean(pairs, cleaned, report, total)
        held_out = self._held_out(cleaning.kept, ranks)
        del ranks
        tokenizers = make_tokenizers(TrainingPart(cleaned, held_out, Protection(self.keep, self.lower), self.seed))
        names = ("joint", "joint") if tokenizers[0] is tokenizers[1] else SIDES
        saved = [tokenizer.save(folder / name).name for tokenizer, name in zip(tokenizers, names, strict=True)]
        with ExitStack() as files:
            sides = [
                _Side(folder, name, files.enter_context(open(folder / IDS.format(name), "wb")), tokenizer)
                for name, tokenizer in zip(SIDES, tokenizers, strict=True)
            ]
            self._encode(cleaned, held_out, sides, report)
        types = {name: side.finish() for name, side in zip(SIDES, sides, strict=True)}
        statistics = CorpusStatistics(int(np.count_nonzero(~held_out)), *(side.statistics() for side in sides))
        cleaned.unlink()
        numbers = {"cleaning": asdict(cleaning), "statistics": asdict(statistics)}
        write_contents(folder, {"tokenizers": saved, "types": types, **numbers})

    def _clean(self, pairs, path, report, total) -> tuple[CleaningReport, np.ndarray]:
        """Write the pairs to keep, a line each; return the report, and of each the hash of its source."""
        # One piece of memory that grows: many small arrays would leave it in holes.
        cleaning, ranks = Cleaning(self.max_characters, self.max_ratio), bytearray()
        with ExitStack() as files:
            file = files.enter_context(open_text(path, "w"))
            hashes = None if self.valid_share else files.enter_context(open(path.with_name(HASHES), "wb"))
            progress = files.enter_context(report.progress("reading the corpus", total, "pairs"))
            for block in in_blocks(pairs):
                kept = [block[i] for i in cleaning.kept([row[0] for row in block], [row[1] for row in block])]
                file.writelines(SEPARATOR.join(row) + "\n" for row in kept)
                if hashes:
                    hashes.write(pair_hashes([row[0] for row in kept], [row[1] for row in kept]).data)
                elif self.by_source:
                    ranks += source_ranks([row[0] for row in kept], self.seed).tobytes()
                progress.advance(len(block))
        return cleaning.report(), np.frombuffer(ranks, np.uint64)

    def _held_out(self, pairs, ranks):
        """Which of the cleaned pairs are held out, bool `(pairs,)`."""
        if not self.valid_share:
            return np.zeros(pairs, bool)
        if self.by_source:
            return chosen_sources(ranks, self.valid_share)
        return np.arange(pairs) >= first_held_out(pairs, self.valid_share)

    def _encode(self, cleaned, held_out, sides, report):
        """Write the ids of the training part, and the texts of the held-out one."""
        done, protection = 0, Protection(self.keep, self.lower)
        with ExitStack() as files:
            valid = files.enter_context(open_text(cleaned.with_name(VALID), "w"))
            train = files.enter_context(open_text(cleaned.with_name(TRAIN), "w")) if self.keep_text else None
            progress = files.enter_context(report.progress("encoding the corpus", len(held_out), "pairs"))
            for block in in_blocks(read_lines_of(cleaned)):
                held = held_out[done : done + len(block)]
                done += len(block)
                valid.writelines(f"{line}\n" for line in compress(block, held))
                rows = [protected(line, protection) for line in compress(block, ~held)]
                encoded = [side.encode([row[i] for row in rows]) for i, side in enumerate(sides)]
                short = np.maximum(*(ids.lengths for ids in encoded)) <= self.max_tokens
                for side, ids in zip(sides, encoded, strict=True):
                    side.writer.append(ids.take(short))
                if train:
                    train.writelines(SEPARATOR.join(row) + "\n" for row in compress(rows, short))
                progress.advance(len(block))


class TrainingPart:
    """The training part of a corpus, to train tokenizers on.

    Args:
        path: file of cleaned pairs.
        held_out: bool array, `(pairs,)`. Those that are not in it.
        protection: `Protection` of the pairs.
        seed: int. Decides which pairs are taken where not all are.
    """

    def __init__(self, path: Path, held_out: np.ndarray, protection: Protection, seed: int):
        self._path, self._held_out, self._protection, self._seed = path, held_out, protection, seed

    def texts(self, side: str, most: int | None = None) -> Iterator[str]:
        """Stream the texts of a side, `"source"` or `"target"`, or `most` of them: of the same pairs on both sides."""
        column, chosen = SIDES.index(side), ~self._held_out
        rows = np.flatnonzero(chosen)
        if most is not None and len(rows) > most:
            chosen[:] = False
            chosen[np.random.default_rng(self._seed).choice(rows, most, replace=False, shuffle=False)] = True
        return (protected(line, self._protection)[column] for line in compress(read_lines_of(self._path), chosen))


def protected(line: str, protection: Protection) -> tuple[str, str]:
    """Return source and target of a line of cleaned pairs.

    Args:
        line: str. Source, target and further references, between them `SEPARATOR`.
        protection: `Protection` of the pairs.
    """
    return protection.pair(*line.split(SEPARATOR, 2)[:2])


class _Side:
    """Encodes one side block by block into its files, and holds what its statistics need: a byte or two a pair."""

    def __init__(self, folder, name, file, tokenizer):
        self._folder, self._name, self._tokenizer = folder, name, tokenizer
        self.writer = RowWriter(file, tokenizer.vocabulary_size)
        self._lengths, self._unknown = [np.zeros(0, np.uint8)], 0

    def encode(self, texts):
        rows = self._tokenizer.encode(texts)
        self._lengths.append(narrowed(rows.lengths))
        self._unknown += int(np.count_nonzero(rows.values == UNK))
        return rows

    def statistics(self):
        return SideStatistics.of_lengths(np.concatenate(self._lengths), self._unknown)

    def finish(self):
        """Write the lengths, too; return the types of the numbers in the files."""
        lengths = self.writer.lengths
        lengths.tofile(self._folder / LENGTHS.format(self._name))
        return {"ids": self.writer.dtype.str, "lengths": lengths.dtype.str}
