"""`dinoq dataset check`: what a dataset holds and what is odd about it, before any chip sees it."""

from __future__ import annotations

import json
import os
from typing import Annotated

import typer

from dinoq.cli import console, interrupts, settings
from dinoq.cli.options import Labels, Limit, RecipeName

INCOMPLETE = 6


def add_to(app: typer.Typer) -> None:
    """Add the command."""
    group = typer.Typer(help="Photos and labels.", no_args_is_help=True, rich_markup_mode=None)
    group.command("check")(check)
    app.add_typer(group, name="dataset")


def check(
    data: Annotated[str | None, typer.Argument(help="folder or tar of photos, or a name in dinoq.toml")] = None,
    labels: Labels = None,
    recipe: RecipeName = None,
    limit: Limit = None,
    as_json: Annotated[bool, typer.Option("--json", help="as JSON")] = False,
) -> int:
    """Join photos and labels, read and preprocess every photo, and say what is there; exit 6 if some cannot be evaluated."""
    from dinoq.cli.board import Count
    from dinoq.cli.render.survey import survey_text, survey_values
    from dinoq.cli.submission import dataset_of, read_recipe
    from dinoq.workers.data.classes import judged
    from dinoq.workers.data.survey import survey

    now = settings.load({"data": data, "labels": labels, "recipe": recipe})
    how = read_recipe(now.get("recipe") or "dino")
    _, dataset = dataset_of(now, limit)
    order = judged(dataset)
    with interrupts.told("interrupted; nothing was stored.", ""), Count("photos", len(dataset.manifest)) as count:
        found = survey(dataset.photos, dataset.manifest, how, threads=os.cpu_count() or 1, progress=count)
    if as_json:
        console.result(json.dumps(survey_values(dataset, order, found), indent=2))
    else:
        for text in dataset.notes:
            console.note(text)
        console.result(survey_text(dataset, order, found))
    return INCOMPLETE if found.unreadable else 0
