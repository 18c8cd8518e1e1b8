"""Regular expressions that are compiled when they are first used.

Compiling those of all modules takes a tenth of a second, and a ticket needs a part of them only.
"""

from __future__ import annotations

import re
from typing import Any, AnyStr, cast

_METHODS = ("search", "match", "fullmatch", "sub", "subn", "split", "findall", "finditer")


class _Lazy:
    """Stands in for a compiled expression; once it was used, its methods are those of the compiled one."""

    def __init__(self, source: str | bytes, flags: int) -> None:
        self._given: tuple[Any, int] = source, flags

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        compiled = re.compile(*self._given)
        for method in _METHODS:
            setattr(self, method, getattr(compiled, method))
        return getattr(compiled, name)


def lazy_pattern(source: AnyStr, flags: int = 0) -> re.Pattern[AnyStr]:
    """Give what :func:`re.compile` gives, but compile it only when it is used.

    An expression that is none raises ``re.error`` then.
    """
    return cast("re.Pattern[AnyStr]", _Lazy(source, flags))
