"""Trainings as estimators of scikit-learn and sktime: what `fit` leaves is a run, kept as the bytes of its files."""
