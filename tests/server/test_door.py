"""Who may ask, how much, and what is said when something goes wrong; whatever is sent, nothing breaks."""

import asyncio
import json

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from seq2seq.errors import InputError
from seq2seq.server.process import check_host

POSTS = ("/v1/translate", "/v1/generate", "/v1/detect", "/v1/reconstruct", "/v1/forecast")


def test_models_are_told(ask):
    models = {each["name"]: each for each in ask("GET", "/v1/models").json()["models"]}
    assert models["exported-autoencoder"]["columns"] == ["flow", "heat"]
    assert models["exported-stream"]["stateful"] and not models["exported-forecaster"]["stateful"]
    assert all(each["exported"] for each in models.values())


def test_a_token_is_wanted_everywhere_but_at_the_door(ask):
    server = {"token": "secret"}
    for path in ("/", "/healthz", "/readyz"):
        assert ask("GET", path, server).status_code == 200
    for path in ("/v1/models", "/metrics", "/openapi.json", "/nothing"):
        assert ask("GET", path, server).status_code == 401
        assert ask("GET", path, server, headers={"authorization": "Bearer secre"}).status_code == 401
    for scheme in ("Bearer", "bearer", "BEARER"):
        assert ask("GET", "/v1/models", server, headers={"authorization": f"{scheme} secret"}).status_code == 200


def test_pages_of_others_and_names_of_others_are_refused(ask):
    assert ask("GET", "/v1/models", headers={"origin": "http://elsewhere.example"}).status_code == 403
    assert ask("GET", "/v1/models", headers={"origin": "null"}).status_code == 403
    assert ask("GET", "/v1/models", headers={"origin": "http://localhost:8000"}).status_code == 200
    assert ask("GET", "/v1/models", headers={"host": "rebound.example"}).status_code == 403
    answer = ask("GET", "/v1/models", {"token": "x"}, headers={"host": "a.example", "authorization": "Bearer x"})
    assert answer.status_code == 200


@pytest.mark.parametrize(("host", "token"), [("0.0.0.0", ""), ("127.0.0.1", "with blank"), ("::", "")])
def test_other_machines_need_a_token(host, token):
    with pytest.raises(InputError, match="token"):
        check_host(host, token)


def test_paths_and_methods_that_are_not_there(ask):
    assert ask("GET", "/nothing").status_code == ask("GET", "/v1/models/").status_code == 404
    answer = ask("GET", "/v1/translate")
    assert (answer.status_code, list(answer.json())) == (405, ["error"])


def test_large_bodies_are_refused_whether_their_length_is_told_or_not(ask):
    async def parts(head=b""):
        yield head
        for _ in range(17):
            yield b" " * 2**20

    assert ask("POST", "/v1/translate", content=b" " * 17 * 2**20).status_code == 413
    assert ask("POST", "/v1/translate", content=parts()).status_code == 413
    head = b'--x\r\nContent-Disposition: form-data; name="data"; filename="a.csv"\r\n\r\n'
    headers = {"content-type": "multipart/form-data; boundary=x"}
    assert ask("POST", "/v1/detect", content=parts(head), headers=headers).status_code == 413


@pytest.mark.parametrize("inner", ["[]", "{}", "[0]"])
def test_json_of_too_many_lists_is_not_read(ask, inner):
    body = '{"data": [' + ",".join([inner] * 200_000) + "]}"
    answer = ask("POST", "/v1/detect", content=body.encode())
    assert (answer.status_code, "200,000 lists" in answer.json()["error"]) == (422, True)


def test_a_full_queue_and_a_time_limit(asking):
    async def main():
        async with asking(most_waiting=2) as client:
            client.server.queue.waiting = 1
            full = await client.post("/v1/translate", json={"texts": ["a"] * 2})
        async with asking(time_limit=1e-6) as client:
            return full, await client.post("/v1/translate", json={"texts": ["a"] * 50, "beam_size": 8})

    full, late = asyncio.run(main())
    assert (full.status_code, int(full.headers["retry-after"])) == (429, 1)
    assert late.status_code == 504


