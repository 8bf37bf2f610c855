"""`--like JOB`: what is taken from another job, what a flag overrides, and what must still be there."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from dinoq.cli.ledger import open_ledger
from dinoq.cli.render.plan import plan_text
from dinoq.cli.settings import OPTIONS, load
from dinoq.cli.submission import Prepared, Wishes, prepare, store_job
from dinoq.db.carry_in import carry_in
from dinoq.db.engine import Database
from dinoq.db.records import job_record
from dinoq.db.remarks import remarks_of
from dinoq.jobs.errors import BadDataset, BadModel, NoSuchJob, UsageError
from dinoq.jobs.spec import JobSpec
from tests.carried import with_figures
from tests.models import write_mean_colour

FLAGS = {"chip": "310P3,cpu", "batches": "1,4", "baseline": "75.3", "warmup": "3", "recipe": "own.toml"}
WISHES = Wishes(loop=5, atc_args=("op_select_implmode=high_precision",), artifacts=("310P3:4=made.om",))
RECIPE = """name = "own"
version = 1
resize = 224
interpolation = "bilinear"
crop = 224
scale = 1.0
mean = [0.0, 0.0, 0.0]
std = [1.0, 1.0, 1.0]
"""


@dataclass
class Home:
    """A user's folder with nine photos, and a job that was stored from it."""

    folder: Path
    db: Database
    first: Prepared

    def like(self, wishes: Wishes | None = None, job: str = "last", **flags: str) -> Prepared:
        """A job like the stored one, but for these wishes and flags."""
        return prepare(load(flags), replace(wishes or Wishes(), like=job))


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Home]:
    for option in OPTIONS:
        monkeypatch.delenv(option.variable, raising=False)
    monkeypatch.delenv("DINOQ_CONFIG", raising=False)
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.chdir(tmp_path)
    write_mean_colour(tmp_path / "colours.onnx", side=224)
    (tmp_path / "photos").mkdir()
    for n in range(9):
        (tmp_path / f"photos/p{n}.jpg").write_bytes(b"nobody looks into it")
    (tmp_path / "labels.txt").write_text("".join(f"p{n}.jpg {n % 3}\n" for n in range(9)))
    (tmp_path / "own.toml").write_text(RECIPE)
    (tmp_path / "made.om").write_bytes(b"an artifact")
    flags = {**FLAGS, "model": "colours.onnx", "data": "photos", "labels": "labels.txt"}
    db, first = open_ledger(load()), prepare(load(flags), WISHES)
    store_job(db, load(), first)
    yield Home(tmp_path, db, first)
    db.close()


def essence(spec: JobSpec) -> JobSpec:
    """Without what each job has of its own."""
    return replace(spec, command="", runs=tuple(replace(run, given=None) for run in spec.runs))


def test_nothing_is_asked_for_otherwise(home: Home) -> None:
    again = home.like()
    assert essence(again.spec) == essence(home.first.spec)
    assert again.manifest == home.first.manifest
    assert again.notes[0] == "like job 1, colours on photos"


def test_it_stands_when_the_files_it_came_from_have_gone(home: Home) -> None:
    for name in ("colours.onnx", "labels.txt", "own.toml", "made.om"):
        (home.folder / name).unlink()
    again = home.like()
    assert essence(again.spec) == essence(home.first.spec)
    job = store_job(home.db, load(), again)
    assert job_record(home.db, job).spec.runs == job_record(home.db, 1).spec.runs
    assert job_record(home.db, job).spec.runs[1].given is not None


def test_a_job_like_one_that_was_like_another_is_the_same_still(home: Home) -> None:
    store_job(home.db, load(), home.like())
    assert essence(home.like(job="2").spec) == essence(home.first.spec)


OVERRIDES: dict[str, tuple[dict[str, str], Callable[[JobSpec], object], object]] = {
    "chip": ({"chip": "cpu"}, lambda spec: [run.chip for run in spec.runs], ["cpu", "cpu"]),
    "batches": ({"batches": "16"}, lambda spec: [run.batch for run in spec.runs], [16, 16]),
    "baseline": ({"baseline": "50"}, lambda spec: spec.baseline_top1, 0.5),
    "warmup": ({"warmup": "7"}, lambda spec: spec.warmup, 7),
    "recipe": ({"recipe": "modelzoo-2022"}, lambda spec: spec.recipe.name, "modelzoo-2022"),
    "mode": ({"mode": "pure"}, lambda spec: {run.mode for run in spec.runs}, {"pure"}),
}


@pytest.mark.parametrize("name", OVERRIDES)
def test_a_flag_overrides(home: Home, name: str) -> None:
    flags, what, wanted = OVERRIDES[name]
    assert what(home.first.spec) != wanted == what(home.like(None, "last", **flags).spec)


def test_wishes_override(home: Home) -> None:
    args = ("op_select_implmode=high_performance",)
    spec = home.like(Wishes(loop=1, precision="fp32", name="mine", atc_args=args), chip="310").spec
    assert (spec.loop, spec.name, spec.runs[0].precision) == (1, "mine", "fp32")
    assert spec.runs[0].flags == {"op_select_implmode": "high_performance"}


