"""Hints on a real queue server: what they carry, where they go, and what is said of a server that is wrong."""

from __future__ import annotations

import base64
import json
import socket
import uuid
from pathlib import Path

import pytest
import redis

from dinoq.broker.app import make_app, publish
from dinoq.broker.embedded import server_warnings, socket_url
from dinoq.jobs.errors import NoBroker
from dinoq.jobs.ledger import Hint, Kind


def test_a_hint_is_one_message_per_queue_with_the_items_id_and_nothing_else(redis_url: str) -> None:
    chip_hint = Hint(7, Kind.COMPILE, "T4")  # its origin is not fixed: two queues
    client = redis.Redis.from_url(redis_url)
    client.flushall()
    assert publish(make_app(redis_url), [chip_hint]) == []
    for queue in ("chip.T4", "chip.T4@sim"):
        (message,) = client.lrange(f"dinoq:{queue}", 0, -1)
        args, kwargs, _ = json.loads(base64.b64decode(json.loads(message)["body"]))
        assert (args, kwargs) == ([7], {})
    client.close()


def test_what_could_not_be_sent_is_told_and_is_no_error() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))  # bound, not listening: refused
        app = make_app(f"redis://127.0.0.1:{taken.getsockname()[1]}/0")
        assert publish(app, [Hint(9, Kind.PREPROCESS), Hint(7, Kind.PREPROCESS)]) == [7, 9]


def test_a_server_that_evicts_is_warned_of(redis_url: str) -> None:
    client = redis.Redis.from_url(redis_url)
    assert server_warnings(redis_url) == []
    client.config_set("maxmemory-policy", "allkeys-lru")
    try:
        assert server_warnings(redis_url) == [
            "the broker evicts messages (allkeys-lru); set maxmemory-policy noeviction"
        ]
    finally:
        client.config_set("maxmemory-policy", "noeviction")
        client.close()


def test_a_wrong_password_is_a_sentence_without_it(redis_url: str) -> None:
    wrong = uuid.uuid4().hex
    with pytest.raises(NoBroker, match=r"127\.0\.0\.1 is not reached") as caught:
        server_warnings(f"redis://:{wrong}@{redis_url.rpartition('@')[2]}")
    assert wrong not in str(caught.value)


def test_a_socket_where_nobody_listens_is_named(tmp_path: Path) -> None:
    with pytest.raises(NoBroker, match=r"broker at .*/broker\.sock is not reached"):
        server_warnings(socket_url(tmp_path))
