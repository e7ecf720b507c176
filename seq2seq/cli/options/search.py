"""The options of the search for a translation: each stands here once, and a command takes whole groups of them.

```python
@search.options(search.SEARCH, search.DRAWING)
def translate(run: …, chosen: dict[str, Any]) -> None:
    …
    translator.stream(lines, search.value(chosen))
```
"""

import functools
from collections.abc import Callable, Mapping
from typing import Annotated, Any

from typer import Option

from seq2seq.cli.options import groups
from seq2seq.config import DecodingConfig
from seq2seq.errors import InputError


def _option(kind: type, panel: str, help_: str, default: str) -> Any:
    return Annotated[kind | None, Option(help=help_, show_default=default, rich_help_panel=panel)]


def _of_run(name: str, kind: type, help_: str) -> Any:
    return _option(kind, "Search", help_, f"the run's, mostly {getattr(DecodingConfig, name)}")


def _of_draws(kind: type, help_: str, default: str) -> Any:
    return _option(kind, "Sampling instead of search", help_, default)


SEARCH = {
    "beam_size": _of_run("beam_size", int, "Hypotheses that are followed at a time; 1 is greedy search."),
    "length_penalty": _of_run(
        "length_penalty",
        float,
        "The score is the log-probability over length to this power; more favours longer translations.",
    ),
    "max_length_ratio": _option(
        float,
        "Search",
        "Longest translation, in target tokens for each source token, and some more.",
        "the run's, from its training pairs",
    ),
    "no_repeat": _of_run(
        "no_repeat", int, "Let a sequence of so many tokens appear at most once in a translation; 0: however often."
    ),
    "copy_unknown": Annotated[
        bool | None,
        Option(
            "--copy-unknown/--keep-unknown",
            help="For each unknown word put the source word that it attends to most; target tokens must be words.",
            show_default="as the run says, mostly keep",
            rich_help_panel="Search",
        ),
    ],
    "prefix": _option(str, "Search", "Beginning of every translation, in whole words; the model goes on.", "none"),
    "batch_tokens": _of_run(
        "batch_tokens", int, "Source tokens times beams that are worked on at a time: less takes less memory."
    ),
}
SAMPLING = {
    "temperature": _of_draws(
        float, "Draw translations at random: 1.0 as the model believes, less is safer.", "no sampling"
    ),
    "top_k": _of_draws(int, "Draw from the k likeliest tokens.", "all"),
    "top_p": _of_draws(float, "Draw from the fewest tokens with this share of the probability.", "1.0"),
    "seed": _of_draws(int, "Decides the draws.", "0"),
}


RISK = {
    "mbr": Annotated[
        int | None,
        Option(
            metavar="N",
            help="Minimum Bayes risk: draw N translations, 16 or 64, and take the one that is nearest to all of them; "
            "with --temperature 0.5 they are better ones.",
            show_default="no sampling",
            rich_help_panel="Sampling instead of search",
        ),
    ],
    "mbr_utility": _of_draws(str, "What tells how near they are: chrf or bleu.", "chrf"),
}
DRAWING = SAMPLING | RISK


def options(*kinds: Mapping[str, Any]) -> Callable:
    """Decorate a command, as `groups.options` does.

    Raises:
        InputError: when the command is called: options of sampling without a temperature.
    """

    def decorate(command):
        @functools.wraps(command)
        def checked(*, chosen, **arguments):
            rest = [name for name in SAMPLING if name in chosen]
            if rest and not {"temperature", "mbr"} & chosen.keys():
                listed = ", ".join(f"--{name.replace('_', '-')}" for name in rest)
                raise InputError(
                    f"{listed} says how to sample: add --temperature, 1.0 for the model's own probabilities, or --mbr."
                )
            return command(**arguments, chosen=chosen)

        return groups.options(*kinds)(checked)

    return decorate


def value(chosen: Mapping[str, Any], **more: Any) -> Any:
    """The `Search` of what was given; what was not, the run decides. `more` are further fields of it."""
    from seq2seq.decoding.sampling import Sampling
    from seq2seq.inference.search import Search

    sampling = {name: chosen[name] for name in SAMPLING if name in chosen}
    search = {name: each for name, each in chosen.items() if name not in sampling}
    return Search(**search, sampling=Sampling(**sampling) if sampling else None, **more)
