"""SPDY/3.1 as kubectl speaks it: streams opened by the client, data, ends, pings; nonsense is refused."""
from __future__ import annotations

import struct
import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kubelearn.apiserver.spdy import DICTIONARY, FIN, PING, SYN_REPLY, SYN_STREAM, VERSION, Session, SpdyError


class Peer:
    """The client's side of a session, by the book."""

    def __init__(self) -> None:
        self.sent, self.seen = bytearray(), []
        self.session = Session(self.sent.extend, self._see, self._see, self._see)
        self._deflate, self._inflate = zlib.compressobj(zdict=DICTIONARY), zlib.decompressobj(zdict=DICTIONARY)

    def _see(self, *what: object) -> None:
        self.seen.append(what)

    def control(self, kind: int, body: bytes, flags: int = 0) -> bytes:
        return struct.pack(">HHI", VERSION, kind, len(body) | flags << 24) + body

    def open(self, number: int, **headers: str) -> bytes:
        block = struct.pack(">I", len(headers)) + b"".join(
            struct.pack(">I", len(text)) + text.encode() for pair in headers.items() for text in pair)
        packed = self._deflate.compress(block) + self._deflate.flush(zlib.Z_SYNC_FLUSH)
        return self.control(SYN_STREAM, struct.pack(">IIH", number, 0, 0) + packed)

    def replies(self) -> list[tuple]:
        """The frames that came back: (stream, headers) and (stream, data, end)."""
        found, at = [], 0
        while at < len(self.sent):
            head, length = struct.unpack_from(">II", self.sent, at)
            size, flags = length & 0xFFFFFF, length >> 24
            body = bytes(self.sent[at + 8:at + 8 + size])
            at += 8 + size
            if head == (VERSION << 16 | SYN_REPLY):
                found.append((struct.unpack(">I", body[:4])[0], self._inflate.decompress(body[4:])))
            elif head == (VERSION << 16 | PING):
                found.append(("ping", body))
            else:
                found.append((head, body, bool(flags & FIN)))
        return found


def test_the_dictionary_is_the_one_that_both_sides_must_have():
    assert (len(DICTIONARY), zlib.adler32(DICTIONARY)) == (1423, 0xE3C6A7C2)


def test_two_streams_and_data_both_ways():
    peer = Peer()
    for number, kind in ((1, "error"), (3, "data")):
        peer.session.feed(peer.open(number, streamtype=kind, port="80", requestid="0"))
    peer.session.feed(struct.pack(">II", 3, 5 | FIN << 24) + b"hello")
    assert peer.seen == [(1, {"streamtype": "error", "port": "80", "requestid": "0"}),
                         (3, {"streamtype": "data", "port": "80", "requestid": "0"}), (3, b"hello", True)]
    for number in (1, 3):
        peer.session.reply(number)
    peer.session.data(3, b"world")
    peer.session.data(3, b"", True)
    assert peer.replies() == [(1, b"\0\0\0\0"), (3, b"\0\0\0\0"), (3, b"world", False), (3, b"", True)]


def test_a_ping_comes_back():
    peer = Peer()
    peer.session.feed(peer.control(PING, b"\0\0\0\x07"))
    assert peer.replies() == [("ping", b"\0\0\0\x07")]


@given(st.lists(st.integers(1, 40)))
def test_frames_may_come_in_any_pieces(sizes):
    """However the bytes are cut, the same is seen."""
    peer = Peer()
    wire = peer.open(1, streamtype="data", port="8080") + struct.pack(">II", 1, 3) + b"abc" + peer.control(PING, b"\0\0\0\x01")
    for size in [*sizes, len(wire)]:
        peer.session.feed(wire[:size])
        wire = wire[size:]
    assert peer.seen == [(1, {"streamtype": "data", "port": "8080"}), (1, b"abc", False)]


def test_another_version_is_refused():
    with pytest.raises(SpdyError, match="unsupported SPDY version"):
        Peer().session.feed(struct.pack(">HHI", 0x8002, SYN_STREAM, 0))
