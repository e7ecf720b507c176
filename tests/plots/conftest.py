import warnings

import pytest


@pytest.fixture
def drawn():
    """A function that draws a figure and gives it back; a warning is an error."""

    def draw(figure):
        with warnings.catch_warnings():
            warnings.simplefilter("error")  # a missing glyph or labels without room are warnings
            figure.draw_without_rendering()
        return figure

    return draw
