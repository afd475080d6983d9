"""nginx's configuration language: directives, blocks, includes, and which server answers.

Leaves out: what directives mean (nginx.py)."""
from __future__ import annotations

import os
import re
from dataclasses import dataclass, field
from functools import lru_cache

from kubelearn.filesystem import Filesystem
from kubelearn.kubelet.images import ImageInfo
from kubelearn.kubelet.images.regex import glob
from kubelearn.volumes import Directory


class ConfigError(Exception):
    """Its text is what nginx says, after [emerg]."""


@dataclass(eq=False)
class Block:
    """A directive: its words, and what stands in its braces."""

    words: list[str]
    children: list[Block] = field(default_factory=list)

    def all(self, name: str) -> list[Block]:
        return [child for child in self.children if child.words[0] == name]

    def value(self, name: str, default: str = "") -> str:
        found = self.all(name)
        return found[-1].words[1] if found and len(found[-1].words) > 1 else default


def parse(text: str, path: str) -> list[Block]:
    """The directives of one file."""
    root = Block(["main"])
    stack, words, line = [root], [], 1
    for match in re.finditer(r"""\#[^\n]*|\n|[;{}]|"(?:\\.|[^"\\])*"|'(?:\\.|[^'\\])*'|(?:\\.|\$\{\w+\}|[^\s;{}"'\\])+""", text):
        token = match[0]
        if token == "\n":
            line += 1
        elif token in (";", "{"):
            if not words:
                raise ConfigError(f'unexpected "{token}" in {path}:{line}')
            block = Block(words)
            stack[-1].children.append(block)
            words = []
            if token == "{":
                stack.append(block)
        elif token == "}":
            if words or len(stack) == 1:
                raise ConfigError(f'unexpected "}}" in {path}:{line}')
            stack.pop()
        elif token[0] != "#":
            words.append(token[1:-1] if token[0] in "\"'" else token)
    if words or len(stack) > 1:
        raise ConfigError(f'unexpected end of file, expecting "}}" in {path}:{line}')
    return root.children


@lru_cache(maxsize=200)
def _parsed(text: str, path: str) -> tuple[Block, ...]:
    return tuple(parse(text, path))


class Config:
    """The servers and upstreams of a configuration, with all its includes."""

    def __init__(self, files: Filesystem):
        self.files, self.servers, self.upstreams = files, [], {}
        self._take("/etc/nginx/nginx.conf")

    def _take(self, path: str) -> None:
        try:
            text = self.files.read(path).decode(errors="replace")
        except OSError as error:
            raise ConfigError(f'open() "{path}" failed ({error.errno}: {error.strerror})') from None
        for block in _parsed(text, path):
            self._block(block)

    def _block(self, block: Block) -> None:
        kind = block.words[0]
        if kind == "http":
            for child in block.children:
                self._block(child)
        elif kind == "include" and not block.words[1].endswith("mime.types"):
            directory, _, name = block.words[1].rpartition("/")
            directory = os.path.join("/etc/nginx", directory)
            node = self.files.find(directory)
            for entry in node.names() if isinstance(node, Directory) else ():
                if glob(name).fullmatch(entry):
                    self._take(f"{directory}/{entry}")
        elif kind == "server":
            self.servers.append(block)
        elif kind == "upstream":
            self.upstreams[block.words[1]] = [server.words[1] for server in block.all("server")]

    def ports(self) -> list[int]:
        return list(dict.fromkeys(port for server in self.servers for port in _ports(server)))

    def server(self, port: int, host: str) -> Block:
        """By port, then by name; the first of the port otherwise."""
        there = [server for server in self.servers if port in _ports(server)] or self.servers
        named = [server for server in there if any(host in names.words[1:] for names in server.all("server_name"))]
        default = [server for server in there if any("default_server" in listen.words for listen in server.all("listen"))]
        return (named or default or there)[0]


def _ports(server: Block) -> list[int]:
    """listen 80, [::]:8080, localhost: 80"""
    words = [listen.words[1].rpartition(":")[2].rstrip("]") for listen in server.all("listen")] or ["80"]
    return [int(word) if word.isdigit() else 80 for word in words]


@lru_cache(maxsize=50)
def image_config(image: ImageInfo) -> Config:
    """What the image itself says, read once for all its containers."""
    return Config(Filesystem(image.tree))
