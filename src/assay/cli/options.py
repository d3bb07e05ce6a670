"""Options and values that several verbs share."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from assay.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from click.shell_completion import CompletionItem


STAGES = ("data", "training", "release", "monitoring")
"""The stages of `assay.lifecycle.stages`, named here so that help needs no engine; a test compares."""


def parse_value(text: str) -> str | int | bool:
    """Read a class or outcome as it would stand in the data: 1 is a number, true a boolean, the rest text."""
    if text.lower() in {"true", "false"}:
        return text.lower() == "true"
    try:
        return int(text)
    except ValueError:
        return text


class Value(click.ParamType[Any]):
    """A value as it stands in the data."""

    name = "value"

    def convert(self, value: Any, _param: click.Parameter | None, _ctx: click.Context | None) -> Any:  # noqa: ANN401 - click's signature
        """Read the value of an option."""
        return parse_value(value) if isinstance(value, str) else value


class Names(click.ParamType[Any]):
    r"""Names joined by commas; a comma inside a name is written ``\,``, a backslash before one twice."""

    name = "names"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> tuple[str, ...]:  # noqa: ANN401 - click's signature
        """Split the value of an option, or say what was expected."""
        if not isinstance(value, str):
            return tuple(value)
        from assay.records.measurement import taken_apart  # noqa: PLC0415 - help needs no records

        names = [part.strip() for part in taken_apart(value)]
        if not all(names):
            self.fail(f"expected names joined by commas, found {value!r}", param, ctx)
        return tuple(names)


class Seconds(click.ParamType[float]):
    """A time: ``60``, ``60s``, ``5m``."""

    name = "seconds"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> float:  # noqa: ANN401 - click's signature
        """Read the value of an option."""
        if isinstance(value, int | float):
            return float(value)
        number, unit = (value[:-1], value[-1]) if value[-1:] in {"s", "m"} else (value, "s")
        try:
            seconds = float(number) * {"s": 1, "m": 60}[unit]
        except ValueError:
            self.fail(f"expected seconds or minutes such as 60s or 5m, found {value!r}", param, ctx)
        if not 0 < seconds < float("inf"):
            self.fail(f"expected a time above 0, found {value!r}", param, ctx)
        return seconds


def format_option(*formats: str) -> Callable[[Any], Any]:
    """Return the option `--format`, text first."""
    return click.option(
        "--format", "form", type=click.Choice(formats), default="text", show_default=True,
        help="What is written to standard output; messages go to standard error.",
    )  # fmt: skip


def project_option(verb: Callable[..., Any]) -> Callable[..., Any]:
    """Add the option `--project`."""
    return click.option(
        "--project", type=Path, help="assay.yaml or its folder (default: here, or the nearest folder above)."
    )(verb)


def acting(verb: Callable[..., Any]) -> Callable[..., Any]:
    """Add what every act of a person takes: who acts (`--as`), in which project, and how it is told."""
    verb = format_option("text", "json")(project_option(verb))
    return click.option("--as", "by", required=True, help="Who acts: the name of a key, as in the trust file.")(verb)


def rows_argument(text: str) -> str | bytes:
    """Return a table's path as given, or the bytes of standard input for ``-``."""
    if text != "-":
        return text
    content = sys.stdin.buffer.read()
    if not content:
        raise InputError("expected a CSV or Parquet table on standard input, found nothing")
    return content


def print_machine(text: str) -> None:
    """Print a document for a machine: the text alone, with one line end."""
    sys.stdout.write(text if text.endswith("\n") else text + "\n")


def console(*, stderr: bool = False) -> Any:  # noqa: ANN401 - rich is imported only when a person is read to
    """Return a rich console; plain text when it is not a terminal, or when NO_COLOR asks for it.

    Source: https://no-color.org. Rich keeps bold and dim under NO_COLOR; here nothing is escaped at all.
    """
    from rich.console import Console  # noqa: PLC0415 - heavy, and only for people

    colours = None if os.environ.get("NO_COLOR") else "auto"
    return Console(stderr=stderr, highlight=False, soft_wrap=False, color_system=colours)  # type: ignore[arg-type]


def complete_files(_ctx: click.Context, _param: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """Complete the name of a file: an argument that may also be a glob, a folder or ``-`` is no click.Path."""
    from click.shell_completion import CompletionItem  # noqa: PLC0415 - only when a shell asks

    return [CompletionItem(incomplete, type="file")]


def write_outputs(outputs: Sequence[tuple[str, Path]], contents: Mapping[str, Callable[[], str]]) -> None:
    """Write `--output FORMAT=FILE` documents, each by its own maker."""
    from assay.lifecycle.storing import staging, storage_errors, write_durably  # noqa: PLC0415 - only when asked for

    for form, path in outputs:
        content = contents[form]().encode()
        if path.exists() and not path.is_file() and not path.is_dir():
            # A device or a pipe (/dev/stdout, a process substitution) is written to, never replaced by a file.
            with storage_errors(path), path.open("wb") as stream:
                stream.write(content)
            continue
        with storage_errors(path.parent):
            path.parent.mkdir(parents=True, exist_ok=True)
        with staging(path) as stage, storage_errors(path.parent):
            write_durably(stage / path.name, content)
            (stage / path.name).replace(path)


class Output(click.ParamType[Any]):
    """FORMAT=FILE."""

    name = "format=file"

    def __init__(self, formats: Sequence[str]) -> None:
        self.formats = tuple(formats)

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> tuple[str, Path]:  # noqa: ANN401 - click's signature
        """Split the value of an option, or say what was expected."""
        if isinstance(value, tuple):
            return value
        form, equals, path = value.partition("=")
        if not equals or not path or form not in self.formats:
            self.fail(f"expected FORMAT=FILE with FORMAT one of {', '.join(self.formats)}, found {value!r}", param, ctx)
        return form, Path(path)
