import numpy as np
import pytest
import tensorflow as tf

from seq2seq.decoding import beam_search, greedy_search


@pytest.mark.parametrize("eos", [-9.0, 0.0, 2.0])
def test_greedy_takes_the_best_token_each_time(table, eos):
    model, limits = table(seed=1, eos=eos), [12, 1, 5, 0]
    tokens, scores = greedy_search(model.step, model.start(range(4)), tf.constant(limits))
    assert tokens.shape == (4, 12) and tokens.dtype == tf.int32
    for row, limit in enumerate(limits):
        hypothesis = model.hypothesis(tokens[row], limit)
        assert hypothesis == model.greedy(row, limit)
        assert float(scores[row]) == pytest.approx(model.log_probability(row, hypothesis), abs=1e-4)


def test_scores_are_of_the_selected_tokens(table):
    model = table(seed=2)
    tokens, scores = greedy_search(
        model.step, model.start([0, 1]), tf.constant([4, 6]), lambda logits, t, rows: tf.argsort(logits)[:, -2] + 0 * t
    )
    for row, limit in enumerate((4, 6)):
        hypothesis = model.hypothesis(tokens[row], limit)
        assert hypothesis != model.greedy(row, limit)
        assert float(scores[row]) == pytest.approx(model.log_probability(row, hypothesis), abs=1e-4)


def test_without_scores_the_same_tokens_are_found(table):
    model, limits = table(seed=4), tf.constant([9, 4, 7, 1])
    (tokens, scores), (expected, _) = (
        greedy_search(model.step, model.start(range(4)), limits, scored=scored) for scored in (False, True)
    )
    assert tokens.numpy().tolist() == expected.numpy().tolist()
    assert not scores.numpy().any()


def test_sentences_do_not_see_their_batch(table):
    model, limits = table(8, seed=3), np.array([9, 2, 7, 1, 30, 4, 9, 9], np.int32)
    together, scores = greedy_search(model.step, model.start(range(8)), limits)
    for row, limit in enumerate(limits):
        alone, score = greedy_search(model.step, model.start([row]), limits[row : row + 1])
        assert alone[0].numpy().tolist() == together[row, :limit].numpy().tolist()
        assert float(score[0]) == pytest.approx(float(scores[row]), rel=1e-5)


def test_the_search_stops_when_all_have_ended(table):
    model = table(eos=20.0)
    tokens, _ = greedy_search(model.step, model.start(range(4)), tf.fill(4, 50))
    assert model.steps == 1
    assert tokens.shape == (4, 50)


def test_nothing_to_do(table):
    model = table()
    tokens, scores = greedy_search(model.step, model.start([0, 1]), tf.constant([0, 0]))
    assert tokens.shape == (2, 0) and scores.numpy().tolist() == [0.0, 0.0] and model.steps == 0


def test_one_graph_for_all_batches(table):
    model = table()

    @tf.function(input_signature=[tf.TensorSpec((None,), tf.int32)] * 2)
    def search(rows, limits):
        return greedy_search(model.step, model.start(rows), limits)

    for rows, limits in (([0, 1, 2, 3], [5, 1, 8, 3]), ([2], [20]), ([3, 1], [0, 0])):
        tokens, _ = search(tf.constant(rows), tf.constant(limits))
        assert [model.hypothesis(*row) for row in zip(tokens, limits, strict=True)] == [
            model.greedy(*row) for row in zip(rows, limits, strict=True)
        ]
    assert search.experimental_get_tracing_count() == model.steps == 1


@pytest.mark.parametrize("beam_size", [1, 3])
def test_sentences_that_have_ended_leave_the_batch_and_change_nothing(table, beam_size):
    model, limits = table(8, seed=3), np.array([9, 2, 7, 1, 30, 4, 9, 9], np.int32)
    sizes = []

    def step(tokens, state, memory):
        sizes.append(len(tokens))
        assert (memory["row"] == state["row"][:, 0]).numpy().all()  # what belongs together leaves together
        return model.step(tokens, state)

    def search(step, **memory):
        if beam_size == 1:
            return greedy_search(step, model.start(range(8)), limits, **memory)
        return beam_search(step, model.start(range(8)), limits, beam_size, n_best=2, **memory)

    for found, expected in zip(search(step, memory={"row": tf.range(8)}), search(model.step), strict=True):
        np.testing.assert_allclose(found, expected, rtol=1e-5)
    assert sizes[0] == 8 and sizes[-1] == 1 and sizes == sorted(sizes, reverse=True)
