import numpy as np
import pytest
from matplotlib.dates import date2num

from seq2seq import plots
from seq2seq.errors import InputError

RANDOM = np.random.default_rng(5)
HOURS = np.datetime64("2024-02-28T00:00:00", "ns") + np.arange(200) * np.timedelta64(1, "h")
VALUES = RANDOM.normal(size=(200, 2))
COLUMNS = ("pressure, kPa", "temperature, °C")


def curves(axes):
    return {line.get_label(): line.get_ydata() for line in axes.lines}


def legend_texts(figure):
    return [text.get_text() for text in figure.legends[0].get_texts()]


def boxes(figure):
    """Where the title, the legend's entries and the y labels stand."""
    legend = figure.legends[0]
    texts = [legend.get_title(), *legend.get_texts(), *(axes.yaxis.label for axes in figure.axes)]
    return [text.get_window_extent() for text in texts if text.get_text() not in ("", "None")]


def test_reconstruction_shows_both_and_the_error_below_in_units(drawn):
    made = VALUES + 0.5
    figure = drawn(plots.reconstruction(VALUES, made, HOURS, COLUMNS, "tank T1"))
    for column, (values, error) in enumerate(zip(figure.axes[::2], figure.axes[1::2], strict=True)):
        np.testing.assert_array_equal(curves(values)["original"], VALUES[:, column])
        np.testing.assert_array_equal(curves(values)["reconstruction"], made[:, column])
        np.testing.assert_allclose(curves(error)["absolute error"], 0.5)
        assert values.get_ylabel() == COLUMNS[column]
        assert values.get_window_extent().y0 > error.get_window_extent().y1
    assert legend_texts(figure) == ["original", "reconstruction", "absolute error"]
    assert (figure.legends[0].get_title().get_text(), error.get_xlabel()) == ("tank T1", "time")


def test_missing_values_are_gaps_and_times_may_be_left_out(drawn):
    values = VALUES.copy()
    values[3:6, 0] = np.nan
    figure = drawn(plots.reconstruction(values, VALUES))
    assert np.flatnonzero(np.isnan(curves(figure.axes[0])["original"])).tolist() == [3, 4, 5]
    assert np.flatnonzero(np.isnan(curves(figure.axes[1])["absolute error"])).tolist() == [3, 4, 5]
    assert figure.axes[0].get_ylabel() == "feature 0"
    assert figure.axes[-1].get_xlabel() == "step"


def test_of_many_columns_the_worst_are_drawn_above_a_map_of_all(drawn):
    wide = RANDOM.normal(size=(200, 40))
    made, blame = wide + 0.1, np.full((200, 40), 0.1)
    made[50:60, 33] += 3
    blame[50:60, 33] += 3
    figure = drawn(plots.reconstruction(wide, made, HOURS, title="beats"))
    assert figure.legends[0].get_title().get_text() == "beats: the 4 of 40 columns with the largest errors"
    assert "feature 33" in [axes.get_ylabel() for axes in figure.axes]
    figure = drawn(plots.anomaly_scores(HOURS, blame.sum(axis=1), 5.0, values=wide, blame=blame))
    assert "feature 33" in [axes.get_ylabel() for axes in figure.axes]
    heat = figure.axes[4]
    assert heat.get_ylim() == (40, 0) and np.argmax(np.nanmax(heat.collections[0].get_array(), axis=1)) == 33
    assert len(plots.anomaly_scores(None, wide[:, 0], values=wide).axes) == 7  # the first, where nothing is to blame


def test_lines_and_maps_break_where_there_are_no_data(drawn):
    late = np.where(np.arange(200) >= 90, HOURS + np.timedelta64(9, "D"), HOURS)
    figure = drawn(plots.anomaly_scores(late, np.abs(VALUES[:, 0]), 1.5, values=VALUES, columns=COLUMNS))
    for axes in figure.axes:
        line = axes.lines[0]
        assert np.flatnonzero(np.isnan(line.get_ydata())).tolist() == [90] and len(line.get_xdata()) == 201
    wide = np.abs(RANDOM.normal(size=(200, 12)))
    heat = drawn(plots.anomaly_scores(late, wide.sum(axis=1), values=wide, blame=wide)).axes[4].collections[0]
    assert np.flatnonzero(np.ma.getmaskarray(heat.get_array()).all(axis=0)).tolist() == [90]
    ordinary = plots.anomaly_scores(HOURS, VALUES[:, 0])
    assert len(ordinary.axes[0].lines[0].get_xdata()) == 200


