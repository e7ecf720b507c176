"""Figures of anomalies that last."""

import numpy as np
import pytest

from seq2seq.evaluation.ranges import range_scores, volume_under_surface


def flags(text):
    return np.array([each == "1" for each in text])


# As in the tests of aeon (test_range_ts_metrics.py, test_ad_metrics.py).
PUBLISHED = [
    ("0111100", "0011111", 0.75, 0.6),
    ("01100001100", "00011000011", 0.0, 0.0),
    ("01110111000", "00111110111", 2 / 3, 0.2),
]


@pytest.mark.parametrize(("alarms", "labels", "precision", "recall"), PUBLISHED)
def test_published_examples_of_ranges(alarms, labels, precision, recall):
    found = range_scores([flags(alarms)], [flags(labels)])
    assert (found["range_precision"], found["range_recall"]) == pytest.approx((precision, recall))
    both = precision + recall
    assert found["range_f1"] == pytest.approx(2 * precision * recall / both if both else 0.0)


def test_an_anomaly_counts_the_same_however_long_it_is():
    labels, long = flags("0100011111111110"), flags("0000011111111110")
    assert range_scores([long], [labels])["range_recall"] == 0.5
    assert range_scores([flags("0100000000000000")], [labels])["range_recall"] == 0.5


def test_ranges_that_are_not_there_have_no_figures():
    none, some = flags("0000"), flags("0110")
    assert list(range_scores([some], [none]).values()) == [0.0, None, None]
    assert list(range_scores([none], [some]).values()) == [None, 0.0, 0.0]
    assert list(range_scores([none], [none]).values()) == [None, None, None]


def published():
    labels, scores = np.zeros(200, bool), np.random.default_rng(41).random(200) * 0.5
    for first, end in ((10, 20), (28, 33), (110, 120)):
        labels[first:end] = True
    for first, end in ((16, 22), (33, 38), (160, 170)):
        scores[first:end] = 1.0
    return scores, labels


def test_the_published_example_of_volumes():
    volume = volume_under_surface(*([each] for each in published()), buffer=200)
    assert (volume.pr, volume.roc) == pytest.approx((0.7493254559, 0.8763382130), abs=1e-10)


def test_volumes_know_no_scale_and_no_border_between_series():
    scores, labels = published()
    own = volume_under_surface([scores], [labels])
    assert own.buffer == 10  # the median of 10, 5 and 10 steps
    assert volume_under_surface([np.exp(3 * scores)], [labels]) == own
    # A part without labels that ends far from them is the same apart; a slope never goes on into the next series.
    assert volume_under_surface([scores[:60], scores[60:]], [labels[:60], labels[60:]]) == own
    cut = volume_under_surface([scores[:20], scores[20:]], [labels[:20], labels[20:]])
    assert cut != own


def test_unscored_steps_count_in_no_volume():
    scores, labels = published()
    some = scores.copy()
    some[130:150] = np.nan
    there = ~np.isnan(some)
    assert volume_under_surface([some], [labels]) == volume_under_surface([scores[there]], [labels[there]])


def test_a_labelled_stretch_without_a_score_counts_in_no_volume():
    scores, labels = published()
    scores[:24] = np.nan  # the first stretch, and what is beside it
    without = labels & (np.arange(200) > 24)
    longer = without | (np.arange(200) < 24)
    own = volume_under_surface([scores], [without])
    assert volume_under_surface([scores], [labels]) == volume_under_surface([scores], [longer]) == own


def test_chance_and_perfection():
    random = np.random.default_rng(0)
    labels = np.zeros(5000, bool)
    labels[1000:1050] = labels[3000:3050] = True
    chance = volume_under_surface([random.random(5000)], [labels])
    assert chance.roc == pytest.approx(0.5, abs=0.1) and chance.pr < 0.1
    perfect = volume_under_surface([labels + 0.1 * random.random(5000)], [labels])
    assert perfect.roc > 0.95 and perfect.pr > 0.8


@pytest.mark.parametrize("labels", [np.zeros(10, bool), np.ones(10, bool)])
def test_there_is_no_volume_of_one_kind_alone(labels):
    assert volume_under_surface([np.arange(10.0)], [labels]) is None
