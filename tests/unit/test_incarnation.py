"""What the parent of a device process hears of it at its end."""

from __future__ import annotations

import socket

from dinoq.workers.incarnation import heard


def test_last_words_are_heard_although_batches_were_left_unread() -> None:
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    ours.send(b"a batch")
    theirs.send(b"fault")
    theirs.close()
    assert [heard(ours), heard(ours)] == [b"fault", b""]
    ours.close()


def test_silence_is_not_the_end() -> None:
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    ours.setblocking(False)
    assert heard(ours) is None
    theirs.close()
    assert heard(ours) == b""
    ours.close()
