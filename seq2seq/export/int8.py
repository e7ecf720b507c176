"""Graphs whose weights take a byte each.

Products compute in int8, too: each row of what comes in is rounded by its own largest number, so that no row depends on
another. Layers that read whole sequences, a small part of a search, compute in float32 with the weights that a byte
each tells.
"""

from typing import Any

import numpy as np
from onnx import TensorProto

from seq2seq.export.graph import Graph

LEAST = 4096  # weights of a matrix: of smaller ones there is nothing to save
MOST = 64  # of a weight: processors with AVX2 alone add two products of 8 bits each in 16
LEVELS = np.float32(127)  # of what comes in, to both sides of its middle
MIDDLE = np.uint8(128)
LEAST_SCALE = np.float32(1e-20)  # of a row of zeros: its reciprocal is finite
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
            rows, scales = _rounded(inputs[0])
            return self._read(*(super(Int8Graph, self).__call__(kind, each, inputs[1]) for each in (rows, scales)))
        stored = [self._read(*_rounded(each)) if _is_large(each) and each.ndim > 1 else each for each in inputs]
        return super().__call__(kind, *stored, **how)

    def _product(self, x, weight, bias, **how):
        """`x` times the transpose of `weight`, `(units, features)`."""
        call, (rows, scales) = super().__call__, _rounded(weight)
        largest = call("ReduceMax", call("Abs", x), np.array([-1]))
        largest = call("Max", largest, LEAST_SCALE)
        rounded = call("Add", call("Mul", x, call("Div", LEVELS, largest)), np.float32(MIDDLE))
        rounded = call("Cast", call("Round", rounded), to=TensorProto.UINT8)
        # ONNX Runtime turns the weights around once, when it reads the graph.
        operands = rounded, call("Transpose", rows, perm=(1, 0)), np.float32(1), scales[:, 0], MIDDLE
        product = call("MatMulIntegerToFloat", *operands, domain=DOMAIN)
        scale = call("Div", largest, LEVELS)
        if bias is None:
            return call("Mul", product, scale, **how)
        return call("Add", call("Mul", product, scale), bias, **how)

    def _read(self, rows, scales):
        """float32 of int8 and the scale of each row."""
        return super().__call__("Mul", super().__call__("Cast", rows, to=TensorProto.FLOAT), scales)


def _is_large(each):
    return isinstance(each, np.ndarray) and each.dtype == np.float32 and each.size >= LEAST


def _rounded(weight):
    """`(…, rows, width)` as int8, and the scale of each row, float32 `(…, rows, 1)`."""
    scales = np.abs(weight).max(axis=-1, keepdims=True) / np.float32(MOST)
    return np.rint(weight / np.where(scales, scales, 1)).astype(np.int8), scales
