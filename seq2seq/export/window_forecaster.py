"""Forecasters of windows as ONNX graphs."""

import numpy as np
from onnx import TensorProto

from seq2seq.export.graph import Graph, dense, size
from seq2seq.export.linear import linear_forecast
from seq2seq.export.observed import ZERO
from seq2seq.export.recurrent import stack, step
from seq2seq.models import WindowForecaster
from seq2seq.models.window_forecaster import EPSILON
from seq2seq.models.window_networks import Segments, StepByStep

SWAPPED = (1, 0, 2)  # between the batch first and the steps first


def window_graphs(model: WindowForecaster, new: type[Graph] = Graph) -> dict[str, Graph]:
    """`forecast`: the horizon after a window."""
    graph, arguments = new("forecast"), model.arguments
    horizon, targets = model.horizon, len(model.target_columns)
    shape = ("batch", arguments["look_back"], arguments["features"])
    window = graph.input("window", "float32", shape, "scaled windows, NaN = not observed")
    known = None
    if model.known_features:
        shape = ("batch", horizon, model.known_features)
        known = graph.input("known", "float32", shape, "scaled columns known ahead, of each step of the horizon")
        known = graph("Where", graph("IsNaN", known), ZERO, known)
    shape, meaning = ("batch", horizon, targets), "scaled forecasts of each step of the horizon"
    if model.quantiles:
        shape = (*shape, len(model.quantiles))
        quantiles = ", ".join(f"{each:g}" for each in model.quantiles)
        meaning += f", their quantiles {quantiles} along the last axis, not calibrated yet"
    graph.output("forecast", _Wiring(graph, model).forecast(window, known), "float32", shape, meaning)
    return {"forecast": graph}


