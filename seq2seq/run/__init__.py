"""The run directory: what one training leaves behind."""

from seq2seq.run.directory import Run
from seq2seq.run.folder import RunFolder

__all__ = ["Run", "RunFolder"]
