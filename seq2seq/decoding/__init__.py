"""Search over a step function. Nothing here knows a model.

A step function scores the next token of every hypothesis: `step(tokens, state) -> (logits, state)` with `tokens` int32
`(batch, beams)`, `logits` float32 `(batch, beams, vocabulary)` and `state` any nest of tensors `(batch, beams, …)`.

What a step knows of its sentences beside the state (what it attends to), it may keep to itself. Given to the search as
`memory`, any nest of tensors `(batch, …)`, `()` where there is nothing, it comes back as a third argument,
`step(tokens, state, memory)`: sentences that have ended then leave the batch, with their rows of it.
"""

from seq2seq.decoding.beam import beam_search
from seq2seq.decoding.greedy import greedy_search
from seq2seq.decoding.sampling import Sampling

__all__ = ["Sampling", "beam_search", "greedy_search"]
