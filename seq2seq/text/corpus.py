"""Parallel text in: a pair of files, a TSV, `.gz`, a data set or a stream, as checked pairs of strings."""

import difflib
import re
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import islice, zip_longest
from pathlib import Path

from seq2seq.errors import InputError
from seq2seq.sources import InMemory, Source, data_set_files, is_data_set, refuse_forgotten
from seq2seq.text.blank import is_blank
from seq2seq.text.columns import FIRST_TWO, Columns
from seq2seq.text.data_sets import data_set_rows
from seq2seq.text.splitting import text_lines
from seq2seq.text.table import is_table, rows_of

# Everything that would end a line, hide in it or cannot be written as UTF-8 becomes part of one space.
_SPACES = re.compile(r"[\s\x00-\x1f\x7f-\x9f\ud800-\udfff]+")

_NO_TEXT = re.compile(r"[\x00\ud800-\udfff\ufdd0-\ufdef]")


@dataclass(frozen=True)
class ParallelText:
    """Aligned pairs of texts, in the order in which they were read.

    Attributes:
        source: list of str.
        target: list of str, as long as `source`.
        references: list of lists of str. Every accepted target of pair `i`, `target[i]` first. By default
            only `target[i]`.
    """

    source: list[str]
    target: list[str]
    references: list[list[str]] = field(default=None, repr=False)

    def __post_init__(self):
        if self.references is None:
            object.__setattr__(self, "references", [[text] for text in self.target])
        if not len(self.source) == len(self.target) == len(self.references):
            raise ValueError(
                f"source, target and references must be of one length, got {len(self.source)}, "
                f"{len(self.target)} and {len(self.references)}"
            )

    def __len__(self):
        return len(self.source)

    def take(self, rows: Iterable[int]) -> "ParallelText":
        """Return the pairs at `rows`, in that order."""
        rows = list(rows)
        return ParallelText(*([column[i] for i in rows] for column in (self.source, self.target, self.references)))


def normalize(text: str, *, keep_white_space: bool = False) -> str:
    r"""Return `text` in Unicode NFC with every run of white space and control characters as one space, stripped.

    With `keep_white_space` all characters stay but those that end a line, which go at the end and are a space each
    within, and those that are no text (NUL, surrogates, the noncharacters that this library uses), which are U+FFFD.
    White space alone is no text: it becomes `""`.

    >>> normalize("  cafe\u0301\u2028au\tlait ")
    'café au lait'
    >>> normalize("  cafe\u0301 \tau  lait \n", keep_white_space=True)
    '  café \tau  lait '
    """
    if keep_white_space:
        if not text.isprintable():
            text = text.removesuffix("\n").removesuffix("\r").replace("\n", " ").replace("\r", " ")
            text = _NO_TEXT.sub("\ufffd", text)
        return "" if text.isspace() else unicodedata.normalize("NFC", text)
    # Printable text, as most is, holds no space but " " and no control character: the search can be spared.
    plain = text.isprintable() and "  " not in text
    return unicodedata.normalize("NFC", (text if plain else _SPACES.sub(" ", text)).strip())


def read_pairs(
    location: str | Path,
    source: str | None = None,
    target: str | None = None,
    *,
    columns: Columns = FIRST_TWO,
    swap: bool = False,
    split: str = "train",
    extra_columns: str = "ignore",
    limit: int | None = None,
    keep_white_space: bool = False,
) -> ParallelText:
    """Read parallel text and normalise it (see `normalize`).

    Pairs with an empty side are kept here, so that rows stay aligned with the input; `clean` drops and counts them.

    Args:
        location: str or path. One of
            a file: TSV, or CSV if it is named so, plain or gzip;
            a prefix: the files `PREFIX.source` and `PREFIX.target`, each plain or gzip;
            `tfds:NAME[/CONFIG][:SPLIT]`: a TFDS data set, prepared (and downloaded) if it is not yet;
            `tfds:/FOLDER[:SPLIT]`: the folder of a prepared TFDS data set, the one with `dataset_info.json`;
            `hf:NAME[/CONFIG][:SPLIT]`: a data set on the Hub of Hugging Face, fetched if it is not yet;
            `hf:/FOLDER[:SPLIT]`, or the folder alone: what `save_to_disk` of the library `datasets` wrote.
        source: str. Suffix of the source file, or the feature of a data set with the source text. Not used for a file.
        target: str. The same for the target.
        columns: Columns. Where the texts stand in a file: by default in the first column and in the second.
        swap: bool. Exchange the sides.
        split: str. That of a data set where `location` names none; `"validation"` also finds `valid`, `dev` and `val`.
        extra_columns: str. What to do with the columns of a file behind those of the texts: `"ignore"`, or take
            them as further `"references"` of their line (not with `swap`).
        limit: int. Read no more than this many lines or examples. None reads all.
        keep_white_space: bool. See `normalize`. A tab in a TSV always separates columns.

    Raises:
        InputError: nothing there, misaligned, not UTF-8, binary, empty or without a single whole pair.
    """
    sources, targets, references = [], [], []
    options = {"extra_columns": extra_columns, "limit": limit, "keep_white_space": keep_white_space}
    rows = stream_pairs(location, source, target, columns=columns, swap=swap, split=split, **options)
    for first, second, *more in rows:
        sources.append(first)
        targets.append(second)
        references.append([second, *more])
    return ParallelText(sources, targets, references)


