"""Alarms against labels."""

import json
from dataclasses import replace

import numpy as np
import pytest

from seq2seq.errors import InputError
from seq2seq.evaluation.detection import Labels, runs
from seq2seq.inference.detection import detect
from seq2seq.report import Report
from seq2seq.tasks.measure_detection import measure_detection, read_labels, split_location


def test_anomalous_sequences_are_found_with_a_threshold_that_never_saw_them(beats_model, beats_file):
    series = beats_model.read(str(beats_file), array="test")
    labels = read_labels(f"{beats_file}:label", beats_model, series, str(beats_file))
    found = detect(beats_model, series)
    figures = measure_detection(found, labels)
    assert figures["autoencoder"]["roc_auc"] > 0.95 and figures["pca"]["roc_auc"] > 0.95
    assert figures["autoencoder"]["recall"] > 0.8 and np.mean(found.alarms[:60]) < 0.2
    some = detect(beats_model, series.take(range(3)))
    assert some.threshold == found.threshold
    np.testing.assert_allclose(some.scores.samples, found.scores.samples[:3], rtol=1e-3)


def test_faults_in_series_are_found_and_blamed(pumps_model, pumps_test, pumps_files):
    labels = read_labels(str(pumps_files / "faults.json"), pumps_model, pumps_test, "test.csv")
    assert labels.values.sum() == 40
    found = detect(pumps_model, pumps_test)
    figures = measure_detection(found, labels)["autoencoder"]
    assert (figures["windows"], figures["hit"]) == (2, 2) and figures["roc_auc"] > 0.9
    # As the data came in, a fault is alarmed of while a window of 12 steps, or one of the two before that its score is
    # the mean with, holds some of it: until 13 steps after it.
    live = [each & ~np.isin(np.arange(120), np.arange(60, 93)) for each in found.live]
    assert figures["window_false_alarms"] == sum(len(runs(each)) for each in live)
    of_earlier = {"autoencoder": replace(found.systems["autoencoder"], live=None)}
    unknown = measure_detection(replace(found, systems=of_earlier), labels)["autoencoder"]
    assert (unknown["known_recall"], unknown["window_false_alarms"]) == (None, None)
    assert found.scores.blame[0][62:78, 0].sum() > 2 * found.scores.blame[0][62:78, 1].sum()


def test_a_key_names_the_labels_of_a_single_series(pumps_model, pumps_test, pumps_files):
    north = pumps_test.take([0])
    labels = read_labels(f"{pumps_files}/faults.json:south", pumps_model, north, "test.csv")
    assert labels.windows == read_labels(f"{pumps_files}/faults.json", pumps_model, north, "test.csv").windows
    with pytest.raises(InputError, match="has no windows for west"):
        read_labels(f"{pumps_files}/faults.json:west", pumps_model, north, "test.csv")
    with pytest.raises(InputError, match="holds 2 series, each labelled by its own name"):
        read_labels(f"{pumps_files}/faults.json:south", pumps_model, pumps_test, "test.csv")


def test_labelled_windows_that_hold_no_step_are_told_of(pumps_model, pumps_test, tmp_path):
    told, report = [], Report()
    report.warn = told.append
    south, north = ([str(at)[:19] for at in pumps_test.times[number][[0, 5]]] for number in (0, 1))
    windows = {pumps_test.names[0]: [["1970-01-20", "1970-01-21"], ["2099-01-01", "2099-01-02"]]}
    windows[pumps_test.names[1]] = [["1970-01-20", "1970-01-21"], north]
    (tmp_path / "faults.json").write_text(json.dumps(windows))
    labels = read_labels(str(tmp_path / "faults.json"), pumps_model, pumps_test, "test.csv", report=report)
    assert labels.values.sum() == 6  # of the other, one is enough
    (note,) = told
    assert f"none of 2 windows of {pumps_test.names[0]!r} holds a step: they are from 1970-01-20" in note
    assert "to 2099-01-02" in note and f"the data from {south[0].replace('T', ' ')[:10]}" in note


