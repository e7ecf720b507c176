"""Trainings as estimators of scikit-learn: what `fit` leaves is a run, kept as the bytes of its files."""