class _Wiring:
    """What `WindowForecaster.call` does, in its order and its words."""

    def __init__(self, graph: Graph, model: WindowForecaster):
        self.graph, self.model = graph, model
        self.columns = np.array(model.target_columns)
        self.outputs = max(len(model.quantiles), 1)

    def forecast(self, window, known):
        graph, model = self.graph, self.model
        missing = graph("IsNaN", window)
        values, scale, shift = graph("Where", missing, ZERO, window), None, None
        if model.normalize_window:
            mean, deviation = self._moments(values, missing)
            values = graph("Where", missing, ZERO, graph("Div", graph("Sub", window, mean), deviation))
            scale, shift = self._targets(deviation), self._targets(mean)
        targets, targets_missing = self._targets(values), self._targets(missing)
        last = self._last_observed(targets, targets_missing)
        if model.start:
            base = self._linear(window, known)
            base = base if scale is None else graph("Div", graph("Sub", base, shift), scale)
        else:
            base = self._base(targets, targets_missing, last)
        change = self._ordered(self._written(values, targets, targets_missing, last, base, known))
        if model.network.from_last:
            from_base = graph("Sub", graph("Unsqueeze", last, np.array([1])), base)
            change = graph("Add", change, self._widened(from_base))
        if model.start:
            middle = self._slice(change, model.middle, model.middle + 1)
            off = (1.0 - model.start.share.numpy())[..., None]
            change = graph("Sub", change, graph("Mul", middle, off))
        forecast = graph("Add", change, self._widened(base))
        if scale is not None:
            forecast = graph("Add", graph("Mul", forecast, self._widened(scale)), self._widened(shift))
        return forecast if model.quantiles else graph("Squeeze", forecast, np.array([3]))

    def _targets(self, x):
        return self.graph("Gather", x, self.columns, axis=2)

    def _widened(self, x):
        return self.graph("Unsqueeze", x, np.array([3]))

    def _slice(self, x, first, end):
        return self.graph("Slice", x, np.array([first]), np.array([end]), np.array([-1]))

    def _moments(self, values, missing):
        """Mean and standard deviation of each window and feature over its observed steps, `(batch, 1, features)`."""
        graph, over = self.graph, np.array([1])
        seen = graph("Cast", graph("Not", missing), to=TensorProto.FLOAT)
        count = graph("Max", graph("ReduceSum", seen, over), np.float32(1.0))
        mean = graph("Div", graph("ReduceSum", values, over), count)
        off = graph("Sub", values, mean)
        squares = graph("Mul", seen, graph("Mul", off, off))
        variance = graph("Div", graph("ReduceSum", squares, over), count)
        return mean, graph("Sqrt", graph("Add", variance, np.float32(EPSILON)))

    def _last_observed(self, targets, missing):
        """The last observed value of each target, `(batch, targets)`; 0 where there is none."""
        graph, look_back = self.graph, self.model.arguments["look_back"]
        steps = np.arange(look_back)[:, None]
        latest = graph("ReduceMax", graph("Where", missing, np.int64(0), steps), np.array([1]))  # (batch, 1, targets)
        return graph("Squeeze", graph("GatherElements", targets, latest, axis=1), np.array([1]))

    def _linear(self, window, known):
        """The linear forecast, `(batch, horizon, targets)`."""
        past = None if known is None else self.graph("Gather", window, np.array(self.model.known_columns), axis=2)
        return linear_forecast(self.graph, self.model.start, self._targets(window), past, known)

    def _base(self, targets, missing, last):
        """What the output is the change from, `(batch, horizon, targets)`."""
        graph, model = self.graph, self.model
        along = graph("Unsqueeze", last, np.array([1]))
        if model.residual in ("none", "last"):
            batch = size(graph, last, 0)
            shape = graph("Concat", batch, np.array([model.horizon, len(self.columns)]), axis=0)
            return graph("Expand", along if model.residual == "last" else np.zeros((1, 1, 1), np.float32), shape)
        look_back = model.arguments["look_back"]
        seasons, phase = divmod(np.arange(model.horizon), model.season)
        steps = look_back - model.season + phase
        there = graph("Gather", missing, steps, axis=1)
        before = graph("Where", there, along, graph("Gather", targets, steps, axis=1))
        if model.residual == "season":
            return before
        ends = np.array([look_back - 1, look_back - 1 - model.season])
        now, then = graph("Split", graph("Gather", targets, ends, axis=1), outputs=2, axis=1, num_outputs=2)
        no_growth = graph("Gather", missing, ends, axis=1)
        no_growth = graph("ReduceMax", graph("Cast", no_growth, to=TensorProto.INT32), np.array([1]))
        growth = graph("Where", graph("Cast", no_growth, to=TensorProto.BOOL), ZERO, graph("Sub", now, then))
        return graph("Add", before, graph("Mul", growth, (seasons[:, None] + 1.0).astype(np.float32)))

    def _written(self, values, targets, missing, last, base, known):
        """What the network writes, `(batch, horizon, targets, outputs)`."""
        network = self.model.network
        if isinstance(network, Segments):
            changes = self.graph(
                "Where", missing, ZERO, self.graph("Sub", targets, self.graph("Unsqueeze", last, np.array([1])))
            )
            return self._segments(network, changes, values, known)
        outputs, states = stack(self.graph, network.encoder, self.graph("Transpose", values, perm=SWAPPED))
        if isinstance(network, StepByStep):
            return self._step_by_step(network, states, known, base, last)
        return self._direct(network, outputs, known)

    def _direct(self, network, outputs, known):
        graph = self.graph
        shape = np.array([-1, network.horizon, len(self.columns), self.outputs])
        state = graph("Gather", outputs, np.int64(-1), axis=0)
        raw = graph("Reshape", dense(graph, network.output_layer, state), shape)
        if known is None:
            return raw
        along = graph("Unsqueeze", state, np.array([1]))
        like = graph("Concat", size(graph, state, 0), np.array([network.horizon, network.encoder.units]), axis=0)
        hidden = dense(graph, network.known_layer, graph("Concat", graph("Expand", along, like), known, axis=2))
        return graph("Add", raw, graph("Reshape", dense(graph, network.known_output, hidden), shape))

    def _step_by_step(self, network, states, known, base, last):
        graph, parts = self.graph, len(states[0])
        base, known = (None if x is None else graph("Transpose", x, perm=SWAPPED) for x in (base, known))
        shape = np.array([-1, len(self.columns), self.outputs])

        def forecast(body, t, given):
            value, *cells = given
            cells = [cells[parts * k : parts * (k + 1)] for k in range(len(states))]
            inputs = value if known is None else body("Concat", value, body("Gather", known, t), axis=1)
            outputs, cells = step(body, network.decoder, inputs, cells)
            raw = body("Reshape", dense(body, network.output_layer, outputs), shape)
            middle = body("Gather", raw, np.int64(network.middle), axis=2)
            value = body("Add", middle, body("Gather", base, t))
            return [value, *(part for layer in cells for part in layer)], [raw]

        begin = [last, *(part for layer in states for part in layer)]
        _, (made,) = graph.loop(np.int64(network.horizon), begin, forecast)
        return graph("Transpose", made, perm=(1, 0, 2, 3))

    def _segments(self, network, changes, values, known):
        graph, targets, written = self.graph, len(self.columns), network.written
        look_back, read, segment = self.model.arguments["look_back"], network.read, network.segment
        steps = np.arange(look_back - read * segment, look_back)
        rows = graph("Transpose", graph("Gather", changes, steps, axis=1), perm=(0, 2, 1))
        rows = graph("Reshape", rows, np.array([-1, targets, read, segment]))
        if network.beside:
            beside = graph("Gather", graph("Gather", values, steps, axis=1), np.array(network.beside), axis=2)
            width = segment * len(network.beside)
            beside = graph("Reshape", beside, np.array([-1, 1, read, width]))
            beside = graph("Expand", beside, np.array([1, targets, 1, 1]))
            rows = graph("Concat", rows, beside, axis=3)
        rows = graph("Reshape", rows, np.array([-1, read, segment * (1 + len(network.beside))]))
        embedded = dense(graph, network.embedding, rows)
        _, states = stack(graph, network.stack, graph("Transpose", embedded, perm=SWAPPED))
        units = network.stack.units
        states = [[self._repeated(part, written, units) for part in layer] for layer in states]
        outputs, _ = step(graph, network.stack, self._queries(network, known, size(graph, changes, 0)), states)
        made = dense(graph, network.output_layer, outputs)
        made = graph("Reshape", made, np.array([-1, targets, written * segment, self.outputs]))
        made = graph("Gather", made, np.arange(network.horizon), axis=2)
        return graph("Transpose", made, perm=(0, 2, 1, 3))

    def _repeated(self, state, times, units):
        """Each row of `(rows, units)` so many times, one after the other."""
        each = self.graph("Expand", self.graph("Unsqueeze", state, np.array([1])), np.array([1, times, 1]))
        return self.graph("Reshape", each, np.array([-1, units]))

    def _queries(self, network, known, batch):
        """Which segment of which target is to be written, `(batch · targets · segments, units)`."""
        graph, targets, written = self.graph, len(self.columns), network.written
        place, column = network.place.numpy(), network.column.numpy()
        sizes = (targets, written, -1)
        which = np.concatenate(
            (
                np.broadcast_to(place[None], (*sizes[:2], place.shape[1])),
                np.broadcast_to(column[:, None], (*sizes[:2], column.shape[1])),
            ),
            axis=-1,
        )[None]
        units = network.stack.units
        if known is None:
            which = graph("Expand", which, graph("Concat", batch, np.array([targets, written, units]), axis=0))
        else:
            spare = written * network.segment - network.horizon
            known = graph("Pad", known, np.array([0, 0, 0, 0, spare, 0]))
            known = graph("Reshape", known, np.array([-1, 1, written, network.segment * self.model.known_features]))
            which = graph("Add", dense(graph, network.ahead, known), which)
        return graph("Reshape", which, np.array([-1, units]))

    def _ordered(self, raw):
        """Quantiles from the middle one outwards by steps above 0, so that they cannot cross."""
        graph, middle = self.graph, self.model.middle
        if self.outputs == 1:
            return raw
        center = self._slice(raw, middle, middle + 1)
        parts = []
        for first, end, sign in ((0, middle, "Sub"), (middle + 1, self.outputs, "Add")):
            if first < end:
                steps = graph("Softplus", self._slice(raw, first, end))
                steps = graph("CumSum", steps, np.int64(3), reverse=int(sign == "Sub"))
                parts.append(graph(sign, center, steps))
        return graph("Concat", *parts[:1] * (middle > 0), center, *parts[middle > 0 :], axis=3)
