import csv
import io
import json

import numpy as np
import pytest

from seq2seq.errors import InputError
from seq2seq.evaluation.anomaly import ERROR_KINDS, ErrorModel, PCABaseline, observed_mean
from seq2seq.evaluation.detection import detection_scores, window_hits, window_labels
from seq2seq.evaluation.overlap import StepMeans
from seq2seq.evaluation.thresholds import beyond_held_out, fit_threshold
from seq2seq.inference.selection import between
from seq2seq.series.clock import Clock
from seq2seq.series.series import Series
from seq2seq.tasks.labelled_windows import read_windows

NAN = np.nan


def aggregate(windows, series_index, first_step, lengths):
    """One value per step of each series, by `StepMeans` of all windows at once."""
    means = StepMeans(lengths, windows.shape[2:])
    means.add(windows, np.asarray(series_index), np.asarray(first_step))
    return means.result()


DRAW = np.random.default_rng(0)
MIXING = np.array([[1.0, 0.0, 0.0], [0.9, 0.2, 0.0], [0.0, 0.0, 50.0]])
USUAL = DRAW.normal(size=(4000, 3)) @ MIXING.T + [1.0, 0.0, -20.0]

each_kind = pytest.mark.parametrize("kind", ERROR_KINDS)


@each_kind
def test_parts_add_up_and_points_at_the_feature(kind):
    model = ErrorModel.fit(kind, USUAL)
    errors = USUAL[:6].reshape(2, 3, 3) / [1.0, 1.0, 50.0]
    errors[..., 1] += 9
    scores, parts = model.scores(errors), model.parts(errors)
    assert scores.shape == (2, 3)
    np.testing.assert_allclose(parts.sum(axis=-1), scores)
    assert (parts >= 0).all() and (parts.argmax(axis=-1) == 1).all()


@each_kind
def test_the_model_of_errors_survives_npz_and_json(kind):
    model = ErrorModel.fit(kind, USUAL)
    file = io.BytesIO()
    np.savez(file, **model.to_arrays())
    file.seek(0)
    lists = json.loads(json.dumps({name: array.tolist() for name, array in model.to_arrays().items()}))
    for arrays in (np.load(file, allow_pickle=False), lists):
        np.testing.assert_array_equal(ErrorModel.from_arrays(arrays).scores(USUAL), model.scores(USUAL))


@each_kind
def test_features_that_were_not_observed_have_no_part(kind):
    model = ErrorModel.fit(kind, USUAL)
    errors = USUAL[:4].copy()
    errors[1, 0] = errors[2] = errors[3, 1:] = NAN
    scores, parts = model.scores(errors), model.parts(errors)
    assert scores[0] == pytest.approx(model.scores(USUAL[0]))
    assert np.isnan(scores[2]) and np.isfinite(scores[[0, 1, 3]]).all()
    assert (np.isnan(parts) == np.isnan(errors)).all()
    alone = ErrorModel.fit(kind, USUAL[:, :1])
    assert scores[3] == pytest.approx(alone.scores(USUAL[3, :1]), rel=1e-2)


def test_mahalanobis_is_about_one_for_usual_errors_in_any_unit():
    scores = ErrorModel.fit("mahalanobis", USUAL).scores(USUAL)
    assert scores.mean() == pytest.approx(1, abs=0.04)  # the shrinkage takes a little
    units = np.array([1e-3, 1.0, 1e4])
    np.testing.assert_allclose(ErrorModel.fit("mahalanobis", USUAL * units).scores(USUAL * units), scores, rtol=1e-6)


def test_mahalanobis_is_the_distance_of_the_covariance():
    model = ErrorModel.fit("mahalanobis", USUAL)
    deviations = USUAL[:50] - USUAL.mean(axis=0)
    distances = np.einsum("ni,ij,nj->n", deviations, np.linalg.inv(np.cov(USUAL.T)), deviations)
    np.testing.assert_allclose(3 * model.scores(USUAL[:50]), distances, rtol=0.1)  # the shrinkage again


def test_mahalanobis_sees_errors_against_the_habit():
    model = ErrorModel.fit("mahalanobis", USUAL)
    together, against = np.array([[2.0, 0.9, -20], [2.0, -0.9, -20]])  # the first two usually err alike
    assert model.scores(against) > 5 * model.scores(together)
    absolute = ErrorModel.fit("absolute", USUAL)
    assert absolute.scores(against) == absolute.scores(together)


def test_mahalanobis_with_fewer_steps_than_features_and_a_constant_feature():
    few = DRAW.normal(size=(5, 20))
    few[:, 3] = 0.0
    assert np.isfinite(ErrorModel.fit("mahalanobis", few).scores(DRAW.normal(size=(9, 20)))).all()


