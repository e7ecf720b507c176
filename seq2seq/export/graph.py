"""A graph of ONNX operators under construction."""

from collections.abc import Callable, Sequence
from itertools import count
from typing import Any

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from seq2seq.export.signature import Value

OPSET = 18  # of 2023: ONNX Runtime 1.14 and all later ones know it
IR_VERSION = 9  # what files of that opset have

TYPES = {"float32": TensorProto.FLOAT, "int32": TensorProto.INT32, "int64": TensorProto.INT64, "bool": TensorProto.BOOL}
Shape = Sequence[int | str]  # a str names a size that may be any


class Graph:
    """Operators, added one by one; a value of the graph is known by its name, a str.

    ```python
    graph = Graph("twice")
    x = graph.input("x", "float32", ("batch",), "any number")
    graph.output("y", graph("Mul", x, np.float32(2.0)), "float32", ("batch",), "twice as much")
    onnx.save(graph.model(), "twice.onnx")
    ```

    Args:
        name: str.
    """

    opsets, has_int8 = (("", OPSET),), False

    def __init__(self, name: str, outer: "Graph | None" = None):
        self.name, self.inputs, self.outputs, self._nodes = name, [], [], []
        # A body of a loop sees the values of the graph around it, whose constants are all in one place.
        self._numbers = outer._numbers if outer else count()
        self._constants = outer._constants if outer else {}
        self._outer = outer

    def __call__(self, kind: str, *inputs: Any, outputs: int = 1, called: str | None = None, **attributes: Any) -> Any:
        """Add an operator; arrays among `inputs` are constants, `None` an input that is left out.

        Returns:
            The name of its output, `called` if given, or a list of names where it has several `outputs`.
        """
        made = [called] if called else [self._new(kind) for _ in range(outputs)]
        self._nodes.append(helper.make_node(kind, self._names(inputs), made, **attributes))
        return made[0] if outputs == 1 else made

    def constant(self, array: Any) -> str:
        """The name of a constant."""
        array = np.ascontiguousarray(array) if np.ndim(array) else np.asarray(array)
        key = (array.dtype.str, array.shape, array.tobytes())
        if key not in self._constants:
            self._constants[key] = numpy_helper.from_array(array, self._new("constant"))
        return self._constants[key].name

    def input(self, name: str, dtype: str, shape: Shape, meaning: str) -> str:
        """Declare an input of the graph; returns its name."""
        self.inputs.append(Value(name, dtype, tuple(shape), meaning))
        return name

    def output(self, name: str, value: str, dtype: str, shape: Shape, meaning: str) -> None:
        """Declare `value` an output of the graph, called `name`: a copy, unless it is called so already."""
        if value != name:
            self._nodes.append(helper.make_node("Identity", [value], [name]))
        self.outputs.append(Value(name, dtype, tuple(shape), meaning))

    def loop(self, steps: Any, states: Sequence[str], body: Callable) -> tuple[list[str], list[str]]:
        """Repeat `body` so many times.

        Args:
            steps: int64 scalar.
            states: what the body is given at its first call.
            body: function of a `Graph`, the number of the step, int64 scalar, and the states, which returns the new
                states and what is kept of the step.

        Returns:
            The last states; and what was kept, stacked along a new first axis.
        """
        inner = type(self)(f"{self.name}_body", self)
        t, going, *names = (inner._new("step") for _ in range(2 + len(states)))
        new, kept = body(inner, t, names)
        declared = [helper.make_tensor_value_info(t, TensorProto.INT64, ())]
        declared += [helper.make_tensor_value_info(going, TensorProto.BOOL, ())]
        declared += [helper.make_tensor_value_info(name, TensorProto.FLOAT, None) for name in names]
        made = [inner("Identity", going), *(inner("Identity", each) for each in [*new, *kept])]
        kinds = [TensorProto.BOOL] + [TensorProto.FLOAT] * (len(made) - 1)
        results = [helper.make_tensor_value_info(name, kind, None) for name, kind in zip(made, kinds, strict=True)]
        inner_graph = helper.make_graph(inner._nodes, inner.name, declared, results)
        found = [self._new("Loop") for _ in [*new, *kept]]
        self._nodes.append(helper.make_node("Loop", [*self._names((steps, None)), *states], found, body=inner_graph))
        return found[: len(new)], found[len(new) :]

    def choose(self, condition: str, then: Callable, otherwise: Callable, called: str | None = None) -> str:
        """What one of two functions of a `Graph` returns, as `condition`, bool scalar, says; only that is made."""
        branches = []
        for function in (then, otherwise):
            inner = type(self)(f"{self.name}_branch", self)
            made = inner("Identity", function(inner))
            result = helper.make_tensor_value_info(made, TensorProto.FLOAT, None)
            branches.append(helper.make_graph(inner._nodes, inner.name, [], [result]))
        return self("If", condition, called=called, then_branch=branches[0], else_branch=branches[1])

    def model(self) -> onnx.ModelProto:
        """The graph as a file has it; checked.

        Raises:
            onnx.checker.ValidationError: it is none.
        """
        declared = [
            [helper.make_tensor_value_info(each.name, TYPES[each.dtype], each.shape) for each in side]
            for side in (self.inputs, self.outputs)
        ]
        graph = helper.make_graph(self._nodes, self.name, *declared, list(self._constants.values()))
        opsets = [helper.make_opsetid(*each) for each in self.opsets]
        model = helper.make_model(graph, producer_name="seq2seq", opset_imports=opsets, ir_version=IR_VERSION)
        onnx.checker.check_model(model, full_check=False)
        return model

    def _names(self, inputs):
        return ["" if each is None else each if isinstance(each, str) else self.constant(each) for each in inputs]

    def _new(self, kind):
        return f"{kind}_{next(self._numbers)}"


def dense(graph: Graph, layer: Any, x: str, weight: np.ndarray | None = None) -> str:
    """A Keras dense layer, `(…, features)` → `(…, units)`.

    Args:
        graph: `Graph`.
        layer: `keras.layers.Dense`, linear, tanh or relu.
        x: its input.
        weight: the kernel, where it is not that of the layer.
    """
    y = graph("MatMul", x, layer.kernel.numpy() if weight is None else weight)
    if layer.use_bias:
        y = graph("Add", y, layer.bias.numpy())
    activation = {"tanh": "Tanh", "relu": "Relu"}.get(layer.activation.__name__)
    return graph(activation, y) if activation else y


def size(graph: Graph, x: str, axis: int) -> str:
    """int64 `(1,)`: a size of `x`."""
    return graph("Shape", x, start=axis, end=axis + 1)


def scalar(graph: Graph, x: str) -> str:
    """The one value of `(1,)`."""
    return graph("Squeeze", x, np.array([0]))
