"""Busybox's commands that show the network as a container has it: ip, netstat.

Leaves out: everything that changes it, IPv6, counters."""
from __future__ import annotations

from kubelearn.kubelet.images.applets import Options, applet, out, usage_error
from kubelearn.kubelet.process import Process

NETSTAT = "Active Internet connections (only servers)\n" \
    "Proto Recv-Q Send-Q Local Address           Foreign Address         State       \n"


@applet("netstat")
async def netstat(process: Process) -> None:
    rows = [f"{protocol.lower():<5} {0:6} {0:6} {f'0.0.0.0:{port}':<23} {'0.0.0.0:*':<23} {'LISTEN' if protocol == 'TCP' else '':<11}\n"
            for address, port, protocol in sorted(process.container.runtime.network.listeners) if address == process.address]
    out(process, NETSTAT + "".join(rows))


VALID = "       valid_lft forever preferred_lft forever"
INTERFACES = {  # what ip says of each: the interface, its link, its address
    "lo": ("1: lo: <LOOPBACK,UP,LOWER_UP> mtu 65536 qdisc noqueue qlen 1000", "    link/loopback 00:00:00:00:00:00 brd 00:00:00:00:00:00",
           "    inet 127.0.0.1/8 scope host lo", VALID),
    "eth0": ("2: eth0@if3: <BROADCAST,MULTICAST,UP,LOWER_UP,M-DOWN> mtu 1500 qdisc noqueue ", "    link/ether {mac} brd ff:ff:ff:ff:ff:ff",
             "    inet {address}/24 brd {net}.255 scope global eth0", VALID),
}
ROUTES = "default via {net}.1 dev eth0 \n{net}.0/24 dev eth0 scope link  src {address} \n"


def _addressed(process: Process, text: str) -> str:
    mac = ":".join(["0a", "58", *(f"{int(part):02x}" for part in process.address.split("."))])  # as CNI makes it of the address
    return text.format(address=process.address, net=process.address.rpartition(".")[0], mac=mac)


@applet("ip", flags="o46", usage="[OPTIONS] address|route|link [show [DEV]]")
async def ip(process: Process, given: Options, words: list[str]) -> int:
    if words[1:2] == ["set"]:
        return 0 if "NET_ADMIN" in process.container.capabilities else process.fail("ioctl 0x8914 failed: Operation not permitted")
    what, name = (words or [""])[0][:1], words[-1] if words[1:] and words[-1] not in ("show", "list", "ls") else ""
    if name and name not in INTERFACES:
        return process.fail(f"can't find device '{name}'")
    if what not in tuple("arl"):
        raise usage_error(process, "[OPTIONS] address|route|link [show [DEV]]")
    rows = []
    for number, (known, lines) in enumerate(INTERFACES.items(), 1):
        if known == (name or known) and what != "r":
            lines = lines[:2] if what == "l" else (f"{number}: {known}{lines[2]}", VALID) if "o" in given else lines
            rows.append(("\\" if "o" in given else "\n").join(lines) + "\n")
    out(process, _addressed(process, "".join(rows) or ROUTES))
    return 0
