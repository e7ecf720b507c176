"""Greedy and beam search in NumPy, over a step of an exported graph: the tokens that `seq2seq.decoding` finds.

The graph itself picks the best tokens of each hypothesis: of a wide vocabulary only these come out of it.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from seq2seq.special_ids import BOS, EOS, PAD

MINUS_INFINITY = np.float32(-1e30)  # finite, so that differences stay numbers


@dataclass(frozen=True)
class Step:
    """What a step of a graph says of `n` hypotheses.

    Attributes:
        best: float32 `(n, count)`, the largest logits, the largest first.
        tokens: int32 `(n, count)`, whose they are.
        normalizers: float32 `(n,)`: a logit less this is a log-probability. Of no meaning where none was asked for.
        states: list of float32 `(n, units)`.
        logits: float32 `(n, vocabulary)`, or `None` where they were not asked for.
    """

    best: np.ndarray
    tokens: np.ndarray
    normalizers: np.ndarray
    states: list[np.ndarray]
    logits: np.ndarray | None = None


@dataclass(frozen=True)
class Sentences:
    """Where a search stands; `B` sentences that are still in the batch, in any order."""

    rows: np.ndarray  # (B,) which sentences they are
    last: np.ndarray  # (B, beams) int32, the last token of each hypothesis
    parents: np.ndarray  # (B, beams) int64, the row of `states` that each goes on from
    states: list[np.ndarray]  # (n, units)
    memory: list[np.ndarray]  # (B, …); the search may change it

    @classmethod
    def begin(cls, states: Sequence[np.ndarray], memory: Sequence[np.ndarray], limits: np.ndarray) -> "Sentences":
        """All of a batch that may have a token."""
        rows = np.arange(len(limits))[:, None]
        whole = cls(rows[:, 0], np.full_like(rows, BOS, np.int32), rows, list(states), list(memory))
        return whole.take(places(limits > 0)) if (limits <= 0).any() else whole

    def take(self, kept: np.ndarray) -> "Sentences":
        """Those at `places`. Of the memory, the largest part by far, only what fills a hole is copied."""
        holes = np.flatnonzero(kept != np.arange(len(kept)))
        for part in self.memory:
            part[holes] = part[kept[holes]]
        memory = [part[: len(kept)] for part in self.memory]
        return Sentences(self.rows[kept], self.last[kept], self.parents[kept], self.states, memory)


def places(going: np.ndarray) -> np.ndarray:
    """Where sentences are that go on, bool `(B,)`, in an order in which few change their place: the last of them take
    the places of those that leave."""
    count = np.count_nonzero(going)
    kept = np.arange(count)
    kept[~going[:count]] = count + np.flatnonzero(going[count:])
    return kept


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
        step: function of `Sentences`, how many of the best tokens, whether scores and whether logits are wanted, to a
            `Step`.
        states: float32 `(batch, units)` each.
        memory: what the step knows of the sentences, `(batch, …)` each; the search changes it.
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
    alive = Sentences.begin(states, memory, limits)
    for t in range(steps):
        if not len(alive.rows):
            break
        given = given_token(prefix, t)
        wanted = bool(select or no_repeat or (given != PAD and scored))
        said = step(alive, 1, scored, wanted)
        chosen, gained = said.tokens[:, 0], said.best[:, 0]
        if given != PAD:
            chosen = np.full_like(chosen, given)
        elif select or no_repeat:
            choices = without_repeats(said.logits, tokens[alive.rows], t, no_repeat)
            chosen = select(choices, t, alive.rows) if select else np.argmax(choices, axis=1).astype(np.int32)
        if scored:
            gained = np.take_along_axis(said.logits, chosen[:, None], 1)[:, 0] if wanted else gained
            scores[alive.rows] += gained - said.normalizers
        tokens[alive.rows, t] = chosen
        going = (chosen != EOS) & (t + 1 < limits[alive.rows])
        parents = np.arange(len(chosen))[:, None]
        alive = replace(alive, last=chosen[:, None], parents=parents, states=said.states)
        if not going.all():
            alive = alive.take(places(going))
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
    alive = Sentences.begin(states, memory, limits)
    beams = _Beams.begin(len(alive.rows), steps, beam_size)
    bounds = np.maximum(limits, 1).astype(np.float32) ** np.float32(length_penalty)
    for t in range(steps):
        if not len(alive.rows):
            break
        at_limit, bound = t + 1 >= limits[alive.rows], bounds[alive.rows]
        alive, beams = _extended(step, alive, beams, t, at_limit, length_penalty, no_repeat, prefix)
        settled = beams.ended_scores[:, n_best - 1] >= beams.scores[:, 0] / bound
        done = settled | at_limit | (beams.ended_scores[:, -1] > MINUS_INFINITY / 2)
        if done.any():
            found_tokens[alive.rows[done]] = beams.ended_tokens[done, :n_best]
            found_scores[alive.rows[done]] = beams.ended_scores[done, :n_best]
            kept = places(~done)
            alive, beams = alive.take(kept), beams.take(kept)
    return found_tokens, found_scores


@dataclass(frozen=True)
class _Beams:
    """The hypotheses of the sentences in the batch: `k` that are alive (one before the first token), `k` that ended."""

    tokens: np.ndarray  # (B, k, L) int32, PAD from t on
    scores: np.ndarray  # (B, k) log-probabilities, best first
    ended_tokens: np.ndarray  # (B, k, L) int32, best first
    ended_scores: np.ndarray  # (B, k); MINUS_INFINITY where there is none

    @classmethod
    def begin(cls, batch, steps, beam_size):
        blank = np.full((batch, beam_size, steps), PAD, np.int32)
        nothing = np.full((batch, beam_size), MINUS_INFINITY)
        return cls(blank[:, :1], np.zeros((batch, 1), np.float32), blank, nothing)

    def take(self, kept):
        return _Beams(*(part[kept] for part in vars(self).values()))


def _extended(step, alive, beams, t, at_limit, length_penalty, no_repeat, prefix):
    """The sentences and their hypotheses with one token more."""
    beam_size, rows = beams.ended_scores.shape[1], np.arange(len(alive.rows))[:, None]
    origins, tokens, scores, states = _extensions(step, alive, beams, t, beam_size, no_repeat, prefix)
    is_eos = tokens == EOS
    # A hypothesis ends with an EOS among the best k; at the limit all of the best k do.
    ends = (is_eos | at_limit[:, None])[:, :beam_size] & (scores[:, :beam_size] > MINUS_INFINITY / 2)
    ended_tokens, ended_scores = beams.ended_tokens, beams.ended_scores
    if ends.any():
        extended = beams.tokens[rows, origins[:, :beam_size]]  # (B, k, L)
        extended[:, :, t] = tokens[:, :beam_size]
        length = np.float32(t + 1) ** np.float32(length_penalty)
        normalized = np.where(ends, scores[:, :beam_size] / length, MINUS_INFINITY).astype(np.float32)
        ended_scores = np.concatenate((ended_scores, normalized), 1)
        chosen = best_of(ended_scores, beam_size)
        ended_scores = ended_scores[rows, chosen]
        ended_tokens = np.concatenate((ended_tokens, extended), 1)[rows, chosen]

    alive_scores = np.where(is_eos, MINUS_INFINITY, scores)
    kept = best_of(alive_scores, beam_size)
    origins, last = origins[rows, kept], tokens[rows, kept]
    alive_tokens = beams.tokens[rows, origins]
    alive_tokens[:, :, t] = last
    parents = rows * alive.last.shape[1] + origins
    alive = replace(alive, last=last, parents=parents, states=states)
    return alive, _Beams(alive_tokens, alive_scores[rows, kept], ended_tokens, ended_scores)


def _extensions(step, alive, beams, t, beam_size, no_repeat, prefix):
    """Beam of origin, token and log-probability of the `2 * beam_size` best extensions, `(B, 2k)`, and the states."""
    given, width, count = given_token(prefix, t), 2 * beam_size, alive.last.shape[1]
    said = step(alive, width, True, bool(no_repeat or given != PAD))
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
    tokens = tokens.reshape(len(flat), -1)
    if missing:
        flat = np.pad(flat, ((0, 0), (0, missing)), constant_values=MINUS_INFINITY)
        tokens = np.pad(tokens, ((0, 0), (0, missing)))
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
