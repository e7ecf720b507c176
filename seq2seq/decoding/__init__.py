"""Search over a step function. Nothing here knows a model.

A step function scores the next token of every hypothesis: `step(tokens, state) -> (logits, state)` with `tokens` int32
`(batch, beams)`, `logits` float32 `(batch, beams, vocabulary)` and `state` any nest of tensors `(batch, beams, …)`.
"""

from seq2seq.decoding.beam import beam_search
from seq2seq.decoding.greedy import greedy_search
from seq2seq.decoding.sampling import Sampling

__all__ = ["Sampling", "beam_search", "greedy_search"]
