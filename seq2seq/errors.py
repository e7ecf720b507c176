"""The one exception that a user's input can raise, and what such messages share."""


class InputError(ValueError):
    """Something that the user passed cannot be used.

    The message is one line and says what was passed, what was expected and how to mend it. The commands print
    it without a traceback and leave with exit code 2; a program may catch it like any `ValueError`.
    """


def installed_with(extra: str) -> str:
    """The command that installs a package of an extra: its name on a package index is that of another project."""
    return f"pip install '.[{extra}]' in this project's folder"
