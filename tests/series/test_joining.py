"""Rows are joined by what time it was, however it is written."""

import numpy as np

from seq2seq.series.joining import rows_at
from seq2seq.series.table import read_series


def test_tables_of_which_one_tells_no_zone_are_joined_by_the_clock_on_the_wall(tmp_path):
    hours = [f"2024-01-01 {hour:02d}:00" for hour in range(6)]

    def table(name, zone):
        (tmp_path / name).write_text("\n".join(["when,x", *(f"{each}{zone},{i}" for i, each in enumerate(hours))]))
        return read_series(tmp_path / name)

    plain, ahead, west = table("plain.csv", ""), table("ahead.csv", "+01:00"), table("west.csv", "-02:00")
    for left, right in ((plain, ahead), (ahead, plain), (ahead, ahead)):
        np.testing.assert_array_equal(rows_at(left, "", right.times[0], right.clock)[:, 0], range(6))
    # Where both tell it, instants are the same.
    np.testing.assert_array_equal(rows_at(west, "", ahead.times[0], ahead.clock)[:, 0], [np.nan] * 3 + [0, 1, 2])
    assert np.isnan(rows_at(plain, "other", plain.times[0], plain.clock)).all()
