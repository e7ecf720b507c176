"""What is said of an epoch in a line."""

from collections.abc import Mapping


def of_epoch(figures: Mapping[str, float], called: str) -> str:
    """What an epoch has brought: loss, what `judged` says, and the rate.

    Args:
        figures: a row of the history.
        called: what to call its loss.
    """
    rate = next(name for name in figures if name.endswith("_per_second"))
    amount = f"{figures[rate]:,.0f} {rate.removesuffix('_per_second').replace('_', ' ')}/s"
    return f"{called} {figures['loss']:.4g} · {judged(figures)} · {amount}"


def judged(figures: Mapping[str, float]) -> str:
    """What the validation part has shown, of a row of the history: its figures are called `val_…`."""
    parts = [f"validation {figures['val_loss']:.4g}"]
    if "val_perplexity" in figures:
        parts.append(f"perplexity {figures['val_perplexity']:.2f}")
    if "val_bleu" in figures:
        parts.append(f"BLEU {figures['val_bleu']:.2f}, exact {figures['val_exact_match']:.1%}")
    if figures.get("val_cut"):
        parts.append(f"{figures['val_cut']:.1%} cut at the length limit")
    return " · ".join(parts)
