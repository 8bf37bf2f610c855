"""What tests of every floor share: real servers, and the real photos where there are any."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import NoReturn

import pytest

from tests import servers

SHARED_DATA = Path(__file__).resolve().parent.parent.parent / "shared" / "data"


def absent(what: str) -> NoReturn:
    """Skip on a laptop; fail where a skip would hide something."""
    if os.environ.get("CI") or os.environ.get("DINOQ_REQUIRE_SERVERS"):
        pytest.fail(f"no {what} to test with", pytrace=False)
    pytest.skip(f"no {what} to test with")


@pytest.fixture(scope="session")
def postgres_url() -> Iterator[str]:
    """A PostgreSQL whose user may create databases: the one named, or one of our own."""
    if url := os.environ.get("DINOQ_TEST_POSTGRES_URL"):
        yield url
    elif bindir := servers.postgres_bin():
        with servers.postgres(bindir) as url:
            yield url
    else:
        absent("PostgreSQL")


@pytest.fixture(scope="session")
def redis_url() -> Iterator[str]:
    """A Redis over TCP with a password: the one named, or a Valkey of our own."""
    if url := os.environ.get("DINOQ_TEST_REDIS_URL"):
        yield url
    elif binary := servers.valkey_binary():
        with servers.valkey(binary) as url:
            yield url
    else:
        absent("Redis or Valkey")


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """Real photos and a real model, beside the checkout; too large to be committed."""
    if not SHARED_DATA.is_dir():
        pytest.skip(f"no real photos: {SHARED_DATA} is absent")
    return SHARED_DATA
