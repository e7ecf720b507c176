"""Models of numbers as exported graphs: the same methods that `seq2seq.inference.compiled` has of Keras models."""

import numpy as np

from seq2seq.runtime.folder import ExportedRun

States = list[np.ndarray]  # float32 `(batch, width)` each: h and c of each layer, then the last values, if they count


class ExportedAutoencoder:
    """Sequences in; what an autoencoder makes of them, what it says comes next, and their codes, out."""

    def __init__(self, run: ExportedRun):
        self._run, self._graphs = run, {}

    def write(self, x: np.ndarray) -> tuple[np.ndarray, np.ndarray | None]:
        """What `reconstruct` gives, and what follows, float32 `(batch, horizon, features)`; None without a horizon."""
        written = self._call("reconstruct", x)
        return written["reconstructed"], written.get("following")

    def reconstruct(self, x: np.ndarray) -> np.ndarray:
        """float32 `(batch, steps, features)`, NaN in the padding, of such an array, NaN where nothing was observed."""
        return self.write(x)[0]

    def encode(self, x: np.ndarray) -> np.ndarray:
        """The codes, float32 `(batch, latent_dim)`, of what `reconstruct` takes."""
        return self._call("encode", x)["code"]

    def _call(self, name, x):
        if name not in self._graphs:
            self._graphs[name] = self._run.graph(name)
        graph = self._graphs[name]
        return dict(zip(graph.outputs, graph(x=np.asarray(x, np.float32)), strict=True))


class ExportedWindows:
    """Windows, and what is known ahead, in; forecasts of the horizon out."""

    def __init__(self, run: ExportedRun):
        self._graph = run.graph("forecast")

    def __call__(self, window: np.ndarray, known: np.ndarray | None = None) -> np.ndarray:
        """float32 `(batch, horizon, targets[, quantiles])` of `(batch, look_back, features)` and, where something is
        known ahead, `(batch, horizon, known_features)`."""
        inputs = {"window": np.asarray(window, np.float32)}
        if known is not None:
            inputs["known"] = np.asarray(known, np.float32)
        return self._graph(**inputs)[0]


class ExportedStream:
    """Steps and states in, forecasts of the next steps and new states out."""

    name = "run"  # of its graph

    def __init__(self, run: ExportedRun):
        self._graph = run.graph(self.name)
        self._widths = {name: shape[-1] for name, shape in self._graph.inputs.items() if name.startswith("state")}
        self._new = [f"new_{name}" for name in self._widths]

    def initial_state(self, rows: int) -> States:
        """The states before the first step."""
        return [np.zeros((rows, width), np.float32) for width in self._widths.values()]

    def run(self, x: np.ndarray, states: States | None = None) -> tuple[np.ndarray, States]:
        """Read some steps, `(batch, steps, features)`: the forecasts, each of the step after, and the states."""
        return self._read(x, np.full(len(x), np.shape(x)[1], np.int32), states)

    def step(self, x: np.ndarray, states: States) -> tuple[np.ndarray, States]:
        """Read one step, `(batch, features)`: the forecast of the next, and the states."""
        outputs, states = self.run(x[:, None], states)
        return outputs[:, 0], states

    def forecast(self, x: np.ndarray, steps: int, states: States | None = None) -> np.ndarray:
        """Read steps as `run` does, of each row up to the last that has a value, and go on from its own forecasts.

        Returns:
            float32 `(batch, steps, features)`.
        """
        seen = ~np.isnan(x).all(axis=2)
        lengths = np.max(np.where(seen, np.arange(1, x.shape[1] + 1), 1), axis=1).astype(np.int32)
        outputs, states = self._read(x, lengths, states)
        made = [outputs[np.arange(len(x)), lengths - 1]]
        while len(made) < steps:
            following, states = self.step(made[-1], states)
            made.append(following)
        return np.stack(made, axis=1)

    def _read(self, x, lengths, states):
        states = self.initial_state(len(x)) if states is None else states
        named: dict[str, np.ndarray] = dict(zip(self._widths, states, strict=True))
        outputs, *states = self._graph(["outputs", *self._new], x=np.asarray(x, np.float32), lengths=lengths, **named)
        return outputs, states


class ExportedSteps(ExportedStream):
    """The same with a graph that reads one step at a time, as those for devices do."""

    name = "step"

    def step(self, x: np.ndarray, states: States) -> tuple[np.ndarray, States]:
        named: dict[str, np.ndarray] = dict(zip(self._widths, states, strict=True))
        output, *states = self._graph(["output", *self._new], x=np.asarray(x, np.float32), **named)
        return output, states

    def _read(self, x, lengths, states):
        states, outputs = self.initial_state(len(x)) if states is None else states, []
        for t in range(x.shape[1]):
            output, after = self.step(x[:, t], states)
            outputs.append(output)
            going = (t < lengths)[:, None]
            states = [np.where(going, new, old) for new, old in zip(after, states, strict=True)]
        return np.stack(outputs, axis=1), states


def exported_stream(run: ExportedRun) -> ExportedStream:
    """What answers of a folder of a stateful forecaster."""
    return (ExportedSteps if ExportedSteps.name in run.record["graphs"] else ExportedStream)(run)
