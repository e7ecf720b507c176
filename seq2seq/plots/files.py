"""Figures as files."""

import os
from pathlib import Path

# matplotlib would import it with the first picture; an import of compiled code that a signal breaks cannot be repeated.
import matplotlib.backends.backend_agg  # noqa: F401
from matplotlib.figure import Figure

from seq2seq.errors import InputError

FORMATS = (".png", ".svg", ".pdf")


def save_figure(figure: Figure, path: str | os.PathLike) -> None:
    """Write a figure as PNG, SVG or PDF, by the suffix of `path`; a file already there is replaced as a whole.

    Raises:
        InputError: if the suffix is another, the folder is missing or the file cannot be written.
    """
    path = Path(path)
    suffix = path.suffix.lower()
    if suffix not in FORMATS:
        raise InputError(f"Cannot write a picture to '{path}': end its name in {', '.join(FORMATS)}.")
    if not path.parent.is_dir():
        raise InputError(f"Cannot write '{path}': there is no folder '{path.parent}'; create it or name another.")
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        figure.savefig(temporary, format=suffix[1:], dpi=150, bbox_inches="tight", pad_inches=0.1)
        os.replace(temporary, path)
    except OSError as error:
        raise InputError(f"Cannot write '{path}': {error.strerror}; name a file that you may write.") from error
    finally:
        temporary.unlink(missing_ok=True)
