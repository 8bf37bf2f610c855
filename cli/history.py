"""`dinoq jobs`: past and present jobs. `dinoq results`: past runs across jobs, and the best of them."""

from __future__ import annotations

from contextlib import closing
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated

import typer

from dinoq.cli import settings

if TYPE_CHECKING:
    from dinoq.jobs.search import Filters

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


def add_to(app: typer.Typer) -> None:
    """Add the commands."""
    app.command("jobs")(jobs)
    app.command("results")(results)


def jobs(
    chip: Chip = None,
    batch: Batch = None,
    model: Model = None,
    recipe: RecipeName = None,
    state: State = None,
    verdict: VerdictWord = None,
    origin: OriginWord = None,
    host: Host = None,
    owner: Owner = None,
    tag: TagName = None,
    since: Since = None,
    until: Until = None,
    text: Text = None,
    sort: Sort = None,
    limit: Limit = None,
    columns: Columns = None,
    as_json: AsJson = False,
    as_csv: AsCsv = False,
) -> None:
    """Past and present jobs, newest first."""
    from dinoq.cli.listed import asked_for, print_list, say_why_nothing
    from dinoq.cli.past import open_past, sum_up
    from dinoq.cli.render.past import JOBS
    from dinoq.db.history import SORTED, has_jobs, list_jobs
    from dinoq.db.tables.jobs import JOB_STATES
    from dinoq.jobs.search import search_for

    given: Filters = {"chip": chip, "batch": batch, "model": model, "recipe": recipe, "state": state, "text": text}
    given |= {"verdict": verdict, "origin": origin, "host": host, "owner": owner, "tag": tag}
    search = search_for(given | {"since": since, "until": until}, states=JOB_STATES, now=datetime.now(UTC))
    wanted = LIMIT if limit is None else limit
    asked = asked_for(JOBS, tuple(SORTED), columns=columns, sort=sort, limit=wanted, json=as_json, csv=as_csv)
    with closing(open_past(settings.load())) as db:
        sum_up(db, JOBS_MOST_S)
        rows = list_jobs(db, search, order=asked.order, limit=asked.fetched)
        print_list(JOBS, rows, asked)
        if not rows:
            say_why_nothing(search, "no job yet. Try: dinoq demo", lambda other: has_jobs(db, other))


def results(
    best: Annotated[bool, typer.Option("--best", help="the best figure of each model, chip and batch ever")] = False,
    chip: Chip = None,
    batch: Batch = None,
    model: Model = None,
    recipe: RecipeName = None,
    state: Annotated[str | None, typer.Option("--state", help="done, failed or cancelled")] = None,
    verdict: VerdictWord = None,
    origin: OriginWord = None,
    host: Host = None,
    owner: Owner = None,
    tag: TagName = None,
    since: Since = None,
    until: Until = None,
    text: Text = None,
    sort: Sort = None,
    limit: Limit = None,
    columns: Columns = None,
    as_json: AsJson = False,
    as_csv: AsCsv = False,
) -> None:
    """Past runs across jobs, newest first: accuracy, throughput, latency and the worst verdict of each."""
    from dinoq.cli.listed import asked_for, print_list, say_why_nothing
    from dinoq.cli.past import open_past, sum_up
    from dinoq.cli.render.past import RUNS, legend
    from dinoq.db.past_runs import best_runs, has_best, has_runs, list_runs
    from dinoq.jobs.figures import ENDED
    from dinoq.jobs.search import search_for

    given: Filters = {"chip": chip, "batch": batch, "model": model, "recipe": recipe, "state": state, "text": text}
    given |= {"verdict": verdict, "origin": origin, "host": host, "owner": owner, "tag": tag}
    search = search_for(given | {"since": since, "until": until}, states=ENDED, now=datetime.now(UTC))
    wanted = LIMIT if limit is None and not best else limit
    asked = asked_for(RUNS, RUNS.columns, columns=columns, sort=sort, limit=wanted, json=as_json, csv=as_csv)
    listed, fits = (best_runs, has_best) if best else (list_runs, has_runs)
    with closing(open_past(settings.load())) as db:
        sum_up(db, RESULTS_MOST_S)
        rows = listed(db, search, order=asked.order, limit=asked.fetched)
        print_list(RUNS, rows, asked, legend(rows))
        if not rows:
            say_why_nothing(search, NO_BEST if best else NO_RUN, lambda other: fits(db, other))
