"""The forced pass: the probabilities and the attention of the steps, whatever the batch, the padding and the parts."""

import numpy as np
import pytest
import tensorflow as tf

from seq2seq.config import DecodingConfig
from seq2seq.decoding import Sampling
from seq2seq.inference import compiled_text as module
from seq2seq.inference.compiled_text import forced_graph, search_graph
from seq2seq.inference.search import Search
from seq2seq.models import EncoderDecoder
from seq2seq.special_ids import BOS, EOS, NEVER_WRITTEN, PAD
from seq2seq.text.tokens import TokenRows, pad_rows
from tests.conftest import slow

VOCABULARY = 13
TOLERANCE = {"rtol": 1e-4, "atol": 1e-5}


def make_model(attention="dot", **options):
    """A small model whose weights are all random, biases included."""
    model = EncoderDecoder(VOCABULARY, VOCABULARY, embedding_dim=6, units=8, attention=attention, **options)
    draw = np.random.default_rng(1)
    model.set_weights([draw.normal(0, 0.7, weight.shape) for weight in model.get_weights()])
    return model


def make_rows(count=7, longest=9, seed=2):
    draw = np.random.default_rng(seed)
    return TokenRows.from_rows([draw.integers(4, VOCABULARY, draw.integers(1, longest)) for _ in range(count)])


@pytest.fixture(scope="module", params=[slow("none"), slow("dot"), "additive", "multi_head", "attends first"])
def model(request):
    if request.param == "attends first":
        return make_model(decoder_layers=2, attention_at="first")
    return make_model(request.param, decoder_layers=1 + (request.param == "additive"))


@pytest.fixture(scope="module")
def batch():
    return pad_rows(make_rows()), pad_rows(make_rows(seed=3))


def step_by_step(model, source, labels):
    """Log-probabilities and attention of each label, from a decoder that takes one token at a time."""
    state = model.start(source)
    step = model.decoder.stepper(never=NEVER_WRITTEN)
    last, found, attended = np.full((len(source), 1), BOS, np.int32), [], []
    for t in range(labels.shape[1]):
        logits, state, weights = step(last, state)
        found.append(tf.gather(tf.nn.log_softmax(logits[:, 0]), labels[:, t], batch_dims=1))
        attended.append(weights if weights is None else weights[:, 0])
        last = labels[:, t : t + 1]
    return np.where(labels == PAD, 0.0, np.stack(found, 1)), attended


def test_the_numbers_are_those_of_the_steps(model, batch):
    source, labels = batch
    expected, expected_weights = step_by_step(model, source, labels)
    attended = model.decoder.attention is not None
    found, *weights = forced_graph(model, attended)(source, labels)
    np.testing.assert_allclose(found, expected, **TOLERANCE)
    if attended:
        real = labels != PAD
        np.testing.assert_allclose(weights[0].numpy()[real], np.stack(expected_weights, 1)[real], **TOLERANCE)
        assert not weights[0].numpy()[:, :, 1:][np.repeat((source == PAD)[:, None, 1:], labels.shape[1], 1)].any()


@pytest.mark.parametrize(
    ("attention", "options"),
    [slow("none", {}), ("additive", {}), slow("additive", {"decoder_layers": 2, "attention_at": "first"})],
)
def test_parts_make_the_whole(attention, options, batch, monkeypatch):
    model = make_model(attention, **options)
    whole = forced_graph(model, attention != "none")(*batch)
    for tokens in (1, 3 * len(batch[0])):
        monkeypatch.setattr(module, "TOKENS_AT_ONCE", {"CPU": tokens, "GPU": tokens})
        parts = forced_graph(model, attention != "none")(*batch)
        for one, other in zip(parts, whole, strict=True):
            np.testing.assert_allclose(one, other, **TOLERANCE)


def test_padding_and_batch_mates_do_not_matter(model, batch):
    source, labels = batch
    graph = forced_graph(model)
    together = graph(np.pad(source, ((0, 0), (0, 3))), np.pad(labels, ((0, 0), (0, 5))))[0].numpy()
    assert not together[:, labels.shape[1] :].any()
    for k in range(len(source)):
        one = [row[k : k + 1, : np.count_nonzero(row[k])] for row in (source, labels)]
        np.testing.assert_allclose(graph(*one)[0][0], together[k, : one[1].shape[1]], **TOLERANCE)


def test_one_trace_serves_all_shapes(batch):
    graph = forced_graph(make_model())
    for rows in (1, 3, 7):
        graph(batch[0][:rows], batch[1][:rows, :4])
    assert graph.experimental_get_tracing_count() == 1


def test_probabilities_of_all_next_tokens_sum_to_one():
    graph, source = forced_graph(make_model()), pad_rows(make_rows(1))
    tokens = [token for token in range(VOCABULARY) if token not in NEVER_WRITTEN]
    labels = np.array([[5, 6, token] for token in tokens], np.int32)
    found = graph(np.repeat(source, len(tokens), 0), labels)[0].numpy()[:, -1]
    assert np.exp(found).sum() == pytest.approx(1.0, abs=1e-5)


@pytest.mark.parametrize(
    ("model", "beam_size", "penalty", "sampling"),
    [
        ("additive", 4, 0.7, None),
        *(slow(kind, 4, 0.7, None) for kind in ("none", "dot", "multi_head")),
        slow("dot", 1, 1.0, None),
        slow("additive", 1, 1.0, Sampling(temperature=2.0)),
    ],
    indirect=["model"],
)
def test_a_search_scores_its_hypotheses_the_same(model, batch, beam_size, penalty, sampling):
    source, limits = batch[0], np.arange(2, 2 + 2 * len(batch[0]), 2, dtype=np.int32)
    n_best = min(beam_size, 3)
    search = Search(beam_size, penalty, n_best=n_best, sampling=sampling).settled(DecodingConfig())
    tokens, scores = search_graph(model, search)(source, limits, limits, np.zeros(0, np.int32))
    tokens, scores = tokens.numpy().reshape(-1, tokens.shape[-1]), scores.numpy().reshape(-1)
    totals = forced_graph(model)(np.repeat(source, n_best, 0), tokens)[0].numpy().sum(axis=1)
    lengths = np.count_nonzero(tokens, axis=1)
    if sampling:
        assert EOS in tokens and any(EOS not in row for row in tokens)  # some end, some are cut
    np.testing.assert_allclose(totals / lengths**penalty, scores, rtol=1e-4, atol=1e-4)
