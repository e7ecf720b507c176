"""Pictures of results. A result goes in, a matplotlib `Figure` comes out; nothing is computed and no screen is used."""

from seq2seq.plots.files import FORMATS, save_figure
from seq2seq.plots.forecasts import forecast, forecasts_over
from seq2seq.plots.series import anomaly_scores, reconstruction, sample_scores
from seq2seq.plots.text import attention_heatmap
from seq2seq.plots.training import learning_curve
from seq2seq.plots.unrolled import draw_unrolled

__all__ = [
    "FORMATS",
    "anomaly_scores",
    "attention_heatmap",
    "draw_unrolled",
    "forecast",
    "forecasts_over",
    "learning_curve",
    "reconstruction",
    "sample_scores",
    "save_figure",
]
