"""The one exception that a user's input can raise, and what such messages share."""

from importlib import metadata


class InputError(ValueError):
    """Something that the user passed cannot be used.

    The message is one line and says what was passed, what was expected and how to mend it. The commands print
    it without a traceback and leave with exit code 2; a program may catch it like any `ValueError`.
    """


# The extras by which a distribution brings what it does not need in any case: the runtime, and the whole library.
_EXTRAS = {
    True: {"pandas": "series", "pyarrow": "series", "matplotlib": "plots", "openpyxl": "xlsx"},
    False: {"onnxruntime": "onnx", "openpyxl": "xlsx"},
}


def installed_with(extra: str) -> str:
    """The command that installs a package of an extra: its name on a package index is that of another project."""
    return _installed(f"'{_folder()}[{extra}]'")


def installed_for(module: str) -> str:
    """The command that installs a module that is missing, `matplotlib.figure`: what this project needs brings it along,
    in a version that it works with."""
    extra = _EXTRAS[is_runtime()].get(module.split(".")[0])
    return installed_with(extra) if extra else _installed(_folder())


def is_runtime() -> bool:
    """Whether what is installed is the distribution without TensorFlow."""
    for name in ("seq2seq", "seq2seq-runtime"):
        try:
            metadata.version(name)
        except metadata.PackageNotFoundError:
            continue
        return name == "seq2seq-runtime"
    return False


def _folder():
    return "./packaging/runtime" if is_runtime() else "."


def _installed(what):
    return f"pip install {what} in this project's folder"
