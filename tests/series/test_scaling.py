import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from seq2seq.errors import InputError
from seq2seq.series.figures import cell, column_cells
from seq2seq.series.scaling import KINDS, Scaler
from seq2seq.series.series import Series
from seq2seq.series.sizes import column_notes, sizes_differ, still_notes

COLUMNS = ("pressure", "temperature")
PARTS = [
    np.array([[1.0, 300.0], [2.0, np.nan], [5.0, 310.0]]),
    np.array([[4.0, 290.0]]),
    np.zeros((0, 2)),
]


def series(columns, values):
    return Series((np.asarray(values, np.float64),), columns, ("",), None, False)


@pytest.mark.parametrize("log", [False, True])
@pytest.mark.parametrize("kind", KINDS)
def test_scaled_training_data_has_the_wished_moments_and_comes_back(kind, log):
    scaler = Scaler.fit(kind, PARTS, COLUMNS, log=log)
    scaled = np.concatenate([scaler.transform(part) for part in PARTS])
    assert scaled.dtype == np.float32
    if kind == "standard":
        np.testing.assert_allclose(np.nanmean(scaled, axis=0), 0, atol=1e-6)
        np.testing.assert_allclose(np.nanstd(scaled, axis=0), 1, atol=1e-6)
    elif kind == "minmax":
        np.testing.assert_allclose([np.nanmin(scaled, axis=0), np.nanmax(scaled, axis=0)], [[0, 0], [1, 1]], atol=1e-6)
    restored = scaler.inverse(scaled)
    assert restored.dtype == np.float64
    np.testing.assert_allclose(restored, np.concatenate(PARTS), rtol=1e-5)


@given(arrays(np.float64, (7, 2), elements=st.floats(-1e6, 1e6, width=32)))
def test_any_numbers_come_back(values):
    for kind in ("standard", "minmax"):
        scaler = Scaler.fit(kind, [values], COLUMNS)
        scaled = scaler.transform(values)
        assert np.isfinite(scaled).all()
        np.testing.assert_allclose(scaler.inverse(scaled), values, atol=1e-6 * (1 + np.ptp(values)))


def test_only_the_values_that_it_was_fitted_on_count():
    scaler = Scaler.fit("standard", [PARTS[0]], COLUMNS)
    again = Scaler.fit("standard", [PARTS[0][:1], PARTS[0][1:]], COLUMNS)
    np.testing.assert_allclose(scaler.center, again.center)
    np.testing.assert_allclose(scaler.scale, again.scale)
    assert not np.allclose(scaler.center, Scaler.fit("standard", PARTS, COLUMNS).center)


@pytest.mark.parametrize("kind", ["standard", "minmax"])
@pytest.mark.parametrize("value", [0.1, 0.0, -7e9])
def test_a_constant_column_becomes_zero_and_comes_back(kind, value):
    training = np.stack([np.full(1001, value), np.arange(1001.0)], axis=1)
    scaler = Scaler.fit(kind, [training], COLUMNS)
    assert not scaler.transform(training)[:, 0].any()
    assert scaler.scale[0] == (pytest.approx(0.02 * abs(value)) if value else 1)
    np.testing.assert_array_equal(scaler.inverse(scaler.transform(training))[:, 0], value)


@pytest.mark.parametrize("magnitude", [1e-12, 0.3, 7e9])
@pytest.mark.parametrize("log", [False, True])
def test_the_rounding_of_a_constant_is_not_taken_for_its_spread(magnitude, log):
    noisy = magnitude * (1 + np.array([0.0, 1, -1, 2] * 30) * 1e-16)
    assert len(set(noisy)) > 1
    scaler = Scaler.fit("standard", [noisy[:, None]], ["setpoint"], log=log)
    small, large = magnitude * np.array([1 + 1e-10, 1.1])
    assert abs(scaler.transform([[small]])) < 1e-7 and scaler.transform([[large]]) > 4
    (note,) = column_notes(scaler, [noisy[:, None]])
    assert note.startswith("the column 'setpoint' is constant (")
    varying = magnitude * (1 + np.arange(9.0) * 1e-6)  # a millionth is seen
    assert Scaler.fit("standard", [varying[:, None]], ["level"]).transform(varying[:, None]).std() == pytest.approx(1)