@pytest.mark.parametrize("shape", [(), (2,)])
def test_aggregate_gives_back_a_series_from_its_windows(shape):
    series = [DRAW.normal(size=(steps, *shape)) for steps in (9, 6, 2)]
    index, first, windows = [], [], []
    for number, values in enumerate(series):
        for start in range(0, len(values) - 3, 2):
            index, first, windows = [*index, number], [*first, start], [*windows, values[start : start + 4]]
    whole = aggregate(np.array(windows), np.array(index), np.array(first), [9, 6, 2])
    np.testing.assert_allclose(whole[0][:8], series[0][:8])
    assert np.isnan(whole[0][8]).all()  # the tail that no window covers
    np.testing.assert_allclose(whole[1], series[1])
    assert whole[2].shape == series[2].shape and np.isnan(whole[2]).all()


def test_aggregate_takes_the_mean_of_what_was_observed():
    windows = np.array([[1.0, 2.0, NAN], [4.0, NAN, 6.0], [9.0, 9.0, 9.0]])
    (steps,) = aggregate(windows, [0, 0, 0], [0, 1, 1], [4])
    np.testing.assert_allclose(steps, [1, 5, 9, 7.5])
    with pytest.raises(InputError, match="beyond"):
        aggregate(windows, [0, 0, 0], [0, 1, 2], [4])


def test_means_skip_padding():
    np.testing.assert_allclose(observed_mean(np.array([[1.0, 3.0, NAN], [NAN] * 3])), [2.0, NAN])


def test_features_that_are_never_observed_together_are_taken_one_by_one():
    errors = np.full((300, 3), NAN)
    errors[np.arange(300), np.arange(300) % 3] = DRAW.normal(size=300) * np.tile([1.0, 5.0, 0.1], 100)
    model = ErrorModel.fit("mahalanobis", errors)
    assert (model.covariance == np.eye(3)).all()
    assert 0.8 < np.nanmean(model.scores(errors)) < 1.2
    whole = model.scores(np.array([[3.0, 0.0, 0.0], [0.0, 15.0, 0.0], [0.0, 0.0, 0.3]]))
    np.testing.assert_allclose(whole, 3.0, rtol=0.5)
    assert np.isfinite(ErrorModel.fit("mahalanobis", np.full((9, 2), NAN)).scores(np.zeros((1, 2)))).all()


def test_a_feature_that_never_errs_is_not_exact_to_the_last_digit():
    errors = np.stack([DRAW.normal(size=400), DRAW.normal(size=400) * 1e-16], axis=1)
    model = ErrorModel.fit("mahalanobis", errors)
    assert model.scores(np.array([0.0, 1e-8])) < 0.01 < 1000 < model.scores(np.array([0.0, 1.0]))
    tiny = ErrorModel.fit("mahalanobis", errors * 1e-9, units=1e-9)  # in units of its own it is the same
    np.testing.assert_allclose(tiny.scores(errors * 1e-9), model.scores(errors), rtol=1e-6)


def test_pca_reconstructs_what_its_components_can_say():
    basis = DRAW.normal(size=(2, 12))
    windows = (DRAW.normal(size=(40, 2)) @ basis + 3).reshape(40, 6, 2)
    pca = PCABaseline(2).fit(windows)
    np.testing.assert_allclose(pca.errors(windows), 0, atol=1e-9)
    other = DRAW.normal(size=(5, 6, 2))
    assert (np.abs(pca.errors(other)).mean(axis=(1, 2)) > 0.1).all()
    assert np.abs(PCABaseline(1).fit(windows).errors(windows)).mean() > 0.1
    assert np.abs(PCABaseline(99).fit(windows).errors(windows)).max() < 1e-9


def test_pca_leaves_out_what_was_not_observed():
    windows = DRAW.normal(size=(40, 6))
    windows[3, 2] = NAN
    errors = PCABaseline(2).fit(windows).errors(windows)
    assert (np.isnan(errors) == np.isnan(windows)).all()


