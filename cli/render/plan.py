"""What a job would do, before it is stored."""

from __future__ import annotations

from collections.abc import Collection

from dinoq.jobs.spec import JobSpec, RunSpec


def plan_text(spec: JobSpec, to_compile: Collection[RunSpec]) -> str:
    """The job in a line, then each run and each gate; an artifact that is not to be compiled is as it was given."""
    runs = "\n".join(
        f"  {run.chip:6} bs{run.batch:<5} {run.precision if run in to_compile else 'as given'}  {run.mode}"
        for run in spec.runs
    )
    gates = "".join(f"\n  gate   {gate}" for gate in spec.gates)
    fed = f"{spec.data.samples} photos" if spec.data.samples else "random data"
    return f"{spec.name}: {fed}, recipe {spec.recipe.name}, {len(spec.runs)} run{'s' * (len(spec.runs) > 1)}\n{runs}{gates}"