@pytest.mark.parametrize("magnitude", [1e9, 1e15, 123456.0])
def test_changes_that_are_small_beside_a_column_are_kept_or_told(magnitude):
    changes = np.sin(np.arange(50.0))
    for share, told in ((1e-4, False), (1e-7, False), (3e-10, True)):
        column = (magnitude * (1 + share * changes))[:, None]
        scaler = Scaler.fit("standard", [column], ["id"])
        notes = column_notes(scaler, [column])
        assert [f"about {cell(column.min())}" in note for note in notes] == [True] * told
        if not told:
            size = 1e-15 * magnitude + 1e-6 * scaler.scale[0]
            np.testing.assert_allclose(scaler.inverse(scaler.transform(column)), column, rtol=0, atol=size)
            assert len(set(column_cells(column[:, 0]))) == 50
        (unscaled,) = column_notes(Scaler.fit("none", [column], ["id"]), [column]) or [""]
        assert ("nothing is left in 32 bits" in unscaled) == (share == 1e-7)


@pytest.mark.parametrize("magnitude", [1e9, 17e8, 1e12])
def test_whole_numbers_are_not_rounded(magnitude):
    column = (magnitude + np.arange(50) % 2)[:, None]
    scaler = Scaler.fit("standard", [column], ["id"])
    assert column_notes(scaler, [column]) == [] and scaler.scale[0] == pytest.approx(0.5)
    np.testing.assert_array_equal(scaler.inverse(scaler.transform(column)), column)


# --- series of different size


def of_size(size, seed, steps=60):
    return size * (10 + np.random.default_rng(seed).normal(size=(steps, 2)))


def test_series_of_their_own_units_look_alike_and_come_back(tmp_path):
    values, names = [of_size(1.0, 1), of_size(1000.0, 2)], ["kiosk", "mall"]
    assert sizes_differ(Scaler.fit("standard", values, COLUMNS), values, names) == "pressure"
    scaler = Scaler.fit("standard", values, COLUMNS).by_series(values, names)
    scaler.save(tmp_path / "scaler.json")
    scaler = Scaler.load(tmp_path / "scaler.json")
    for name, part in zip(names, values, strict=True):
        own = scaler.of(name)
        assert own.transform(part).std() == pytest.approx(1, abs=0.1)
        np.testing.assert_allclose(own.inverse(own.transform(part)), part, rtol=1e-6)
    # Together they are as they would be without names.
    np.testing.assert_array_equal(scaler.of("other").scale, Scaler.fit("standard", values, COLUMNS).scale)
    new = of_size(30.0, 3)
    assert scaler.of("other", new).transform(new).std() == pytest.approx(1, abs=0.1)
    np.testing.assert_array_equal(scaler.of("short", new[:5]).scale, scaler.scale)


def test_a_series_split_in_pieces_has_one_unit():
    whole = of_size(1.0, 1)
    names, values = ["kiosk", "mall", "kiosk"], [whole[:30], of_size(1000.0, 2), whole[30:]]
    scaler = Scaler.fit("standard", values, COLUMNS).by_series(values, names)
    alone = Scaler.fit("standard", [whole], COLUMNS)
    np.testing.assert_allclose(scaler.groups["kiosk"], (alone.center, alone.scale))


def test_series_of_one_size_are_not_told_apart():
    values = [of_size(1.0, seed) for seed in range(5)]
    scaler = Scaler.fit("standard", values, COLUMNS)
    assert sizes_differ(scaler, values, list("abcde")) is None
    assert sizes_differ(scaler, [*values, np.full((60, 2), 1e6)], list("abcdef")) is None  # one that stands still
    assert sizes_differ(scaler, [*values, of_size(1e4, 9, steps=5)], list("abcdef")) is None  # one that tells little


