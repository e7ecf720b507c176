"""Plain text as it stands, every character of it, for language models."""

from pathlib import Path

from seq2seq.errors import InputError
from seq2seq.sources import BOM, InMemory, Source, opened, refuse_forgotten


def read_text(path: str | Path) -> str:
    r"""Read a UTF-8 text, every character of it, `\r` and runs of spaces too; only a byte order mark is dropped.

    Args:
        path: a file, plain or gzip; or a text in memory.

    Raises:
        InputError: the file cannot be opened, is a damaged gzip file, is empty, or is not UTF-8 text (says
            where).
    """
    text = path.content if isinstance(path, InMemory) else _decoded(path)
    if not text:
        raise InputError(f"{path} is empty: give {'' if isinstance(path, InMemory) else 'a file with '}some text.")
    if "\0" in text:
        raise InputError(f"{path} holds NUL bytes: is it a binary file? Expected UTF-8 text.")
    return text


def _decoded(path):
    refuse_forgotten(path)
    with opened(path) as stream:
        content = stream.read().removeprefix(BOM)
    try:
        return content.decode("utf-8")
    except UnicodeDecodeError as error:
        where = f"line {content.count(10, 0, error.start) + 1}: the byte 0x{content[error.start]:02x}"
        raise InputError(f"{path}, {where} is not UTF-8; convert with iconv -f latin1 -t utf-8.") from error


def text_files(location: str | Path) -> list[Source]:
    """Return the file that `read_text` would read; of a text in memory, this."""
    return [location if isinstance(location, InMemory) else Path(location)]


def split_text(text: str, valid_share: float, name: str = "the text") -> tuple[str, str]:
    """Training and validation part; the second is the end of the text, about `valid_share` of it.

    Raises:
        InputError: one of them has not two characters, one to read and one to predict.
    """
    first_valid = round(len(text) * (1.0 - valid_share))
    parts = text[:first_valid], text[first_valid:]
    if min(map(len, parts)) < 2:
        raise InputError(
            f"{name} has {len(text):,} characters, too few for a training part and a validation part of "
            f"{valid_share:.0%} (data.valid_share): each needs at least 2."
        )
    return parts
