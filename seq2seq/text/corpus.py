"""Parallel text in: a pair of files, a TSV, `.gz`, a TFDS data set or a stream, as checked pairs of strings."""

import difflib
import gzip
import re
import unicodedata
import zlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from itertools import islice, zip_longest
from pathlib import Path
from typing import BinaryIO

from seq2seq.errors import InputError
from seq2seq.text.tfds import tfds_files, tfds_rows

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


def read_lines(path: str | Path | BinaryIO) -> Iterator[str]:
    r"""Stream the lines of a UTF-8 file, holding one at a time.

    Only `\n` ends a line (U+2028, U+0085 and a `\r` within do not), so that aligned files stay aligned. One `\r`
    before it and a byte order mark at the start of the file are dropped; nothing else is changed.

    Args:
        path: a file, gzip if its name ends in `.gz`, or an open binary stream such as `sys.stdin.buffer`.

    Raises:
        InputError: the file cannot be opened, is a damaged gzip file or is not UTF-8 (says where).
    """
    if hasattr(path, "read"):
        yield from _decoded(path, str(getattr(path, "name", "the input stream")))
        return
    try:
        with gzip.open(path) if str(path).endswith(".gz") else open(path, "rb") as stream:
            yield from _decoded(stream, str(path))
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise InputError(f"{path} is not a whole gzip file ({error}): make or download it again") from error
    except OSError as error:
        raise InputError(f"{path} cannot be read: {error.strerror or error}") from error


def _decoded(stream, name):
    for number, line in enumerate(stream, 1):
        if number == 1:
            line = line.removeprefix(b"\xef\xbb\xbf")
        try:
            yield line.removesuffix(b"\n").removesuffix(b"\r").decode("utf-8")
        except UnicodeDecodeError as error:
            utf16 = number == 1 and line.startswith((b"\xff\xfe", b"\xfe\xff"))
            guess, code = ("UTF-16", "utf-16") if utf16 else ("Latin-1", "latin1")
            raise InputError(
                f"{name}, line {number}: byte {error.start + 1} of the line, 0x{line[error.start]:02x}, is not UTF-8; "
                f"it looks like {guess}: convert with iconv -f {code} -t utf-8"
            ) from error


def read_pairs(
    location: str | Path,
    source: str | None = None,
    target: str | None = None,
    *,
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
            a file: TSV, plain or `.gz`, first column to second column;
            a prefix: the files `PREFIX.source` and `PREFIX.target`, each plain or `.gz`;
            `tfds:NAME[/CONFIG][:SPLIT]`: a TFDS data set, prepared (and downloaded) if it is not yet;
            `tfds:/FOLDER[:SPLIT]`: the folder of a prepared TFDS data set, the one with `dataset_info.json`.
        source: str. Suffix of the source file, or the TFDS feature with the source text. Not used for TSV.
        target: str. The same for the target.
        swap: bool. Exchange the sides.
        split: str. TFDS split where `location` names none; `"validation"` also finds `valid`, `dev` and `val`.
        extra_columns: str. What to do with the third and later columns of a TSV: `"ignore"`, or take them as
            further `"references"` of their line (not with `swap`).
        limit: int. Read no more than this many lines or examples. None reads all.
        keep_white_space: bool. See `normalize`. A tab in a TSV always separates columns.

    Raises:
        InputError: nothing there, misaligned, not UTF-8, binary, empty or without a single whole pair.
    """
    sources, targets, references = [], [], []
    options = {"extra_columns": extra_columns, "limit": limit, "keep_white_space": keep_white_space}
    for first, second, *more in stream_pairs(location, source, target, swap=swap, split=split, **options):
        sources.append(first)
        targets.append(second)
        references.append([second, *more])
    return ParallelText(sources, targets, references)


def stream_pairs(
    location: str | Path,
    source: str | None = None,
    target: str | None = None,
    *,
    swap: bool = False,
    split: str = "train",
    extra_columns: str = "ignore",
    limit: int | None = None,
    keep_white_space: bool = False,
) -> Iterator[list[str]]:
    """Yield what `read_pairs` reads, a pair at a time: its source, its target, and further references of it."""
    if extra_columns not in ("ignore", "references"):
        raise ValueError(f'extra_columns must be "ignore" or "references", got {extra_columns!r}')
    location = str(location)
    if location.startswith("tfds:"):
        rows = tfds_rows(location, source, target, split, limit)
    elif Path(location).is_file():
        rows = _tsv_rows(location, limit)
    else:
        rows = _file_pair_rows(location, source, target, limit)

    count, whole = 0, False
    for row in rows:
        texts = row if extra_columns == "references" else row[:2]
        texts = [normalize(text, keep_white_space=keep_white_space) for text in texts]
        if swap:
            texts = [texts[1], texts[0]]
        count += 1
        whole = whole or bool(texts[0] and texts[1])
        yield texts if len(texts) == 2 else [*texts[:2], *filter(None, texts[2:])]
    if not count:
        raise InputError(f"{location} is empty: expected one pair of texts per line")
    if not whole:
        raise InputError(f"{location} has no pair with text on both sides in its {count:,} lines")


def corpus_files(location: str | Path, source: str | None = None, target: str | None = None) -> list[Path]:
    """Return the files that `read_pairs` would read, source before target.

    Raises:
        InputError: there are none.
    """
    location = str(location)
    if location.startswith("tfds:"):
        return tfds_files(location)
    if Path(location).is_file():
        return [Path(location)]
    return [Path(path) for path in _side_files(location, source, target)]


def count_lines(path: Path) -> int | None:
    """Return the number of lines of a plain file, or None for a compressed one: fast, to tell the time left."""
    if path.suffix == ".gz":
        return None
    with open(path, "rb") as file:
        return sum(block.count(b"\n") for block in iter(lambda: file.read(2**20), b""))


def _text_lines(path, limit):
    for number, line in enumerate(islice(read_lines(path), limit), 1):
        if "\0" in line:
            raise InputError(f"{path}, line {number}: a NUL byte; is it a binary or UTF-16 file? Expected UTF-8 text")
        yield line


def _tsv_rows(path, limit):
    for number, line in enumerate(_text_lines(path, limit), 1):
        columns = line.split("\t")
        if len(columns) < 2 and line.strip():
            raise InputError(
                f"{path}, line {number}: expected source<TAB>target, found a single column; "
                "for a pair of files give what their names have in common before .source and .target"
            )
        yield columns if len(columns) > 1 else ("", "")


def _file_pair_rows(prefix, source, target, limit):
    paths = _side_files(prefix, source, target)
    counts = [0, 0]
    for lines in zip_longest(*(_text_lines(path, limit) for path in paths)):
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
