"""What is whole where another worker is lost in the midst of an update, so that the chief can write it."""

import keras
import numpy as np

from seq2seq.training.cluster import Cluster


class Rescue:
    """Lets the chief go back to where the last update ended.

    An update that fails has changed nothing but the states of random generators. What is lost with a worker is its
    share of the states that a model carries on; and of a call that makes several updates it is not known where it
    failed: nothing is kept of such trainings.

    Args:
        model: compiled `keras.Model`.
        cluster: `Cluster`.
    """

    def __init__(self, model: keras.Model, cluster: Cluster):
        one_by_one = model.steps_per_execution == 1 and not getattr(model, "train_states", ())
        self._keeps = cluster.is_chief and not cluster.is_alone and one_by_one
        self._variables, self._values = model.non_trainable_variables if self._keeps else [], []

    def keep(self) -> None:
        """Take what is now as whole."""
        self._values = [np.array(variable) for variable in self._variables]

    def restore(self) -> bool:
        """Go back to it, where that can be; whether it can."""
        for variable, value in zip(self._variables, self._values, strict=True):
            variable.assign(value)
        return self._keeps
