"""Who is told of an item, and what a message may carry."""

import pytest

from dinoq.broker.app import check_url, item_id_of, masked
from dinoq.broker.queues import queues_of
from dinoq.jobs.errors import NoBroker
from dinoq.jobs.ledger import Hint, Kind


@pytest.mark.parametrize(
    ("hint", "queues"),
    [
        (Hint(1, Kind.PREPROCESS), ("prep",)),
        (Hint(1, Kind.INFER, "310P3", "real"), ("chip.310P3",)),
        (Hint(1, Kind.INFER, "310P3", "simulated"), ("chip.310P3@sim",)),
        (Hint(1, Kind.COMPILE, "310P3", None), ("compile.ascend", "compile.ascend@sim")),
        (Hint(1, Kind.COMPILE, "310P3", "simulated"), ("compile.ascend@sim",)),
        (Hint(1, Kind.COMPILE, "T4", None), ("chip.T4", "chip.T4@sim")),
        (Hint(1, Kind.COMPILE, "T4", "real"), ("chip.T4",)),
        (Hint(1, Kind.COMPILE, "cpu", None), ("chip.cpu",)),
    ],
)
def test_a_hint_goes_to_those_who_can_act_on_it(hint: Hint, queues: tuple[str, ...]) -> None:
    assert queues_of(hint) == queues


def test_a_message_carries_one_positive_integer() -> None:
    assert item_id_of((7,), {}) == 7


@pytest.mark.parametrize(
    "args", [(), (0,), (-1,), (True,), ("7",), (7, 8), (1.0,), (2**63,), ([7],), ("; rm -rf /",), (None,)]
)
def test_any_other_argument_is_dropped(args: tuple[object, ...]) -> None:
    assert item_id_of(args, {}) is None


def test_keyword_arguments_are_dropped() -> None:
    assert item_id_of((7,), {"chip": "cpu"}) is None


@pytest.mark.parametrize(
    "url",
    [
        "redis://127.0.0.1:6379/0",
        "redis://:pw@localhost/0",
        "redis://[::1]/0",
        "rediss://:pw@far/0",
        "redis+socket:///a",
    ],
)
def test_local_and_encrypted_brokers_are_taken(url: str) -> None:
    check_url(url, insecure=False)


def test_a_plain_broker_on_another_machine_is_refused_without_its_password_in_the_words() -> None:
    with pytest.raises(NoBroker, match="in clear") as refused:
        check_url("redis://:geheim@queue.example:6379/0", insecure=False)
    assert "geheim" not in str(refused.value)


def test_a_private_network_may_be_vouched_for() -> None:
    check_url("redis://:pw@queue.example:6379/0", insecure=True)


def test_an_unknown_broker_scheme_is_refused() -> None:
    with pytest.raises(NoBroker, match="none of"):
        check_url("amqp://guest:geheim@far/", insecure=True)


@pytest.mark.parametrize("url", ["redis://[::1", "redis://:geheim@far:port/0", "redis://:geheim@far:99999/0"])
def test_what_is_no_url_is_refused_in_words(url: str) -> None:
    with pytest.raises(NoBroker, match="cannot be read") as refused:
        check_url(url, insecure=True)
    assert "geheim" not in str(refused.value)


@pytest.mark.parametrize("url", ["", "localhost:6379", "redis://", "unix:///tmp/broker.sock", "memory://"])
def test_what_celery_would_not_reach_is_refused(url: str) -> None:
    with pytest.raises(NoBroker, match="none of"):
        check_url(url, insecure=True)


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("redis://me:geheim@far:1/0", "redis://me:***@far:1/0"),
        ("redis://:geh@eim@far/0", "redis://:***@far/0"),
        ("redis://:ge/h#e?im@far:6379/0", "redis://:***@far:6379/0"),
        ("redis://far/0?password=geheim&db=1", "redis://far/0?password=***&db=1"),
        ("redis://far:6379/0", "redis://far:6379/0"),
        ("redis+socket:///tmp/a.sock", "redis+socket:///tmp/a.sock"),
    ],
)
def test_a_password_is_masked(url: str, shown: str) -> None:
    assert masked(url) == shown


def test_a_url_that_cannot_be_read_is_told_without_any_of_its_password() -> None:
    with pytest.raises(NoBroker) as caught:
        check_url("redis://:gehe/im@far:6379/0", insecure=True)
    assert "gehe" not in str(caught.value) and "im@" not in str(caught.value)
