"""Draw the pictures of a page again: `python docs/images/redraw.py docs/lstm_shapes.md`, in the root of a checkout.

The page's Python examples run one after the other, and each of their variables that describes an unrolled network,
NAME, becomes `docs/images/NAME.png`. The file keeps a digest of the description, by which a test can tell an old one.

A page that walks through commands is run as a whole, in an empty folder beside the shipped data: each picture that a
command draws into `runs/NAME.png` becomes `docs/images/NAME.png` where the page shows it. A picture alone, such as
`redraw.py runs/scores.png`, is one that a command like `make demo` has drawn: it becomes small and goes the same way.
"""

import hashlib
import io
import os
import re
import subprocess
import sys
import tempfile
from dataclasses import replace
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from PIL import Image, PngImagePlugin

from seq2seq import draw_unrolled
from seq2seq.anatomy import Unrolled

ROOT = Path(__file__).resolve().parents[2]
COLOURS = 128  # are enough for a drawing, and take less than half of the space


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
    _write_small(drawn, path, kept)


def walk(text: str, folder: Path) -> None:
    """Run the commands and examples of a page, in their order.

    Args:
        text: the page.
        folder: where they run; the shipped data are found there as in the root of a checkout.
    """
    (folder / "data").symlink_to(ROOT / "data")
    tools = {"PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}", "PYTHONPATH": str(ROOT)}
    for language, code in re.findall(r"```(bash|python)\n(.*?)```", text, re.DOTALL):
        program = ["bash", "-ec"] if language == "bash" else [sys.executable, "-c"]
        subprocess.run([*program, code], cwd=folder, env=os.environ | tools, check=True)


def _write_small(picture, path, kept=None):
    # By octree: the median of a picture that is mostly white leaves the scale of a heat map in a few greys.
    drawn = Image.open(picture).convert("RGB")
    small = drawn.quantize(COLOURS, method=Image.Quantize.FASTOCTREE, dither=Image.Dither.NONE)
    small.save(path, optimize=True, pnginfo=kept)


if __name__ == "__main__":
    page, images = Path(sys.argv[1]), Path(__file__).parent
    text = "" if page.suffix == ".png" else page.read_text(encoding="utf-8")
    if not text:
        _write_small(page, images / page.name)
    elif "```bash\n" in text:
        with tempfile.TemporaryDirectory() as folder:
            walk(text, Path(folder))
            for name in re.findall(r"\(images/(\w+\.png)\)", text):
                _write_small(Path(folder) / "runs" / name, images / name)
    else:
        namespace = {}
        for code in re.findall(r"```python\n(.*?)```", text, re.DOTALL):
            exec(compile(code, str(page), "exec"), namespace)
        for name, unrolled in networks(namespace).items():
            write(unrolled, images / f"{name}.png")
