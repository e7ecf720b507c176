"""JoeyNMT's own greedy and beam search with the weights of a run. Token ids in, token ids out."""

import sys
import time
from pathlib import Path

from workers.protocol import NOT_INSTALLED, serve
from workers.sentences import length_limit, source_batches

try:
    import joeynmt
except ModuleNotFoundError:
    sys.exit(NOT_INSTALLED)
import torch
from joeynmt.search import search

from workers.joeynmt_peer import as_batch, make_model
from workers.torch_peer import EncoderDecoder

CERTAIN = 20.0  # tanh of it is 1 in float32


@torch.no_grad()
def take_weights(model, ours):
    """Give JoeyNMT's model the weights of an `EncoderDecoder`, so that it computes the same.

    Its readout has `units` outputs where ours has `embedding_dim`: one of the spare ones is made a constant 1, whose
    weights in the output layer are the biases that this layer lacks; the others are 0.
    """
    model.src_embed.lut.weight.copy_(ours.source_embedding.weight)
    model.trg_embed.lut.weight.copy_(ours.target_embedding.weight)
    model.encoder.rnn.load_state_dict(ours.encoder.state_dict())
    decoder, width = model.decoder, ours.target_embedding.embedding_dim
    decoder.rnn.load_state_dict(ours.decoder.state_dict())
    decoder.attention.key_layer.load_state_dict(ours.key.state_dict())
    for weight in (*decoder.att_vector_layer.parameters(), *decoder.output_layer.parameters()):
        weight.zero_()
    decoder.att_vector_layer.weight[:width] = ours.readout.weight
    decoder.att_vector_layer.bias[:width] = ours.readout.bias
    decoder.att_vector_layer.bias[width] = CERTAIN
    decoder.output_layer.weight[:, :width] = ours.target_embedding.weight
    decoder.output_layer.weight[:, width] = ours.output_bias


def take_bridge(model, ours):
    """Start the decoder as ours does: from both parts of the encoder's last state, each through a layer of its own.

    JoeyNMT makes both parts from the first one. This runs once for a batch; all the rest of the search is JoeyNMT's.
    """
    last = {}

    def remember(_, __, result):
        last["c"] = torch.cat(tuple(result[1][1]), dim=-1)

    def first_state(h):
        return torch.tanh(ours.bridge_h(h))[None], torch.tanh(ours.bridge_c(last["c"]))[None]

    model.encoder.rnn.register_forward_hook(remember)
    model.decoder._init_hidden = first_state


def make_search(spec):
    """The function that translates int sources `(sentences, steps)`: int64 ids `(sentences, steps)`, longest first."""
    ours = EncoderDecoder(**spec["translator"])
    ours.load(Path(spec["folder"]) / "translator.npz")
    model = make_model(**spec["translator"])
    take_weights(model, ours)
    take_bridge(model, ours)
    model.eval()

    def translate(source):
        batch = as_batch(source, None, torch.device("cpu"))
        batch.sort_by_src_length()
        with torch.no_grad():
            return search(
                model,
                batch,
                max_output_length=length_limit(spec, source),
                beam_size=spec["beam_size"],
                beam_alpha=1.0,
                min_output_length=0,
            )[0]

    return translate


def start(spec):
    """Get ready to translate all sources each turn, in batches of similar lengths."""
    torch.set_num_threads(spec["threads"])
    translate, batches = make_search(spec), source_batches(spec)

    def turn(_):
        began = time.perf_counter()
        for source in batches:
            translate(source)
        return sum(map(len, batches)), time.perf_counter() - began

    translate(batches[len(batches) // 2])
    about = f"JoeyNMT {joeynmt.__version__}, PyTorch {torch.__version__}, batches of {len(batches[0])}"
    return {"about": about}, turn


if __name__ == "__main__":
    serve(start)
