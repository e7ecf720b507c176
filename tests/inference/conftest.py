"""What the tests of a loaded translator share."""

import pytest

from seq2seq.inference.scorer import Scorer
from seq2seq.inference.translator import Translator


@pytest.fixture(scope="module")
def translator(tiny_run):
    return Translator.load(tiny_run)


@pytest.fixture(scope="module")
def scorer(translator):
    return Scorer(translator)
