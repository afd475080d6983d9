"""nginx's image: which tags there are, and its entrypoint.

Leaves out: the scripts of /docker-entrypoint.d, but for what they say.
"""
from __future__ import annotations

import re

from kubelearn.kubelet.images import ImageInfo
from kubelearn.kubelet.process import Process

ENTRYPOINT = b"""/docker-entrypoint.sh: /docker-entrypoint.d/ is not empty, will attempt to perform configuration
/docker-entrypoint.sh: Looking for shell scripts in /docker-entrypoint.d/
/docker-entrypoint.sh: Launching /docker-entrypoint.d/10-listen-on-ipv6-by-default.sh
/docker-entrypoint.sh: Configuration complete; ready for start up
"""
NEWEST = {14: 2, 15: 12, 16: 1, 17: 10, 18: 0, 19: 10, 20: 2, 21: 6, 22: 1, 23: 4, 24: 0, 25: 5, 26: 3, 27: 5, 28: 0, 29: 3}  # patch of 1.N
STABLE, MAINLINE = 28, 29


async def entrypoint(process: Process) -> int:
    """/docker-entrypoint.sh: says what it does, then becomes its arguments."""
    words = process.args
    if words[:1] in (["nginx"], ["nginx-debug"]) and "-v" not in words:
        process.stdout.write(ENTRYPOINT)
    process.argv = words or ["nginx"]
    try:
        return await process.load(process.executable(process.argv[0])[1])
    except OSError:
        process.error(f"/docker-entrypoint.sh: 47: exec: {process.argv[0]}: not found")
        return 127


def finish(image: ImageInfo, tag: str) -> ImageInfo | None:
    """The version that the tag stands for, None where there never was such a one."""
    match = re.match(r"1\.(\d+)(?:\.(\d+))?", tag)
    minor = int(match[1]) if match else STABLE if tag.startswith("stable") else MAINLINE
    newest = NEWEST.get(minor, 12 if 7 <= minor <= 13 else -1)
    patch = int(match[2]) if match and match[2] else newest if minor in NEWEST else 0
    if not 0 <= patch <= newest:
        return None
    image.env["NGINX_VERSION"] = f"1.{minor}.{patch}"
    return image
