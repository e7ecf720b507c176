"""A server of small models, all of them exported, and ways to ask it."""

import asyncio
from contextlib import asynccontextmanager

import httpx
import pytest
from typer.testing import CliRunner

from tests.conftest import OLDER_RUNS

KINDS = ("translation", "language-model", "autoencoder", "forecaster", "stream")


@pytest.fixture(scope="session")
def folders(exported):
    """From kinds of runs to exported folders."""
    return {kind: exported(kind) for kind in KINDS}


@pytest.fixture(scope="session")
def models(folders):
    """All of them, loaded."""
    from seq2seq.server.models import load

    return load(folders.values())


@pytest.fixture
def asking(models):
    """A function that gives, as a context, a client of a server in this process.

    Args of it: `token`, and those of `Server`; `server` of the client is the `Server`.
    """

    @asynccontextmanager
    async def asked(token="", host="127.0.0.1", own=None, **settings):
        from seq2seq.server.app import Server, application

        server = Server(own or models, **settings)
        app = application(server, token, host)
        async with server.working(app):
            transport = httpx.ASGITransport(app)
            async with httpx.AsyncClient(transport=transport, base_url="http://localhost:8000") as client:
                client.server = server
                yield client

    return asked


@pytest.fixture
def ask(asking):
    """A function that asks once: method, path, and what else `httpx` takes."""

    def once(method, path, server=None, **request):
        async def main():
            async with asking(**(server or {})) as client:
                return await client.request(method, path, **request)

        return asyncio.run(main())

    return once


@pytest.fixture
def written(folders, tmp_path):
    """A function that gives what `seq2seq-run` writes: a command, and arguments with the names of kinds in braces."""

    def run(command, *arguments):
        from seq2seq.cli.runtime import app

        output = tmp_path / "written.csv"
        places = {kind: str(folder) for kind, folder in folders.items()} | {"output": str(output)}
        result = CliRunner().invoke(app, [command, *(each.format(**places) for each in map(str, arguments))])
        assert result.exit_code == 0, (result.stderr, result.exception)
        return output.read_text() if output.exists() else result.stdout

    return run


@pytest.fixture(scope="session")
def sources():
    """Lines to translate."""
    return (OLDER_RUNS / "texts.src").read_text(encoding="utf-8").splitlines()