OF_LABELS = ["recall", "f1", "range_recall", "range_f1", "event_recall", "event_f1", "known_recall"]
OF_BOTH_KINDS = ["roc_auc", "pr_auc", "vus_roc", "vus_pr", "vus_buffer"]


def test_what_labels_cannot_tell_is_none_and_a_line_says_why(pumps_model, pumps_test):
    told, report = [], Report()
    report.warn, found = told.append, detect(pumps_model, pumps_test)
    figures = measure_detection(found, Labels(np.zeros(240, bool)), report=report)
    for of_system in figures.values():
        assert {of_system[name] for name in OF_LABELS + OF_BOTH_KINDS} == {None}
        assert all(each["recall"] is None for each in of_system["groups"].values())
    assert "no labelled anomaly is among the 240 steps that are scored: recall, F1, ROC-AUC" in told.pop() and not told
    figures = measure_detection(found, Labels(np.ones(240, bool)), report=report)["autoencoder"]
    assert {figures[name] for name in [*OF_BOTH_KINDS, "false_alarms_per_week"]} == {None}
    assert None not in [figures[name] for name in OF_LABELS]
    assert "all of the 240 steps that are scored are labelled as anomalies: ROC-AUC" in told.pop() and not told
    some = Labels(np.arange(240) % 100 == 0)
    assert measure_detection(found, some, report=report)["autoencoder"]["recall"] is not None and not told


def test_an_anomaly_without_a_score_counts_in_nothing(pumps_model, pumps_test):
    found = detect(pumps_model, pumps_test)
    north, south = found.scores.steps
    unscored = replace(found.scores, steps=(np.where(np.arange(120) < 30, np.nan, north), south))
    judged = replace(found.systems["autoencoder"], scores=unscored)
    found = replace(found, systems={"autoencoder": judged})
    there, more = np.arange(240) // 20 == 3, (np.arange(240) // 20 == 3) | (np.arange(240) // 10 == 1)
    one, both = (measure_detection(found, Labels(labels))["autoencoder"] for labels in (there, more))
    names = ["recall", "range_recall", "event_recall", "labelled"]
    assert [one[name] for name in names] == [both[name] for name in names] and one["labelled"] == 1
    early = measure_detection(found, Labels(np.arange(240) < 20))["autoencoder"]
    assert {early[name] for name in OF_LABELS} == {None}


def test_of_whole_sequences_a_line_says_so_too(beats_model, beats_file):
    told, report = [], Report()
    report.warn = told.append
    found = detect(beats_model, beats_model.read(str(beats_file), array="test"))
    figures = measure_detection(found, Labels(np.zeros(90, bool)), report=report)["autoencoder"]
    assert (figures["recall"], figures["f1"], figures["roc_auc"]) == (None, None, None)
    assert "among the 90 sequences that are scored" in told.pop() and not told


def test_a_threshold_by_f_beta_is_fitted_on_labelled_data_of_its_own(beats_model, beats_file):
    everything = beats_model.read(str(beats_file), array="test")
    labels = read_labels(f"{beats_file}:label", beats_model, everything, str(beats_file))
    half = np.arange(90) % 2 == 0
    series, held_out = everything.take(np.flatnonzero(half)), everything.take(np.flatnonzero(~half))
    known = replace(labels, values=labels.values[~half])
    found = detect(beats_model, series, threshold=("f_beta", 1.0), labelled=(held_out, known))
    assert measure_detection(found, replace(labels, values=labels.values[half]))["autoencoder"]["f1"] > 0.9
    with pytest.raises(InputError, match="f_beta"):
        detect(beats_model, series, threshold=("f_beta", 1.0))