def test_scores_mark_what_is_above_the_threshold_and_shade_the_labels(drawn):
    scores = np.abs(VALUES[:, 0])
    scores[:5] = np.nan
    windows = [("2024-02-29 12:00:00.000000", "2024-03-01 06:00:00"), (HOURS[100], HOURS[120])]
    figure = drawn(plots.anomaly_scores(HOURS, scores, 1.5, windows, VALUES, COLUMNS))
    shown = {line.get_label(): line for line in figure.axes[-1].lines}
    np.testing.assert_array_equal(shown["score"].get_ydata(), scores)
    above = np.flatnonzero(scores > 1.5)
    assert above.size
    np.testing.assert_array_equal(shown["above threshold"].get_xydata()[:, 1], scores[above])
    assert set(shown["threshold 1.5"].get_ydata()) == {1.5}
    for axes in figure.axes:  # every panel has both windows, where the clock says
        edges = [(patch.get_x(), patch.get_x() + patch.get_width()) for patch in axes.patches]
        np.testing.assert_allclose(edges, date2num([[HOURS[36], HOURS[54]], [HOURS[100], HOURS[120]]]))
    texts = legend_texts(figure)
    assert texts.count("labelled") == 1 and {"values", "score", "threshold 1.5", "above threshold"} <= set(texts)


def test_scores_alone_without_alarm(drawn):
    figure = drawn(plots.anomaly_scores(None, [1.0, 2.0, np.nan], threshold=5.0))
    assert len(figure.axes) == 1
    assert "above threshold" not in curves(figure.axes[0])


@pytest.mark.parametrize(("highest", "scale"), [(50.0, "linear"), (5000.0, "log")])
def test_scores_of_many_magnitudes_have_a_logarithmic_axis(highest, scale):
    scores = np.array([1.0, 2.0, 1.5, highest])
    assert plots.anomaly_scores(None, scores).axes[0].get_yscale() == scale
    assert plots.sample_scores(scores).axes[0].get_yscale() == scale
    assert plots.sample_scores(scores - 1.0).axes[0].get_yscale() == "linear"  # 0 has no logarithm


def test_samples_are_dots_by_their_label(drawn):
    figure = drawn(plots.sample_scores([0.1, 0.9, 0.2, 0.8], 0.5, [False, True, False, False]))
    shown = {line.get_label(): line.get_xydata().tolist() for line in figure.axes[0].lines}
    assert shown["labelled anomalous"] == [[1, 0.9]]
    assert shown["labelled normal"] == [[0, 0.1], [2, 0.2], [3, 0.8]]
    assert figure.axes[0].get_xlabel() == "sample" and "threshold 0.5" in legend_texts(figure)


def test_forecast_goes_on_from_the_history_beside_baselines_and_interval(drawn):
    months = np.arange("2000-01", "2012-01", dtype="datetime64[M]").astype("datetime64[ns]")
    values = np.arange(144.0)
    past, future = slice(None, 120), slice(120, None)
    predicted, naive = values[future] + 1, values[108:120].repeat(2)
    figure = drawn(
        plots.forecast(
            values[past],
            months[past],
            predicted,
            months[future],
            predicted - 3,
            predicted + 3,
            {"last value": np.full(24, 119.0), "seasonal naive": naive},
            actual=values[future],
            column="passengers",
            unit="thousands",
            interval=0.9,
        )
    )
    axes = figure.axes[0]
    shown = curves(axes)
    np.testing.assert_array_equal(shown["history"], values[120 - 72 : 120])  # three times the horizon
    for name, expected in (("forecast", predicted), ("seasonal naive", naive), ("actual", values[future])):
        np.testing.assert_array_equal(shown[name], [119.0, *expected])
    assert axes.lines[1].get_xdata()[0] == months[119]
    band = axes.collections[0].get_paths()[0].vertices
    assert (band[:, 1].min(), band[:, 1].max()) == (118.0, 147.0)
    assert axes.get_ylabel() == "passengers, thousands"
    assert legend_texts(figure) == ["history", "actual", "forecast", "90 % interval", "last value", "seasonal naive"]


def test_a_forecast_of_one_step_without_times(drawn):
    axes = drawn(plots.forecast([1.0, 2.0], None, [3.0], None)).axes[0]
    line = next(line for line in axes.lines if line.get_label() == "forecast")
    assert line.get_xydata().tolist() == [[1, 2], [2, 3]]
    assert (axes.get_xlabel(), axes.get_ylabel()) == ("step", "value")


