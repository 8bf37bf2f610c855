"""Where a setting comes from, and what is said of one that cannot be meant."""

import json
import tempfile
from pathlib import Path

import pytest

from dinoq.cli import admin
from dinoq.cli.hosting import worker_env
from dinoq.cli.settings import OPTIONS, load
from dinoq.cli.submission import labels_of
from dinoq.jobs.errors import UsageError


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A working folder of this test's own, an empty home, and nothing set."""
    for option in OPTIONS:
        monkeypatch.delenv(option.variable, raising=False)
    monkeypatch.delenv("DINOQ_CONFIG", raising=False)
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.setenv("USER", "ada")
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    return tmp_path / "here"


def wrote(folder: Path, text: str) -> Path:
    """A dinoq.toml with this text."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "dinoq.toml").write_text(text)
    return folder / "dinoq.toml"


def refused() -> str:
    """What loading the settings complains of."""
    with pytest.raises(UsageError) as caught:
        load()
    return str(caught.value)


def test_a_flag_beats_the_variable_which_beats_the_file_which_beats_the_default(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen = [load().values["recipe"]]
    file = wrote(folder, 'recipe = "modelzoo-2022"')
    seen.append(load().values["recipe"])
    monkeypatch.setenv("DINOQ_RECIPE", "modelzoo-2023")
    seen.append(load().values["recipe"])
    seen.append(load({"recipe": "efficientnet-lite"}).values["recipe"])
    assert [(value.text, value.source) for value in seen] == [
        ("dino", "default"),
        ("modelzoo-2022", str(file)),
        ("modelzoo-2023", "DINOQ_RECIPE"),
        ("efficientnet-lite", "flag"),
    ]


def test_what_workers_in_another_folder_are_to_find_is_named_from_the_root(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, text in (("SET_ENV", "set_env.sh"), ("PYTHON", "venv/bin/python"), ("ATC_PYTHON", "python3.10")):
        monkeypatch.setenv(f"DINOQ_ASCEND_{name}", text)
    now = load()
    assert now.get("ascend_set_env") == worker_env(now)["DINOQ_ASCEND_SET_ENV"] == str(folder / "set_env.sh")
    assert now.get("ascend_python") == str(folder / "venv/bin/python")
    assert now.get("ascend_atc_python") == "python3.10"


def test_an_empty_variable_sets_nothing(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    wrote(folder, 'chip = "T4"')
    monkeypatch.setenv("DINOQ_CHIP", "")
    assert load().get("chip") == "T4"


def test_this_folders_file_comes_before_the_homes(folder: Path, tmp_path: Path) -> None:
    wrote(tmp_path / "home/.dinoq", 'chip = "310"')
    assert load().get("chip") == "310"
    wrote(folder, 'chip = "T4"')
    assert load().get("chip") == "T4"


def test_a_named_file_comes_before_both_and_must_be_there(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    wrote(folder, 'chip = "T4"')
    monkeypatch.setenv("DINOQ_CONFIG", str(wrote(tmp_path / "other", 'chip = "310P3"')))
    assert load().get("chip") == "310P3"
    monkeypatch.setenv("DINOQ_CONFIG", "nowhere.toml")
    assert "nowhere.toml, which is no file" in refused()


def test_state_store_and_history_live_in_the_home_by_default(tmp_path: Path) -> None:
    now = load()
    home = tmp_path / "home/.dinoq"
    assert (now.home, now.state, now.store) == (home, home / "state", home / "store")
    assert now.database_url == f"sqlite:///{home}/state/dinoq.sqlite"


def test_state_and_store_follow_the_home_that_is_set(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DINOQ_HOME", str(tmp_path / "elsewhere"))
    assert load().store == tmp_path / "elsewhere/store"


def test_the_owner_is_the_user_at_the_host(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DINOQ_HOST", "cann-07")
    assert load().owner == "ada@cann-07"


def test_paths_of_a_file_are_relative_to_it_wherever_dinoq_starts(tmp_path: Path) -> None:
    home = tmp_path / "home/.dinoq"
    wrote(home, 'store = "shared"\nmodel = "m.onnx"\nlabels = "~/l.txt"\nrecipe = "mine.toml"')
    now = load()
    assert [now.get(name) for name in ("store", "model", "labels", "recipe")] == [
        *(str(home / "shared"), str(home / "m.onnx")),
        *(str(tmp_path / "home/l.txt"), str(home / "mine.toml")),
    ]


def test_a_name_stays_a_name_even_beside_a_folder_of_that_name(folder: Path) -> None:
    for name in ("imagenet", "dino"):
        (folder / name).mkdir()
    wrote(folder, 'data = "imagenet"\nrecipe = "dino"\n[datasets.imagenet]\npath = "photos"')
    now = load()
    assert (now.get("data"), now.get("recipe")) == ("imagenet", "dino")
    assert now.datasets["imagenet"]["path"] == str(folder / "photos")


def test_lists_and_truths_of_toml_mean_what_they_would_in_a_variable(folder: Path) -> None:
    wrote(folder, 'batches = [1, 16]\nchip = ["310P3", "T4"]\ninsecure_broker = true\nbaseline = 75.3')
    now = load()
    assert (now.get("batches"), now.get("chip"), now.get("baseline")) == ("1,16", "310P3,T4", "75.3")
    assert now.insecure_broker


@pytest.mark.parametrize(("text", "allowed"), [("1", True), ("YES", True), ("0", False), ("", False)])
def test_an_insecure_broker_must_be_allowed_in_words(text: str, allowed: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DINOQ_INSECURE_BROKER", text)
    assert load().insecure_broker is allowed


def test_an_unknown_key_is_told_with_the_nearest_one(folder: Path) -> None:
    file = wrote(folder, "batchs = [1]")
    assert refused() == f"{file} has the unknown key 'batchs' (did you mean 'batches'?)."


def test_a_key_like_no_other_is_told_alone(folder: Path) -> None:
    wrote(folder, "zzz = 1")
    assert refused().endswith("has the unknown key 'zzz'.")


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("chip = ", "is no TOML"),
        ("[chip]\nname = 1", "has a table [chip]; expected chip = a value"),
        ('datasets = "imagenet"', "expected tables [datasets.NAME]"),
        ('[datasets.imagenet]\nlabels = "l.txt"', "expected a table with path and labels"),
        ('[models.dino]\npath = "m.onnx"\nlabels = "l.txt"', "expected a table with path"),
    ],
)
def test_a_file_that_cannot_be_meant_is_told_what_was_expected(folder: Path, text: str, told: str) -> None:
    wrote(folder, text)
    assert told in refused()


def test_a_number_that_is_none_is_told_with_its_source(monkeypatch: pytest.MonkeyPatch) -> None:
    for text in ("soon", "-1", "nan"):
        monkeypatch.setenv("DINOQ_RUNNING_DEADLINE_S", text)
        with pytest.raises(UsageError, match="from DINOQ_RUNNING_DEADLINE_S"):
            load().number("running_deadline_s", 60)


def test_a_setting_that_is_needed_says_how_to_give_it() -> None:
    with pytest.raises(UsageError) as caught:
        load().need("chip", "--chip")
    assert caught.value.hint == "--chip, DINOQ_CHIP, or chip = ... in dinoq.toml"


def test_config_tells_each_setting_and_its_source_and_no_password(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DINOQ_BROKER_URL", "rediss://:geheim@far:6379/0")
    monkeypatch.setenv("DINOQ_DATABASE_URL", "postgresql://ada:geheim@far/dinoq?password=geheim")
    admin.config(as_json=True)
    out = capsys.readouterr().out
    admin.config()
    plain = capsys.readouterr().out
    told = json.loads(out)
    assert list(told) == [option.name for option in OPTIONS]
    assert told["broker_url"] == {"value": "rediss://:***@far:6379/0", "source": "DINOQ_BROKER_URL"}
    assert "geheim" not in out + plain


def test_workers_read_the_very_file_that_their_supervisor_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    wrote(tmp_path / "here/sub", "running_deadline_s = 7")
    monkeypatch.setenv("DINOQ_CONFIG", "sub/dinoq.toml")
    for name, value in worker_env(load()).items():
        monkeypatch.setenv(name, value)
    monkeypatch.chdir(tmp_path)
    assert load().number("running_deadline_s", 60) == 7


def test_a_named_dataset_has_its_own_labels_unless_others_are_asked_for(folder: Path) -> None:
    wrote(folder, 'data = "photos"\nlabels = "all.txt"\n[datasets.few]\npath = "few"\nlabels = "few.txt"')
    few = load().datasets["few"]
    assert [labels_of(load(), entry) for entry in (few, {})] == [str(folder / "few.txt"), str(folder / "all.txt")]
    assert labels_of(load({"labels": "mine.txt"}), few) == "mine.txt"


@pytest.mark.parametrize(
    ("runtime", "temporary", "place"), [("run", "tmp", "run"), ("", "tmp", "tmp"), ("", "x" * 60, "/tmp")]
)
def test_sockets_live_where_their_paths_fit(
    monkeypatch: pytest.MonkeyPatch, runtime: str, temporary: str, place: str
) -> None:
    with tempfile.TemporaryDirectory(dir="/tmp", prefix="dq") as short:
        for name in ("run", temporary):
            (Path(short) / name).mkdir()
        monkeypatch.setattr(tempfile, "gettempdir", lambda: str(Path(short) / temporary))
        monkeypatch.setenv("XDG_RUNTIME_DIR", str(Path(short) / runtime) if runtime else "")
        assert load().runtime_folder == Path(short) / place  # an absolute place stands for itself
