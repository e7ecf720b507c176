"""Bootstrap of scores and of their differences: as sacrebleu has it, and sober where there is nothing to tell."""

import numpy as np
import pytest
from sacrebleu.metrics import BLEU
from sacrebleu.significance import PairedTest

from seq2seq.evaluation.corpus_scores import bleu_measure, measures
from seq2seq.evaluation.significance import Difference, interval, paired
from seq2seq.evaluation.translation import score_translations

WORDS = [
    "a",
    "the",
    "man",
    "woman",
    "dog",
    "rides",
    "sees",
    "eats",
    "apple",
    "bike",
    "house",
    "on",
    "in",
    "red",
    "blue",
]


def texts(seed, count=60):
    draw = np.random.default_rng(seed)
    return [" ".join(draw.choice(WORDS, size=draw.integers(5, 12))) for _ in range(count)]


def spoilt(lines, share, seed):
    draw = np.random.default_rng(seed)
    return [" ".join(w if draw.random() > share else draw.choice(WORDS) for w in line.split()) for line in lines]


@pytest.fixture(scope="module")
def systems():
    references = texts(1)
    return references, spoilt(references, 0.2, 2), spoilt(references, 0.3, 3)


def test_a_paired_bootstrap_is_that_of_sacrebleu(systems):
    references, good, bad = systems
    measure = bleu_measure([references])
    ours = paired(*(measure.statistics(each, [references]) for each in (good, bad)), measure.of_sum)
    named = [("bad", bad), ("good", good)]
    _, theirs = PairedTest(named, {"BLEU": BLEU(force=True)}, [references], test_type="bs")()
    assert ours.first == pytest.approx(theirs["BLEU"][1].score) and ours.second == pytest.approx(
        theirs["BLEU"][0].score
    )
    assert ours.p == pytest.approx(theirs["BLEU"][1].p_value, abs=0.02)  # other samples of the same kind
    assert ours.interval[0] < ours.difference < ours.interval[1] and ours.interval[0] > 0
    low, high = interval(measure.statistics(good, [references]), measure.of_sum)
    assert (high - low) / 2 == pytest.approx(theirs["BLEU"][1].ci, rel=0.15)


def test_the_same_system_twice_is_no_difference(systems):
    references, good, _ = systems
    measure = bleu_measure([references])
    same = paired(*[measure.statistics(good, [references])] * 2, measure.of_sum)
    assert (same.difference, same.interval, same.p) == (0.0, (0.0, 0.0), 1.0)


def test_rows_that_are_drawn_together_tell_less():
    draw = np.random.default_rng(0)
    noise = np.repeat(draw.normal(size=30), 20)[:, None]
    ones = np.ones_like(noise)
    first, second = np.hstack((noise, ones)), np.hstack((0 * noise, ones))
    mean = lambda total: total[0] / total[1]  # noqa: E731
    alone = paired(first, second, mean)
    together = paired(first, second, mean, units=np.repeat(np.arange(30), 20))
    assert np.ptp(together.interval) > 3 * np.ptp(alone.interval) and together.p > alone.p


def test_every_score_is_made_of_its_statistics(systems):
    references, good, _ = systems
    for name, measure in measures([references], language="de").items():
        total = measure.statistics(good, [references]).sum(axis=0)
        assert measure.of_sum(total) == pytest.approx(measure.score(good, [references]).value), name


def test_all_scores_without_regard_to_case(systems):
    references, good, _ = systems
    shouted = [text.upper() for text in good]
    plain = score_translations(good, [[text] for text in references])
    lowered = score_translations(shouted, [[text] for text in references], lowercase=True)
    for name in ("bleu", "chrf", "ter", "exact_match", "token_error_rate", "bleu_interval"):
        assert getattr(lowered, name) == getattr(plain, name)
    assert "case:lc" in lowered.signatures["bleu"] and "case:mixed" in plain.signatures["bleu"]


def test_a_verdict_names_the_better_one_and_calls_luck_luck():
    better = Difference(41.0, 39.0, (1.0, 3.0), 0.002)
    assert better.verdict("BLEU", "a", "b") == "a is better in BLEU (p = 0.002)"
    assert better.verdict("RMSE", "a", "b", least=True).startswith("b is better")
    assert Difference(39.0, 41.0, (-3.0, -1.0), 0.002).verdict("BLEU", "a", "b").startswith("b is better")
    luck = Difference(41.0, 40.9, (-1.0, 1.0), 0.4).verdict("BLEU", "a", "b")
    assert luck.startswith("neither is better in BLEU") and "40%" in luck
    assert "too few" in Difference(41.0, 0.0, (41.0, 41.0), None).verdict("BLEU", "a", "b")
