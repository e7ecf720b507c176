"""What a run can be told: frozen dataclasses with every default and every check.

A configuration is resolved in one order: the defaults < a recipe (TOML) < the command line. Imports nothing heavy, so
that `--help` answers at once.
"""

from seq2seq.config.distillation import DistillationConfig
from seq2seq.config.language_model import LanguageConfig
from seq2seq.config.recipes import load_recipe
from seq2seq.config.resolving import from_mapping, from_stored, resolve, to_mapping
from seq2seq.config.risk import RiskConfig
from seq2seq.config.series import (
    AutoencoderConfig,
    DetectionConfig,
    ForecasterConfig,
    SeriesDataConfig,
    SeriesTrainingConfig,
)
from seq2seq.config.training import TokenTrainingConfig, TrainingConfig
from seq2seq.config.translation import (
    BatchingConfig,
    DataConfig,
    DecodingConfig,
    ModelConfig,
    TextConfig,
    TranslationConfig,
)
from seq2seq.config.translation_training import TranslationTrainingConfig

__all__ = [
    "AutoencoderConfig",
    "BatchingConfig",
    "DataConfig",
    "DecodingConfig",
    "DetectionConfig",
    "DistillationConfig",
    "ForecasterConfig",
    "LanguageConfig",
    "ModelConfig",
    "RiskConfig",
    "SeriesDataConfig",
    "SeriesTrainingConfig",
    "TextConfig",
    "TokenTrainingConfig",
    "TrainingConfig",
    "TranslationConfig",
    "TranslationTrainingConfig",
    "from_mapping",
    "from_stored",
    "load_recipe",
    "resolve",
    "to_mapping",
]