def test_by_f_beta_a_window_is_an_anomaly_if_one_of_its_steps_is(pumps_model, pumps_test, pumps_files):
    labels = read_labels(str(pumps_files / "faults.json"), pumps_model, pumps_test, "test.csv")
    found = detect(pumps_model, pumps_test, threshold=("f_beta", 1.0), labelled=(pumps_test, labels))
    near = np.split(found.scores.labels_of_windows(labels.values), 2)
    assert [np.flatnonzero(each)[[0, -1]].tolist() for each in near] == [[60, 92], [60, 92]]
    right = np.mean([np.mean(live == real) for live, real in zip(found.live, near, strict=True)])
    assert right > 0.95
    nothing = replace(labels, values=labels.values | True)
    nothing.values[0] = False  # a step that no window ends at: of windows there is nothing to tell apart
    assert detect(pumps_model, pumps_test, threshold=("f_beta", 1.0), labelled=(pumps_test, nothing)).live is None


def test_labels_that_do_not_fit_are_refused(beats_model, beats_file, pumps_model, pumps_test, pumps_files, tmp_path):
    series = beats_model.read(str(beats_file), array="test")
    for location, message in (
        (f"{beats_file}:kind", "170 labels, expected 90: one for each sequence"),
        (f"{beats_file}:labels", "did you mean 'label'"),
        (str(pumps_files / "faults.json"), "labels windows of time, but this run scores whole sequences"),
    ):
        with pytest.raises(InputError, match=message):
            read_labels(location, beats_model, series, "test")
    np.save(tmp_path / "labels.npy", np.full(90, 2))
    with pytest.raises(InputError, match="holds 2: expected labels of 1"):
        read_labels(str(tmp_path / "labels.npy"), beats_model, series, "test")
    with pytest.raises(InputError, match="no column of times"):
        read_labels(str(pumps_files / "faults.json"), pumps_model, replace(pumps_test, times=None), "test")


def test_labels_of_steps_may_be_a_column(pumps_model, pumps_test, pumps_files, tmp_path):
    lines = (pumps_files / "test.csv").read_text().splitlines()
    labelled = [f"{lines[0]},fault", *(f"{line},{int(i % 120 in range(60, 80))}" for i, line in enumerate(lines[1:]))]
    path = tmp_path / "labelled.csv"
    path.write_text("\n".join(labelled))
    found = read_labels(f"{path}:fault", pumps_model, pumps_test, "test.csv")
    expected = read_labels(str(pumps_files / "faults.json"), pumps_model, pumps_test, "test.csv")
    np.testing.assert_array_equal(found.values, expected.values)


def labelled_lines(pumps_files):
    """Rows of the test file with a column of labels, which are as in the windows of faults."""
    header, *lines = (pumps_files / "test.csv").read_text().splitlines()
    return f"{header},fault", [f"{line},{int(i % 120 in range(60, 80))}" for i, line in enumerate(lines)]


def test_labels_are_joined_by_group_and_time(pumps_model, pumps_test, pumps_files, tmp_path):
    expected = read_labels(str(pumps_files / "faults.json"), pumps_model, pumps_test, "test.csv").values
    header, lines = labelled_lines(pumps_files)
    path = tmp_path / "labels.csv"
    mixed = [line for pair in zip(lines[120:], lines[:120], strict=True) for line in pair]
    others = ["2025-06-01 00:00,north,0,ok,0,1", "2024-01-01 00:00,west,0,ok,0,1"]
    for rows in (lines[120:] + lines[:120], mixed, lines + others):
        path.write_text("\n".join([header, *rows]))
        np.testing.assert_array_equal(read_labels(f"{path}:fault", pumps_model, pumps_test, "x").values, expected)
        # A series that was left out by the reader is not there, its labels are.
        alone = read_labels(f"{path}:fault", pumps_model, pumps_test.take([1]), "x")
        np.testing.assert_array_equal(alone.values, expected[120:])


