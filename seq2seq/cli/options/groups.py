"""Groups of options that commands take as a whole.

```python
@groups.options(series.READING)
def forecaster(run: …, chosen: dict[str, Any]) -> None:
    …
```
"""

import functools
import inspect
from collections.abc import Callable, Mapping
from typing import Any


def options(*groups: Mapping[str, Any], into: str = "chosen") -> Callable:
    """Decorate a command: it has these options beside its own, and gets what was given of them as `chosen`, or `into`
    another name."""
    kinds = {name: kind for group in groups for name, kind in group.items()}

    def decorate(command):
        @functools.wraps(command)
        def taking(**arguments):
            chosen = {name: value for name in kinds if (value := arguments.pop(name)) is not None}
            return command(**arguments, **{into: chosen})

        signature = inspect.signature(command)
        own = [each for each in signature.parameters.values() if each.name != into]
        added = [inspect.Parameter(name, own[-1].kind, default=None, annotation=kind) for name, kind in kinds.items()]
        taking.__signature__ = signature.replace(parameters=[*own, *added])
        taking.__annotations__ = {each.name: each.annotation for each in (*own, *added)}
        return taking

    return decorate