def test_thresholds_leave_the_share_above_that_was_asked_for():
    normal, new = DRAW.exponential(size=(2, 20_000))
    assert np.mean(new > fit_threshold("quantile", normal, 0.95)) == pytest.approx(0.05, rel=0.1)
    assert fit_threshold("sigma", normal, 3) == pytest.approx(4, abs=0.1)
    for risk in (1e-3, 1e-5):  # -ln(risk) is exact; four in five such samples have nothing beyond the second
        assert fit_threshold("pot", normal, risk) == pytest.approx(-np.log(risk), rel=0.15)
    assert fit_threshold("pot", normal, 0.1) == fit_threshold("quantile", normal, 0.9)
    with pytest.raises(InputError, match=r"sigma=1e\+308 is above any score"):
        fit_threshold("sigma", 1e3 * normal, 1e308)
    assert beyond_held_out("quantile", 0.99, 100) is None and beyond_held_out("pot", 0.001, 50) is None
    assert "49 are held out" in beyond_held_out("pot", 0.001, 49)
    for value, needed in ((0.9, 10), (0.99, 100), (0.999, 1000)):
        assert beyond_held_out("quantile", value, needed) is None
        told = beyond_held_out("quantile", value, needed - 1, "hold out more (so)")
        assert f"held-out scores do not tell the quantile {value:g}, which takes {needed:,}: the threshold is" in told
        assert "hold out more (so), or take a lower quantile" in told
    assert "pot" in beyond_held_out("quantile", 0.99, 50) and "pot" not in beyond_held_out("quantile", 0.99, 49)


@pytest.mark.parametrize("kind", ["quantile", "sigma", "pot"])
def test_scores_that_are_not_there_change_no_threshold(kind):
    normal = DRAW.exponential(size=500)
    assert fit_threshold(kind, np.append(normal, [NAN] * 9), 0.01) == fit_threshold(kind, normal, 0.01)


@pytest.mark.parametrize("beta", [0.5, 1.0, 3.0])
def test_no_threshold_has_a_higher_f_score(beta):
    labels = DRAW.random(60) < 0.3
    scores = np.round(DRAW.normal(size=60) + labels, 1)  # with ties

    def f_score(threshold):
        alarms = scores > threshold
        hits = np.sum(alarms & labels)
        return (1 + beta**2) * hits / (beta**2 * labels.sum() + alarms.sum())

    chosen = fit_threshold("f_beta", scores, beta, labels)
    assert f_score(chosen) == pytest.approx(max(f_score(cut) for cut in [-9, *np.unique(scores)]))


def test_f_beta_may_call_everything_an_anomaly():
    assert fit_threshold("f_beta", [1.0, 2.0], 9, [True, False]) < 1


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("median", [1.0], 0.5), "median"),
        (("quantile", [1.0], 95), "below 1"),
        (("sigma", [1.0], 0), "above 0"),
        (("quantile", [NAN], 0.9), "no held-out score"),
        (("sigma", [np.inf], 1), "infinite"),
        (("pot", [1.0] * 100, 0.01), "0 peaks"),
        (("f_beta", [1.0, 2.0], 1), "without labels"),
        (("quantile", [1.0, 2.0], 0.9, [0, 1]), "with labels"),
        (("f_beta", [1.0, 2.0], 1, [0, 0]), "the same"),
    ],
)
def test_thresholds_that_cannot_be_fitted(arguments, message):
    with pytest.raises(InputError, match=message):
        fit_threshold(*arguments)


def test_detection_counts_what_it_should():
    scores = detection_scores([0.1, 0.5, 0.9, 0.8, NAN], [0, 1, 1, 0, 1], threshold=0.5)
    assert scores == {
        "roc_auc": 0.75,
        "pr_auc": pytest.approx((1 + 2 / 3) / 2),
        "precision": 0.5,
        "recall": 0.5,
        "f1": 0.5,
        "accuracy": 0.5,
        "scored": 4,
        "anomalies": 2,
        "alarms": 2,
        "unscored": 1,
    }


@pytest.mark.parametrize(
    ("labels", "threshold", "known"),
    [
        ([0, 0], 0.5, (None, None, 0.0, None, None, 0.5)),
        ([0, 0], 1.0, (None, None, None, None, None, 1.0)),
        ([1, 1], 0.5, (None, None, 1.0, 0.5, 2 / 3, 0.5)),
        ([0, 1], 1.0, (1.0, 1.0, None, 0.0, 0.0, 0.5)),  # all is missed, whatever the precision
    ],
)
def test_what_nobody_can_know_is_none(labels, threshold, known):
    scores = detection_scores([0.1, 0.9], labels, threshold)
    assert tuple(list(scores.values())[:6]) == pytest.approx(known)


@pytest.mark.parametrize(
    ("labels", "scores", "message"),
    [([0, 1], [1.0], "shape"), ([0, 3], [1.0, 2.0], "label is 3"), ([0, 1], [NAN, NAN], "None of 2")],
)
def test_labels_that_do_not_fit(labels, scores, message):
    with pytest.raises(InputError, match=message):
        detection_scores(scores, labels, 0.5)