def test_forecasts_over_a_stretch_stand_beside_what_came(drawn):
    came, made = VALUES[:, 0], VALUES[:, 0] + 0.5
    lines = {"actual": came, "forecast": made, "low": made - 1, "high": made + 1, "last value": np.roll(came, 1)}
    figure = drawn(plots.forecasts_over(HOURS, lines, "test part", "load", 0.9))
    for name in ("actual", "forecast", "last value"):
        np.testing.assert_array_equal(curves(figure.axes[0])[name], lines[name])
    assert legend_texts(figure) == ["actual", "forecast", "90 % interval", "last value"]
    assert "low" in lines and figure.axes[0].get_ylabel() == "load"


def test_an_interval_breaks_where_the_lines_do(drawn):
    late = np.where(np.arange(200) >= 90, HOURS + np.timedelta64(9, "D"), HOURS)
    lines = {"actual": VALUES[:, 0], "forecast": VALUES[:, 0], "low": VALUES[:, 0] - 1, "high": VALUES[:, 0] + 1}
    over = drawn(plots.forecasts_over(late, lines))
    made = drawn(
        plots.forecast(
            VALUES[:50, 0],
            late[:50],
            *(each[50:] for each in (VALUES[:, 0], late)),
            *(each[50:] for each in (lines["low"], lines["high"])),
        )
    )
    for figure in (over, made):
        before, after = figure.axes[0].collections[0].get_paths()
        assert before.vertices[:, 0].max() <= date2num(late[89]) < date2num(late[90]) <= after.vertices[:, 0].min()
    whole = drawn(plots.forecasts_over(HOURS, lines)).axes[0].collections[0].get_paths()
    assert len(whole) == 1


def test_names_are_text_and_nothing_overlaps(drawn):
    columns = ["$x_1$ " * 20, "a long name of a column, in metres per second"]
    naive = {f"$baseline_{number}$ number {number}": np.ones(3) for number in range(9)}
    figures = [
        plots.reconstruction(VALUES, VALUES, HOURS, columns, "$a title_ " * 5),
        plots.anomaly_scores(HOURS, VALUES[:, 0], 0.5, [(HOURS[2], HOURS[9])], VALUES, columns, "$\\frac{"),
        plots.sample_scores(VALUES[:, 0], 0.5, VALUES[:, 1] > 0, "$\\frac{"),
        plots.forecast(VALUES[:, 0], None, np.ones(3), None, baselines=naive, column=columns[0], unit="$", title="$_"),
    ]
    for figure in map(drawn, figures):
        found = boxes(figure)
        for number, box in enumerate(found):
            assert box.x0 >= 0 and box.y0 >= 0 and box.x1 <= figure.bbox.width and box.y1 <= figure.bbox.height
            assert not any(box.overlaps(other) for other in found[:number])
        assert all(not box.overlaps(axes.get_window_extent()) for box in found for axes in figure.axes)


@pytest.mark.parametrize(
    ("draw", "message"),
    [
        (lambda: plots.reconstruction(VALUES, VALUES[:9]), r"reconstruction of shape \(9, 2\)"),
        (lambda: plots.reconstruction(VALUES[:, 0], VALUES[:, 0]), r"pass \(steps, features\)"),
        (lambda: plots.reconstruction(VALUES, VALUES, columns=["a"]), "1 names of columns"),
        (lambda: plots.reconstruction(VALUES, VALUES, HOURS[:5]), r"Times of shape \(5,\) for 200 steps"),
        (lambda: plots.reconstruction(VALUES[:0], VALUES[:0]), "neither of them 0"),
        (lambda: plots.anomaly_scores(HOURS, VALUES), r"Scores of shape \(200, 2\)"),
        (lambda: plots.anomaly_scores(None, []), "at least one"),
        (lambda: plots.anomaly_scores(None, [1.0], values=VALUES), "1 scores for 200 steps"),
        (lambda: plots.sample_scores([1.0, 2.0], labels=[True]), r"Labels of shape \(1,\) for 2 scores"),
        (lambda: plots.forecast([], None, [1.0], None), "neither of them empty"),
        (lambda: plots.forecast(VALUES, None, [1.0], None), r"history of shape \(200, 2\)"),
        (lambda: plots.forecast([1.0], None, [1.0], None, baselines={"drift": [1.0, 2.0]}), r"drift: shape \(2,\)"),
        (lambda: plots.forecast([1.0], None, [1.0], HOURS[:2]), r"Times of shape \(2,\) for 1 steps"),
    ],
)
def test_what_does_not_fit_is_refused_in_one_line(draw, message):
    with pytest.raises(InputError, match=message) as caught:
        draw()
    assert "\n" not in str(caught.value)
