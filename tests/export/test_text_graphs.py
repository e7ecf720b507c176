"""Graphs of models of texts find, believe and attend to what the Keras models do, whatever these are made of."""

import numpy as np
import pytest

from seq2seq.config import DecodingConfig
from seq2seq.decoding.sampling import Sampling
from seq2seq.export.graph import Graph
from seq2seq.export.language_model import language_graphs
from seq2seq.export.tokens import choices, unflat
from seq2seq.export.translation import translation_graphs
from seq2seq.inference import compiled_text
from seq2seq.inference.search import Search
from seq2seq.models import EncoderDecoder, Ensemble, LanguageModel
from seq2seq.runtime.texts import ExportedTranslator, ExportedWriter
from tests.conftest import slow
from tests.export.in_memory import Folder, with_weights

SEARCHES = {
    "greedy": Search(beam_size=1),
    "unscored": Search(beam_size=1, scored=False),
    "beam": Search(beam_size=3, n_best=2, length_penalty=0.6),
    "no_repeat": Search(beam_size=3, no_repeat=2),
    "greedy, no_repeat": Search(beam_size=1, no_repeat=1),
    "wider than the vocabulary": Search(beam_size=12, n_best=12),
    "prefix": Search(beam_size=3, n_best=3, prefix="x"),
    "greedy, prefix": Search(beam_size=1, prefix="x"),
    "drawn": Search(sampling=Sampling(0.7, top_k=5, top_p=0.8, seed=3)),
    "drawn from all": Search(sampling=Sampling(1.3, seed=2**40 + 5)),
}
FIRST = {"attention": "dot", "attention_at": "first", "decoder_layers": 3}
MODELS = [
    {"encoder_layers": 2, "decoder_layers": 3, "attention": "dot", "tie_source": True},
    {"cell": "gru", "attention": "multi_head", "attention_heads": 2, "bidirectional": False, "tie_output": False},
    {"attention": "none", "bidirectional": False, "go_backwards": True, "bridge": "copy", "encoder_layers": 3},
    {"cell": "gru", "attention": "additive", "bridge": "zero", "encoder_layers": 2, "residual": False},
    {"attention": "additive", "decoder_layers": 2, "tie_output": False},
    {"cell": "gru", "attention": "none", "encoder_layers": 3, "decoder_layers": 2, "tie_output": False},
    {"attention": "multi_head", "attention_heads": 4, "encoder_layers": 3, "decoder_layers": 3},
    FIRST | {"attention": "multi_head", "cell": "gru", "residual": False},
    FIRST | {"attention": "additive", "tie_output": False},
]


LABELS = np.where(np.arange(9) < [[3], [9], [1], [4], [2], [6]], np.resize(np.arange(3, 20), (6, 9)), 0)
LABELS = LABELS.astype(np.int32)


def sentences():
    """Source tokens of several lengths, and limits that cut some of them."""
    draw, lengths = np.random.default_rng(0), [1, 3, 7, 7, 2, 5]
    source = np.zeros((len(lengths), 8), np.int32)
    for row, length in zip(source, lengths, strict=True):
        row[:length], row[length] = draw.integers(4, 20, length), 3
    return source, np.array([4, 9, 12, 1, 0, 12], np.int32), np.array([5, 0, 3, 1, 2, 4], np.int32)


@pytest.mark.parametrize(
    ("settings", "kinds"),
    [
        slow(MODELS[0], [*SEARCHES]),
        (MODELS[0], ["greedy", "beam"]),
        (FIRST, ["greedy", "beam"]),
        *(slow(model, [*SEARCHES]) for model in MODELS[1:]),
    ],
)
def test_translators(settings, kinds, tmp_path):
    answers_as(model_of(settings), kinds, settings["attention"] != "none", tmp_path)


@pytest.mark.slow
@pytest.mark.parametrize("places", [(2, 1), (0, 3, 4), (2, 5)])
@pytest.mark.parametrize("scale", [0.4, 40.0], ids=["", "probabilities that float32 does not hold"])
def test_ensembles(places, scale, tmp_path):
    attended = any(MODELS[place]["attention"] != "none" for place in places)
    answers_as(Ensemble(members_of(places, scale)), [*SEARCHES], attended, tmp_path)


@pytest.mark.parametrize("scale", [0.4, 40.0], ids=["", "probabilities that float32 does not hold"])
def test_ensembles_believe_the_mean_of_what_their_members_do(scale, tmp_path):
    members, (source, *_) = members_of((2, 1, 4), scale), sentences()

    def read(model, name, attended):
        (path := tmp_path / name).mkdir()
        return ExportedTranslator(Folder(translation_graphs(model), path)).forced_graph(attended)(source, LABELS)

    own = [read(member, str(number), number > 0) for number, member in enumerate(members)]
    told, weights = read(Ensemble(members), "together", True)
    exact = np.log(np.mean(np.exp([np.float64(each[0]) for each in own]), axis=0))
    np.testing.assert_allclose(told, exact, atol=1e-5, rtol=1e-6)
    real = (LABELS != 0)[..., None]
    np.testing.assert_allclose(weights * real, (own[1][1] + own[2][1]) / 2 * real, atol=1e-6)


def members_of(places, scale):
    """Models of several kinds and sizes, whose logits are so far apart."""
    members = [model_of(MODELS[place] | {"units": 16 + 8 * number}, number) for number, place in enumerate(places)]
    for number, member in enumerate(members):
        member.decoder.output_bias.assign(np.random.default_rng(number).normal(0, scale, 20))
    return members


