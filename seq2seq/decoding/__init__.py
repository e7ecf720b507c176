"""Search over a step function. Nothing here knows a model.

A step function scores the next token of every hypothesis: `step(tokens, state) -> (logits, state)` with `tokens` int32
`(batch, beams)`, `logits` float32 `(batch, beams, vocabulary)` and `state` any nest of tensors `(batch, beams, …)`.

What a step knows of its sentences beside the state (what it attends to), it may keep to itself. Given to the search as
`memory`, any nest of tensors `(batch, …)`, `()` where there is nothing, it comes back as a third argument,
`step(tokens, state, memory)`: sentences that have ended then leave the batch, with their rows of it.
"""

from importlib import import_module

# Loaded when they are first used: whoever only says how to draw needs no TensorFlow.
_HOMES = {
    "Sampling": "seq2seq.decoding.sampling",
    "beam_search": "seq2seq.decoding.beam",
    "greedy_search": "seq2seq.decoding.greedy",
}

__all__ = [*_HOMES]


def __getattr__(name):
    if name not in _HOMES:
        raise AttributeError(f"module 'seq2seq.decoding' has no attribute {name!r}")
    return getattr(import_module(_HOMES[name]), name)
