"""`dinoq jobs`: past and present jobs. `dinoq results`: past runs across jobs, and the best of them."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated, cast

import typer

from dinoq.cli import settings
from dinoq.cli.shared_flags import taking

if TYPE_CHECKING:
    from dinoq.cli.listed import Asked
    from dinoq.cli.render.listing import Layout
    from dinoq.jobs.search import Filters, Search

LIMIT = 20
JOBS_MOST_S, RESULTS_MOST_S = 2.0, 20.0
"""How long past jobs are summed up before they are listed; `dinoq jobs` shows one word of each only."""
NO_RUN = "no run has ended yet. Try: dinoq demo"
NO_BEST = "no run is complete, plausible and measured yet."

Chip = Annotated[str | None, typer.Option("--chip", help="chips, e.g. 310P3,T4")]
Batch = Annotated[str | None, typer.Option("--batch", "--batches", help="batch sizes, e.g. 1,16")]
Model = Annotated[str | None, typer.Option("--model", help="part of its name, or the beginning of its sha256")]
RecipeName = Annotated[str | None, typer.Option("--recipe", help="names of recipes")]
State = Annotated[str | None, typer.Option("--state", help="active, done, failed or cancelled")]
VerdictWord = Annotated[str | None, typer.Option("--verdict", help="the worst of a run, e.g. FAIL,IMPLAUSIBLE")]
OriginWord = Annotated[str | None, typer.Option("--origin", help="real or simulated")]
Host = Annotated[str | None, typer.Option("--host", help="hosts whose devices worked it")]
Owner = Annotated[str | None, typer.Option("--owner", help="who submitted: ana@cann-07, or ana")]
TagName = Annotated[str | None, typer.Option("--tag", help="tags of jobs")]
Since = Annotated[str | None, typer.Option("--since", help="submitted since: 2026-11-23, 2026-11-23T14:02, 7d, 2h")]
Until = Annotated[str | None, typer.Option("--until", help="and until then; a date is included")]
Text = Annotated[str | None, typer.Option("--text", help="in names, owners, models, hosts, toolkits, notes")]
Sort = Annotated[str | None, typer.Option("--sort", help="by a column; -COLUMN for the greatest first")]
Limit = Annotated[int | None, typer.Option("--limit", "-n", min=0, help="how many, 20 by default; 0 for all")]
Columns = Annotated[str | None, typer.Option("--columns", help="a,b,c, or all")]
AsJson = Annotated[bool, typer.Option("--json", help="as JSON")]
AsCsv = Annotated[bool, typer.Option("--csv", help="as CSV")]


@dataclass(frozen=True, slots=True, kw_only=True)
class ListFlags:
    """What `jobs` and `results` take alike: what to look for, and how to show it."""

    chip: Chip = None
    batch: Batch = None
    model: Model = None
    recipe: RecipeName = None
    verdict: VerdictWord = None
    origin: OriginWord = None
    host: Host = None
    owner: Owner = None
    tag: TagName = None
    since: Since = None
    until: Until = None
    text: Text = None
    sort: Sort = None
    limit: Limit = None
    columns: Columns = None
    as_json: AsJson = False
    as_csv: AsCsv = False

    def search(self, state: str | None, states: Sequence[str]) -> Search:
        """What to look for. Raises: UsageError, naming what there is."""
        from dinoq.jobs.search import search_for

        names = (
            "chip",
            "batch",
            "model",
            "recipe",
            "verdict",
            "origin",
            "host",
            "owner",
            "tag",
            "since",
            "until",
            "text",
        )
        given = cast("Filters", {name: getattr(self, name) for name in names} | {"state": state})
        return search_for(given, states=states, now=datetime.now(UTC))

    def shown(self, layout: Layout, sortable: Sequence[str], *, most: int | None) -> Asked:
        """How to show it, no more than `most` rows unless a limit is given. Raises: UsageError, naming what there is."""
        from dinoq.cli.listed import asked_for

        limit = most if self.limit is None else self.limit
        how = {"columns": self.columns, "sort": self.sort}
        return asked_for(layout, sortable, **how, limit=limit, json=self.as_json, csv=self.as_csv)


def add_to(app: typer.Typer) -> None:
    """Add the commands."""
    app.command("jobs")(jobs)
    app.command("results")(results)


@taking(ListFlags)
def jobs(flags: ListFlags, state: State = None) -> None:
    """Past and present jobs, newest first."""
    from dinoq.cli.listed import print_list, say_why_nothing
    from dinoq.cli.past import open_past, sum_up
    from dinoq.cli.render.past import JOBS
    from dinoq.db.history import SORTED, has_jobs, list_jobs
    from dinoq.db.tables.jobs import JOB_STATES

    search, asked = flags.search(state, JOB_STATES), flags.shown(JOBS, tuple(SORTED), most=LIMIT)
    with closing(open_past(settings.load())) as db:
        sum_up(db, JOBS_MOST_S)
        rows = list_jobs(db, search, order=asked.order, limit=asked.fetched)
        print_list(JOBS, rows, asked)
        if not rows:
            say_why_nothing(search, "no job yet. Try: dinoq demo", lambda other: has_jobs(db, other))


@taking(ListFlags)
def results(
    flags: ListFlags,
    state: Annotated[str | None, typer.Option("--state", help="done, failed or cancelled")] = None,
    best: Annotated[bool, typer.Option("--best", help="the best figure of each model, chip and batch ever")] = False,
) -> None:
    """Past runs across jobs, newest first: accuracy, throughput, latency and the worst verdict of each."""
    from dinoq.cli.listed import print_list, say_why_nothing
    from dinoq.cli.past import open_past, sum_up
    from dinoq.cli.render.past import RUNS, legend
    from dinoq.db.past_runs import best_runs, has_best, has_runs, list_runs
    from dinoq.jobs.figures import ENDED

    search, asked = flags.search(state, ENDED), flags.shown(RUNS, RUNS.columns, most=None if best else LIMIT)
    listed, fits = (best_runs, has_best) if best else (list_runs, has_runs)
    with closing(open_past(settings.load())) as db:
        sum_up(db, RESULTS_MOST_S)
        rows = listed(db, search, order=asked.order, limit=asked.fetched)
        print_list(RUNS, rows, asked, legend(rows))
        if not rows:
            say_why_nothing(search, NO_BEST if best else NO_RUN, lambda other: fits(db, other))