def stream_pairs(
    location: str | Path,
    source: str | None = None,
    target: str | None = None,
    *,
    columns: Columns = FIRST_TWO,
    swap: bool = False,
    split: str = "train",
    extra_columns: str = "ignore",
    limit: int | None = None,
    keep_white_space: bool = False,
) -> Iterator[list[str]]:
    """Yield what `read_pairs` reads, a pair at a time: its source, its target, and further references of it.

    Args:
        location: as for `read_pairs`; and all others.

    Raises:
        InputError: as `read_pairs`; an empty file or one without a whole pair is known at its end only.
        ValueError: `extra_columns` is neither.
    """
    if extra_columns not in ("ignore", "references"):
        raise ValueError(f'extra_columns must be "ignore" or "references", got {extra_columns!r}')
    location = location if isinstance(location, InMemory) else str(location)
    if isinstance(location, InMemory):
        rows = islice(zip(*location.content, strict=True), limit)
    elif is_data_set(location):
        rows = data_set_rows(location, source, target, split, limit)
    elif is_table(location):
        rows = _table_rows(location, columns, limit)
    else:
        rows = _file_pair_rows(location, source, target, limit)

    count, whole = 0, False
    for row in rows:
        texts = row if extra_columns == "references" else row[:2]
        texts = [normalize(text, keep_white_space=keep_white_space) for text in texts]
        if swap:
            texts = [texts[1], texts[0]]
        count += 1
        whole = whole or not (is_blank(texts[0]) or is_blank(texts[1]))
        yield texts if len(texts) == 2 else [*texts[:2], *(text for text in texts[2:] if not is_blank(text))]
    if not count:
        raise InputError(f"{location} is empty: expected one pair of texts per line")
    if not whole:
        raise InputError(f"{location} has no pair with text on both sides in its {count:,} lines")


def corpus_files(location: str | Path, source: str | None = None, target: str | None = None) -> Sequence[Source]:
    """Return the files that `read_pairs` would read, source before target; of pairs in memory, these.

    Raises:
        InputError: there are none.
    """
    if isinstance(location, InMemory):
        return [location]
    location = str(location)
    if is_data_set(location):
        return data_set_files(location)
    if is_table(location):
        return [Path(location)]
    return [Path(path) for path in _side_files(location, source, target)]


def _table_rows(path, columns, limit):
    rows = rows_of(path)
    if columns.header:
        next((cells for _, cells in rows if not all(map(is_blank, cells))), None)
    for number, cells in islice(rows, limit):
        yield columns.texts(path, number, cells)


def _file_pair_rows(prefix, source, target, limit):
    paths = _side_files(prefix, source, target)
    counts = [0, 0]
    for lines in zip_longest(*(text_lines(path, limit) for path in paths)):
        for side, line in enumerate(lines):
            counts[side] += line is not None
        if counts[0] == counts[1]:
            yield lines
    if counts[0] != counts[1]:
        raise InputError(
            f"{paths[0]} has {counts[0]:,} lines but {paths[1]} has {counts[1]:,}: "
            "line n of one must be the translation of line n of the other"
        )


def _side_files(prefix, source, target):
    refuse_forgotten(prefix)
    if not (source and target):
        raise InputError(
            f"there is no file {prefix}{_near_files(prefix)}; to read it as the prefix of a pair of files, "
            "give their endings as source and target, for example --source en --target de"
        )
    return [_side_file(prefix, source), _side_file(prefix, target)]


def _side_file(prefix, suffix):
    for path in (f"{prefix}.{suffix}", f"{prefix}.{suffix}.gz"):
        if Path(path).is_file():
            return path
    raise InputError(f"there is no file {prefix}.{suffix} or {prefix}.{suffix}.gz{_near_files(prefix, f'.{suffix}')}")


def _near_files(prefix, suffix=""):
    """What to say of the folder in which a file was looked for, to go behind "there is no file"."""
    if Path(prefix).is_dir():
        return f"; {prefix} is a folder: add what the names of its files start with, as in {Path(prefix, 'train')}"
    folder, name = Path(prefix).parent, Path(prefix).name + suffix
    if not folder.is_dir():
        return f"; nor is there a folder {folder}"
    names = sorted(entry.name for entry in folder.iterdir() if entry.is_file())
    start = name.split(".")[0]
    near = [other for other in names if other.split(".")[0] == start] or difflib.get_close_matches(name, names, 4, 0.5)
    return f"; near it: {', '.join(near[:8])}" if near else f"; nothing in {folder} is called so"
