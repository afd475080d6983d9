"""What a shell starts as processes of their own: subshells, pipelines, substitutions, jobs in the background.

Model: busybox ash. Each is a Shell that has what its parent had when it began.
"""
from __future__ import annotations

from collections.abc import Awaitable

from kubelearn.kubelet.files import OpenFile, ReadEnd, WriteEnd
from kubelearn.kubelet.images.shell import syntax
from kubelearn.kubelet.images.shell.commands import Commands
from kubelearn.kubelet.images.shell.expansion import ShellFault
from kubelearn.kubelet.process import Process
from kubelearn.streams import Pipe

FORK_STEPS = 40  # what a child costs, in steps of Process.work
TOLD = {"KILL": "Killed", "TERM": "Terminated", "SEGV": "Segmentation fault", "ABRT": "Aborted", "HUP": "Hangup", "QUIT": "Quit",
        "USR1": "User defined signal 1", "USR2": "User defined signal 2", "ALRM": "Alarm clock", "BUS": "Bus error"}


class Interrupted(Exception):
    """Ctrl-C at an interactive shell: back to the prompt."""


class Children(Commands):
    """What a Shell does with processes; main(), run() and test() are the Shell's."""

    def start_job(self, command: object) -> None:
        job = self.fork(command, {**self.process.fds, 0: OpenFile()})
        self.jobs.append(job)
        self.background, self.status = job.pid, 0

    def fork(self, command: object, fds: dict[int, OpenFile]) -> Process:
        """A subshell as a process of its own."""
        def child(process: Process) -> Awaitable[int]:
            shell = type(self)(process, list(self.arguments), self.zero, self)  # with what the variables are now
            process.handlers = {name: "ignore" for name in shell.traps}
            return shell.main(lambda: shell.run(command, last=True))
        try:
            return self.process.fork(child, list(self.process.argv), self.process.env, fds)
        except OSError as error:
            raise ShellFault(f"can't fork: {error.strerror}") from None

    async def finish(self, child: Process) -> int:
        """Waits for a child in the foreground; says so when a signal ended it."""
        await self.process.work(FORK_STEPS)
        status = await child.exit
        if child.killed_by == "INT" and self.interactive:
            raise Interrupted
        if child.killed_by in TOLD:
            self.process.error(TOLD[child.killed_by])
        return status

    async def subshell(self, node: syntax.Subshell, last: bool) -> int:
        return await self.finish(self.fork(node.body, self.process.fds))

    async def pipeline(self, node: syntax.Pipeline, last: bool) -> int:
        if len(node.commands) == 1:
            status = await self.test(node.commands[0])
        else:
            children, source = [], None
            for number, command in enumerate(node.commands):
                fds = dict(self.process.fds)
                if source is not None:
                    fds[0] = ReadEnd(source)
                if number < len(node.commands) - 1:
                    source = Pipe(self.process.clock)
                    fds[1] = WriteEnd(source)
                children.append(self.fork(command, fds))
                for fd in (0, 1):
                    if fds.get(fd) is not self.process.fds.get(fd):
                        fds[fd].release()
            codes = [await self.finish(child) for child in children]
            failed = [code for code in codes if code] if self.options.get("P") else []
            status = failed[-1] if failed else codes[-1]
        return int(status == 0) if node.negated else status

    async def substitute(self, script: syntax.Script) -> str:
        """$(...): what it writes, without the newlines at its end."""
        pipe = Pipe(self.process.clock)
        end = WriteEnd(pipe)
        child = self.fork(script, {**self.process.fds, 1: end})
        end.release()
        output = await pipe.read_all()
        self.status = await self.finish(child)
        self.substituted = True
        return output.replace(b"\0", b"").decode("utf-8", "surrogateescape").rstrip("\n")
