"""Who waits: what is remembered of each kubectl invocation, and what is open on its behalf.

Part of Kubernetes: none. Requests of one invocation share the header Kubectl-Session, and by it they are told from those of others
(design, Clock). The pump (waiting.py) asks those that are described here how far time may jump; seen.py is what each has seen.
"""
from __future__ import annotations

import time as wall
from collections import OrderedDict

from kubelearn.apiserver import peers
from kubelearn.apiserver.seen import TOLD, News, Seen
from kubelearn.clock import EPOCH, RealTimeClock

LIMIT = 660.0  # virtual seconds of waiting that jump: ten minutes, and what a progress deadline of ten or a Job's six retries take longer
TERMINAL = 3.0  # real seconds for which a terminal at which nobody types still lets real time pass
KEPT = 256  # invocations remembered


class Session:
    """One kubectl invocation; or one connection of a client that sends no such header, which never makes time run."""

    def __init__(self, clock: RealTimeClock, moves_time: bool, port: int = 0):
        self.moves_time, self.port = moves_time, port
        self.seen = Seen()
        self.shift = round(wall.time() - (EPOCH + clock.now // 1), 3)  # seconds by which the client's now is ahead of virtual now
        self.until: float | None = None  # the virtual time up to which its waiting jumps
        self.refusals: dict[str, Exception] = {}  # what was refused as a WebSocket and will be tried again in the older way
        self.at_once: list[str] = []  # what it asks at the same time and is answered in turn

    def begin(self, clock: RealTimeClock) -> None:
        if self.until is None:
            self.until = clock.now + LIMIT
            self.seen.process = peers.process_at(self.port) if self.port else None


class Sessions:
    """The newest invocations and connections, by header or by the client's address."""

    def __init__(self, clock: RealTimeClock):
        self.clock = clock
        self._known: OrderedDict[str, Session] = OrderedDict()

    def of(self, header: str, connection: str) -> Session:
        key = header or f"connection {connection}"
        session = self._known.get(key)
        if session is None:
            session = self._known[key] = Session(self.clock, bool(header))
            if len(self._known) > KEPT:
                self._known.popitem(last=False)
        self._known.move_to_end(key)
        session.port = int(connection.rpartition(":")[2] or 0)
        return session

    def connected(self, connection: str) -> None:
        """A new connection from an address that an older one may have had."""
        self._known.pop(f"connection {connection}", None)


class Waiter:
    """Something open for which a client waits. told() is called whenever bytes go to the client; first is what it is told by opening it.

    A conversation (a terminal, a connection) waits only between what was asked and what is answered. After that an open connection
    moves nothing; at a terminal time goes on for a while at the speed of real time, so that a command may go on talking.
    """

    __slots__ = ("session", "first", "inside", "_conversation", "_lingers", "_awaiting", "_active")

    def __init__(self, session: Session, conversation: bool = False, lingers: float = 0.0, first: News = TOLD):
        self.session, self.first, self._conversation, self._lingers = session, first, conversation, lingers
        self._awaiting, self._active = not conversation, wall.monotonic()
        self.inside = False  # it began while a condition of run() was asked

    def told(self) -> None:
        self.session.seen.told()
        self.answered()

    def answered(self) -> None:
        """The other side of a conversation did its part."""
        if self._conversation:
            self._awaiting, self._active = False, wall.monotonic()

    def asked(self) -> None:
        """The client sent something to which an answer may come."""
        self._awaiting, self._active = True, wall.monotonic()

    def hurry(self) -> None:
        """The client has nothing more to say: it waits for the end."""
        self._conversation, self._awaiting = False, True

    def until(self) -> float:
        """The virtual time up to which it lets time jump."""
        return self.session.until if self._awaiting else 0.0

    def idle(self) -> bool:
        return not self._awaiting and wall.monotonic() - self._active >= self._lingers