def test_a_series_that_stands_still_takes_its_own_level():
    values, names = [of_size(1.0, 1), of_size(1000.0, 2), np.full((60, 2), 5.0), np.zeros((60, 2))], list("abcd")
    scaler = Scaler.fit("standard", values, COLUMNS).by_series(values, names)
    assert not scaler.of("c").transform(values[2]).any() and scaler.of("c").transform([[5.5, 5]])[0, 0] > 4
    np.testing.assert_array_equal(scaler.of("d").scale, scaler.scale)  # of 0 there is no tenth


def test_a_series_that_stands_still_has_no_part_in_the_unit_of_the_others(tmp_path):
    varying, names = [of_size(1.0, seed) for seed in range(3)], list("abcde")
    away, within = np.full((60, 2), 65535.0), np.full((60, 2), 10.0)
    scaler = Scaler.fit("standard", [*varying, away, within], COLUMNS, names=names)
    alone = Scaler.fit("standard", varying, COLUMNS)
    np.testing.assert_array_equal((scaler.center, scaler.scale), (alone.center, alone.scale))
    scaler.save(tmp_path / "scaler.json")
    scaler = Scaler.load(tmp_path / "scaler.json")
    assert list(scaler.still) == ["d"] and not scaler.groups  # the other has values that the model knows
    assert not scaler.of("d").transform(away).any()
    np.testing.assert_array_equal(scaler.of("e", within).transform(within), alone.transform(within))
    np.testing.assert_array_equal(scaler.of("new", away).transform(away), alone.transform(away))
    one = [np.column_stack([away[:, 0], varying[0][:, 1]]), *varying]  # in one column only
    scaler = Scaler.fit("standard", one, COLUMNS, names=list("dabc"))
    np.testing.assert_array_equal(scaler.of("d").scale[1], scaler.scale[1])
    assert not scaler.of("d").transform(one[0])[:, 0].any()
    still = Scaler.fit("standard", [away, within], COLUMNS, names=list("de"))  # none varies: as without names
    np.testing.assert_array_equal(still.scale, Scaler.fit("standard", [away, within], COLUMNS).scale)


def test_series_that_stand_still_are_named_with_those_whose_changes_are_taken_for_rounding():
    tiny = 1e9 + 0.1 * np.random.default_rng(0).normal(size=(60, 1))
    values = [of_size(1.0, 1)[:, :1], np.full((60, 1), 5.0), tiny, np.full((60, 1), 9.0)]
    for scaler in (
        Scaler.fit("standard", values, ["p"], names=list("abcd")),
        Scaler.fit("standard", values, ["p"]).by_series(values, list("abcd")),
    ):
        notes = still_notes(scaler, values, list("abcd"))
        assert [note[:32] for note in notes] == ["column 'p' of 2 series ('b', 'd'", "column 'p' of 1 series ('c'): va"]
        assert "less than a billionth" in notes[1]
    assert still_notes(scaler, values[:1], ["a"]) == []


def test_batches_and_single_columns():
    scaler = Scaler.fit("standard", PARTS, COLUMNS)
    batch = np.stack([PARTS[0], PARTS[0] + 1])
    np.testing.assert_array_equal(scaler.transform(batch)[0], scaler.transform(PARTS[0]))
    scaled = scaler.transform(batch).astype(np.float64)
    np.testing.assert_array_equal(scaler.inverse(scaled[..., 1:], ["temperature"]), scaler.inverse(scaled)[..., 1:])
    swapped = scaler.inverse(scaled[..., ::-1], COLUMNS[::-1])
    np.testing.assert_array_equal(swapped, scaler.inverse(scaled)[..., ::-1])


@pytest.mark.parametrize(
    ("values", "options", "message"),
    [
        ([[1, np.inf], [2, 3]], {}, "'temperature' has an infinite value"),
        ([[1, 1e300], [2, -1e300]], {}, "'temperature' has an infinite value or one too large"),
        ([[np.nan, 1], [np.nan, 2]], {}, "'pressure' has no value in the training part"),
        (np.zeros((0, 2)), {}, "'pressure' has no value in the training part"),
        ([[1, 0], [2, 3]], {"log": True}, "'temperature' has a value that is not above 0"),
        ([1, 2], {}, r"\(…, steps, features\) with 2 features .*got the shape \(2,\)"),
        ([[1, 2, 3]], {}, r"got the shape \(1, 3\)"),
        ([[1, 2]], {"kind": "robust"}, "one of standard, minmax, none, got 'robust'"),
    ],
)
def test_bad_training_data(values, options, message):
    with pytest.raises(InputError, match=message) as caught:
        Scaler.fit(**{"kind": "standard", "values": [np.asarray(values, float)], "columns": COLUMNS} | options)
    assert "\n" not in str(caught.value)


