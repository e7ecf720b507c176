"""Draw the networks of a page again: `python docs/images/redraw.py docs/lstm_shapes.md`, in the root of a checkout.

The page's Python examples run one after the other, and each of their variables that describes an unrolled network,
NAME, becomes `docs/images/NAME.png`. The file keeps a digest of the description, by which a test can tell an old one.
"""

import hashlib
import io
import re
import sys
from dataclasses import replace
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from PIL import Image, PngImagePlugin

from seq2seq import draw_unrolled
from seq2seq.anatomy import Unrolled

COLOURS = 64  # are enough for a drawing, and take a third of the space


def networks(namespace: dict) -> dict[str, Unrolled]:
    """The unrolled networks among the variables of a page's examples, by name."""
    return {name: value for name, value in namespace.items() if isinstance(value, Unrolled)}


def digest(unrolled: Unrolled) -> str:
    """A digest of a description, without names that count how many layers were made before."""
    sections = [
        replace(section, rows=tuple(replace(row, name="") for row in section.rows)) for section in unrolled.sections
    ]
    return hashlib.sha256(repr((sections, unrolled.edges, unrolled.slots)).encode()).hexdigest()


def write(unrolled: Unrolled, path: Path) -> None:
    """Draw a network into a small PNG file."""
    drawn = io.BytesIO()
    draw_unrolled(unrolled).savefig(drawn, format="png", dpi=150, bbox_inches="tight", pad_inches=0.1)
    kept = PngImagePlugin.PngInfo()
    kept.add_text("Description", digest(unrolled))
    Image.open(drawn).convert("RGB").quantize(COLOURS, dither=Image.Dither.NONE).save(path, optimize=True, pnginfo=kept)


if __name__ == "__main__":
    page = Path(sys.argv[1])
    namespace = {}
    for code in re.findall(r"```python\n(.*?)```", page.read_text(encoding="utf-8"), re.DOTALL):
        exec(compile(code, str(page), "exec"), namespace)
    for name, unrolled in networks(namespace).items():
        write(unrolled, Path(__file__).with_name(f"{name}.png"))