def test_it_stands_above_variables_and_the_file(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DINOQ_CHIP", "T4")
    monkeypatch.setenv("DINOQ_BASELINE", "10")
    (home.folder / "dinoq.toml").write_text('batches = "64"\nlabels = "none.txt"\n')
    assert essence(home.like().spec) == essence(home.first.spec)


def test_options_of_a_toolchain_stay_with_its_chips(home: Home) -> None:
    assert [run.flags for run in home.like(chip="cpu").spec.runs] == [{}, {}]
    assert home.like(chip="310").spec.runs[0].flags == home.first.spec.runs[0].flags


def test_an_artifact_made_elsewhere_is_taken_from_the_store_for_its_own_cell(home: Home) -> None:
    assert [(run.chip, run.batch) for run in home.like().to_compile] == [("310P3", 1), ("cpu", 1), ("cpu", 4)]
    assert len(home.like(batches="16").to_compile) == 2
    (gone,) = (home.folder / "home/.dinoq/store/artifacts").glob("given-*")
    gone.unlink()
    with pytest.raises(UsageError, match=r"artifact made\.om of job 1 is not in the store"):
        home.like()


def test_what_belongs_to_a_model_is_not_taken_for_another(home: Home) -> None:
    other = write_mean_colour(home.folder / "other.onnx", side=224, classes=4)
    again = home.like(model=str(other))
    assert (again.spec.model.name, again.spec.baseline_top1) == ("other", None)
    assert len(again.to_compile) == 4


def test_a_model_that_the_store_has_no_more_is_named(home: Home) -> None:
    shutil.rmtree(home.folder / "home/.dinoq/store/models")
    with pytest.raises(BadModel, match=r"the model of job 1 \(colours, sha256 .*\) is not in the store"):
        home.like()


def test_photos_that_differ_from_the_list_are_named(home: Home) -> None:
    (home.folder / "photos/p3.jpg").unlink()
    with pytest.raises(BadDataset, match=r"photos is not what job 1 evaluated: it lacks p3\.jpg\."):
        home.like()
    for name in ("x.jpg", "y.jpg"):
        (home.folder / "photos" / name).touch()
    with pytest.raises(BadDataset, match=r"it lacks p3\.jpg and has x\.jpg, y\.jpg besides"):
        home.like()


def test_photos_may_be_elsewhere_with_labels_of_their_own(home: Home) -> None:
    moved = (home.folder / "photos").rename(home.folder / "moved")
    with pytest.raises(BadDataset, match="photos is not there"):
        home.like()
    again = home.like(data=str(moved), labels="labels.txt")
    assert (again.spec.data.source, again.manifest) == (str(moved), home.first.manifest)


def test_other_labels_are_taken_for_the_same_photos(home: Home) -> None:
    (home.folder / "labels.txt").write_text("".join(f"p{n}.jpg 2\n" for n in range(9)))
    assert set(home.like(labels="labels.txt").manifest.labels) == {2}


def test_a_limit_takes_a_sample_of_the_list_and_is_taken_along(home: Home) -> None:
    flags = {**FLAGS, "model": "colours.onnx", "data": "photos", "labels": "labels.txt"}
    part = prepare(load(flags), Wishes(limit=4))
    assert home.like(Wishes(limit=4)).manifest == part.manifest
    store_job(home.db, load(), part)
    (home.folder / "photos/new.jpg").touch()
    again = home.like()
    assert (again.manifest, again.spec.part_of) == (part.manifest, 9)
    assert home.like(Wishes(limit=2)).spec.part_of == 9
    with pytest.raises(UsageError, match="--limit is 6, and job 2 had 4 of 9 photos"):
        home.like(Wishes(limit=6))


def test_a_job_of_random_data_is_repeated_without_photos(home: Home) -> None:
    store_job(home.db, load(), home.like(mode="pure"))
    shutil.rmtree(home.folder / "photos")
    again = home.like()
    assert ({run.mode for run in again.spec.runs}, again.spec.data.samples, again.notes[1:]) == ({"pure"}, 0, ())


def test_figures_of_another_tool_cannot_be_asked_for_again(home: Home) -> None:
    carry_in(home.db, [with_figures()])
    with pytest.raises(UsageError, match="job 2 holds what another tool told"):
        home.like(job="2")
    with pytest.raises(NoSuchJob):
        home.like(job="7")


def test_name_and_remarks_are_of_each_job_alone(home: Home) -> None:
    job = store_job(home.db, load(), home.like(Wishes(name="mine", tags=("a", "b"), note=" why ")))
    assert [remarks_of(home.db, job).tags, remarks_of(home.db, job).notes[0].text] == [("a", "b"), "why"]
    again = home.like(job=str(job))
    assert (again.spec.name, again.tags, again.note) == ("colours on photos", (), "")


def test_gates_come_along_but_for_those_about_other_runs(home: Home) -> None:
    job = store_job(home.db, load({}), home.like(Wishes(gates=("310P3@4 >= 100 img/s", "cpu@4 >= 5 img/s"))))
    prepared = home.like(job=str(job), chip="cpu")
    assert prepared.spec.gates == ("cpu@4 >= 5 img/s",)
    assert "gate 310P3@4 >= 100 img/s is left out: it is about other runs" in prepared.notes


def test_gates_that_are_asked_for_take_the_place_of_the_job_s(home: Home) -> None:
    job = store_job(home.db, load({}), home.like(Wishes(gates=("cpu@4 >= 5 img/s",))))
    prepared = home.like(Wishes(gates=("cpu@1 >= 5 img/s",)), job=str(job))
    assert prepared.spec.gates == ("cpu@1 >= 5 img/s",)
    assert "  gate   cpu@1 >= 5 img/s" in plan_text(prepared.spec, prepared.to_compile).splitlines()