HOURS = np.datetime64("2020-01-01", "ns") + np.arange(24 * 7 * 2) * np.timedelta64(1, "h")


def test_hits_and_false_alarms():
    scores = np.zeros(len(HOURS))
    windows = [(HOURS[10], HOURS[20]), (HOURS[50], HOURS[60]), (HOURS[-1] + 1, HOURS[-1] + 10)]
    scores[[8, 9, 10, 20, 21, 22, 30, 32]] = 1.0  # one window hit by a run before it and one after; two runs outside
    scores[100:110] = NAN
    found = window_hits(scores, HOURS, 0.5, windows)
    outside = (len(HOURS) - 11 - 11 - 10) / (24 * 7)
    assert (found["windows"], found["hit"], found["false_alarms"]) == (2, 1, 2)  # the third window has no data
    assert found["weeks"] == pytest.approx(outside)
    assert found["false_alarms_per_week"] == pytest.approx(2 / outside)
    assert window_labels(HOURS, windows).sum() == 22
    assert window_hits(scores, HOURS, 0.5, [(HOURS[0], HOURS[-1])])["false_alarms_per_week"] is None
    with pytest.raises(InputError, match="dates"):
        window_hits(scores, np.arange(len(scores)), 0.5, windows)


def test_rates_go_by_the_clock():
    scores, outage = np.zeros(len(HOURS)), np.arange(len(HOURS)) >= 100
    scores[40] = 1.0
    late = np.where(outage, HOURS + np.timedelta64(30, "D"), HOURS)
    one, other = (window_hits(scores, times, 0.5, [])["weeks"] for times in (HOURS, late))
    assert one == other == pytest.approx(2)  # nobody watched while nothing came
    seconds = np.cumsum(np.random.default_rng(1).exponential(60, 5000)).astype("timedelta64[s]")
    irregular = HOURS[0] + seconds
    covered = (irregular[-1] - irregular[0]) / np.timedelta64(7, "D")
    assert window_hits(np.zeros(5000), irregular, 0.5, [])["weeks"] == pytest.approx(covered, rel=0.1)


def test_labelled_windows_are_read(tmp_path):
    """From the beginning of what the first time names to the end of what the second does."""
    path = tmp_path / "windows.json"
    path.write_text(json.dumps({"real/a.csv": [["2020-01-01 07:00:00.000000", "2020-01-02"]], "b.csv": []}))
    expected = [window("2020-01-01T07", "2020-01-03")]
    assert read_windows(path, "a.csv") == read_windows(str(path), "folder/a.csv") == expected
    assert read_windows(path, "b.csv") == []
    path.write_text('{"a.csv": [[1577836800, "1577840400"]]}')
    assert read_windows(path, "a.csv", Clock("s")) == [window("2020-01-01T00", "2020-01-01T01:00:01")]
    with pytest.raises(InputError, match=r"'1577836800' is no time; write each window .* such as 2024-05-01"):
        read_windows(path, "a.csv")
    berlin = Clock(time_zone="Europe/Berlin")  # one hour ahead in winter
    expected = [window("2020-01-01T07", "2020-01-02T00:01")]
    path.write_text(json.dumps({"a.csv": [["2020-01-01 08:00", "2020-01-02 01:00"]], "b.csv": []}))
    assert read_windows(path, "a.csv", berlin) == expected
    path.write_text(json.dumps({"a.csv": [["2020-01-01T07:00Z", "2020-01-02T02:00+02:00"]], "b.csv": []}))
    assert read_windows(path, "a.csv") == read_windows(path, "a.csv", berlin) == expected
    path.write_text(json.dumps({"a.csv": [["2024-10-27 02:00", "2024-10-27 02:00"]], "b.csv": []}))  # it comes twice
    assert read_windows(path, "a.csv", berlin) == [window("2024-10-27T00", "2024-10-27T01:01")]
    path.write_text(json.dumps({"a.csv": [["2024-03-31 02:30", "2024-03-31 02:30"]], "b.csv": []}))  # it never comes
    ((start, end),) = read_windows(path, "a.csv", berlin)
    assert start == end == np.datetime64("2024-03-31T01")
    with pytest.raises(InputError, match=r"did you mean b.csv"):
        read_windows(path, "bb.csv")


def window(start, over):
    """A labelled window whose last instant is the one before it is over."""
    return np.datetime64(start, "ns"), np.datetime64(over, "ns") - np.timedelta64(1, "ns")


