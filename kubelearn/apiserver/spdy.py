"""SPDY/3.1 frames: what `kubectl port-forward` speaks inside its WebSocket.

Part of Kubernetes: moby/spdystream as apimachinery pkg/util/httpstream uses it. Only what a server of forwarded ports needs:
streams opened by the client, data, ends, resets, pings. Leaves out: flow control (neither side does it), settings, priorities.
"""
from __future__ import annotations

import struct
import zlib
from collections.abc import Callable
from pathlib import Path

VERSION = 0x8003
SYN_STREAM, SYN_REPLY, RST_STREAM, PING = 1, 2, 3, 6
FIN = 1
INTERNAL_ERROR = 6
DICTIONARY = Path(__file__).with_suffix(".dictionary").read_bytes()  # of the words that headers begin with, agreed by both sides


class SpdyError(Exception):
    """The other side does not speak SPDY/3.1."""


class Session:
    """The server's side of one connection. feed() takes bytes and calls back; send(bytes) is how its own frames leave."""

    def __init__(self, send: Callable[[bytes], None], on_stream: Callable[[int, dict[str, str]], None],
                 on_data: Callable[[int, bytes, bool], None], on_reset: Callable[[int], None]):
        self.send, self.on_stream, self.on_data, self.on_reset = send, on_stream, on_data, on_reset
        self._buffer = bytearray()
        self._inflate = zlib.decompressobj(zdict=DICTIONARY)
        self._deflate = zlib.compressobj(zdict=DICTIONARY)

    def feed(self, data: bytes) -> None:
        self._buffer += data
        while len(self._buffer) >= 8:
            head, length = struct.unpack_from(">II", self._buffer)
            size, flags = length & 0xFFFFFF, length >> 24
            if len(self._buffer) < 8 + size:
                return
            body = bytes(self._buffer[8:8 + size])
            del self._buffer[:8 + size]
            if head >> 31:
                self._control(head, flags, body)
            else:
                self.on_data(head, body, bool(flags & FIN))

    def _control(self, head: int, flags: int, body: bytes) -> None:
        if head >> 16 != VERSION:
            raise SpdyError(f"unsupported SPDY version {head >> 16 & 0x7FFF}")
        kind = head & 0xFFFF
        if kind == SYN_STREAM:
            number, = struct.unpack_from(">I", body)
            self.on_stream(number & 0x7FFFFFFF, self._headers(body[10:]))
            if flags & FIN:
                self.on_data(number & 0x7FFFFFFF, b"", True)
        elif kind == RST_STREAM:
            self.on_reset(struct.unpack_from(">I", body)[0] & 0x7FFFFFFF)
        elif kind == PING:
            self._send_control(PING, 0, body)

    def _headers(self, block: bytes) -> dict[str, str]:
        try:
            text = self._inflate.decompress(block)
        except zlib.error as error:
            raise SpdyError(str(error)) from None
        count, at, headers = struct.unpack_from(">I", text)[0], 4, {}
        for _ in range(count):
            pair = []
            for _ in range(2):
                size, = struct.unpack_from(">I", text, at)
                pair.append(text[at + 4:at + 4 + size].decode("latin-1"))
                at += 4 + size
            headers[pair[0].lower()] = pair[1]
        return headers

    def reply(self, stream: int) -> None:
        """Accepts a stream."""
        block = self._deflate.compress(struct.pack(">I", 0)) + self._deflate.flush(zlib.Z_SYNC_FLUSH)
        self._send_control(SYN_REPLY, 0, struct.pack(">I", stream) + block)

    def data(self, stream: int, data: bytes, end: bool = False) -> None:
        self.send(struct.pack(">II", stream, len(data) | (FIN << 24 if end else 0)) + data)

    def reset(self, stream: int) -> None:
        self._send_control(RST_STREAM, 0, struct.pack(">II", stream, INTERNAL_ERROR))

    def _send_control(self, kind: int, flags: int, body: bytes) -> None:
        self.send(struct.pack(">HHI", VERSION, kind, len(body) | flags << 24) + body)
