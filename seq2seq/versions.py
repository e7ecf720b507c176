"""The versions of this project and of libraries, as runs, exports and reports name them."""

import tomllib
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path


def version_of(distribution: str) -> str:
    """The version of a distribution; that of this project also where a checkout is used that nobody installed.

    Raises:
        importlib.metadata.PackageNotFoundError: it is not installed.
    """
    try:
        return version(distribution)
    except PackageNotFoundError:
        checkout = Path(__file__).parents[1] / "pyproject.toml"
        if distribution != "seq2seq" or not checkout.is_file():
            raise
        return tomllib.loads(checkout.read_text(encoding="utf-8"))["project"]["version"]
