"""Where the `dinoq` command begins: Ctrl-C is taken in hand before the imports that take a while."""

import sys

from dinoq.cli import interrupts


def main() -> None:
    """Run the command and exit with its code."""
    interrupts.end_at_once()
    if sys.argv[1:2] == ["worker"]:  # several for each command of a person's: it imports no more than it needs
        from dinoq.cli import worker

        sys.exit(worker.run(sys.argv[2:]))
    from dinoq.cli.commands import run

    code = run()
    interrupts.end_at_once()
    sys.exit(code)
