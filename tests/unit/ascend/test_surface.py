"""The Ascend code calls what both builds of aclruntime have, and nothing more."""

from __future__ import annotations

import ast
from pathlib import Path

from dinoq.workers.devices import om_program

# What reference section "calls a backend should use, and nothing more" lists; `name` is of pybind's enum members.
LISTED = {
    *("session_options", "log_level", "loop", "acl_json_path", "InferenceSession", "get_inputs", "get_outputs"),
    *("name", "datatype", "format", "shape", "size", "realsize", "set_staticbatch", "set_dynamic_batchsize"),
    *("BaseTensor", "Tensor", "to_device", "run", "to_host", "dtype", "sumary", "exec_time_list", "reset_sumaryinfo"),
    *("MemorySummary", "H2D_time_list", "D2H_time_list", "reset", "free_resource", "finalize"),
}
NO_USE_FOR = {"dtype", "loop", "acl_json_path", "format", "size", "Tensor", "to_device"}
NAMED_IN_A_CALL = {"H2D_time_list", "D2H_time_list"}  # of `_sum_of`
OWN_ROOTS = {"np", "os", "time", "log", "logging", "importlib", "atexit", "math"}
TREE = ast.parse(Path(om_program.__file__).read_text())


def root(node: ast.expr) -> str:
    """`np` of `np.a.b`; of `self._x.y` the attribute that holds a foreign object, `_x`."""
    while isinstance(node, ast.Attribute | ast.Call | ast.Subscript):
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id == "self":
            return node.attr
        node = node.func if isinstance(node, ast.Call) else node.value
    return node.id if isinstance(node, ast.Name) else ""


def names_on(*roots: str) -> set[str]:
    """Every attribute taken from what these names hold."""
    dotted = {n.attr for n in ast.walk(TREE) if isinstance(n, ast.Attribute) and root(n.value) in roots}
    calls = [n for n in ast.walk(TREE) if isinstance(n, ast.Call) and isinstance(n.func, ast.Name)]
    asked = [n for n in calls if n.func.id in ("hasattr", "getattr") and root(n.args[0]) in roots]  # type: ignore[attr-defined]
    return dotted | {n.args[1].value for n in asked if isinstance(n.args[1], ast.Constant)}  # type: ignore[misc]


VENDOR_ROOTS = (
    *("_acl", "_session", "session", "options", "copies", "results", "inputs", "outputs", "description"),
    *("_open_session", "aclruntime"),
)
LIST_METHODS = {"clear", "pop"}


def test_every_name_taken_from_the_vendor_is_listed() -> None:
    assert names_on(*VENDOR_ROOTS) - LISTED - LIST_METHODS == set()


def test_no_vendor_object_hides_behind_another_name() -> None:
    """Names of the vendor's that appear anywhere in the file were all seen by the test above."""
    ours = {"input", "output", "shape", "dtype", "name", "run", "size"}
    everywhere = {n.attr for n in ast.walk(TREE) if isinstance(n, ast.Attribute) if root(n.value) not in OWN_ROOTS}
    assert (everywhere & LISTED) - ours <= names_on(*VENDOR_ROOTS)


def test_the_test_sees_what_the_code_needs() -> None:
    assert LISTED - NO_USE_FOR - NAMED_IN_A_CALL - names_on(*VENDOR_ROOTS) == set()


def test_no_keyword_reaches_the_vendor() -> None:
    """Its constructors take positions only."""
    calls = [n for n in ast.walk(TREE) if isinstance(n, ast.Call) and root(n.func) in VENDOR_ROOTS]
    assert len(calls) > 10
    assert [call for call in calls if call.keywords] == []