def test_steps_without_a_label_are_named(pumps_model, pumps_test, pumps_files, tmp_path):
    header, lines = labelled_lines(pumps_files)
    path = tmp_path / "labels.csv"
    path.write_text("\n".join([header, *lines[2:120]]))
    with pytest.raises(InputError, match=r"no label for 122 of 240 steps \(north 2024-01-01 00:00; .*; …\)"):
        read_labels(f"{path}:fault", pumps_model, pumps_test, "x")
    path.write_text("\n".join([header, *(line.replace("2024-", "1970-", 1) for line in lines)]))
    with pytest.raises(InputError, match=r"none of 120 labels of 'north' is of .* from 1970-.* the data from 2024-"):
        read_labels(f"{path}:fault", pumps_model, pumps_test, "x")
    for column in ("time", "pump"):
        path.write_text("\n".join([header.replace(column, "other"), *lines]))
        with pytest.raises(InputError, match=f"no column '{column}', by which its rows are joined"):
            read_labels(f"{path}:fault", pumps_model, pumps_test, "x")
    path.write_text("\n".join([header, *lines]))
    with pytest.raises(InputError, match="name that of the labels"):
        read_labels(str(path), pumps_model, pumps_test, "x")
    np.save(tmp_path / "labels.npy", np.zeros(240))
    with pytest.raises(InputError, match="order does not tell which of 2 series"):
        read_labels(str(tmp_path / "labels.npy"), pumps_model, pumps_test, "x")
    assert len(read_labels(str(tmp_path / "labels.npy"), pumps_model, one_of_240(pumps_test), "x").values) == 240


def one_of_240(series):
    reading = replace(series.reading, group=None, time=())
    return replace(series, values=[np.concatenate(series.values)], names=[""], times=None, reading=reading)


def test_without_times_and_groups_order_tells(pumps_model, pumps_test, pumps_files, tmp_path):
    header, lines = labelled_lines(pumps_files)
    path, plain = tmp_path / "labels.csv", one_of_240(pumps_test)
    path.write_text("\n".join([header, *lines]))
    assert read_labels(f"{path}:fault", pumps_model, plain, "x").values.sum() == 40
    path.write_text("\n".join([header, *lines[1:]]))
    with pytest.raises(InputError, match="holds 239 labels, expected 240"):
        read_labels(f"{path}:fault", pumps_model, plain, "x")
    # Groups without times are still told apart by name.
    by_group = replace(pumps_test, times=None)
    path.write_text("\n".join([header, *lines[120:], *lines[:120]]))
    assert read_labels(f"{path}:fault", pumps_model, by_group, "x").values[60:80].all()
    path.write_text("\n".join([header, *lines[1:]]))
    with pytest.raises(InputError, match="119 labels of series 'north', expected 120"):
        read_labels(f"{path}:fault", pumps_model, by_group, "x")


def test_a_step_is_an_anomaly_where_one_of_its_rows_is(pumps_model, pumps_test, tmp_path):
    times = pumps_test.times[0][::6]
    reading = replace(pumps_test.reading, group=None, step="6h")
    coarse = replace(pumps_test, values=[pumps_test.values[0][::6]], names=[""], times=[times], reading=reading)
    rows = [f"{str(time)[:16].replace('T', ' ')},{int(i == 15)}" for i, time in enumerate(pumps_test.times[0])]
    (tmp_path / "labels.csv").write_text("\n".join(["time,fault", *rows]))
    assert np.flatnonzero(read_labels(f"{tmp_path}/labels.csv:fault", pumps_model, coarse, "x").values).tolist() == [2]


def test_kept_rows_keep_their_labels(beats_model, beats_file):
    series = beats_model.read(str(beats_file), array="test", keep="label==1")
    labels = read_labels(f"{beats_file}:label", beats_model, series, str(beats_file), keep="label==1")
    assert len(series.values) == 30 and labels.values.all()


def test_locations_may_name_a_key(beats_file):
    assert split_location("labels.npz:y") == ("labels.npz", "y")
    assert split_location(str(beats_file)) == (str(beats_file), None)
