"""Where output goes: a full disk, a device, a terminal without colours, a shell that completes names of files."""

from __future__ import annotations

import importlib
import os
import subprocess
import sys
from pathlib import Path

import pytest

from assay.cli import VERBS, main, root
from assay.cli.options import console, write_outputs

FULL = Path("/dev/full")
ASSAY = (sys.executable, "-c", "from assay.cli import main; main()")


@pytest.mark.skipif(not FULL.is_char_device(), reason="/dev/full is not a device here")
@pytest.mark.parametrize("arguments", [("policy", "schema"), ("--version",)])
def test_a_full_disk_behind_standard_output_is_told_in_words(arguments: tuple[str, ...]) -> None:
    with FULL.open("wb") as full:
        ran = subprocess.run([*ASSAY, *arguments], stdout=full, stderr=subprocess.PIPE, text=True, check=False)
    assert ran.returncode == 2
    assert (
        ran.stderr == "assay: could not write to standard output: no space left on device. Make room, and run again\n"
    )


def test_a_pipe_is_written_to_and_stays_a_pipe(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    reader = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)
    try:
        write_outputs([("text", pipe)], {"text": lambda: "said"})
        assert os.read(reader, 100) == b"said"
    finally:
        os.close(reader)
    assert pipe.is_fifo()


def test_no_color_leaves_no_escape_at_all(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.setenv("TERM", "xterm-256color")
    for value, escaped in (("", True), ("1", False)):
        monkeypatch.setenv("NO_COLOR", value)
        shown = console()
        with shown.capture() as captured:
            shown.print("[bold red]word[/]")
        assert ("\x1b[" in captured.get()) is escaped


@pytest.mark.parametrize("verb", ["measure", "compare", "init"])
def test_a_shell_completes_the_names_of_tables(verb: str) -> None:
    with root.make_context("assay", [], resilient_parsing=True) as context:
        command = root.get_command(context, verb)
        assert command is not None
        argument = next(param for param in command.params if param.param_type_name == "argument")
        assert [item.type for item in argument.shell_complete(context, "da")] == ["file"]


def test_the_command_line_answers_again_whichever_verb_was_imported(capsys: pytest.CaptureFixture[str]):
    for verb in VERBS.values():
        importlib.import_module(f"assay.cli.{verb.module}")
        with pytest.raises(SystemExit) as left:
            main(["--version"])
        assert left.value.code == 0
    assert capsys.readouterr().out.startswith("assay")
