"""What `!command` runs through in a lesson: every line of output arrives, also the last ones of a command that ends at once.

Part of Kubernetes: none. IPython reads a command through a pseudo terminal, which loses lines on a busy machine; a pipe does not.
Leaves out: programs that want a terminal of their own, which a cell does not have either way.
"""
from __future__ import annotations

import subprocess


def steady_output() -> None:
    """Gives this kernel's `!` a pipe. Outside of IPython nothing happens."""
    try:
        shell = get_ipython()  # noqa: F821  (IPython puts it among the builtins)
    except NameError:
        return

    def system(command: str) -> None:
        """One `!` line, as the learner wrote it, with {variables} filled in by IPython."""
        process = subprocess.Popen(shell.var_expand(command, depth=1), shell=True, stdin=subprocess.DEVNULL,
                                   stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        try:
            for line in process.stdout:
                print(line.decode(errors="replace"), end="", flush=True)
        except KeyboardInterrupt:
            process.terminate()
            raise
        finally:
            process.stdout.close()
            shell.user_ns["_exit_code"] = process.wait()
    shell.system = system
