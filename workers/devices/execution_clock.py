"""compute_ms of one execution, from what the build of aclruntime tells and from a clock of our own.

Two builds carry the same version: one lists milliseconds, the other pairs (start, end) of milliseconds since the
session began, as float32. Those lose resolution as the session ages: a step is 0.004 ms after a minute, 0.25 ms after
an hour. Which build it is shows in the values only.
"""

from typing import Optional, Sequence, Tuple, Union

import numpy as np

Told = Sequence[Union[float, Tuple[float, float]]]
COARSE = 0.01
"""A step of more than this share of the value is too coarse."""


class ExecutionClock:
    """The vendor's times while they are sharp; from then on our own, less what ours was found to count too much.

    `own` says which is in use. It never goes back within a session, so that a run does not mix the two to and fro.
    """

    def __init__(self) -> None:
        self.own = False
        self._excess_ms = 0.0
        self._sharp = 0

    def compute_ms(self, told: Told, around_ms: float) -> float:
        """`told`: the executions listed since the last reset, the latest counts; `around_ms`: our clock around the
        call, less the copy to the device."""
        value = None if self.own else _sharp(told)
        if value is None:
            self.own = True
            return max(around_ms - self._excess_ms, 0.0)
        self._sharp += 1
        self._excess_ms += (around_ms - value - self._excess_ms) / self._sharp
        return value


def _sharp(told: Told) -> Optional[float]:
    """The latest execution in ms; None where none is listed, or too coarsely."""
    if len(told) == 0:
        return None
    last = told[-1]
    if not isinstance(last, (tuple, list)):
        return float(last)
    start, end = last
    value = float(end) - float(start)
    return value if float(np.spacing(np.float32(end))) <= COARSE * value else None
