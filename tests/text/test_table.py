"""Rows of a table of texts: what separates cells is what was meant to."""

import csv
import gzip
import io

from hypothesis import given, settings
from hypothesis import strategies as st

from seq2seq.errors import InputError
from seq2seq.text.table import rows_of

CELLS = st.text(st.characters(codec="utf-8", exclude_characters="\0\r\n\t"), max_size=9)


@settings(max_examples=60)
@given(rows=st.lists(st.lists(CELLS, min_size=2, max_size=4), min_size=1), packed=st.booleans())
def test_cells_are_what_tabs_separate(rows, packed, tmp_path_factory):
    path = tmp_path_factory.getbasetemp() / f"cells.tsv{'.gz' * packed}"
    content = "".join("\t".join(row) + "\n" for row in rows).encode()
    path.write_bytes(gzip.compress(content) if packed else content)
    first = [rows[0][0].removeprefix("\ufeff"), *rows[0][1:]]
    assert list(rows_of(path)) == list(enumerate([first, *rows[1:]], 1))


@settings(max_examples=60)
@given(rows=st.lists(st.tuples(CELLS, st.text(st.sampled_from('a,;"\n '), max_size=9)), min_size=1))
def test_cells_of_csv_are_as_spreadsheets_write_them(rows, tmp_path_factory):
    path, written = tmp_path_factory.getbasetemp() / "cells.csv", io.StringIO()
    csv.writer(written, lineterminator="\n").writerows([("english", "french"), *rows])
    path.write_text(written.getvalue(), encoding="utf-8")
    assert [tuple(cells) for _, cells in rows_of(path)][1:] == rows


PROSE = st.text(st.sampled_from("ab,;"), min_size=1, max_size=9)


@settings(max_examples=100)
@given(
    rows=st.lists(st.tuples(PROSE, PROSE), min_size=1, max_size=4), mark=st.sampled_from("\t;,"), quoted=st.booleans()
)
def test_prose_decides_on_no_separator_of_a_csv_in_silence(rows, mark, quoted, tmp_path_factory):
    """What separates the cells is found, or asked about; never is it another mark that some cells hold."""
    path, written = tmp_path_factory.getbasetemp() / "prose.csv", io.StringIO()
    csv.writer(written, delimiter=mark, quoting=csv.QUOTE_ALL if quoted else csv.QUOTE_MINIMAL).writerows(rows)
    path.write_text(written.getvalue(), encoding="utf-8")
    try:
        read = [tuple(cells) for _, cells in rows_of(path)]
    except InputError as error:
        assert "both commas and semicolons" in str(error) and not quoted and mark != "\t"
        other = ";,".replace(mark, "")
        assert all(other in "".join(cells) for cells in rows)
        return
    assert read == rows
