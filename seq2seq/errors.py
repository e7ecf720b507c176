"""The one exception that a user's input can raise."""


class InputError(ValueError):
    """Something that the user passed cannot be used.

    The message is one line and says what was passed, what was expected and how to mend it. The commands print
    it without a traceback and leave with exit code 2; a program may catch it like any `ValueError`.
    """
