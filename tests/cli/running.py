"""Commands as a user gives them."""

from typer.testing import CliRunner

from seq2seq.cli import app


def run(*arguments, code=0):
    """The result of `seq2seq ARGUMENTS`, which ends with `code`."""
    result = CliRunner().invoke(app, [*map(str, arguments)])
    assert result.exit_code == code, (result.stdout, result.stderr, result.exception)
    return result
