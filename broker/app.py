"""The only Celery: one task, `dinoq.work(item_id)`. A message is a hint to look at an item; SQL owns every fact."""

from __future__ import annotations

import ipaddress
import logging
import re
from collections.abc import Callable, Iterable, Sequence
from urllib.parse import urlsplit

from celery import Celery, signals
from kombu.exceptions import OperationalError

from dinoq.broker.queues import queues_of
from dinoq.jobs.errors import NoBroker
from dinoq.jobs.ledger import Hint

TASK = "dinoq.work"
EXAMPLE = "DINOQ_BROKER_URL=rediss://:PASSWORD@HOST:6379/0"
TRANSPORT: dict[str, object] = {
    # Far above the longest item: a task that outlives it is delivered again and again.
    "visibility_timeout": 7200,
    "unacked_restore_interval": 5,
    "unacked_restore_throttle": 1,
    "socket_timeout": 10,
    "socket_connect_timeout": 3,
    "global_keyprefix": "dinoq:",
}
log = logging.getLogger(__name__)


def make_app(url: str) -> Celery:
    """The Celery app on the broker at `url` (redis, rediss or redis+socket)."""
    app = Celery("dinoq", broker=url, set_as_current=False)
    app.conf.update(
        # Pickle from a broker is code execution.
        task_serializer="json",
        accept_content=["json"],
        event_serializer="json",
        # Results are rows in SQL.
        result_backend=None,
        task_ignore_result=True,
        # Late: a message is not gone while its item is worked on. It is a speed setting too: with early acks a worker
        # of few threads stalls for 750 ms between tasks.
        task_acks_late=True,
        task_acks_on_failure=True,
        task_acks_on_timeout=True,
        # One message per thread: a hoarded hint is a device that waits.
        worker_prefetch_multiplier=1,
        # Work goes on without the broker; SQL takes the result. 6.0 flips this default.
        worker_cancel_long_running_tasks_on_connection_loss=False,
        broker_connection_retry_on_startup=True,
        broker_connection_max_retries=None,  # the default gives up after 100 tries
        # Anyone who reaches the broker could shut workers down by it.
        worker_enable_remote_control=False,
        worker_send_task_events=False,
        worker_hijack_root_logger=False,
        task_default_queue="dinoq.default",
        # A broker that is down costs a second, not a minute: the sweeper sends the hint later.
        task_publish_retry_policy={"max_retries": 2, "interval_start": 0, "interval_step": 0.2, "interval_max": 0.5},
        broker_transport_options={**TRANSPORT, "socket_keepalive": not url.startswith("redis+socket")},
    )
    return app


def publish(app: Celery, hints: Iterable[Hint]) -> list[int]:
    """Send the hints. Returns the ids of items whose hint could not be sent: no error, the sweeper sends them later."""
    todo = [(hint.item_id, queue) for hint in hints for queue in queues_of(hint)]
    sent = 0
    try:
        with app.producer_or_acquire() as producer:
            for item_id, queue in todo:
                app.send_task(TASK, args=(item_id,), queue=queue, producer=producer, ignore_result=True)
                sent += 1
    except (OperationalError, ConnectionError, OSError) as error:
        log.warning("broker not reached, %d hints wait: %s", len(todo) - sent, error)
    return sorted({item_id for item_id, _ in todo[sent:]})


def serve(
    app: Celery,
    *,
    queues: Sequence[str],
    handler: Callable[[int], None],
    concurrency: int,
    name: str,
    on_stopping: Callable[[], None],
) -> None:
    """Consume the queues in threads until SIGTERM; `handler` gets each item id. Call from the main thread.

    `on_stopping` runs in the signal handler, before the pool drains: set an event there, do nothing slow.
    """

    @app.task(name=TASK)  # type: ignore[untyped-decorator]
    def work(*args: object, **kwargs: object) -> None:
        item_id = item_id_of(args, kwargs)
        if item_id is not None:
            handler(item_id)

    def stopping(**_: object) -> None:
        on_stopping()

    signals.worker_shutting_down.connect(stopping, weak=False)
    worker = app.Worker(
        hostname=name,
        pool="threads",
        concurrency=concurrency,
        queues=list(queues),
        # Nobody asks the neighbours anything; mingle alone costs a second at each start.
        without_mingle=True,
        without_gossip=True,
        without_heartbeat=True,
        loglevel="WARNING",
        redirect_stdouts=False,
    )
    worker.start()


def item_id_of(args: tuple[object, ...], kwargs: dict[str, object]) -> int | None:
    """The one argument a message may carry, a positive integer; None, and a log line, for anything else.

    Whoever reaches the broker can send any argument, so nothing else ever comes from a message.
    """
    value = args[0] if len(args) == 1 and not kwargs else None
    if isinstance(value, bool) or not isinstance(value, int) or not 0 < value < 2**63:
        log.warning("a message with unexpected arguments was dropped")
        return None
    return value


def check_url(url: str, *, insecure: bool) -> None:
    """Refuse a broker that everybody on the way could read and write.

    Raises: NoBroker for what is no URL, an unknown scheme, and plain redis:// to another machine unless `insecure`.
    """
    scheme, host = _address(url)
    if scheme in ("rediss", "redis+socket"):
        return
    if scheme != "redis" or not host:
        raise NoBroker(f"broker URL {masked(url)!r} is none of redis://, rediss://, redis+socket://.", hint=EXAMPLE)
    if not insecure and not _is_loopback(host):
        raise NoBroker(
            f"broker {host} is another machine, and redis:// sends the password in clear.",
            hint="use rediss://, or set DINOQ_INSECURE_BROKER=1 inside a private network",
        )


def _address(url: str) -> tuple[str, str | None]:
    """Scheme and host. Raises: NoBroker."""
    try:
        parts = urlsplit(url)
        _ = parts.port  # read late, and only then checked
    except ValueError:  # which quotes what it takes for the port: a part of the password
        raise NoBroker(f"broker URL {masked(url)!r} cannot be read.", hint=EXAMPLE) from None
    return parts.scheme, parts.hostname


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def masked(url: str) -> str:
    """The URL without its password, whatever characters that has: all between the first colon and the last @."""
    shown = re.sub(r"(//[^/@:]*):.*@", r"\1:***@", url, flags=re.DOTALL)
    return re.sub(r"((?:password|passwd|pw)=)[^&]*", r"\1***", shown)
