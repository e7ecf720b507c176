"""Plain text as it stands, every character of it, for language models."""

from pathlib import Path

from seq2seq.errors import InputError
from seq2seq.sources import BOM, opened


def read_text(path: str | Path) -> str:
    r"""Read a UTF-8 text, every character of it, `\r` and runs of spaces too; only a byte order mark is dropped.

    Args:
        path: a file, plain or gzip.

    Raises:
        InputError: the file cannot be opened, is a damaged gzip file, is empty, or is not UTF-8 text (says
            where).
    """
    with opened(path) as stream:
        content = stream.read().removeprefix(BOM)
    if not content:
        raise InputError(f"{path} is empty: give a file with some text.")
    try:
        text = content.decode("utf-8")
    except UnicodeDecodeError as error:
        where = f"line {content.count(10, 0, error.start) + 1}: the byte 0x{content[error.start]:02x}"
        raise InputError(f"{path}, {where} is not UTF-8; convert with iconv -f latin1 -t utf-8.") from error
    if "\0" in text:
        raise InputError(f"{path} holds NUL bytes: is it a binary file? Expected UTF-8 text.")
    return text


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
