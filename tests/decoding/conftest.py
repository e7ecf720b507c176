import numpy as np
import pytest
import tensorflow as tf

PAD, UNK, BOS, EOS = 0, 1, 2, 3
VOCABULARY, CODES = 8, 97  # the special ids and four tokens


class Table:
    """A random model for `sentences` sentences, in which every token depends on all before it.

    The state keeps a code of what was read, so that a state that is not the hypothesis' own gives other scores. PAD,
    UNK and BOS are impossible; `eos` is added to the logits of EOS.
    """

    def __init__(self, sentences=4, seed=0, eos=0.0):
        logits = np.random.default_rng(seed).normal(0, 2, (sentences, CODES, VOCABULARY)).astype(np.float32)
        logits[..., EOS] += eos
        logits[..., [PAD, UNK, BOS]] = -np.inf
        self.logits = logits
        self.steps = 0  # calls of `step`; in a graph, traces

    def start(self, rows):
        row = tf.convert_to_tensor(rows, tf.int32)[:, None]
        return {"row": row, "read": (tf.zeros_like(row),)}

    def step(self, tokens, state):
        self.steps += 1
        code = (state["read"][0] * 7 + tokens) % CODES
        return tf.gather_nd(self.logits, tf.stack((state["row"], code), -1)), {"row": state["row"], "read": (code,)}

    def log_probabilities(self, row, prefix):
        """Of the token after `prefix`, float64 `(vocabulary,)`."""
        code = 0
        for token in (BOS, *prefix):
            code = (code * 7 + token) % CODES
        logits = self.logits[row, code].astype(np.float64)
        return logits - np.log(np.exp(logits).sum())

    def log_probability(self, row, hypothesis):
        return sum(self.log_probabilities(row, hypothesis[:t])[token] for t, token in enumerate(hypothesis))

    def greedy(self, row, limit):
        hypothesis = ()
        while len(hypothesis) < limit and EOS not in hypothesis:
            hypothesis += (int(np.argmax(self.log_probabilities(row, hypothesis))),)
        return hypothesis

    @staticmethod
    def hypothesis(tokens, limit):
        """The hypothesis in a row of tokens, after a check of its form."""
        tokens = tuple(np.asarray(tokens).tolist())
        length = tokens.index(EOS) + 1 if EOS in tokens else limit
        assert length <= limit
        assert PAD not in tokens[:length]
        assert set(tokens[length:]) <= {PAD}
        return tokens[:length]


@pytest.fixture
def table():
    return Table
