"""Models that are exported as they are: `model.export(path)`."""

from contextlib import contextmanager
from pathlib import Path
from typing import Any

import keras


class Exportable(keras.Model):
    """A model that knows what it is called with, before it was called: any batch and any number of steps.

    ```python
    model.export("exported")
    exported = tf.saved_model.load("exported")
    exported.serve(x)  # what model(x) is
    ```

    A subclass has `input_specs`, a `tf.TensorSpec` or a tuple of them, as of the inputs of its call. What is exported
    runs anywhere, also where it was exported beside a GPU.
    """

    over_workers = None  # the `Cluster` of a training that several workers share, see `seq2seq.models.update`

    @property
    def layer_groups(self) -> dict[str, list[keras.layers.Layer]]:
        """Layers that can be frozen together, by a name; a subclass has some."""
        return {}

    def export(
        self,
        filepath: str | Path,
        format: str = "tf_saved_model",
        verbose: bool | None = None,
        input_signature: Any = None,
        **kwargs: Any,
    ) -> Any:
        """As `keras.Model.export`; without a signature any batch and any number of steps will do."""
        signature = [self.input_specs] if input_signature is None else input_signature
        with without_cudnn(self):
            return super().export(filepath, format, verbose, signature, **kwargs)


@contextmanager
def without_cudnn(model):
    """Graphs of `model` that are traced meanwhile hold no op of cuDNN, which runs on a GPU alone."""
    layers = {layer: layer.use_cudnn for layer in model._flatten_layers() if hasattr(layer, "use_cudnn")}
    for layer in layers:
        layer.use_cudnn = False
    try:
        yield
    finally:
        for layer, use_cudnn in layers.items():
            layer.use_cudnn = use_cudnn
