"""Rows of ids in a file, for corpora that memory has no room for."""

import os
from typing import BinaryIO

import numpy as np

from seq2seq.errors import InputError
from seq2seq.text.tokens import TokenRows

# The place of every 64th row is held in memory, the others follow from the lengths: an eighth of a byte a row.
_ROWS_PER_MARK = 64


class StoredRows:
    """Sequences of ids like `TokenRows`, of which only the lengths are held: one or two bytes a row.

    Rows are read with `pread`, not mapped into memory: what a random order touches of a mapped file is all of it, and
    counts as memory of the process.

    Args:
        file: open binary file, the ids of all rows end to end. Stays open as long as this object lives.
        dtype: unsigned NumPy dtype of the ids in it.
        lengths: unsigned array, `(rows,)`. Number of ids of each row.
    """

    def __init__(self, file: BinaryIO, dtype: np.dtype, lengths: np.ndarray):
        self._file, self._dtype, self.lengths = file, np.dtype(dtype), lengths
        marks = np.arange(0, len(lengths), _ROWS_PER_MARK)
        totals = np.add.reduceat(lengths, marks, dtype=np.int64) if len(lengths) else np.zeros(0, np.int64)
        self._marks = np.cumsum(totals) - totals

    def __len__(self):
        return len(self.lengths)

    def take(self, rows: np.ndarray) -> TokenRows:
        """Read the rows at the positions `rows`, an int array, in that order.

        Raises:
            InputError: the file has been cut meanwhile.
        """
        lengths = self.lengths[rows].astype(np.int32)
        width, handle = self._dtype.itemsize, self._file.fileno()
        places = zip((lengths * width).tolist(), (self._starts(rows) * width).tolist(), strict=True)
        content = b"".join([os.pread(handle, size, start) for size, start in places])
        if len(content) != int(lengths.sum()) * width:
            name = self._file.name if isinstance(self._file.name, str) else "a temporary file of the training"
            raise InputError(f"{name} was changed while it was read: start the training again")
        return TokenRows(np.frombuffer(content, self._dtype).astype(np.int32), lengths)

    def _starts(self, rows):
        """Number of ids before each row, int64 `(rows,)`."""
        marks, steps = np.divmod(rows, _ROWS_PER_MARK)
        near = marks[:, None].astype(np.int64) * _ROWS_PER_MARK + np.arange(_ROWS_PER_MARK)  # (rows, 64)
        lengths = self.lengths[np.minimum(near, len(self) - 1)]
        return self._marks[marks] + np.where(np.arange(_ROWS_PER_MARK) < steps[:, None], lengths, 0).sum(
            axis=1, dtype=np.int64
        )


def narrowed(lengths: np.ndarray) -> np.ndarray:
    """Lengths in the smallest unsigned type that holds them."""
    return lengths.astype(np.min_scalar_type(lengths.max(initial=0)))


class RowWriter:
    """Writes rows of ids to a file, block by block.

    Args:
        file: open binary file, for reading too where `rows` is asked for.
        vocabulary_size: int. Ids are below it; where it is at most 65,536 they take two bytes.
    """

    def __init__(self, file: BinaryIO, vocabulary_size: int):
        self._file, self.dtype = file, np.min_scalar_type(vocabulary_size - 1)
        self._lengths = [np.zeros(0, np.uint8)]

    def append(self, rows: TokenRows) -> None:
        """Write rows after those that are there."""
        self._file.write(rows.values.astype(self.dtype).data)
        self._lengths.append(narrowed(rows.lengths))

    @property
    def lengths(self) -> np.ndarray:
        """Unsigned array, `(rows,)`. Number of ids of each row so far."""
        return np.concatenate(self._lengths)  # of the widest type among them

    def rows(self) -> StoredRows:
        """Return what was written, to be read."""
        self._file.flush()
        return StoredRows(self._file, self.dtype, self.lengths)
