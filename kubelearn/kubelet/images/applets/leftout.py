"""Commands that a real busybox has and this one has not: each says so, instead of seeming to be missing."""
from __future__ import annotations

from kubelearn.kubelet.images.applets import MODULES, applet
from kubelearn.kubelet.process import Process


@applet(*MODULES["applets.leftout"].split())
async def left_out(process: Process) -> int:
    return process.fail("this command is not simulated", 127)