def test_bad_values():
    scaler = Scaler.fit("standard", PARTS, COLUMNS)
    for bad in (np.inf, -np.inf, 1e300):
        with pytest.raises(InputError, match="'temperature' has an infinite value"):
            scaler.transform([[1, bad]])
    with pytest.raises(InputError, match="'pressure' has a value that is not above 0"):
        Scaler.fit("none", PARTS, COLUMNS, log=True).transform([[-1, 1]])
    with pytest.raises(InputError, match=r"got the shape \(1, 3\)"):
        scaler.inverse(np.ones((1, 3)))
    with pytest.raises(InputError, match=r"'temprature'.*did you mean 'temperature'"):
        scaler.inverse(np.ones((1, 1)), ["temprature"])


# --- columns


def test_columns_are_matched_by_name():
    scaler = Scaler.fit("standard", PARTS, COLUMNS)
    other = series(("temperature", "level", "pressure"), [[300, 7, 1], [301, 8, 2]])
    matched = scaler.match(other)
    assert matched.columns == COLUMNS
    assert matched.values[0].tolist() == [[1, 300], [2, 301]]
    with pytest.raises(InputError, match="'pressure': did you mean 'presure'"):
        scaler.match(series(("temperature", "presure"), [[1, 2]]))


def test_columns_without_names_are_matched_by_their_order():
    scaler = Scaler.fit("standard", PARTS, COLUMNS)
    matched = scaler.match(series(("0", "1"), [[1, 300]]))
    assert matched.columns == COLUMNS and matched.values[0].tolist() == [[1, 300]]
    numbered = Scaler.fit("standard", PARTS, ("0", "1"))
    assert numbered.match(series(COLUMNS, [[1, 300]])).columns == ("0", "1")
    with pytest.raises(InputError, match="'pressure'"):
        scaler.match(series(("0", "1", "2"), [[1, 300, 5]]))


# --- files


@pytest.mark.parametrize("log", [False, True])
def test_saved_and_loaded_scales_the_same(tmp_path, log):
    scaler = Scaler.fit("standard", PARTS, ("Druck °", "temperature"), log=log)
    scaler.save(tmp_path / "scaler.json")
    loaded = Scaler.load(tmp_path / "scaler.json")
    assert (loaded.kind, loaded.columns, loaded.log) == (scaler.kind, scaler.columns, scaler.log)
    np.testing.assert_array_equal(loaded.transform(PARTS[0]), scaler.transform(PARTS[0]))
    assert [path.name for path in tmp_path.iterdir()] == ["scaler.json"]


@pytest.mark.parametrize("kind", ["standard", "minmax", "none"])
@pytest.mark.parametrize("log", [False, True])
def test_columns_that_were_constant_are_known_and_stored(tmp_path, kind, log):
    """Those of which no value differs from another by more than rounding, wherever they lie; not one that varies."""
    rows = np.arange(1.0, 41.0)
    values = np.stack(
        [rows, 7.0 + 0 * rows, 50.0 + rows % 2, 1.0 + 0 * rows, np.full(40, np.nan)][: 4 + (kind == "none")]
    )
    names = tuple("abcde"[: len(values)])
    scaler = Scaler.fit(kind, [values.T[:20], values.T[20:]], names, log=log and kind != "none")
    assert scaler.constant == ("b", "d")
    scaler.save(tmp_path / "scaler.json")
    assert Scaler.load(tmp_path / "scaler.json").constant == ("b", "d") == scaler.of("x").constant
    content = json.loads((tmp_path / "scaler.json").read_text())
    del content["constant"]  # as an earlier version left it: standardised columns tell it by their unit
    (tmp_path / "scaler.json").write_text(json.dumps(content))
    assert Scaler.load(tmp_path / "scaler.json").constant == (("b", "d") if kind == "standard" else ())


