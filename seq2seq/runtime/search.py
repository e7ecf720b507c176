"""Greedy and beam search in NumPy, over a step of an exported graph: the tokens that `seq2seq.decoding` finds.

The graph itself picks the best tokens of each hypothesis: of a wide vocabulary only these come out of it.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from seq2seq.special_ids import BOS, EOS, PAD

COMPACT = 0.85  # once no more than this share of the sentences goes on, the others leave
MINUS_INFINITY = np.float32(-1e30)  # finite, so that differences stay numbers


@dataclass(frozen=True)
class Step:
    """What a step of a graph says of `n` hypotheses.

    Attributes:
        best: float32 `(n, count)`, the largest logits, the largest first.
        tokens: int32 `(n, count)`, whose they are.
        normalizers: float32 `(n,)`: a logit less this is a log-probability. Of no meaning where none was asked for.
        states: list of float32 `(batch, beams, units)`.
        logits: float32 `(n, vocabulary)`, or `None` where they were not asked for.
    """

    best: np.ndarray
    tokens: np.ndarray
    normalizers: np.ndarray
    states: list[np.ndarray]
    logits: np.ndarray | None = None


@dataclass(frozen=True)
class Sentences:
    """Where a search stands; `B` sentences that are still in the batch."""

    rows: np.ndarray  # (B,) which sentences they are
    last: np.ndarray  # (B, beams) int32, the last token of each hypothesis
    states: list[np.ndarray]  # (B, beams, units)
    memory: list[np.ndarray]  # (B, …)

    def take(self, kept: np.ndarray) -> "Sentences":
        """Those that are `kept`, bool `(B,)`."""
        states, memory = ([part[kept] for part in parts] for parts in (self.states, self.memory))
        return Sentences(self.rows[kept], self.last[kept], states, memory)


def few(going: np.ndarray) -> bool:
    """Whether so few sentences go on that the others leave."""
    return 0 < going.sum() <= COMPACT * len(going)


def greedy_search(
    step: Callable[..., Step],
    states: Sequence[np.ndarray],
    memory: Sequence[np.ndarray],
    limits: np.ndarray,
    select: Callable | None = None,
    scored: bool = True,
    no_repeat: int = 0,
    prefix: np.ndarray | None = None,
) -> tuple[np.ndarray, np.ndarray]:
    """Extend each sentence by one token at a time until EOS.

    Args:
        step: function of the last tokens, int32 `(B, 1)`, states, memory, how many of the best tokens, whether scores
            and whether logits are wanted, to a `Step`.
        states: float32 `(batch, 1, units)` each.
        memory: what the step knows of the sentences, `(batch, …)` each.
        limits: int32 `(batch,)`. A hypothesis of that many tokens, EOS included, ends without EOS.
        select: function of logits `(n, vocabulary)`, t and rows to tokens `(n,)`; `None` for the most probable.
        scored: bool. Without, scores are 0.
        no_repeat: int. No so many tokens in a row stand in a hypothesis twice; 0: they may.
        prefix: int32 `(steps,)`, or `None`. What each hypothesis begins with.

    Returns:
        Tokens, int32 `(batch, longest limit)`, with EOS, then PAD; and scores, float32 `(batch,)`, the sum of their
        log-probabilities, nats.
    """
    batch, steps = len(limits), int(limits.max(initial=0))
    tokens, scores = np.full((batch, steps), PAD, np.int32), np.zeros(batch, np.float32)
    alive = Sentences(np.arange(batch), np.full((batch, 1), BOS, np.int32), list(states), list(memory))
    going = limits > 0
    for t in range(steps):
        if not going.any():
            break
        given = given_token(prefix, t)
        wanted = bool(select or no_repeat or (given != PAD and scored))
        said = step(alive.last, alive.states, alive.memory, 1, scored, wanted)
        chosen, gained = said.tokens[:, 0], said.best[:, 0]
        if given != PAD:
            chosen = np.full_like(chosen, given)
        elif select or no_repeat:
            choices = without_repeats(said.logits, tokens[alive.rows], t, no_repeat)
            chosen = select(choices, t, alive.rows) if select else np.argmax(choices, axis=1).astype(np.int32)
        if scored:
            gained = np.take_along_axis(said.logits, chosen[:, None], 1)[:, 0] if wanted else gained
            scores[alive.rows] += np.where(going, gained - said.normalizers, np.float32(0.0))
        chosen = np.where(going, chosen, PAD).astype(np.int32)
        tokens[alive.rows, t] = chosen
        going = going & (chosen != EOS) & (t + 1 < limits[alive.rows])
        alive = replace(alive, last=chosen[:, None], states=said.states)
        if few(going):
            alive, going = alive.take(going), going[going]
    return tokens, scores


def beam_search(
    step: Callable[..., Step],
    states: Sequence[np.ndarray],
    memory: Sequence[np.ndarray],
    limits: np.ndarray,
    beam_size: int,
    length_penalty: float = 1.0,
    n_best: int = 1,
    no_repeat: int = 0,
    prefix: np.ndarray | None = None,
) -> tuple[np.ndarray, np.ndarray]:
    """Search for the hypotheses of highest `log-probability / length ** length_penalty`.

    What ends a hypothesis and a sentence is as `seq2seq.decoding.beam.beam_search` has it.

    Args:
        step, states, memory, limits, no_repeat, prefix: as for `greedy_search`.
        beam_size: int.
        length_penalty: float.
        n_best: int, at most `beam_size`.

    Returns:
        Tokens, int32 `(batch, n_best, longest limit)`, best first; and scores, float32 `(batch, n_best)`, -1e30 where
        nothing was found.
    """
    batch, steps = len(limits), int(limits.max(initial=0))
    found_tokens = np.full((batch, n_best, steps), PAD, np.int32)
    found_scores = np.full((batch, n_best), MINUS_INFINITY)
    alive = Sentences(np.arange(batch), np.full((batch, 1), BOS, np.int32), list(states), list(memory))
    beams = _Beams.begin(batch, steps, beam_size, limits <= 0)
    bounds = np.maximum(limits, 1).astype(np.float32) ** np.float32(length_penalty)
    for t in range(steps):
        if beams.done.all():
            break
        alive, beams = _extended(step, alive, beams, t, limits, bounds, length_penalty, n_best, no_repeat, prefix)
        found_tokens[alive.rows] = beams.ended_tokens[:, :n_best]
        found_scores[alive.rows] = beams.ended_scores[:, :n_best]
        if few(~beams.done):
            kept = ~beams.done
            alive, beams = alive.take(kept), beams.take(kept)
    return found_tokens, found_scores


@dataclass(frozen=True)
class _Beams:
    """The hypotheses of the sentences in the batch: `k` that are alive (one before the first token), `k` that ended."""

    tokens: np.ndarray  # (B, k, L) int32, PAD from t on
    scores: np.ndarray  # (B, k) log-probabilities, best first
    ended_tokens: np.ndarray  # (B, k, L) int32, best first
    ended_scores: np.ndarray  # (B, k); MINUS_INFINITY where there is none
    done: np.ndarray  # (B,) bool

    @classmethod
    def begin(cls, batch, steps, beam_size, done):
        blank = np.full((batch, beam_size, steps), PAD, np.int32)
        nothing = np.full((batch, beam_size), MINUS_INFINITY)
        return cls(blank[:, :1], np.zeros((batch, 1), np.float32), blank, nothing, done)

    def take(self, kept):
        return _Beams(*(part[kept] for part in vars(self).values()))


def _extended(step, alive, beams, t, limits, bounds, length_penalty, n_best, no_repeat, prefix):
    """The sentences and their hypotheses with one token more."""
    beam_size, rows = beams.ended_scores.shape[1], np.arange(len(alive.rows))[:, None]
    origins, tokens, scores, states = _extensions(step, alive, beams, t, beam_size, no_repeat, prefix)
    extended = beams.tokens[rows, origins]  # (B, 2k, L)
    extended[:, :, t] = tokens
    is_eos, at_limit = tokens == EOS, (t + 1 >= limits[alive.rows])[:, None]
    # A hypothesis ends with an EOS among the best k; at the limit all of the best k do.
    ends = (is_eos | at_limit) & (np.arange(2 * beam_size) < beam_size) & (scores > MINUS_INFINITY / 2)
    length = np.float32(t + 1) ** np.float32(length_penalty)
    normalized = np.where(ends, scores / length, MINUS_INFINITY).astype(np.float32)
    ended_scores = np.concatenate((beams.ended_scores, normalized), 1)
    chosen = best_of(ended_scores, beam_size)
    ended_scores = ended_scores[rows, chosen]
    ended_tokens = np.concatenate((beams.ended_tokens, extended), 1)[rows, chosen]
    ended_scores = np.where(beams.done[:, None], beams.ended_scores, ended_scores)
    ended_tokens = np.where(beams.done[:, None, None], beams.ended_tokens, ended_tokens)

    alive_scores = np.where(is_eos, MINUS_INFINITY, scores)
    kept = best_of(alive_scores, beam_size)
    alive_scores, origins, last = alive_scores[rows, kept], origins[rows, kept], tokens[rows, kept]
    settled = ended_scores[:, n_best - 1] >= alive_scores[:, 0] / bounds[alive.rows]
    done = beams.done | (ended_scores[:, -1] > MINUS_INFINITY / 2) | settled | at_limit[:, 0]
    alive = replace(alive, last=last, states=[part[rows, origins] for part in states])
    return alive, _Beams(extended[rows, kept], alive_scores, ended_tokens, ended_scores, done)


def _extensions(step, alive, beams, t, beam_size, no_repeat, prefix):
    """Beam of origin, token and log-probability of the `2 * beam_size` best extensions, `(B, 2k)`, and the states."""
    given, width, count = given_token(prefix, t), 2 * beam_size, alive.last.shape[1]
    said = step(alive.last, alive.states, alive.memory, width, True, bool(no_repeat or given != PAD))
    best, tokens = said.best, said.tokens
    if given != PAD:
        best = np.full_like(best, MINUS_INFINITY)
        best[:, 0], tokens = said.logits[:, given] - said.normalizers, np.full_like(tokens, given)
    else:
        if no_repeat:
            choices = without_repeats(said.logits, beams.tokens.reshape(len(best), -1), t, no_repeat)
            tokens = best_of(choices, best.shape[1]).astype(np.int32)
            best = np.take_along_axis(choices, tokens, 1)
        best = best - said.normalizers[:, None]
    scores = beams.scores[..., None] + best.reshape(-1, count, best.shape[1])
    flat = scores.reshape(len(scores), -1)
    missing = max(width - flat.shape[1], 0)  # a tiny vocabulary has fewer extensions
    flat = np.pad(flat, ((0, 0), (0, missing)), constant_values=MINUS_INFINITY)
    tokens = np.pad(tokens.reshape(len(flat), -1), ((0, 0), (0, missing)))
    places = best_of(flat, width)
    origins = np.minimum(places // best.shape[1], count - 1)
    return origins, np.take_along_axis(tokens, places, 1), np.take_along_axis(flat, places, 1), said.states


def best_of(scores: np.ndarray, count: int) -> np.ndarray:
    """Where the `count` highest of each row are, `(rows, count)`, best first, of equal ones the first first."""
    return np.argsort(-scores, axis=1, kind="stable")[:, :count]


def given_token(prefix: np.ndarray | None, t: int) -> int:
    """The token that a given beginning has at `t`, PAD where it is over."""
    return int(prefix[t]) if prefix is not None and t < len(prefix) else PAD


def without_repeats(logits: np.ndarray, history: np.ndarray, t: int, n: int) -> np.ndarray:
    """Logits in which no token is left that would be the last of `n` tokens that stand in their hypothesis already."""
    if not n or t < n:
        return logits
    begun = np.lib.stride_tricks.sliding_window_view(history[:, :t], n, axis=1)  # (rows, t - n + 1, n)
    repeated = (begun[..., : n - 1] == history[:, None, t - n + 1 : t]).all(axis=2)
    rows, places = np.nonzero(repeated)
    logits = logits.copy()
    logits[rows, begun[rows, places, n - 1]] = MINUS_INFINITY
    return logits
