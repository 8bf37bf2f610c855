"""What `dinoq compare` refuses before it looks at any job."""

from __future__ import annotations

from typing import Any

import pytest

from dinoq.cli.compare import compare
from dinoq.jobs.errors import UsageError


@pytest.mark.parametrize(
    ("which", "flags", "words"),
    [
        (["1"], {}, "takes two jobs or runs, and was given 1"),
        (["1", "2", "3"], {}, "takes two jobs or runs, and was given 3"),
        (["1", "2"], {"device": "cpu"}, "has no use for --device"),
        (["1", "2"], {"times": 3}, "has no use for --times"),
        (["1", "2"], {"margin": -1.0}, "--margin is -1; expected a number from 0 to 100"),
        (["1", "2"], {"noise": float("nan")}, "--noise is nan; expected a number from 0 to 100"),
        (["1", "2"], {"fail_on": "anything"}, "--fail-on 'anything' is not known; there is regression"),
        (["1", "2"], {"format": "html"}, "format 'html' is none of text, md, json"),
        (["1", "2"], {"selftest": True}, "--selftest takes one job, and was given 2"),
        (["1"], {"selftest": True, "flips": 3}, "has no use for --flips"),
        (["1"], {"selftest": True, "fail_on": "regression"}, "has no use for --fail-on"),
    ],
)
def test_what_cannot_be_meant_is_refused(which: list[str], flags: dict[str, Any], words: str) -> None:
    # Called as a function, typer's defaults are not filled in: what is not under test is as on a bare command line.
    plain: dict[str, Any] = {"margin": 1.0, "noise": 2.0, "format": "text", "as_json": False}
    with pytest.raises(UsageError, match=words.replace("'", ".")):
        compare(which, **{**plain, **flags})