def test_series_are_new_only_where_each_has_its_unit():
    scaler = Scaler.fit("standard", PARTS, ("load", "temperature"))
    own = scaler.by_series(PARTS, ["a"] * len(PARTS))
    assert scaler.new(["a", "b"]) == [] and own.new(["b", "a", "b", "c"]) == ["b", "c"]


@pytest.mark.parametrize(
    "damage",
    [
        {"kind": "robust"},
        {"center": [1.0]},
        {"center": "high"},
        {"scale": [1.0, 0.0]},
        {"scale": [1.0, float("nan")]},
        {"scale": None},
        {"columns": ["a", 2]},
        {"columns": 2},
        {"log": "yes"},
        {"more": 1},
    ],
)
def test_damaged_files_are_refused(tmp_path, damage):
    path = tmp_path / "scaler.json"
    Scaler.fit("standard", PARTS, COLUMNS).save(path)
    path.write_text(json.dumps(json.loads(path.read_text()) | damage))
    with pytest.raises(InputError, match=r"scaler\.json is not a whole scaler file") as caught:
        Scaler.load(path)
    assert "\n" not in str(caught.value)


def test_files_that_are_none_are_refused(tmp_path):
    path = tmp_path / "scaler.json"
    for content in (b"", b"[]", b"{}", b'{"kind": "stand', b"\xff\xfe"):
        path.write_bytes(content)
        with pytest.raises(InputError, match="not a whole scaler file"):
            Scaler.load(path)
    with pytest.raises(InputError, match="not a whole scaler file"):
        Scaler.load(tmp_path / "none.json")


def test_counts_with_zeros_have_a_logarithm_of_one_more():
    counts = np.array([[0.0], [3.0], [40.0]])
    scaler = Scaler.fit("standard", [counts], ["sold"], log=True, plus_one=True)
    np.testing.assert_allclose(scaler.inverse(scaler.transform(counts)), counts, rtol=1e-5, atol=1e-6)
    assert (scaler.inverse(np.array([[-50.0]])) == 0).all()
    with pytest.raises(InputError, match="below 0"):
        scaler.transform(np.array([[-1.0]]))


def test_a_scaler_of_ones_more_is_saved(tmp_path):
    scaler = Scaler.fit("standard", [np.arange(5.0)[:, None]], ["sold"], log=True, plus_one=True)
    scaler.save(tmp_path / "scaler.json")
    assert Scaler.load(tmp_path / "scaler.json").plus_one


def test_a_value_that_makes_the_unit_alone_is_told():
    draw = np.random.default_rng(4)
    kinds = {
        "noise": draw.normal(size=600),
        "heavy": np.exp(2 * draw.normal(size=600)),
        "rain": np.where(draw.random(600) < 0.1, draw.exponential(20, 600), 0.0),
        "flag": (np.arange(600) == 50).astype(float),
    }
    values = np.stack(list(kinds.values()), axis=1)
    assert not column_notes(Scaler.fit("standard", [values], tuple(kinds)), [values])
    values[[50, 60], 0] = -1e9, 1e4
    (told,) = column_notes(Scaler.fit("standard", [values], tuple(kinds)), [values])
    assert "'noise' has -1000000000 " in told and "but for 2 of 600 values" in told
    assert "--missing-values -1000000000" in told


def test_of_series_with_units_of_their_own_each_is_looked_at():
    sizes = [np.random.default_rng(n).normal(size=(100, 1)) * 1000**n for n in range(3)]
    names = ["a", "b", "c"]
    scaler = Scaler.fit("standard", sizes, ["flow"], names=names).by_series(sizes, names)
    assert not column_notes(scaler, sizes, names)
    sizes[1][7] = 1e9
    (told,) = column_notes(scaler, sizes, names)
    assert "'flow' of series 'b' has 1000000000 " in told
