"""Several runs on numbers are one model over HTTP: of run directories, and of the folder that they are exported to."""

import asyncio
import shutil

import pytest
from starlette.testclient import TestClient

from seq2seq.errors import InputError
from seq2seq.export import export
from seq2seq.inference.detection import detect
from seq2seq.inference.forecaster import Forecaster
from seq2seq.inference.reconstructor import Reconstructor
from seq2seq.server.app import Server, application
from seq2seq.server.models import check, load
from tests.conftest import OLDER_RUNS
from tests.other_runs import detector_like, forecaster_like

SERIES = OLDER_RUNS / "series.csv"


def served(runs, tmp_path):
    """The model of runs, and that of their export."""
    export(runs, tmp_path / "both")
    return load([runs[0]], runs[1:]), load([tmp_path / "both"])


def asked(asking, own, path, file, **request):
    async def main():
        async with asking(own=own) as client:
            answer = await client.post(path, files={"data": (file.name, file.read_bytes())}, **request)
            return answer.json()

    return asyncio.run(main())


@pytest.mark.slow
def test_forecasts_are_those_of_python(asking, days_plain, days_file, tmp_path):
    runs = [days_plain.run.path, forecaster_like(days_plain, tmp_path / "other", windows={"look_back": 30})]
    together = Forecaster.load(runs)
    made = together.forecast(together.read(str(days_file)), 5)
    for models in served(runs, tmp_path):
        ((name, model),) = models.items()
        told = model.described
        assert told["members"] == [runs[0].name, "other"] and told["look_back"] == told["least_history"] == 30
        answer = asked(asking, models, "/v1/forecast", days_file, data={"options": '{"steps": 5}'})
        assert answer["model"] == name and answer["interval"] == made.level == 0.9
        for k, column in enumerate(made.columns):
            for end, values in (("", made.values), ("_low", made.lower), ("_high", made.upper)):
                assert answer["forecast"][column + end] == pytest.approx(values[0][:, k], rel=1e-4)


@pytest.mark.slow
def test_scores_are_those_of_python(asking, pumps_model, pumps_files, tmp_path):
    runs = [pumps_model.run.path, detector_like(pumps_model, tmp_path / "other", windows={"look_back": 14})]
    together, file = Reconstructor.load(runs), pumps_files / "test.csv"
    series = together.read(str(file))
    found, values = detect(together, series), together.reconstruct(series)
    for models in served(runs, tmp_path):
        (model,) = models.values()
        assert model.described["detects"] and model.described["look_back"] == 14
        answer = asked(asking, models, "/v1/detect", file)
        assert answer["rule"] == found.rule and answer["threshold"] == pytest.approx(found.threshold, rel=1e-4)
        scores = [float("nan") if each is None else each for each in answer["scores"]["score"]]
        assert scores == pytest.approx(found.scores.judged, rel=1e-3, nan_ok=True)
        answer = asked(asking, models, "/v1/reconstruct", file)
        written = [each for part in values for each in part[:, 0]]
        assert answer["reconstructed"]["flow"] == pytest.approx(written, abs=1e-3)


def test_a_stream_is_of_one_run(tmp_path):
    runs = [OLDER_RUNS / "stream", shutil.copytree(OLDER_RUNS / "stream", tmp_path / "copy")]
    models = load(runs[:1], runs[1:])
    assert models["stream"].described["stateful"] and "intervals" not in models["stream"].described
    client = TestClient(application(Server(models)), base_url="http://localhost")
    with client, client.websocket_connect("ws://localhost/v1/stream") as stream:
        stream.send_json({})
        line = "2 runs answer as one here, and a stream goes on from the state of a single one: give that alone."
        assert stream.receive_json() == {"error": line}


def test_what_cannot_be_served_together(tmp_path):
    copy = shutil.copytree(OLDER_RUNS / "forecaster", tmp_path / "copy")

    def refused(message, *others, first=OLDER_RUNS / "forecaster", called=check):
        with pytest.raises(InputError, match=message) as error:
            called([first], others)
        assert "\n" not in str(error.value)

    refused("is given twice", copy, copy)
    refused("is a run of the task 'autoencoder', expected one of 'forecaster'", OLDER_RUNS / "autoencoder")
    refused("--with is for translators, forecasters and autoencoders", copy, first=OLDER_RUNS / "language-model")
    refused("model.kind is 'stateful' in the first", OLDER_RUNS / "stream", called=load)
