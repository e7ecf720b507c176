"""Greedy and beam search of the same model in PyTorch, as such loops are usually written: one step of the decoder for a
whole batch, until all of it has ended. It gets token ids and gives token ids: nothing is tokenized in its time."""

import sys
import time
from pathlib import Path

from workers.protocol import NOT_INSTALLED, PAD, serve
from workers.sentences import length_limit, source_batches

try:
    import torch
except ModuleNotFoundError:
    sys.exit(NOT_INSTALLED)
from torch.nn import functional as F  # noqa: N812

from workers.torch_peer import EncoderDecoder

BOS, EOS = 2, 3


class Searcher:
    """Searches with an `EncoderDecoder`; int64 sources `(batch, steps)`, 0 at padding."""

    def __init__(self, model):
        self.model = model.eval()

    def start(self, source):
        """What a step needs: keys, values and mask of the attention, and the decoder's first state."""
        mask = source != PAD
        memory, h, c = self.model.encode(source, mask, packed=True)
        h, c = torch.tanh(self.model.bridge_h(h))[None], torch.tanh(self.model.bridge_c(c))[None]
        return (self.model.key(memory), memory, mask), (h, c)

    def step(self, tokens, attended, state):
        """Logits `(rows, vocabulary)` after one more token `(rows,)`, and the new state."""
        keys, values, mask = attended
        outputs, state = self.model.decoder(self.model.target_embedding(tokens)[:, None], state)
        scores = torch.bmm(outputs, keys.transpose(1, 2)).masked_fill(~mask[:, None], -1e9)
        context = torch.bmm(torch.softmax(scores, dim=-1), values)
        features = torch.tanh(self.model.readout(torch.cat((outputs, context), dim=-1)))[:, 0]
        return F.linear(features, self.model.target_embedding.weight, self.model.output_bias), state

    @torch.inference_mode()
    def greedy(self, source, limit):
        """Likeliest token after likeliest token: int64 `(batch, steps)`, 0 after EOS."""
        attended, state = self.start(source)
        tokens = source.new_full((len(source),), BOS)
        ended = torch.zeros_like(tokens, dtype=torch.bool)
        found = []
        for _ in range(limit):
            logits, state = self.step(tokens, attended, state)
            tokens = logits.argmax(-1).masked_fill(ended, PAD)
            found.append(tokens)
            ended |= tokens == EOS
            if ended.all():
                break
        return torch.stack(found, 1)

    @torch.inference_mode()
    def beam(self, source, limit, beams):
        """The hypothesis with the best mean log-probability: int64 `(batch, steps)`, 0 after EOS."""
        rows = len(source)
        attended, state = self.start(source)
        attended = tuple(part.repeat_interleave(beams, 0) for part in attended)
        state = tuple(part.repeat_interleave(beams, 1) for part in state)
        tokens = source.new_full((rows * beams,), BOS)
        ended = torch.zeros_like(tokens, dtype=torch.bool)
        scores = torch.full((rows, beams), -1e9)
        scores[:, 0] = 0.0  # all hypotheses are the same at first
        found = source.new_zeros((rows * beams, 0))
        lengths = torch.zeros(rows * beams)
        offsets = torch.arange(rows)[:, None] * beams
        for _ in range(limit):
            logits, state = self.step(tokens, attended, state)
            log_p = torch.log_softmax(logits, -1)
            log_p[ended] = -1e9
            log_p[ended, PAD] = 0.0  # what has ended goes on with padding, for nothing
            scores, chosen = (scores[:, :, None] + log_p.view(rows, beams, -1)).view(rows, -1).topk(beams)
            parents = (offsets + chosen // log_p.shape[-1]).view(-1)
            tokens = (chosen % log_p.shape[-1]).view(-1)
            state = tuple(part[:, parents] for part in state)
            found = torch.cat((found[parents], tokens[:, None]), 1)
            lengths, ended = lengths[parents] + ~ended[parents], ended[parents] | (tokens == EOS)
            if ended.all():
                break
        best = (scores / lengths.view(rows, beams)).argmax(1)
        return found.view(rows, beams, -1)[torch.arange(rows), best]


def start(spec):
    """Get ready to translate all sources each turn, in batches of similar lengths."""
    torch.set_num_threads(spec["threads"])
    model = EncoderDecoder(**spec["translator"])
    model.load(Path(spec["folder"]) / "translator.npz")
    searcher, beams = Searcher(model), spec["beam_size"]
    batches = [torch.from_numpy(source) for source in source_batches(spec)]

    def search(source):
        limit = length_limit(spec, source)
        return searcher.greedy(source, limit) if beams == 1 else searcher.beam(source, limit, beams)

    def turn(_):
        began = time.perf_counter()
        for source in batches:
            search(source)
        return sum(map(len, batches)), time.perf_counter() - began

    search(batches[len(batches) // 2])
    return {"about": f"PyTorch {torch.__version__}, batches of {len(batches[0])}"}, turn


if __name__ == "__main__":
    serve(start)
