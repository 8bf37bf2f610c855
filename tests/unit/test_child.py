"""The device process's own side of its socket."""

from __future__ import annotations

import json
import socket
from types import SimpleNamespace

from dinoq.workers.devices.child import DeviceServer


def test_a_program_that_comes_to_say_something_else_of_itself_is_heard_once() -> None:
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    with ours, theirs:
        server = DeviceServer(None, theirs)
        server.program = SimpleNamespace(facts={"clock": "aclruntime"})
        for clock in ("aclruntime", "own", "own"):
            server.program.facts["clock"] = clock
            server.tell_changes()
        ours.setblocking(False)
        told = [json.loads(ours.recv(1000)) for _ in range(2)]
        assert told == [{"changed": {"clock": "aclruntime"}}, {"changed": {"clock": "own"}}]
        theirs.send(b"nothing more")
        assert ours.recv(1000) == b"nothing more"
