"""What a device process says last is heard, however it ends."""

from __future__ import annotations

import socket

from dinoq.workers.incarnation import next_message


def test_a_fault_is_heard_though_batches_that_were_sent_stay_unread() -> None:
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    with ours:
        for batch in (b"first", b"second"):
            ours.send(batch)
        with theirs:
            assert theirs.recv(10) == b"first"
            theirs.send(b"fault")
        assert [next_message(ours), next_message(ours)] == [b"fault", b""]
