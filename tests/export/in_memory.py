"""What tests of graphs share: graphs of a model that no run holds."""

import numpy as np
import onnx

from seq2seq.runtime.graphs import Graph


class Folder:
    """What an exported folder is to those who call its graphs."""

    def __init__(self, graphs, path):
        for name, graph in graphs.items():
            onnx.save(graph.model(), path / f"{name}.onnx")
        self.graph = lambda name: Graph(path / f"{name}.onnx")


def with_weights(model, seed=1):
    """The model with weights that all matter, those that start as zeros too."""
    draw = np.random.default_rng(seed)
    model.set_weights([draw.normal(0.0, 0.4, weight.shape) for weight in model.get_weights()])
    return model
