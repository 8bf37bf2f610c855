"""`dinoq audit`: performance tables that others published, held against themselves and against what a chip can do."""

from __future__ import annotations

import codecs
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from dinoq.cli import console, settings
from dinoq.jobs.errors import BadTable, UsageError

if TYPE_CHECKING:
    from dinoq.jobs.facts import Facts
    from dinoq.jobs.formats.grid import Table
    from dinoq.jobs.formats.performance import PerformanceTable

CSV_SUFFIXES = (".csv", ".tsv")


@dataclass(frozen=True)
class Cost:
    """GFLOP of one image, None when unknown; who says so; `is_guess` where only the file's title names the model."""

    gflop: float | None = None
    said_by: str = ""
    is_guess: bool = False


def add_to(app: typer.Typer) -> None:
    """Add the command."""
    app.command("audit")(audit)


def audit(
    file: Annotated[Path, typer.Argument(help="Markdown (pipe and HTML tables) or CSV")],
    model: Annotated[
        str | None, typer.Option("--model", help="what was measured: a known name or an ONNX file")
    ] = None,
    gflop: Annotated[float | None, typer.Option("--gflop", min=0.001, help="GFLOP of one image of it")] = None,
    facts: Annotated[str | None, typer.Option("--facts", help="TOML with more chips and models")] = None,
    precision: Annotated[str | None, typer.Option("--precision", help="whose peak holds: fp16 or int8")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="as JSON")] = False,
) -> int:
    """Find what cannot be true in published performance tables; ends 7 where there is a finding."""
    from dinoq.cli.render import findings as render
    from dinoq.jobs.audit import audit as audit_table
    from dinoq.jobs.formats.performance_reader import performance_tables
    from dinoq.jobs.verdicts import CODES, Status

    now = settings.load({"facts": facts})
    known, text = _facts(now.get("facts")), _text(file)
    peaks = _precision(precision, text)
    reading = performance_tables(_tables(file, text), known)
    if not reading.tables:
        raise BadTable(f"{file} holds no table of performance.", hint="a table such as: | bs | 310 | 310P | 310P/310 |")
    cost = _cost(now, known, text, model, gflop)
    found = [one for table in reading.tables for one in audit_table(table, _gflop(table, cost, known), peaks)]
    _remark(cost, peaks)
    for line in render.not_judged(reading):
        console.note(line)
    if as_json:
        console.result(render.as_json(str(file), reading, found, gflop=cost.gflop, precision=peaks))
    elif found:
        console.result("\n".join(render.line(str(file), one) for one in found))
        console.say(render.summary(reading, found))
    else:
        console.result(render.summary(reading, found))
    return CODES["plausibility", Status.IMPLAUSIBLE] if found else 0


def _precision(given: str | None, text: str) -> str:
    """Whose peak figures are held against: int8's, the higher, wherever the file speaks of int8."""
    from dinoq.jobs.formats.headers import INT8

    if given not in (None, "fp16", "int8"):
        raise UsageError(f"precision {given!r} is not known; there are fp16 and int8.", hint="--precision int8")
    return given or ("int8" if INT8.search(text.lower()) else "fp16")


def _text(file: Path) -> str:
    """The file's text: UTF-8, UTF-16 where a mark says so (Excel), else GB 18030 (older Chinese READMEs)."""
    try:
        data = file.read_bytes()
    except OSError as error:
        raise BadTable(f"{file} cannot be read: {error.strerror}.", hint="dinoq audit README.md") from None
    is_utf16 = data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))
    for encoding in ("utf-16",) if is_utf16 else ("utf-8-sig", "gb18030"):
        try:
            text = data.decode(encoding)
        except UnicodeDecodeError:
            continue
        if "\0" not in text:
            return text
    raise BadTable(f"{file} is no text: neither UTF-8 nor GB 18030.", hint="save it as UTF-8")


def _tables(file: Path, text: str) -> list[Table]:
    from dinoq.jobs.formats.tables import csv_tables, markdown_tables

    return csv_tables(text) if file.suffix.lower() in CSV_SUFFIXES else markdown_tables(text)


def _facts(path: str | None) -> Facts:
    """What is known of chips and models, with the user's file before it."""
    from dinoq.jobs.facts import BUILT_IN, EXAMPLE, extended

    if path is None:
        return BUILT_IN
    try:
        table = tomllib.loads(Path(path).read_text(encoding="utf-8-sig"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise UsageError(f"{path} is no TOML: {error}.", hint=EXAMPLE) from None
    except OSError as error:
        raise UsageError(f"facts file {path} cannot be read: {error.strerror}.", hint="--facts FILE.toml") from None
    return extended(BUILT_IN, table, path)


def _cost(now: settings.Settings, known: Facts, text: str, model: str | None, gflop: float | None) -> Cost:
    """What an image costs: as given, or the model's that is named, or the one that the file's title names."""
    if gflop is not None:
        return Cost(gflop, "--gflop")
    if model is None:
        named = known.model_in(_title(text))
        return Cost(named.gflop, f"{named.name}, which the title names", is_guess=True) if named else Cost()
    path = Path(now.models.get(model, {}).get("path", model))
    if path.is_file():
        from dinoq.workers.models.onnx_facts import read_model

        return Cost(read_model(path).gflop, str(path))
    named = next((one for one in known.models if one.name == model.lower()), None)
    if named is None:
        names = ", ".join(sorted({one.name for one in known.models}))
        raise UsageError(f"model {model!r} is no file and not known; there are {names}.", hint="--gflop 8.22")
    return Cost(named.gflop, named.name)


def _title(text: str) -> str:
    return next((line for line in text.splitlines() if line.startswith("#") or line.lower().startswith("<h1")), "")


def _gflop(table: PerformanceTable, cost: Cost, known: Facts) -> float | None:
    """The cost that holds for a table: of the model that its rows name, where nobody said otherwise."""
    named = known.model_in(table.group)
    return named.gflop if named and (cost.is_guess or cost.gflop is None) else cost.gflop


def _remark(cost: Cost, precision: str) -> None:
    if cost.gflop is None:
        console.note("the model is not known, so no peak is. Try: --model resnet50, or --gflop 8.22")
    else:
        console.note(f"held against {precision} peaks at {cost.gflop:g} GFLOP an image ({cost.said_by})")
