"""The run directory: what one training leaves behind."""

from seq2seq.run.directory import Run

__all__ = ["Run"]
