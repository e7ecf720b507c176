"""The one exception that a user's input can raise, and what such messages share."""

from importlib import metadata


class InputError(ValueError):
    """Something that the user passed cannot be used.

    The message is one line and says what was passed, what was expected and how to mend it. The commands print
    it without a traceback and leave with exit code 2; a program may catch it like any `ValueError`.
    """


def installed_with(extra: str) -> str:
    """The command that installs a package of an extra: its name on a package index is that of another project."""
    folder = "./packaging/runtime" if _is_runtime() else "."
    return f"pip install '{folder}[{extra}]' in this project's folder"


def _is_runtime():
    """Whether what is installed is the distribution without TensorFlow."""
    for name in ("seq2seq", "seq2seq-runtime"):
        try:
            metadata.version(name)
        except metadata.PackageNotFoundError:
            continue
        return name == "seq2seq-runtime"
    return False