@pytest.mark.parametrize("named", ["2020-02", "2020-01-31", "2020-01-31 05", "2020-01-31 05:10", "2020-01-31 05:10:20"])
def test_a_labelled_window_has_the_steps_that_a_range_of_time_has(named, tmp_path):
    times = np.arange("2020-01-01", "2020-03-01", 600, "datetime64[s]").astype("datetime64[ns]")
    path = tmp_path / "windows.json"
    path.write_text(json.dumps({"a": [["2020-01", named]]}))
    series = Series([np.zeros((len(times), 1))], ("x",), ["a"], (times,), False)
    labels, (end,) = window_labels(times, read_windows(path, "a")), between(series, None, named).end
    np.testing.assert_array_equal(labels, np.arange(len(times)) < end)


def test_labelled_windows_of_files_of_one_name_are_told_apart(tmp_path):
    path = tmp_path / "windows.json"
    path.write_text(json.dumps({"a/data.csv": [["2020-01-01", "2020-01-02"]], "b/data.csv": [], "": []}))
    assert len(read_windows(path, "a/data.csv")) == len(read_windows(path, "/home/a/data.csv")) == 1
    assert read_windows(path, "b/data.csv") == []
    for name in ("data.csv", "c/data.csv"):
        with pytest.raises(InputError, match=r"a/data.csv and b/data.csv: .* may be any of them"):
            read_windows(path, name)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{", "as JSON"),
        ("[]", "holds a list"),
        ('{"a.csv": [["monday", "2020-01-02"]]}', "monday"),
        ('{"a.csv": [["2020-01-01"]]}', "two times"),
        ('{"a.csv": 3}', "two times"),
        ('{"a.csv": [["2020-01-02", "2020-01-01"]]}', "before it begins"),
        ("{}", "no windows for a.csv; it has none"),
    ],
)
def test_labelled_windows_that_cannot_be_read(tmp_path, text, message):
    path = tmp_path / "windows.json"
    path.write_text(text)
    with pytest.raises(InputError, match=message):
        read_windows(path, "a.csv")
    with pytest.raises(InputError, match="no file"):
        read_windows(tmp_path / "none.json", "a.csv")


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: ErrorModel.fit("cubed", USUAL), "cubed"),
        (lambda: ErrorModel.fit("absolute", USUAL).scores(USUAL[:, :2]), "must be 3"),
        (lambda: PCABaseline(0), "at least 1"),
    ],
)
def test_what_cannot_be_used_is_said(call, message):
    with pytest.raises(InputError, match=message):
        call()


@pytest.mark.real_data
def test_pca_on_the_heartbeats(real_data):
    with np.load(real_data / "numeric/ECG5000.npz", allow_pickle=False) as data:
        normal = data["X_train"][data["y_train"] == 1]
        test, labels = data["X_test"], data["y_test_anomaly"]
    assert (len(normal), len(test)) == (292, 4500)
    pca = PCABaseline(8).fit(normal)

    def scores(beats):
        return np.abs(pca.errors(beats)).mean(axis=-1)

    found = detection_scores(scores(test), labels, fit_threshold("quantile", scores(normal), 0.95))
    assert found["roc_auc"] == pytest.approx(0.983, abs=0.002)
    assert found["accuracy"] == pytest.approx(0.958, abs=0.003)


@pytest.mark.real_data
def test_labelled_windows_lie_in_their_series(real_data):
    folder = real_data / "numeric/nab"
    for path in folder.glob("*.csv"):
        with path.open() as file:
            times = np.array([row["timestamp"] for row in csv.DictReader(file)], dtype="datetime64[ns]")
        windows = read_windows(folder / "anomaly_windows.json", path.name)
        labels = window_labels(times, windows)
        assert 0.05 < labels.mean() < 0.15  # the benchmark labels a tenth of each series
        found = window_hits(labels.astype(float), times, 0.5, windows)
        assert (found["hit"], found["false_alarms"]) == (len(windows), 0)


@pytest.mark.parametrize("ties", [False, True])
def test_areas_and_decisions_are_those_of_scikit_learn(ties):
    from sklearn.metrics import average_precision_score, precision_recall_fscore_support, roc_auc_score

    random = np.random.default_rng(0)
    scores, labels = random.normal(size=200), random.random(200) < 0.2
    scores = np.round(scores + labels) if ties else scores + labels
    found = detection_scores(scores, labels, 0.5)
    assert found["roc_auc"] == pytest.approx(roc_auc_score(labels, scores))
    assert found["pr_auc"] == pytest.approx(average_precision_score(labels, scores))
    expected = precision_recall_fscore_support(labels, scores > 0.5, average="binary")[:3]
    assert [found[name] for name in ("precision", "recall", "f1")] == pytest.approx(expected)
