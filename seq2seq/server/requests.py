"""What clients may ask for: JSON in, checked values out, and one line about what is wrong."""

import re
from collections.abc import Mapping
from typing import Annotated, Any, Literal, TypeVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError
from pydantic_core import from_json

from seq2seq.config.series import THRESHOLD_VALUES
from seq2seq.errors import InputError
from seq2seq.series.series import near_match

MOST_TEXTS = 1000  # of a request
MOST_ATTENDED = 16  # of which attention is told: a matrix for each
MOST_WRITTEN = 100_000  # characters, of all texts that a request has a language model write
MOST_STEPS = 1_000  # to forecast
MOST_CELLS = 1_000_000  # of a table
MOST_LISTS = 200_000  # of JSON, and objects: millions would take seconds to read, in which nothing else is answered

Text = Annotated[str, Field(max_length=100_000)]


class Asked(BaseModel):
    """What all requests have."""

    model_config = ConfigDict(extra="forbid", strict=True, allow_inf_nan=False)

    model: str | None = Field(None, description="Name of a model; by default the only one that can answer.")


class Translate(Asked):
    """Texts to translate."""

    texts: list[Text] = Field(max_length=MOST_TEXTS, description="A blank one has an empty translation.")
    beam_size: int | None = Field(None, ge=1, le=64, description="1 is greedy search; by default that of the run.")
    n_best: int = Field(1, ge=1, le=64, description="Translations of each text, at most beam_size.")
    length_penalty: float | None = Field(None, description="Scores are log-probability / length ** length_penalty.")
    prefix: Text = Field("", description="What every translation begins with.")
    scores: bool = Field(False, description="Whether scores are told, in nats.")
    attention: bool = Field(False, description=f"Whether attention is told, of at most {MOST_ATTENDED} texts.")


class Generate(Asked):
    """A text to go on with."""

    prompt: Text = ""
    length: int = Field(400, ge=1, le=MOST_WRITTEN, description="Characters to write.")
    count: int = Field(1, ge=1, le=1000, description="Texts to write.")
    temperature: float = Field(1.0, ge=0, le=1000, description="0 always takes the likeliest character.")
    top_k: int | None = Field(None, ge=1, le=2**31 - 1)
    top_p: float | None = Field(None, gt=0, le=1)
    seed: int | None = Field(None, ge=0, le=2**31 - 1)


class Threshold(BaseModel):
    """Another threshold than that of the run, fitted to the same held-out scores."""

    model_config = Asked.model_config

    kind: Literal["quantile", "sigma", "pot"]
    value: float = Field(gt=0)


class _OfSeries(Asked):
    data: Any = Field(description="Object of columns, or nested lists of samples; null is a missing value.")


class Reconstruct(_OfSeries):
    """Series to reconstruct."""

    keep: str | None = Field(None, max_length=1_000, description="Only rows where this holds, such as kind==1.")


class Detect(Reconstruct):
    """Series to score."""

    threshold: Threshold | None = None
    per_step: bool = Field(False, description="Score each step, also where whole sequences are.")
    events: bool = Field(False, description="Whether alarms are told as events, too.")
    merge: str = Field(
        "0", max_length=100, description="Alarms with at most so much quiet between are one event: steps, or 2h."
    )
    min_length: str = Field("1", max_length=100, description="Events must last so long.")
    values: bool = Field(False, description="Whether what was scored is told, too.")


class Forecast(_OfSeries):
    """Series to continue."""

    known: Any = Field(None, description="Columns known ahead, likewise.")
    steps: int | None = Field(None, ge=1, le=MOST_STEPS, description="By default the horizon of the run.")
    interval: float | None = Field(None, ge=0, lt=1, description="Share of actual values to hold; 0 for none.")
    history: int = Field(0, ge=0, le=MOST_CELLS, description="Last steps of each series to tell, too.")
    baselines: bool = Field(False, description="Whether naive forecasts are told, too.")


class Opening(Asked):
    """First message of a stream."""

    interval: float = Field(0.0, ge=0, lt=1)
    times: bool = False
    state: Annotated[str, Field(max_length=2**24)] | None = None
    token: str | None = None


class Step(BaseModel):
    """A further message of a stream."""

    model_config = Asked.model_config

    values: dict[str, float | None] | list[float | None] | None = None
    time: Annotated[str, Field(max_length=100)] | None = None
    state: Literal[True] | None = None


FIELDS = frozenset(name for kind in (Translate, Generate, Detect, Forecast, Step) for name in kind.model_fields)
Body = TypeVar("Body", bound=BaseModel)


def read(kind: type[Body], body: bytes | str, more: Mapping[str, Any] | None = None) -> Body:
    """A request of some JSON.

    Args:
        kind: class of requests.
        body: bytes or str, JSON.
        more: mapping from names of fields to what comes from elsewhere.

    Raises:
        InputError: it is no JSON, no object, or has fields that are unknown or wrong.
    """
    more = dict(more or {})
    signs = "[{" if isinstance(body, str) else (b"[", b"{")
    if len(body) > MOST_LISTS and sum(map(body.count, signs)) > MOST_LISTS:
        raise InputError(f"JSON has at most {MOST_LISTS:,} lists and objects: send less at a time, or a file.")
    try:
        fields = from_json(body, allow_inf_nan=False)
    except ValueError as error:
        if _has_nan(body):
            raise InputError("NaN and Infinity are no JSON: write null for a missing value.") from error
        raise InputError(f"the body is no JSON: {error}.") from error
    if not isinstance(fields, dict):
        raise InputError(f"expected a JSON object with the fields {', '.join(kind.model_fields)}; got {_told(fields)}.")
    if both := fields.keys() & more.keys():
        raise InputError(f"{min(both)} is a file of the upload: leave it out of the options.")
    try:
        return kind.model_validate(fields | more)
    except ValidationError as error:
        raise InputError(_line(kind, error.errors(include_url=False)[0])) from error


def _has_nan(body):
    try:
        from_json(body, allow_inf_nan=True)
    except ValueError:
        return False
    return True


def _line(kind, error):
    place = ".".join(str(part) for part in error["loc"])
    if error["type"] == "extra_forbidden":
        return f"there is no field {place[:60]!r}: {near_match(place[:60], kind.model_fields)}."
    if error["type"] == "missing":
        return f"the field {place!r} is missing."
    expected = re.sub(r"^(Input|\w+) should", "should", error["msg"])
    return f"{place[:60]} {expected}, got {_told(error['input'])}."


def _told(value):
    if isinstance(value, list | dict):
        return f"{'a list' if isinstance(value, list) else 'an object'} of {len(value):,}"
    return "null" if value is None else f"{value!r:.60}"


def check_threshold(threshold: Threshold | None) -> tuple[str, float] | None:
    """Kind and value.

    Raises:
        InputError: the value is too high.
    """
    if threshold is None:
        return None
    highest = THRESHOLD_VALUES[threshold.kind][1]
    if threshold.value >= highest:
        raise InputError(f"threshold.value should be below {highest:g} for {threshold.kind}, got {threshold.value:g}.")
    return threshold.kind, threshold.value
