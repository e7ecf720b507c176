"""Models that are trained one after the other are not taken for one that is traced too often."""

import logging

import numpy as np
import pytest

from seq2seq import SequenceOutlierDetector
from seq2seq.training.tracing import models_in_turn


@pytest.mark.slow
def test_trainings_in_turn_are_no_mistake(caplog):
    samples = np.random.default_rng(0).normal(size=(30, 4, 1))
    with caplog.at_level(logging.WARNING, "tensorflow"):
        for _ in range(6):
            SequenceOutlierDetector(epochs=1).fit(samples).predict(samples)
    assert not [record for record in caplog.records if "retracing" in record.getMessage()]


def test_all_else_that_tensorflow_warns_of_is_heard(caplog):
    logger = logging.getLogger("tensorflow")
    with caplog.at_level(logging.WARNING, "tensorflow"):
        with models_in_turn():
            logger.warning("5 out of the last 5 calls triggered tf.function retracing.")
            logger.warning("something else")
        logger.warning("one more triggered tf.function retracing")
    assert [record.getMessage()[:9] for record in caplog.records] == ["something", "one more "]
