"""What `atc` says when it fails, and what helps. Formats of three generations of CANN, codes of its documentation."""

import re
from typing import Dict, NamedTuple, Optional

LINE = re.compile(
    r"^(?:(?P<c1>[EW][A-Z0-9]\d{3,4}):\s*)?"
    r"(?:\[PID:\s*(?P<pid>\d+)\]\s+(?P<ts>\d{4}-\d\d-\d\d-[\d:.]+)\s+)?"
    r"(?:(?P<title>\w+)\((?P<c2>[EW][A-Z0-9]\d{3,4})\):\s*)?(?P<msg>.*)$"
)
INTERNAL = "Inner Error"
"""E19999, EZ9999, EH9999: a frame around the cause, or all there is."""
ADVICE = re.compile(r"^\s*(?:Solution|Possible Cause):\s*(\S.*?)\s*$", re.MULTILINE)
SOLUTION = re.compile(r"^\s*Solution:\s*(\S.*?)\s*$", re.MULTILINE)
OPSET = re.compile(r"\bai\.onnx::(\d+)::")
PARSED_OPSET = 11
"""The recipe's; atc parses it in every generation of CANN."""
MISSING_DRIVER = "libascend_hal.so"

INPUT_SHAPE = "the input's name or shape is not the model's; look at the ONNX with dinoq submit --dry-run"
ONE_DYNAMIC = "dinoq builds a static batch; leave dynamic options out of --atc-arg"
ATC_PYTHON = "atc's Python lacks something; set [ascend] atc_python and run dinoq doctor"
SOC = "this toolkit does not know the chip; install the CANN (and, from 8.5 on, the ops package) made for it"
HINTS = {
    "E10001": "a value is not allowed by this toolkit; check --atc-arg",
    "E10002": INPUT_SHAPE,
    "E10011": INPUT_SHAPE,
    "E10003": "an option has a value that this toolkit refuses; check --atc-arg",
    "E10014": "an option has a value that this toolkit refuses; check --atc-arg",
    "E10004": "an option is empty; check --atc-arg",
    "E10054": "an option is empty; check --atc-arg",
    "E10007": "an option that atc needs is missing; this toolkit may be older than dinoq knows",
    "E10009": ONE_DYNAMIC,
    "E10012": ONE_DYNAMIC,
    "E10018": ONE_DYNAMIC,
    "E10031": ONE_DYNAMIC,
    "E10035": ONE_DYNAMIC,
    "E10036": ONE_DYNAMIC,
    "E10016": "a node that an option names is not in the model; check --atc-arg",
    "E19010": "the toolkit has no parser for this operator",
    "E20001": "an operator could not be compiled",
    "EZ3003": "the chip does not support an operator at this precision",
    "E40000": ATC_PYTHON,
    "E40002": ATC_PYTHON,
    "EC0005": SOC,
    "ED0001": SOC,
    "EE1000": SOC,
}


WAYS = {"E19010": ("opset", "toolkit"), "E20001": ("fp16", "toolkit"), "EZ3003": ("fp16", "opset", "toolkit")}
"""What may help against a code, as `_ways` names it."""


class AtcFailure(NamedTuple):
    """The first error that tells something: its code (empty where it has none), its text, and what may help."""

    code: str
    message: str
    hint: str

    def __str__(self) -> str:
        """One line: `E19010 No parser ...; export with opset 11`."""
        said = " ".join(part for part in (self.code, self.message) if part)
        return "%s; %s" % (said, self.hint) if self.hint else said


def parse_failure(text: str, precision: str = "", opset: int = 0) -> AtcFailure:
    """What went wrong, from all that atc printed. A cause goes before a frame around it; warnings are none. `precision` and
    `opset` are the run's and its ONNX's, where they are known: what is so already is no hint."""
    if MISSING_DRIVER in text:
        why = "the toolkit's devlib folder is not found: is this the whole toolkit, and for this machine?"
        return AtcFailure("", "atc cannot load %s" % MISSING_DRIVER, why)
    errors = [found for found in map(_error, text.replace("\r", "\n").splitlines()) if found]
    if errors:
        first = next((error for error in errors if INTERNAL not in error.message), errors[0])
        hint = _hint(text, first, precision, opset) if first.code in HINTS else _said(ADVICE, text, first)
        return first._replace(hint=hint)
    lines = [line.strip() for line in text.splitlines() if line.strip(" .\t")]
    return AtcFailure("", lines[-1][:300] if lines else "it said nothing", "")


def _error(line: str) -> Optional[AtcFailure]:
    found = LINE.match(line.strip())
    code = found and (found.group("c1") or found.group("c2"))
    if not found or not code or code.startswith("W"):
        return None
    return AtcFailure(code, found.group("msg").strip()[:300], "")


def _hint(text: str, error: AtcFailure, precision: str, opset: int) -> str:
    """Ours, and the vendor's own Solution where it gives one."""
    told = OPSET.search(error.message)
    ways = _ways(precision, int(told.group(1)) if told else opset)
    helping = [ways[name] for name in WAYS.get(error.code, ()) if name in ways]
    ours = "; ".join([HINTS[error.code], *([", or ".join(helping)] if helping else [])])
    solution = _said(SOLUTION, text, error)
    return "%s (Solution: %s)" % (ours, solution) if solution else ours


def _ways(precision: str, opset: int) -> Dict[str, str]:
    ways = {"toolkit": "try another toolkit"}
    if precision != "fp16":
        ways["fp16"] = "try --precision fp16"
    if not 0 < opset <= PARSED_OPSET:
        ways["opset"] = "export with opset %d" % PARSED_OPSET
    return ways


def _said(kind: "re.Pattern[str]", text: str, error: AtcFailure) -> str:
    """The indented line of that kind that follows the error."""
    found = kind.search(text, text.find(error.message) if error.message else 0)
    return found.group(1)[:300] if found else ""
