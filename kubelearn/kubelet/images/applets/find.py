"""Busybox's find: tests joined by -a, -o and !, and -exec, -print, -delete.

Leaves out: -regex, -prune and other tests, which it does not recognize."""
from __future__ import annotations

from collections.abc import Callable

from kubelearn.kubelet.images.applets import applet, out
from kubelearn.kubelet.images.applets.files import remove_tree
from kubelearn.kubelet.images.regex import glob
from kubelearn.kubelet.process import Process
from kubelearn.kubelet.signals import Exit
from kubelearn.volumes import Directory, Node, Symlink


def _compare(value: int, word: str) -> bool:
    """+5 more, -5 less, 5 the same."""
    number = int("".join(character for character in word if character.isdigit()))
    return value > number if word[0] == "+" else value < number if word[0] == "-" else value == number


def _age(process: Process, node: Node, unit: int) -> int:
    return int((process.clock.now - node.mtime) / unit)


TESTS: dict[str, Callable[[str, Node, str, Process], bool]] = {
    "-name": lambda path, node, word, process: bool(glob(word).fullmatch(path.rpartition("/")[2])),
    "-iname": lambda path, node, word, process: bool(glob(word.lower()).fullmatch(path.rpartition("/")[2].lower())),
    "-path": lambda path, node, word, process: bool(glob(word).fullmatch(path)),
    "-type": lambda path, node, word, process: node.kind == {"f": "-"}.get(word, word),
    "-size": lambda path, node, word, process: _compare(node.size // {"c": 1, "k": 1024, "M": 1 << 20}.get(word[-1], 512), word),
    "-mmin": lambda path, node, word, process: _compare(_age(process, node, 60), word),
    "-mtime": lambda path, node, word, process: _compare(_age(process, node, 86400), word),
    "-perm": lambda path, node, word, process: node.mode == int(word, 8) if word[0] not in "-/" else bool(node.mode & int(word[1:], 8)),
    "-newer": lambda path, node, word, process: node.mtime > process.files.node(process.path(word)).mtime,
    "-user": lambda path, node, word, process: str(node.uid) == word,
}


@applet("find")
async def find(process: Process) -> int:
    words = [word for word in process.args if word not in ("-L", "-H", "-depth", "-xdev")]
    start = next((at for at, word in enumerate(words) if word[:1] in "-!("), len(words))
    search, code = _Search(process, words[start:]), 0
    for name in words[:start] or ["."]:
        try:
            await search.visit(name, process.files.node(process.path(name), follow=False), 0)
        except OSError as error:
            code = process.fail(f"{name}: {error.strerror}")
    for command, paths in search.batches.items():
        await process.run([path for word in command for path in (paths if word == "{}" else [word])])
    return code


class _Search:
    """The expression is evaluated anew for each file: it is short, and -exec waits."""

    def __init__(self, process: Process, words: list[str]):
        self.process, self.words, self.depths = process, words, {"-maxdepth": 99, "-mindepth": 0}
        self.batches: dict[tuple[str, ...], list[str]] = {}  # of -exec ... {} +, which runs once
        for option in self.depths:
            if option in words:
                at = words.index(option)
                self.depths[option] = int(words[at + 1])
                del words[at:at + 2]
        self.acts = any(word in ("-exec", "-print", "-print0", "-delete") for word in words)

    async def visit(self, path: str, node: Node, depth: int) -> None:
        """A directory comes before what is in it, for -delete after."""
        late = "-delete" in self.words
        if not late:
            await self._report(path, node, depth)
        if isinstance(node, Directory) and depth < self.depths["-maxdepth"]:
            for name in node.names():
                inner = f"{path.rstrip('/')}/{name}"
                child = self.process.files.find(self.process.path(inner), follow=False)
                if child is not None:
                    await self.visit(inner, child, depth + 1)
        if late:
            await self._report(path, node, depth)

    async def _report(self, path: str, node: Node, depth: int) -> None:
        if depth >= self.depths["-mindepth"]:
            self.rest = list(self.words)
            if await self._either(path, node, True) and not self.acts:
                out(self.process, path + "\n")

    async def _either(self, path: str, node: Node, live: bool) -> bool:
        """live: what acts, acts; else the words are only passed over."""
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
            raise Exit(self.process.fail("an expression is missing"))
        word = self.rest.pop(0)
        if word in ("!", "-not"):
            return not await self._one(path, node, live)
        if word == "(":
            value = await self._either(path, node, live)
            self.rest.pop(0)
            return value
        if word in TESTS and self.rest:
            return TESTS[word](path, node, self.rest.pop(0), self.process)
        if word == "-exec" and {";", "+"} & set(self.rest):
            end = next(at for at, other in enumerate(self.rest) if other in (";", "+"))
            command, ended, self.rest = self.rest[:end], self.rest[end], self.rest[end + 1:]
            if ended == "+":
                if live:
                    self.batches.setdefault(tuple(command), []).append(path)
                return True
            return not live or await self.process.run([part.replace("{}", path) for part in command]) == 0
        if word == "-empty":
            return not node.names() if isinstance(node, Directory) else node.size == 0 and not isinstance(node, Symlink)
        if word not in ("-print", "-print0", "-delete"):
            raise Exit(self.process.fail(f"{word} requires an argument" if word in TESTS or word == "-exec" else f"unrecognized: {word}"))
        if live:
            remove_tree(self.process, self.process.path(path), path) if word == "-delete" else \
                out(self.process, path + ("\n" if word == "-print" else "\0"))
        return True
