"""Scorers by errors of one kind."""

from seq2seq.inference.held_out import fit_errors, fit_scorer


def fitted(settings, errors, lengths, look_back, **how):
    """What scores these errors, and the thresholds of the scores."""
    scored, held_out = fit_errors(settings, errors, lengths, look_back, **how)
    return scored, fit_scorer(settings, {"errors": held_out}, {"errors": 1.0})
