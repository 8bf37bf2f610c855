"""What makes an artifact another artifact."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from dinoq.jobs.ledger import Claim, Kind, Target
from dinoq.workers.compiling import artifact_key
from tests.builders import make_manifest, make_spec

TARGET = Target(origin="real", toolkit="CANN 8", arch="x86_64")


def key(**flags: str) -> str:
    """Of a 310P3 at batch 1, made with these flags."""
    spec = make_spec(make_manifest(4), chips=("310P3",))
    spec = replace(spec, runs=(replace(spec.runs[0], flags=flags),))
    held = Claim(
        item_id=1,
        token=1,
        kind=Kind.COMPILE,
        job_id=1,
        job_uuid="u",
        spec=spec,
        run_no=1,
        no=0,
        slice_no=0,
        first=0,
        count=0,
        attempts=0,
    )
    return artifact_key(held, TARGET)


def test_what_stands_in_a_file_that_an_option_names_is_part_of_the_key(tmp_path: Path) -> None:
    config = tmp_path / "aipp.cfg"
    keys = [key(insert_op_conf=str(config))]
    for text in ("min_chn_0: 123", "min_chn_0: 0", "min_chn_0: 123"):
        config.write_text(text)
        keys.append(key(insert_op_conf=str(config)))
    assert len(set(keys)) == 3
    assert keys[1] == keys[3]


def test_an_option_that_names_no_file_is_a_word() -> None:
    assert key(log="info") == key(log="info") != key(log="error")
