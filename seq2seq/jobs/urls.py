"""Places behind URLs such as `s3://bucket/in`, whatever fsspec reaches: how they are asked, and what is said if that
goes wrong."""

import logging
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from queue import Empty, SimpleQueue
from threading import Thread
from typing import Any

from seq2seq.errors import InputError, installed_with
from seq2seq.jobs.copies import FULL
from seq2seq.jobs.folder import UnreachableError

try:
    import fsspec
    from fsspec.core import url_to_fs
except ModuleNotFoundError as error:
    advice = f"URLs are read with the package fsspec: {installed_with('s3')}, or with [gcs] or [azure]."
    raise InputError(advice) from error

_EXTRAS = {**dict.fromkeys(("s3", "s3a"), "s3"), **dict.fromkeys(("gs", "gcs"), "gcs")}
_EXTRAS |= {**dict.fromkeys(("abfs", "abfss", "az"), "azure"), "hf": "hf"}
_STORES = {*_EXTRAS, "hf", "oci", "oss"}
REACH_WITHIN = 30.0  # seconds for a first answer: without a network or credentials some libraries try for minutes


def is_store(url: str) -> bool:
    """Whether it is an object store: a put is whole or nothing, nothing is renamed, folders are but parts of names."""
    return url.partition("://")[0] in _STORES


def file_system(url: str, option: str) -> tuple[Any, str]:
    """The file system of a URL, and what it calls the place.

    Raises:
        InputError: with `option` in front; there is no such kind of URL, or its library is not installed; or a URL in
            another one, of which nobody could tell whether an output is among the inputs.
    """
    if "::" in url:
        raise InputError(f"{option}: URLs in one another (::) are not read: name the place itself.")
    protocol = url.partition("://")[0]
    try:
        fs, key = url_to_fs(url, use_listings_cache=False)
    except ImportError as error:
        extra = _EXTRAS.get(protocol)
        advice = installed_with(extra) if extra else reason_of(error)
        raise InputError(f"{option}: {protocol}:// is read with a package that is not installed: {advice}") from error
    except Exception as error:  # whatever a library makes of its settings
        if protocol not in fsspec.available_protocols():
            raise InputError(
                f"{option}: {protocol}:// is not known, expected such as s3://, gs:// or abfs://."
            ) from error
        raise InputError(f"{option} cannot be reached: {reason_of(error)}") from error
    for library in (type(fs).__module__.partition(".")[0], "azure"):
        logging.getLogger(library).addHandler(logging.NullHandler())  # what went wrong is raised, too
    return fs, key


def in_time(place: str, ask: Callable[[], Any]) -> Any:
    """What `ask` returns or raises.

    Raises:
        UnreachableError: that has taken too long.
    """
    answers: SimpleQueue = SimpleQueue()

    def answer():
        try:
            answers.put((ask(), None))
        except Exception as error:
            answers.put((None, error))

    Thread(target=answer, daemon=True).start()  # which nobody waits for at the end
    try:
        found, error = answers.get(timeout=REACH_WITHIN)
    except Empty:
        raise UnreachableError(
            f"{place} has not answered for {REACH_WITHIN:g} seconds: check the network, the credentials and the name."
        ) from None
    if error:
        raise error
    return found


def info_of(fs: Any, key: str, place: str) -> Mapping[str, Any]:
    """What a file system tells of a file or a folder, which the user calls `place`; nothing where there is none."""
    fs.invalidate_cache()
    try:
        with asking(place):
            return fs.info(key)
    except FileNotFoundError:
        return {}


def version_of(its: Mapping[str, Any]) -> str:
    """The tag of a content among what is told of a file: S3 has one, Google and Azure have as well."""
    return str(next((its[key] for key in ("ETag", "etag") if its.get(key)), ""))


@contextmanager
def asking(place: str) -> Iterator[None]:
    """Turn what libraries raise into what is the matter with a place.

    Raises:
        FileNotFoundError: there is nothing.
        InputError: nobody may ask.
        UnreachableError: all else.
    """
    try:
        yield
    except (FileNotFoundError, InputError):
        raise
    except PermissionError as error:
        raise InputError(f"{place}: no permission ({reason_of(error)}): check the credentials.") from error
    except Exception as error:  # of any class: each library has its own
        if getattr(error, "errno", None) in FULL:  # it is the disk here
            raise
        raise UnreachableError(f"{place} cannot be reached: {reason_of(error)}") from error


def reason_of(error: Exception) -> str:
    """What an error says, in one line."""
    return " ".join(str(error).split())[:300] or type(error).__name__
