"""The options of an engine that shares out the parts of a batch job."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Annotated, Any

from typer import Option

from seq2seq.errors import InputError

_PANEL = "Engine"
ENGINE = {
    "engine": Annotated[
        str | None,
        Option(
            metavar="ray",
            help="Have the parts done by actors of a Ray cluster.",
            show_default="this process does them",
            rich_help_panel=_PANEL,
        ),
    ],
    "address": Annotated[
        str | None,
        Option(
            metavar="HOST:PORT",
            help="Of the Ray cluster; auto is the one that runs on this machine.",
            show_default="RAY_ADDRESS, else one is started on this machine",
            rich_help_panel=_PANEL,
        ),
    ],
    "actors": Annotated[
        int | None,
        Option(
            min=1,
            help="How many work at once; each loads the run.",
            show_default="as there are GPUs for, or one for every four cores",
            rich_help_panel=_PANEL,
        ),
    ],
    "gpus_per_actor": Annotated[
        float | None,
        Option(
            min=0.0,
            help="GPUs of each actor; 0.5 where two share one.",
            show_default="0",
            rich_help_panel=_PANEL,
        ),
    ],
}


@contextmanager
def engine(chosen: Mapping[str, Any], report: Any) -> Iterator[Callable]:
    """What was chosen, ready to work: a function from a `Work` and what loads it to what does its parts, or None.

    Raises:
        InputError: an engine that there is not, its options without it, or no cluster to be joined.
    """
    if "engine" not in chosen:
        if chosen:
            raise InputError(f"--{next(iter(chosen)).replace('_', '-')} is for a cluster: add --engine ray.")
        yield lambda work, load: None
        return
    if chosen["engine"] != "ray":
        raise InputError(f"--engine {chosen['engine']}: expected ray; without --engine this process does all.")
    gpus = chosen.get("gpus_per_actor", 0.0)
    if gpus > 1 and gpus != int(gpus):
        raise InputError(f"--gpus-per-actor {gpus:g}: expected a whole number, or a part of one GPU.")
    from seq2seq.jobs.ray_engine import Crew, connected

    with connected(chosen.get("address")) as grows:
        given = {"actors": chosen.get("actors"), "gpus": gpus, "grows": grows, "report": report}
        yield lambda work, load: Crew(work, load, **given).work
