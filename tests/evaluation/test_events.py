"""Alarms that belong together."""

import numpy as np
import pytest

from seq2seq.errors import InputError
from seq2seq.evaluation.events import event_scores, find_events, parse_span

HOURS = np.datetime64("2024-05-01", "ns") + np.arange(40) * np.timedelta64(1, "h")
SCORES = np.zeros(40)
SCORES[[5, 6, 7, 9, 20, 30, 31]] = [1, 3, 1, 1, 5, 1, 1]
BLAME = SCORES[:, None] * np.array([0.25, 0.75])
LABELS = np.zeros(40, bool)
LABELS[[7, 8, 28, 29, 30, 36]] = True
LIVE = np.zeros(40, bool)
LIVE[[3, 6, 7, 12, 13, 22, 31]] = True


def events(**given):
    times = given.pop("times", HOURS)
    return find_events("pump", SCORES, BLAME, 0.5, ["flow", "heat"], times, **given)


def spans(found):
    return [(event.first, event.last) for event in found]


def test_a_run_of_alarms_is_one_event():
    found = events(labels=LABELS)
    assert spans(found) == [(5, 7), (9, 9), (20, 20), (30, 31)]
    first = found[0]
    assert (first.start, first.end, first.peak, first.peak_at) == (HOURS[5], HOURS[7], 3.0, HOURS[6])
    assert (first.column, first.share, first.steps) == ("heat", pytest.approx(0.75), 3)
    assert (first.label, first.known_at, first.lead) == (HOURS[7], None, None)  # of what was known nothing is said


def test_the_lead_counts_from_when_an_event_was_known():
    def known(**given):
        return [(event.known_at, event.lead) for event in events(labels=LABELS, **given)]

    # The first event was known at step 6, an hour before its label; that at 9 by no window that covers it.
    assert known(live=LIVE, reach=2)[:2] == [(HOURS[6], 3600.0), (None, None)]
    assert known(live=LIVE, reach=2)[2:] == [(HOURS[22], None), (HOURS[31], -3 * 3600.0)]
    assert known(live=LIVE, reach=3)[1] == (HOURS[12], None) and known(live=LIVE, reach=1)[2] == (None, None)
    assert known(live=LIVE, reach=2, merge=2)[0] == (HOURS[6], 3600.0)


@pytest.mark.parametrize(
    ("merge", "least", "expected"),
    [
        ("0", "2", [(5, 7), (30, 31)]),
        ("1", "1", [(5, 9), (20, 20), (30, 31)]),
        ("2h", "1", [(5, 9), (20, 20), (30, 31)]),
        ("1h", "1h", [(5, 7), (9, 9), (20, 20), (30, 31)]),
        ("12", "1", [(5, 31)]),
        ("0", "3h", [(5, 7)]),
    ],
)
def test_events_are_merged_and_short_ones_left_out(merge, least, expected):
    assert spans(events(merge=parse_span(merge), min_length=parse_span(least))) == expected


def test_quiet_hours_of_an_outage_count_by_the_clock():
    late = np.where(np.arange(40) >= 8, HOURS + np.timedelta64(5, "D"), HOURS)
    assert spans(events(times=late, merge=parse_span("3h")))[:2] == [(5, 7), (9, 9)]


def test_no_event_goes_on_across_an_outage_unless_it_is_told_to():
    late = np.where(np.arange(40) >= 6, HOURS + np.timedelta64(5, "D"), HOURS)
    assert spans(events(times=late))[:2] == [(5, 5), (6, 7)]
    assert spans(events(times=late, merge=9))[:2] == [(5, 5), (6, 9)]
    assert spans(events(times=late, merge=parse_span("6d")))[:1] == [(5, 31)]


def test_without_times_steps_are_counted():
    found = events(times=None, labels=LABELS)
    assert (found[0].start, found[0].known_at) == (5, None)
    assert events(times=None, labels=LABELS, live=LIVE)[0].lead == 1.0
    with pytest.raises(InputError, match="no dates; give a number of steps"):
        events(times=None, merge=parse_span("2h"))


def test_each_event_and_each_anomaly_counts_once():
    scored = np.ones(40, bool)
    scored[36] = False
    figures = event_scores([events(labels=LABELS, live=LIVE)], [LABELS], [scored], "seconds")
    assert (figures["events"], figures["labelled"], figures["known_recall"]) == (4, 2, 1.0)
    assert (figures["event_precision"], figures["event_recall"], figures["median_lead_seconds"]) == (0.5, 1.0, -3600.0)
    unknown = event_scores([events(labels=LABELS)], [LABELS], [scored], "seconds")
    assert (unknown["event_recall"], unknown["known_recall"], unknown["median_lead_seconds"]) == (1.0, 0.0, None)
    twice = np.zeros(40, bool)
    twice[5:10] = True  # met by two events, of which the first one counts
    assert event_scores([events(labels=twice, live=LIVE)], [twice], [scored])["median_lead_steps"] == -3600.0
    nothing = event_scores([[]], [LABELS], [scored])
    assert (nothing["event_precision"], nothing["event_recall"], nothing["event_f1"]) == (None, 0.0, 0.0)
    assert (figures["met"], nothing["met"]) == (2, 0)
    unlabelled = event_scores([events(labels=~scored & False)], [~scored & False], [scored])
    assert (unlabelled["event_precision"], unlabelled["event_recall"], unlabelled["event_f1"]) == (0.0, None, None)


@pytest.mark.parametrize("text", ["", "h", "-1", "1.5", "2 hours", "1y"])
def test_what_is_no_span(text):
    with pytest.raises(InputError, match="neither a number of steps"):
        parse_span(text)


@pytest.mark.parametrize("text", ["99999999999999999999999w", "9" * 400 + "h", "9" * 5000, "9223372036854775807s"])
def test_what_is_too_long_a_span(text):
    with pytest.raises(InputError, match=r"^.{,100} is too long: expected at most 9,223,372,036 steps or seconds"):
        parse_span(text)
    longest = parse_span("9223372036s")
    assert spans(events(merge=longest, min_length=longest)) == []


def test_gaps_are_those_of_the_rhythm():
    weekend = np.where(np.arange(40) >= 6, HOURS + np.timedelta64(3, "D"), HOURS)
    assert spans(events(times=weekend, gaps=np.array([], int)))[0] == (5, 7)
    hour = np.where(np.arange(40) >= 6, HOURS + np.timedelta64(1, "h"), HOURS)  # one step is missing
    assert spans(events(times=hour, gaps=np.array([6])))[:2] == [(5, 5), (6, 7)]


def test_an_event_that_meets_several_anomalies_was_known_at_each_of_them():
    two, scored = np.zeros(40, bool), [np.ones(40, bool)]
    two[[7, 9]] = True
    (event,) = events(labels=two, live=LIVE, reach=2, merge=30)
    assert (event.label, event.lead, event.leads) == (HOURS[7], 3600.0, {7: 3600.0, 9: 3 * 3600.0})
    figures = event_scores([[event]], [two], scored, "seconds")
    assert figures["event_recall"] == figures["known_recall"] == 1.0
    assert figures["median_lead_seconds"] == 2 * 3600.0
