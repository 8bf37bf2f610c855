"""The seam: what every vendor file offers. Runs in the vendor's interpreter too: Python 3.8, standard library, numpy.

A vendor file is a module with

    discover(options)                                     -> list of Found    cheap, no runtime loaded
    compile(onnx, batch, precision, flags, into, options) -> Built            parent side, or in the device process
    load(artifact, batch, precision, options)             -> Program          in the device process
    RUNTIME                                               the vendor's modules that it loads, by name
    sample(options)                                       -> Telemetry        None where unknown
    sample_all(list of options)                           -> list of them     only where one call tells of a whole host
    toolkit(options)                                      -> text, or None    what compiles on this host; only where
                                                                              compiling needs no device

A vendor whose software may be missing has a second file, VENDOR_pieces.py, with

    pieces(options)                                       -> list of Piece    what `dinoq doctor` finds of it

A new device is one such file, one line in `workers/devices/catalog.py`, and its chips in `jobs/chips.py`.
"""

from typing import Dict, List, Literal, NamedTuple, Optional, Tuple

import numpy as np

Options = Dict[str, str]
"""What the device needs to be opened: its index or UUID, its cores, as text."""


Status = Literal["found", "missing", "broken", "warning"]
"""How a doctor finds a thing. `missing` is for information, as this host may not need it; `broken` is a fault."""


class DeviceFault(Exception):
    """The vendor's refusal or failure. `kind` is `permanent` (this artifact never runs here) or `device`."""

    def __init__(self, kind: str, text: str) -> None:
        super().__init__(text)
        self.kind = kind


class Found(NamedTuple):
    """One chip that discovery saw; `logic_id` is the vendor's number of it, `key` is stable (serial, UUID, PCI address). Empty text where unknown."""

    chip: str
    logic_id: int
    key: str
    card: str = "-"
    healthy: bool = True
    busy: str = ""
    driver: str = ""
    toolkit: str = ""
    arch: str = ""
    cores: int = 0
    name: str = ""
    options: Optional[Options] = None


class Piece(NamedTuple):
    """A part of the vendor's software as a doctor finds it."""

    name: str
    status: Status
    text: str
    cure: str = ""


class Built(NamedTuple):
    """What compiling made: the file, and what the vendor said."""

    path: str
    output: str


class Tensor(NamedTuple):
    """A tensor as the loaded program reports it; the first dimension is the batch it really executes."""

    name: str
    shape: Tuple[int, ...]
    dtype: str


class Outcome(NamedTuple):
    """One executed batch: float32 logits [batch, classes] and times in ms, None where the vendor does not tell."""

    logits: np.ndarray
    compute_ms: float
    h2d_ms: Optional[float]
    d2h_ms: Optional[float]


class Telemetry(NamedTuple):
    """One reading of the device; None where unknown.

    `throttle` names the thermal and hardware reasons that slow it down now, empty text where there is none;
    `power_cap` is a card held at its power limit, which for some cards is the usual state.
    """

    power_w: Optional[float] = None
    temperature_c: Optional[float] = None
    clock_mhz: Optional[float] = None
    utilisation_pct: Optional[float] = None
    processes: Optional[List[str]] = None
    throttle: Optional[str] = None
    power_cap: Optional[bool] = None


class Program:
    """A model loaded on the device, of one static batch. `facts` is what else there is to record of it."""

    input: Tensor
    output: Tensor
    facts: Optional[Options] = None

    def run(self, batch: np.ndarray) -> Outcome:
        """Execute one whole batch [batch, 3, H, W] of the input's dtype; returns when the results are on the host.

        Raises: DeviceFault.
        """
        raise NotImplementedError

    def close(self) -> None:
        """Give back what the program holds on the device."""
