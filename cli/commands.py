"""Every command. Heavy imports live inside them, so that `--help` answers at once."""

from __future__ import annotations

import sys
import traceback

import typer

from dinoq.cli import (
    admin,
    audit,
    compare,
    convert,
    dataset,
    demo,
    devices,
    evaluate,
    exchange,
    gc,
    history,
    interrupts,
    remarks,
    report,
    status,
    up,
)
from dinoq.cli.console import complain, say
from dinoq.jobs.errors import DinoqError, Interrupted

app = typer.Typer(
    name="dinoq",
    help="Prove accuracy and throughput of ImageNet classifiers, per chip and batch size, through a job queue.",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)
for module in (
    evaluate,
    up,
    status,
    report,
    compare,
    history,
    remarks,
    exchange,
    audit,
    devices,
    convert,
    dataset,
    gc,
    demo,
    admin,
):
    module.add_to(app)


def run() -> int:
    """Run the command that was typed; every error becomes one sentence on stderr and the exit code of its kind."""
    try:
        interrupts.raise_once()
        with interrupts.told("interrupted; what was stored before is kept.", "See: dinoq jobs"):
            return _called()
    except DinoqError as error:
        complain(error)
        return error.exit_code
    except BrokenPipeError:
        sys.stderr.close()
        return 1
    except Exception as error:  # noqa: BLE001  (the last line of defence: said, with its traceback)
        return _unforeseen(error)


def _called() -> int:
    code = int(app(prog_name="dinoq", standalone_mode=False) or 0)
    if code == Interrupted.exit_code:  # typer's own word for a Ctrl-C
        raise KeyboardInterrupt
    return code


def _unforeseen(error: Exception) -> int:
    """Typer's own usage errors show themselves; anything else is ours to mend."""
    show, code = getattr(error, "show", None), getattr(error, "exit_code", None)
    if callable(show) and isinstance(code, int):
        show()
        return code
    traceback.print_exc()
    say(f"error: this is a fault of dinoq: {type(error).__name__}: {error}. Please report it with the lines above.")
    return DinoqError.exit_code
