"""Runs as folders that answer without TensorFlow: graphs of native ONNX operators, written from the weights.

Converters translate what TensorFlow happened to trace, loop by loop, and fail in silence where an operation has no
twin. Here each layer says itself what it is in ONNX, and no folder gets its name before it has answered as the run.
"""

from seq2seq.export.folder import export

__all__ = ["export"]
