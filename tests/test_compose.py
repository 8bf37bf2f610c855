"""docker-compose.yml, checked without an engine: its schema, and what the schema cannot see."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

FILE = Path(__file__).parents[1] / "docker-compose.yml"
COMPOSE: dict[str, Any] = yaml.safe_load(FILE.read_text())
SERVICES: dict[str, Any] = COMPOSE["services"]
OURS = sorted(name for name, service in SERVICES.items() if service["image"].startswith("dinoq"))


def test_it_fits_the_compose_schema() -> None:
    check = [
        str(Path(sys.executable).with_name("check-jsonschema")),
        "--builtin-schema",
        "vendor.compose-spec",
        str(FILE),
    ]
    done = subprocess.run(check, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout


@pytest.mark.parametrize("name", SERVICES)
def test_every_name_points_somewhere(name: str) -> None:
    service = SERVICES[name]
    assert set(service.get("depends_on", {})) <= set(SERVICES)
    assert set(service["networks"]) <= set(COMPOSE["networks"])
    sources = {volume.split(":")[0] for volume in service.get("volumes", [])}
    assert {source for source in sources if not source.startswith(("/", ".", "$"))} <= set(COMPOSE["volumes"])


@pytest.mark.parametrize("name", OURS)
def test_every_worker_reaches_broker_ledger_and_store(name: str) -> None:
    environment = SERVICES[name]["environment"]
    assert {"DINOQ_BROKER_URL", "DINOQ_DATABASE_URL", "DINOQ_STORE", "DINOQ_STATE"} <= set(environment)
    assert any(volume.startswith("store:") for volume in SERVICES[name]["volumes"])


def test_hosts_have_names_of_their_own() -> None:
    hosts = [SERVICES[name]["environment"]["DINOQ_HOST"] for name in OURS if name != "migrate"]
    assert len(hosts) == len(set(hosts)) == 5


def test_the_broker_keeps_messages_asks_a_password_and_is_not_published() -> None:
    redis = SERVICES["redis"]
    assert "noeviction" in redis["command"]
    assert "--requirepass" in redis["command"]
    assert "ports" not in redis


def test_what_needs_a_vendor_is_asked_for_by_profile() -> None:
    assert {name: service.get("profiles") for name, service in SERVICES.items() if "profiles" in service} == {
        "worker-ascend": ["ascend"],
        "worker-atc": ["atc"],
        "worker-t4": ["t4"],
    }


def test_the_ascend_worker_has_the_devices_and_the_drivers_files() -> None:
    ascend = SERVICES["worker-ascend"]
    shared = {"/dev/davinci_manager", "/dev/devmm_svm", "/dev/hisi_hdc"}
    assert set(ascend["devices"]) == {"/dev/davinci${ASCEND_DEVICE:-0}", *shared}
    mounted = {volume.split(":")[0] for volume in ascend["volumes"] if volume.endswith(":ro")}
    assert {"/usr/local/Ascend/driver", "/usr/local/dcmi", "/usr/local/bin/npu-smi"} <= mounted


def test_the_compiling_worker_has_neither_devices_nor_driver() -> None:
    atc = SERVICES["worker-atc"]
    assert "devices" not in atc
    assert atc["volumes"] == SERVICES["worker-cpu"]["volumes"]
    assert atc["image"] == SERVICES["worker-ascend"]["image"]
    assert atc["command"][-4:] == ["--device", "none", "--prep", "0"]


@pytest.mark.parametrize(("name", "chip"), [("worker-ascend", "${ASCEND_CHIP:-310P3}"), ("worker-t4", "T4")])
def test_a_worker_of_cards_offers_no_cores_of_its_host(name: str, chip: str) -> None:
    command = SERVICES[name]["command"]
    assert command[command.index("--device") + 1] == chip


def test_the_t4_worker_reserves_an_nvidia_card() -> None:
    [card] = SERVICES["worker-t4"]["deploy"]["resources"]["reservations"]["devices"]
    assert (card["driver"], card["capabilities"]) == ("nvidia", ["gpu"])


@pytest.mark.parametrize("name", OURS)
def test_every_image_is_a_target_of_the_dockerfile_and_every_argument_is_one_of_its(name: str) -> None:
    build, dockerfile = SERVICES[name]["build"], (FILE.parent / "Dockerfile").read_text()
    assert f" AS {build['target']}\n" in dockerfile
    assert all(f"ARG {argument}=" in dockerfile for argument in build.get("args", {}))


def test_without_a_target_the_plain_image_is_built() -> None:
    assert re.findall(r"^FROM \S+ AS (\w+)", (FILE.parent / "Dockerfile").read_text(), re.MULTILINE) == [
        "ascend",
        "cuda",
        "runtime",
    ]