def test_who_goes_is_given_up(asking):
    async def main():
        async with asking() as client:
            queue, app = client.server.queue, client.server.guard
            body = json.dumps({"texts": ["a b c d"] * 900, "beam_size": 8}).encode()
            come = [{"type": "http.request", "body": body}, {"type": "http.disconnect"}]
            scope = {
                "type": "http",
                "method": "POST",
                "path": "/v1/translate",
                "query_string": b"",
                "raw_path": b"/v1/translate",
            }
            scope |= {"headers": [(b"host", b"localhost")], "http_version": "1.1", "scheme": "http", "root_path": ""}

            async def receive():
                return come.pop(0)

            async def send(message):
                pass

            await app(scope, receive, send)
            return queue.waiting, client.server.figures.text().decode()

    waiting, figures = asyncio.run(main())
    assert waiting == 0
    assert 'seq2seq_requests_total{path="/v1/translate",status="499"} 1.0' in figures


def test_a_server_that_stops_says_so(asking):
    async def main():
        async with asking() as client:
            client.server.guard.stopping = True
            paths = ("/readyz", "/healthz", "/v1/models")
            return [(await client.get(path)).status_code for path in paths]

    assert asyncio.run(main()) == [503, 200, 503]


def test_figures_count_what_was_asked(asking):
    async def main():
        async with asking() as client:
            await client.post("/v1/translate", json={"texts": ["a", "b"]})
            await client.get("/made/up")
            return (await client.get("/metrics")).text

    text = asyncio.run(main())
    assert 'seq2seq_requests_total{path="/v1/translate",status="200"} 1.0' in text
    assert 'seq2seq_requests_total{path="other",status="404"} 1.0' in text
    assert "seq2seq_batch_size_sum 2.0" in text


def test_openapi_describes_what_is_asked(ask):
    paths = ask("GET", "/openapi.json").json()["paths"]
    assert {*POSTS, "/v1/models", "/healthz", "/readyz", "/metrics"} <= set(paths)
    content = paths["/v1/detect"]["post"]["requestBody"]["content"]
    assert {"application/json", "multipart/form-data"} == set(content)
    assert "merge" in content["application/json"]["schema"]["properties"]


def test_a_bug_is_one_line_without_its_story(asking, monkeypatch, capsys):
    async def main():
        async with asking() as client:
            monkeypatch.setattr(client.server, "told", lambda: 1 / 0)
            return await client.get("/v1/models")

    answer = asyncio.run(main())
    assert answer.status_code == 500
    assert answer.json() == {"error": "a bug of the server, whose log has more."}
    assert "ZeroDivisionError" in capsys.readouterr().err


values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=5), inner, max_size=4),
    max_leaves=12,
)
FIELDS = (
    *(
        "texts",
        "beam_size",
        "n_best",
        "prefix",
        "scores",
        "attention",
        "prompt",
        "length",
        "count",
        "temperature",
        "top_k",
    ),
    *("top_p", "seed", "data", "known", "keep", "threshold", "events", "merge", "min_length", "steps", "interval"),
    *("history", "baselines", "model", "values"),
)
columns = st.dictionaries(st.sampled_from(["flow", "heat", "time", "x"]), st.lists(values, max_size=40), max_size=4)
bodies = (
    st.dictionaries(st.sampled_from(FIELDS), values, max_size=6)
    | st.fixed_dictionaries({"texts": st.lists(st.text(max_size=20), max_size=5)})
    | st.fixed_dictionaries({"data": columns})
)


@settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    path=st.sampled_from(POSTS),
    body=bodies | values | st.binary(max_size=40),
    model=st.sampled_from([None, "exported-stream"]),
)
def test_whatever_is_sent_is_answered(asking, path, body, model):
    if isinstance(body, dict) and model and path == "/v1/forecast":
        body = body | {"model": model}
    content = body if isinstance(body, bytes) else json.dumps(body).encode()

    async def main():
        async with asking() as client:
            return await client.post(path, content=content)

    answer = asyncio.run(main())
    assert answer.status_code in (200, 422), (answer.status_code, answer.text)
    if answer.status_code == 422:
        line = answer.json()["error"]
        assert "\n" not in line and "Traceback" not in line and "/tmp" not in line


def test_a_server_that_stops_tells_clients_to_connect_anew(asking):
    async def main():
        async with asking() as client:
            client.server.guard.stopping = True
            return await client.get("/v1/models")

    answer = asyncio.run(main())
    assert (answer.status_code, answer.headers["connection"]) == (503, "close")
