"""The options of the search for a translation, which several commands have."""

from typing import Annotated, Any

from typer import Option

from seq2seq.config import DecodingConfig

SEARCH = "Search"

BeamSize = Annotated[
    int | None,
    Option(
        help="Hypotheses that are followed at a time; 1 is greedy search.",
        show_default=f"the run's, mostly {DecodingConfig.beam_size}",
        rich_help_panel=SEARCH,
    ),
]
LengthPenalty = Annotated[
    float | None,
    Option(
        help="The score is the log-probability over length to this power; more favours longer translations.",
        show_default=f"the run's, mostly {DecodingConfig.length_penalty}",
        rich_help_panel=SEARCH,
    ),
]
MaxLengthRatio = Annotated[
    float | None,
    Option(
        help="Longest translation, in target tokens for each source token.",
        show_default=f"the run's, mostly {DecodingConfig.max_length_ratio}",
        rich_help_panel=SEARCH,
    ),
]
BatchTokens = Annotated[
    int | None,
    Option(
        help="Source tokens times beams that are worked on at a time: less takes less memory.",
        show_default=f"the run's, mostly {DecodingConfig.batch_tokens}",
        rich_help_panel=SEARCH,
    ),
]
CopyUnknown = Annotated[
    bool | None,
    Option(
        "--copy-unknown/--keep-unknown",
        help="Put the source word that it attends to most for each unknown word; the target's tokens must be words.",
        show_default="as the run says, mostly keep",
        rich_help_panel=SEARCH,
    ),
]


def given(**options: Any) -> dict[str, Any]:
    """The options that the user gave; the run's configuration decides the others."""
    return {name: value for name, value in options.items() if value is not None}