class Format2(Graph):
    """Graphs as they were when each hypothesis had its own states: nobody says which row it goes on from."""

    def input(self, name, dtype, shape, meaning):
        if name == "parents":
            rows = self("Range", np.int64(0), self("Size", "last"), np.int64(1))
            return self("Reshape", rows, self("Shape", "last"), called=name)
        if not name.startswith("state"):
            return super().input(name, dtype, shape, meaning)
        states = super().input(name, dtype, ("batch", "beams", shape[-1]), meaning)
        return self("Reshape", states, np.array([-1, shape[-1]]))

    def output(self, name, value, dtype, shape, meaning):
        if name.startswith("new_state"):
            value, shape = unflat(self, value, "last"), ("batch", "beams", shape[-1])
        super().output(name, value, dtype, shape, meaning)


def test_translators_that_were_exported_in_format_2_find_the_same(tmp_path):
    model, found = model_of(MODELS[0]), []
    for new in (Graph, Format2):
        (path := tmp_path / new.__name__).mkdir()
        exported = ExportedTranslator(Folder(translation_graphs(model, new), path))
        searches = [SEARCHES[what].settled(DecodingConfig()) for what in ("greedy", "beam", "no_repeat")]
        found.append([exported.search_graph(each)(*sentences(), None) for each in searches])
    for (tokens, scores), (tokens_too, scores_too) in zip(*found, strict=True):
        np.testing.assert_array_equal(tokens, tokens_too)
        np.testing.assert_allclose(scores, scores_too, atol=1e-5)


def model_of(settings, seed=1):
    return with_weights(EncoderDecoder(20, 20, **({"embedding_dim": 8, "units": 16} | settings)), seed)


def answers_as(model, kinds, attended, path):
    """Hold the graphs of a model against it."""
    exported = ExportedTranslator(Folder(translation_graphs(model), path))
    source, limits, streams = sentences()
    prefix = np.array([5, 6], np.int32)
    for what in kinds:
        search = SEARCHES[what].settled(DecodingConfig())
        sides = [make(search)(source, limits, streams, prefix) for make in (of_keras(model), exported.search_graph)]
        (tokens, scores), (tokens_too, scores_too) = ([np.asarray(each) for each in side] for side in sides)
        np.testing.assert_array_equal(tokens, tokens_too, err_msg=what)
        given = np.isfinite(scores)  # of a limit of 0 a score is no number
        np.testing.assert_allclose(scores[given], scores_too[given], atol=1e-5, rtol=1e-5, err_msg=what)
    own, read = (
        compiled_text.forced_graph(model, attended)(source, LABELS),
        exported.forced_graph(attended)(source, LABELS),
    )
    np.testing.assert_allclose(np.asarray(own[0]), read[0], atol=1e-5, rtol=1e-6)
    if attended:
        real = (LABELS != 0)[..., None]
        np.testing.assert_allclose(np.where(real, own[1], 0.0), np.where(real, read[1], 0.0), atol=1e-6)


def of_keras(model):
    return lambda search: compiled_text.search_graph(model, search)


@pytest.mark.parametrize("settings", [{"num_layers": 2}, slow({"cell": "gru"})])
def test_language_models(settings, tmp_path):
    model = with_weights(LanguageModel(30, embedding_dim=8, units=16, **settings))
    exported = ExportedWriter(Folder(language_graphs(model), tmp_path))
    limits, streams = np.array([12, 12], np.int32), np.arange(2, dtype=np.int32)
    drawn = Sampling(0.9, seed=1), Sampling(1.0, top_k=4, top_p=0.7), Sampling(0.8, seed=2), Sampling(1.2, 3, 0.8)
    graphs = {}
    for sampling in (None, *drawn):
        for prompt in ([[5]], [[4, 9, 1, 7]]):
            prompts = np.tile(np.array(prompt, np.int32), (2, 1))
            tokens, _ = compiled_text.write_graph(model, sampling, graphs)(prompts, limits, streams)
            found, _ = exported.write_graph(sampling)(prompts, limits, streams)
            np.testing.assert_array_equal(tokens, found)
    assert len(graphs) == 3  # numbers are inputs of a graph


@pytest.mark.parametrize("vocabulary", [1200, 1201])
@pytest.mark.parametrize("count", [1, 10, 60])
def test_the_best_of_a_wide_vocabulary_are_found_by_groups_the_first_of_equal_ones_first(vocabulary, count, tmp_path):
    logits = np.random.default_rng(0).integers(0, 400, (5, vocabulary)).astype(np.float32)  # many are equal
    graph = Graph("choose")
    choices(
        graph, graph("Identity", graph.input("x", "float32", ("n", vocabulary), "logits"), called="logits"), vocabulary
    )
    given = {"x": logits, "count": np.array([count], np.int64), "scored": np.array(True)}
    best, tokens, normalizers = Folder({"choose": graph}, tmp_path).graph("choose")(
        ["best", "tokens", "normalizers"], **given
    )
    expected = np.argsort(-logits, axis=1, kind="stable")[:, :count]
    np.testing.assert_array_equal(tokens, expected)
    np.testing.assert_array_equal(best, np.take_along_axis(logits, expected, 1))
    largest = logits.max(axis=1)
    exact = largest + np.log(np.exp(logits - largest[:, None]).sum(axis=1))
    np.testing.assert_allclose(normalizers, exact, rtol=1e-6)
