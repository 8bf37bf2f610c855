"""docker-compose.yml, checked without an engine: its schema, and what the schema cannot see."""

from __future__ import annotations

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
    assert len(hosts) == len(set(hosts)) == 4


def test_the_broker_keeps_messages_asks_a_password_and_is_not_published() -> None:
    redis = SERVICES["redis"]
    assert "noeviction" in redis["command"]
    assert "--requirepass" in redis["command"]
    assert "ports" not in redis


def test_cards_are_asked_for_by_profile() -> None:
    assert {name: service.get("profiles") for name, service in SERVICES.items() if "profiles" in service} == {
        "worker-ascend": ["ascend"],
        "worker-t4": ["t4"],
    }
