"""The commands: each parses its options, calls one task and shows the result. Loads TensorFlow only to work."""

from seq2seq.cli.app import app, main

__all__ = ["app", "main"]
