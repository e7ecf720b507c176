"""Which epoch is the best: a figure that is no number never is, and never stands in the way of one that is."""

from itertools import permutations
from math import inf, isnan, nan

from seq2seq.training.state import TrainingState


def after(epochs, monitor):
    """The state after epochs with these pairs of exact match and loss."""
    state = TrainingState()
    for number, (match, loss) in enumerate(epochs, 1):
        figures = {"epoch": number, "val_exact_match": match, "val_loss": loss}
        state.count_if_best(figures, monitor)
        state.end_epoch(figures)
    return state


def test_the_lowest_loss_is_the_best_whatever_is_no_number_before_or_after():
    for losses in permutations([nan, 3.0, 1.0, nan, inf, 2.0], 4):
        state = after([(0.0, loss) for loss in losses], "loss")
        assert state.best == state.best_loss == min(loss for loss in losses if not isnan(loss))
        assert losses[state.best_epoch - 1] == state.best
        since = len(losses) - state.best_epoch
        assert state.epochs_without_better == state.epochs_without_lower_loss == since


def test_of_the_highest_scores_that_with_the_lowest_loss_is_the_best():
    for epochs in permutations([(0.0, nan), (0.0, 2.0), (0.5, 3.0), (0.5, nan), (0.5, 1.0)], 4):
        state = after(epochs, "exact_match")
        highest = max(match for match, _ in epochs)
        of_highest = [loss for match, loss in epochs if match == highest and not isnan(loss)]
        assert (state.best, epochs[state.best_epoch - 1][1]) == (highest, min(of_highest))


def test_a_tuning_that_made_nothing_better_is_told_of():
    for monitor, before, after, worse in (
        ("bleu", 21.5, 18.2, True),
        ("bleu", 18.2, 21.5, False),
        ("loss", 0.9, 1.1, True),
        ("loss", 1.1, 0.9, False),
        ("loss", None, 0.9, False),
    ):
        state = TrainingState(before=before)
        state.count_if_best({"epoch": 1, "val_loss": 1.0, f"val_{monitor}": after}, monitor)
        said = state.loss_by_tuning(monitor)
        assert bool(said) == worse and (not worse or f"by {monitor} ({before}, and {after} after epoch 1)" in said)
