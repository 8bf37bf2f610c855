"""What `atc` says when it fails, and what helps. Formats of three generations of CANN, codes of its documentation."""

import re
from typing import NamedTuple, Optional

LINE = re.compile(
    r"^(?:(?P<c1>[EW][A-Z0-9]\d{3,4}):\s*)?"
    r"(?:\[PID:\s*(?P<pid>\d+)\]\s+(?P<ts>\d{4}-\d\d-\d\d-[\d:.]+)\s+)?"
    r"(?:(?P<title>\w+)\((?P<c2>[EW][A-Z0-9]\d{3,4})\):\s*)?(?P<msg>.*)$"
)
INTERNAL = "Inner Error"
"""E19999, EZ9999, EH9999: a frame around the cause, or all there is."""
SOLUTION = re.compile(r"^\s*(?:Solution|Possible Cause):\s*(\S.*?)\s*$", re.MULTILINE)
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
    "E19010": "the toolkit has no parser for this operator; export with opset 11",
    "E20001": "an operator could not be compiled; try --precision fp16, or another toolkit",
    "EZ3003": "the chip does not support an operator at this precision; try --precision fp16, or export with opset 11",
    "E40000": ATC_PYTHON,
    "E40002": ATC_PYTHON,
    "EC0005": SOC,
    "ED0001": SOC,
    "EE1000": SOC,
}


class AtcFailure(NamedTuple):
    """The first error that tells something: its code (empty where it has none), its text, and what may help."""

    code: str
    message: str
    hint: str

    def __str__(self) -> str:
        """One line: `E19010 No parser ...; export with opset 11`."""
        said = " ".join(part for part in (self.code, self.message) if part)
        return "%s; %s" % (said, self.hint) if self.hint else said


def parse_failure(text: str) -> AtcFailure:
    """What went wrong, from all that atc printed. A cause goes before a frame around it; warnings are none."""
    if MISSING_DRIVER in text:
        why = "the toolkit's devlib folder is not found: is this the whole toolkit, and for this machine?"
        return AtcFailure("", "atc cannot load %s" % MISSING_DRIVER, why)
    errors = [found for found in map(_error, text.replace("\r", "\n").splitlines()) if found]
    if errors:
        first = next((error for error in errors if INTERNAL not in error.message), errors[0])
        return first._replace(hint=HINTS.get(first.code) or _vendors_hint(text, first))
    lines = [line.strip() for line in text.splitlines() if line.strip(" .\t")]
    return AtcFailure("", lines[-1][:300] if lines else "it said nothing", "")


def _error(line: str) -> Optional[AtcFailure]:
    found = LINE.match(line.strip())
    code = found and (found.group("c1") or found.group("c2"))
    if not found or not code or code.startswith("W"):
        return None
    return AtcFailure(code, found.group("msg").strip()[:300], "")


def _vendors_hint(text: str, error: AtcFailure) -> str:
    """The indented Solution or Possible Cause that follows the error."""
    found = SOLUTION.search(text, text.find(error.message) if error.message else 0)
    return found.group(1)[:300] if found else ""
