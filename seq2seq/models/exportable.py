"""Models that are exported as they are: `model.export(path)`."""

import keras


class Exportable(keras.Model):
    """A model that knows what it is called with, before it was called: any batch and any number of steps.

    ```python
    model.export("exported")
    exported = tf.saved_model.load("exported")
    exported.serve(x)  # what model(x) is
    ```

    A subclass has `input_specs`, a `tf.TensorSpec` or a tuple of them, as of the inputs of its call. A graph that is
    traced beside a GPU runs beside one alone: export with the GPU hidden what shall run anywhere.
    """

    over_workers = None  # of a training that several workers share, see `seq2seq.models.update`

    def export(self, filepath, format="tf_saved_model", verbose=None, input_signature=None, **kwargs):
        """As `keras.Model.export`; without a signature any batch and any number of steps will do."""
        signature = [self.input_specs] if input_signature is None else input_signature
        return super().export(filepath, format, verbose, signature, **kwargs)
