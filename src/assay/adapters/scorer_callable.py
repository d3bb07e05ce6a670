"""A model that is a Python function: ``module:function``, called with columns, answering a number a row."""

from __future__ import annotations

import importlib
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from assay.probing.scorer import ScorerError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from assay.probing.scorer import Value


class CallableScorer:
    """A function of the project or of an installed package.

    Attributes:
        name: ``module:function``.
    """

    def __init__(self, callable_name: str, path: str | None = None) -> None:
        """Import it, with the working folder before everything else.

        Args:
            callable_name: ``module:function``; a function of a class is ``module:Class.function``.
            path: given to the function once; it then returns what scores.

        Raises:
            ScorerError: when there is no such module or function.
        """
        module, _, function = callable_name.partition(":")
        here = str(Path.cwd())
        sys.path.insert(0, here)
        try:
            found: Any = importlib.import_module(module)
        except ModuleNotFoundError as error:
            missing = "the module" if error.name == module else f"a module that it needs, {error.name},"
            raise ScorerError(
                f"expected a function at {callable_name}, but {missing} is not there. It is looked for in the "
                "project's folder, then among the installed packages"
            ) from None
        finally:
            sys.path.remove(here)
        for part in function.split("."):
            found = getattr(found, part, None)
        if not callable(found):
            what = "nothing" if found is None else type(found).__name__
            raise ScorerError(f"expected a function at {callable_name}, found {what}")
        self.name = callable_name
        self._function = found if path is None else found(path)
        if not callable(self._function):
            raise ScorerError(f"expected {callable_name}({path!r}) to return a function that scores")

    def score(self, columns: Mapping[str, Sequence[Value]]) -> Sequence[Any]:
        """Call it."""
        from assay.adapters.scorer_answers import one_each  # noqa: PLC0415 - beside the other adapters

        return one_each(self._function({name: list(values) for name, values in columns.items()}))
