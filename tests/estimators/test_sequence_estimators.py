"""Estimators of sequences: they do what scikit-learn expects, and pickle as the files of a run."""

import io
import pickle

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.utils.estimator_checks import check_estimator

from seq2seq import SequenceCodes, SequenceOutlierDetector
from seq2seq.errors import InputError

SMALL = {"units": 8, "epochs": 8, "settings": ["training.learning_rate=0.02", "training.precision=float32"]}


def waves(count, seed, features=2):
    draw = np.random.default_rng(seed)
    wave = np.sin(np.linspace(0, 2 * np.pi, 12))[None, :, None] * draw.uniform(0.8, 1.2, (count, 1, features))
    return wave + 0.05 * draw.normal(size=(count, 12, features))


@pytest.fixture(scope="module")
def detector():
    return SequenceOutlierDetector(contamination=0.1, **SMALL).fit(waves(80, 0))


@pytest.fixture(scope="module")
def codes():
    return SequenceCodes(latent_dim=3, **SMALL).fit(waves(80, 0, features=1)[..., 0])


def test_outliers_are_what_is_unlike_the_training(detector):
    normal, odd = waves(20, 1), -waves(20, 2)
    assert (detector.predict(odd) == -1).all() and np.mean(detector.predict(normal) == 1) > 0.6
    assert detector.score_samples(odd).max() < detector.score_samples(normal).min()


def test_scores_offset_and_predictions_belong_together(detector):
    found = detector.decision_function(waves(20, 1))
    assert np.allclose(found, detector.score_samples(waves(20, 1)) - detector.offset_)
    assert np.array_equal(detector.predict(waves(20, 1)) == -1, found < 0)


def test_so_many_are_outliers_as_contamination_says(detector):
    assert np.sum(detector.predict(waves(80, 0)) == -1) == 8


def test_without_contamination_the_threshold_is_that_of_the_run():
    detector = SequenceOutlierDetector(units=2, epochs=1).fit(waves(10, 0))
    assert detector.offset_ == -detector.run_.detectors.detectors[0].threshold


def test_what_is_decoded_is_what_the_autoencoder_writes(codes):
    values = waves(5, 1, features=1)
    run = codes.run_.reconstructor
    assert codes.transform(values[..., 0]).shape == (5, 3)
    written = codes.inverse_transform(codes.transform(values[..., 0]))
    assert written.shape == (5, 12)
    assert np.allclose(written, np.stack(run.reconstruct(run.read(values)))[..., 0], atol=1e-5)


def test_a_width_that_the_settings_decide_is_the_width_of_codes():
    samples = waves(20, 0, features=1)[..., 0]
    codes = SequenceCodes(epochs=1, units=8, settings=["model.latent_dim=3"]).fit(samples)
    assert codes.transform(samples).shape == (20, len(codes.get_feature_names_out())) == (20, 3)
    assert codes.inverse_transform(codes.transform(samples)).shape == samples.shape


def test_codes_are_features_of_a_pipeline(codes):
    values = waves(6, 1, features=1)[..., 0]
    pipeline = make_pipeline(codes, StandardScaler())
    assert pipeline[:1].transform(values).shape == (6, 3)
    assert codes.get_feature_names_out().tolist() == [f"sequencecodes{k}" for k in range(3)]


class NoCode(pickle.Unpickler):
    """Knows the estimators, and the types of arrays and numbers; nothing that runs code."""

    def find_class(self, module, name):
        assert module.startswith("seq2seq.estimators.") or (module, name) in {
            ("numpy", "dtype"),
            ("numpy._core.multiarray", "scalar"),
        }, (module, name)
        return super().find_class(module, name)


@pytest.mark.parametrize("name", ["detector", "codes"])
def test_an_estimator_pickles_as_files_of_a_run(name, request):
    estimator = request.getfixturevalue(name)
    content = pickle.dumps(estimator)
    again = NoCode(io.BytesIO(content)).load()
    assert {"config.json", "scaler.json", "weights.npz", "detector.npz"} <= again.run_.files.keys()
    answer = "decision_function" if name == "detector" else "transform"
    values = waves(6, 1) if name == "detector" else waves(6, 1, features=1)[..., 0]
    assert np.array_equal(getattr(again, answer)(values), getattr(estimator, answer)(values))
    assert len(content) < 100_000


def test_a_clone_has_the_parameters_and_no_run(detector):
    copy = clone(detector)
    assert copy.get_params() == detector.get_params() and not hasattr(copy, "run_")


@pytest.mark.parametrize(
    "estimator, values, message",
    [
        (SequenceOutlierDetector(contamination=0.7), waves(9, 0), r'contamination=0\.7: expected "auto" or a share'),
        (SequenceCodes(settings=["windows.look_back=4"]), waves(9, 0), "each sample is a window here"),
        (SequenceCodes(settings=["model.unit=4"]), waves(9, 0), r"did you mean model\.units"),
        (SequenceCodes(), waves(9, 0)[..., None], r"got the shape \(9, 12, 2, 1\)"),
        (SequenceCodes(), waves(2, 0), r"Found array with 2 sample"),
        (SequenceCodes(), np.full((9, 4), np.nan), "contains NaN"),
    ],
)
def test_what_cannot_be_fitted_is_named(estimator, values, message):
    with pytest.raises(ValueError, match=message):
        estimator.fit(values)


def test_other_shapes_than_those_of_fit_are_refused(detector, codes):
    with pytest.raises(InputError, match=r"Expected sequences of the shape \(12, 2\), got \(12, 3\)"):
        detector.predict(waves(5, 0, features=3))
    with pytest.raises(InputError, match=r"Expected codes of 3 numbers"):
        codes.inverse_transform(np.zeros((2, 4)))


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("kind", [SequenceOutlierDetector, SequenceCodes])
def test_scikit_learn_finds_nothing_wrong(kind):
    check_estimator(kind(units=2, epochs=1), on_skip=None)
