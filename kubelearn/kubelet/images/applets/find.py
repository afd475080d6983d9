"""Busybox's find: tests joined by -a, -o and !, and -exec, -print, -delete."""
from __future__ import annotations

from collections.abc import Callable

from kubelearn.kubelet.images.applets import Failures, applet, out
from kubelearn.kubelet.images.applets.files import remove_tree
from kubelearn.kubelet.images.shell.expansion import pattern
from kubelearn.kubelet.process import Exit, Process
from kubelearn.volumes import Directory, Node, Symlink

TESTS: dict[str, Callable[[str, Node, str, Process], bool]] = {
    "-name": lambda path, node, word, process: bool(pattern(word).fullmatch(path.rpartition("/")[2])),
    "-iname": lambda path, node, word, process: bool(pattern(word.lower()).fullmatch(path.rpartition("/")[2].lower())),
    "-path": lambda path, node, word, process: bool(pattern(word).fullmatch(path)),
    "-type": lambda path, node, word, process: node.kind == {"f": "-"}.get(word, word),
    "-size": lambda path, node, word, process: _compare(node.size // {"c": 1, "k": 1024, "M": 1 << 20}.get(word[-1], 512), word),
    "-mmin": lambda path, node, word, process: _compare(int((process.clock.now - node.mtime) / 60), word),
    "-mtime": lambda path, node, word, process: _compare(int((process.clock.now - node.mtime) / 86400), word),
    "-perm": lambda path, node, word, process: node.mode == int(word, 8) if word[0] not in "-/" else bool(node.mode & int(word[1:], 8)),
    "-user": lambda path, node, word, process: str(node.uid) == word,
}


def _compare(value: int, word: str) -> bool:
    number = int("".join(character for character in word if character.isdigit()))
    return value > number if word[0] == "+" else value < number if word[0] == "-" else value == number


@applet("find")
async def find(process: Process) -> int:
    words = process.args
    start = next((at for at, word in enumerate(words) if word[:1] in "-!(" and word not in ("-L", "-H")), len(words))
    names, expression = [word for word in words[:start] if word not in ("-L", "-H")] or ["."], words[start:]
    failures, search = Failures(), _Search(process, expression)
    for name in names:
        try:
            node = process.files.node(process.path(name), follow=False)
        except OSError as error:
            process.error(f"find: {name}: {error.strerror}")
            failures.code = 1
            continue
        await search.visit(name, node, 0)
    return failures.code or search.code


class _Search:
    """The expression is evaluated anew for each file: it is short, and -exec waits."""

    def __init__(self, process: Process, words: list[str]):
        self.process, self.code, self.deepest, self.shallowest = process, 0, 99, 0
        self.words = list(words)
        for option in ("-maxdepth", "-mindepth"):
            if option in self.words:
                at = self.words.index(option)
                depth = int(self.words[at + 1])
                self.deepest, self.shallowest = (depth, self.shallowest) if option == "-maxdepth" else (self.deepest, depth)
                del self.words[at:at + 2]
        self.words = [word for word in self.words if word not in ("-depth", "-xdev")]
        self.acts = any(word in ("-exec", "-print", "-print0", "-delete") for word in words)

    async def visit(self, path: str, node: Node, depth: int) -> None:
        if isinstance(node, Directory) and depth < self.deepest and "-delete" not in self.words:
            await self._report(path, node, depth)
        if isinstance(node, Directory) and depth < self.deepest:
            for name in node.names():
                inner = f"{path.rstrip('/')}/{name}"
                child = self.process.files.find(self.process.path(inner), follow=False)
                if child is not None:
                    await self.visit(inner, child, depth + 1)
            if "-delete" not in self.words:
                return
        await self._report(path, node, depth)

    async def _report(self, path: str, node: Node, depth: int) -> None:
        if depth < self.shallowest:
            return
        self.rest = list(self.words)
        if await self._either(path, node, True) and not self.acts:
            out(self.process, path + "\n")

    async def _either(self, path: str, node: Node, live: bool) -> bool:
        value = await self._both(path, node, live)
        while self.rest and self.rest[0] in ("-o", "-or"):
            self.rest.pop(0)
            value = await self._both(path, node, live and not value) or value
        return value

    async def _both(self, path: str, node: Node, live: bool) -> bool:
        value = True
        while self.rest and self.rest[0] not in ("-o", "-or", ")"):
            if self.rest[0] in ("-a", "-and"):
                self.rest.pop(0)
            value = await self._one(path, node, live and value) and value
        return value

    async def _one(self, path: str, node: Node, live: bool) -> bool:
        if not self.rest:
            self.process.error("find: an expression is missing")
            raise Exit(1)
        word = self.rest.pop(0)
        if word == "!":
            return not await self._one(path, node, live)
        if word == "(":
            value = await self._either(path, node, live)
            self.rest.pop(0)
            return value
        if word in TESTS and self.rest:
            return TESTS[word](path, node, self.rest.pop(0), self.process)
        if word == "-exec" and (";" in self.rest or "+" in self.rest):
            end = next(at for at, other in enumerate(self.rest) if other in (";", "+"))
            command, self.rest = self.rest[:end], self.rest[end + 1:]
            return not live or await self.process.run([part.replace("{}", path) for part in command]) == 0
        if word in ("-print", "-print0"):
            out(self.process, path + ("\n" if word == "-print" else "\0")) if live else None
            return True
        if word == "-delete":
            remove_tree(self.process, self.process.path(path), path) if live else None
            return True
        if word == "-empty":
            return not node.names() if isinstance(node, Directory) else node.size == 0 and not isinstance(node, Symlink)
        known = word in TESTS or word == "-exec"
        self.process.error(f"find: {word} requires an argument" if known else f"find: unrecognized: {word}")
        raise Exit(1)
