"""Graphs whose weights take a byte each.

Products compute in int8, too: ONNX Runtime rounds what comes in, block by block of each row, so that no row depends on
another. Layers that read whole sequences, a small part of a search, compute in float32 with the weights that a byte
each tells.
"""

from typing import Any

import numpy as np
from onnx import TensorProto

from seq2seq.export.graph import Graph

LEAST = 4096  # weights of a matrix: of smaller ones there is nothing to save
BLOCK = 64  # weights that share a scale
MIDDLE = np.uint8(128)  # stands for 0
DOMAIN = "com.microsoft"  # of ONNX Runtime's own operators


class Int8Graph(Graph):
    """A `Graph` that stores large constant matrices as int8, wherever an operator gets one."""

    opsets, has_int8 = (*Graph.opsets, (DOMAIN, 1)), True

    def __call__(self, kind: str, *inputs: Any, **how: Any) -> Any:
        if kind == "MatMul" and _is_large(inputs[1]):
            return self._product(inputs[0], inputs[1].T, None, **how)
        if kind == "Gemm" and _is_large(inputs[1]):
            x, weight, bias = inputs
            return self._product(x, weight if how.pop("transB", 0) else weight.T, bias, **how)
        if kind == "Gather" and _is_large(inputs[0]):
            return self._rows(*inputs)
        stored = [self._stored(each) if _is_large(each) and each.ndim > 1 else each for each in inputs]
        return super().__call__(kind, *stored, **how)

    def _product(self, x, weight, bias, **how):
        """`x` times the transpose of `weight`, `(units, features)`."""
        blocks, scales = _blocks(weight)
        sizes = {"N": weight.shape[0], "K": weight.shape[1], "bits": 8, "block_size": BLOCK, "accuracy_level": 4}
        inputs = x, blocks, scales, *((None, None, bias) if bias is not None else ())
        return super().__call__("MatMulNBits", *inputs, domain=DOMAIN, **sizes, **how)

    def _rows(self, table, ids):
        """Rows of a table, float32."""
        blocks, scales = _blocks(table)
        return self._read(
            super().__call__("Gather", blocks, ids), super().__call__("Gather", scales, ids), table.shape[1]
        )

    def _stored(self, weight):
        """A constant that ONNX Runtime computes when it reads the graph."""
        blocks, scales = _blocks(weight.reshape(-1, weight.shape[-1]))
        return super().__call__("Reshape", self._read(blocks, scales, weight.shape[-1]), np.array(weight.shape))

    def _read(self, blocks, scales, width):
        """float32 `(…, width)` of blocks, `(…, blocks, BLOCK)`, and scales, `(…, blocks)`."""
        call = super().__call__
        values = call("Sub", call("Cast", blocks, to=TensorProto.FLOAT), np.float32(MIDDLE))
        values = call("Mul", values, call("Unsqueeze", scales, np.array([-1])))
        flat = call("Concat", call("Shape", scales, end=-1), np.array([-1]), axis=0)
        values = call("Reshape", values, flat)
        return call("Slice", values, np.array([0]), np.array([width]), np.array([-1]))


def _is_large(each):
    return isinstance(each, np.ndarray) and each.dtype == np.float32 and each.size >= LEAST


def _blocks(weight):
    """`(rows, width)` as uint8 `(rows, blocks, BLOCK)` about `MIDDLE`, and the scale of each block, float32."""
    rows, width = weight.shape
    padded = np.pad(weight, ((0, 0), (0, -width % BLOCK))).reshape(rows, -1, BLOCK)
    scales = np.abs(padded).max(axis=2) / np.float32(127)
    whole = np.rint(padded / np.where(scales, scales, 1)[..., None])
    return (whole + MIDDLE).astype(np.uint8), scales
