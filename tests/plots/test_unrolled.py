"""Pictures of unrolled networks: nothing overlaps, nothing is cut, arrows end where something is."""

from itertools import combinations

import pytest
from matplotlib.patches import FancyArrowPatch, FancyBboxPatch

from seq2seq import plots
from tests.anatomy.networks import DESCRIBED


@pytest.fixture(scope="module", params=DESCRIBED)
def picture(request):
    found = DESCRIBED[request.param]()
    figure = plots.draw_unrolled(found)
    figure.draw_without_rendering()
    return found, figure


def patches(figure, kind):
    return [patch for patch in figure.axes[0].patches if type(patch) is kind]


def boxes(figure):
    return [patch.get_window_extent() for patch in patches(figure, FancyBboxPatch)]


def test_every_box_is_drawn_once(picture):
    found, figure = picture
    rows = [(section, row) for section in found.sections for row in section.rows]
    bars = sum(row.kind in ("repeat", "attention") for _, row in rows)
    assert len(boxes(figure)) == found.slots * (bars + sum(len(section.boxes(row)) for section, row in rows))


def test_no_text_overlaps_another_or_is_cut(picture):
    _, figure = picture
    texts = [text for text in figure.axes[0].texts if text.get_text().strip()]
    extents = [(text.get_text(), text.get_window_extent()) for text in texts]
    for text, box in extents:
        assert box.x0 >= 0 and box.y0 >= 0, text
        assert box.x1 <= figure.bbox.x1 and box.y1 <= figure.bbox.y1, text
    for (one, first), (other, second) in combinations(extents, 2):
        apart = first.x1 <= second.x0 + 1 or second.x1 <= first.x0 + 1
        assert apart or first.y1 <= second.y0 + 1 or second.y1 <= first.y0 + 1, (one, other)


def test_the_text_of_a_box_is_inside_it(picture):
    _, figure = picture
    grounds = boxes(figure)
    for text in figure.axes[0].texts:
        extent = text.get_window_extent()
        x, y = (extent.x0 + extent.x1) / 2, (extent.y0 + extent.y1) / 2
        for box in grounds:
            if box.x0 < x < box.x1 and box.y0 < y < box.y1:
                assert extent.x0 >= box.x0 and extent.x1 <= box.x1, text.get_text()


def test_arrows_end_at_boxes_or_dots(picture):
    found, figure = picture
    axes = figure.axes[0]
    dots = [text.get_window_extent().padded(9) for text in axes.texts if text.get_text() == "…"]
    targets = [box.padded(2) for box in boxes(figure)] + dots
    for arrow in patches(figure, FancyArrowPatch):
        x, y = arrow._path_original.vertices[-1]
        if y < 0:  # of the legend
            continue
        end = axes.transData.transform((x, y))
        leaves = found.edges_of("carry") and x > axes.get_xlim()[1] - 0.2
        assert leaves or any(box.contains(*end) for box in targets), (x, y)


def test_boxes_do_not_overlap(picture):
    _, figure = picture
    for first, second in combinations(boxes(figure), 2):
        assert not first.padded(-1).overlaps(second.padded(-1))


def test_each_shape_is_told(picture):
    found, figure = picture
    shown = [text.get_text() for text in figure.axes[0].texts]
    for edge in found.edges_of("output"):
        if edge.start.column == edge.end.column:
            assert f"({', '.join(map(str, edge.shape))}{',' if len(edge.shape) == 1 else ''})" in shown


def test_letters_are_legible_at_800_pixels(picture):
    found, figure = picture
    if any(section.steps == len(section.columns) for section in found.sections):
        return  # as many steps as were asked for
    smallest = min(text.get_fontsize() for text in figure.axes[0].texts)
    assert smallest / 72 * 800 / max(figure.get_size_inches()[0], 5.3) >= 8.0


@pytest.mark.parametrize("suffix", plots.FORMATS)
def test_it_is_saved_in_every_format(suffix, tmp_path):
    plots.save_figure(plots.draw_unrolled(DESCRIBED["attention"]()), tmp_path / f"picture{suffix}")
    assert (tmp_path / f"picture{suffix}").stat().st_size > 5000


def test_kinds_of_arrows_differ_without_colour():
    from seq2seq.plots.unrolled_ink import LINES

    kinds = [(style["linewidth"], style.get("linestyle", "-")) for name, style in LINES.items() if name != "repeat"]
    assert len(set(kinds)) == len(kinds)
