"""Asks a container once: runs the command, opens the connection or gets the page of a probe.

Part of Kubernetes: pkg/kubelet/prober/prober.go and pkg/probe (exec, http, tcp). Law 8: what was seen is told in the words of
Go's own libraries, which is what stands in the events.
Leaves out: gRPC's health protocol (a connection counts as healthy), redirects.
"""
from __future__ import annotations

import ipaddress

from kubelearn.kubelet.container import Container
from kubelearn.kubelet.images.reference import RESOLVER
from kubelearn.kubelet.lifecycle import Hands, HookError, port_number
from kubelearn.kubelet.runtime import ExecError
from kubelearn.tasks import TimeUp

SUCCESS, FAILURE, UNKNOWN = True, False, None
RETRIES = 0.1  # seconds: a command that cannot be run is tried three times (maxProbeRetries) before that is told


class Prober(Hands):
    """Asks once. Returns (SUCCESS, FAILURE or UNKNOWN; what was seen), with the texts of Go's own libraries."""

    async def probe(self, container: Container, spec: dict, probe: dict) -> tuple[bool | None, str]:
        timeout = probe.get("timeoutSeconds", 1)
        if "exec" in probe:
            return await self._exec(container, probe["exec"].get("command") or [], timeout)
        kind = next(key for key in ("httpGet", "tcpSocket", "grpc") if key in probe)
        action, address = probe[kind], container.sandbox.address
        try:
            port = port_number(action["port"], spec)
        except HookError:
            return UNKNOWN, f'port "{action["port"]}" not found'
        where = f"{action.get('host') or address}:{port}"
        if kind == "grpc":
            return await self._grpc(where, timeout)
        if kind == "tcpSocket":
            return await self._tcp(where, timeout)
        url = f"{action.get('scheme', 'HTTP').lower()}://{where}/{(action.get('path') or '/').lstrip('/')}"
        return await self._http(container, spec, action, url, where, timeout)

    async def _exec(self, container: Container, command: list[str], timeout: float) -> tuple[bool | None, str]:
        try:
            code, text = await self.run_in_container(container, command, timeout)
        except ExecError as error:
            await self.clock.sleep(RETRIES)
            return UNKNOWN, f"rpc error: code = Unknown desc = {error}"
        if code is None:
            return FAILURE, f'command timed out: "{" ".join(command)}" timed out after {timeout}s'
        return code == 0, text

    async def _tcp(self, where: str, timeout: float) -> tuple[bool, str]:
        host, _, port = where.rpartition(":")
        try:
            (await self.clock.within(timeout, self.network.connect(self.address, host, int(port)))).close()
        except TimeUp:
            return FAILURE, f"dial tcp {where}: i/o timeout"
        except OSError as error:
            return FAILURE, f"dial tcp {where}: connect: {_go_error(error)}"
        return SUCCESS, ""

    async def _grpc(self, where: str, timeout: float) -> tuple[bool, str]:
        """It tries to connect as long as the time allows."""
        began = self.clock.now
        result, _ = await self._tcp(where, timeout)
        if result is SUCCESS:
            return SUCCESS, ""
        await self.clock.sleep(max(began + timeout - self.clock.now, 0.0))
        return FAILURE, f'timeout: failed to connect service "{where}" within {timeout}s: context deadline exceeded'

    async def _http(self, container: Container, spec: dict, action: dict, url: str, where: str, timeout: float) -> tuple[bool, str]:
        host = action.get("host") or container.sandbox.address
        if not is_address(host):  # the node knows no name
            return FAILURE, f'Get "{url}": dial tcp: lookup {host} on {RESOLVER}:53: no such host'
        try:
            code = await self.clock.within(timeout, self.http_get(container, spec, action, "kube-probe/1.37"))
        except TimeUp:
            return FAILURE, f'Get "{url}": context deadline exceeded (Client.Timeout exceeded while awaiting headers)'
        except HookError as error:
            return FAILURE, f'Get "{url}": {error}'
        except OSError as error:
            return FAILURE, f'Get "{url}": dial tcp {where}: connect: {_go_error(error)}'
        return 200 <= code < 400, f"HTTP probe failed with statuscode: {code}"

    def reached_out(self, container: Container, since: float) -> bool:
        """Has the pod asked anybody else since then, so that its answer may depend on them?"""
        for connection in reversed(self.network.log):
            if connection.time < since:
                return False
            if connection.source == container.sandbox.address:
                return True
        return False


def is_address(host: str) -> bool:
    try:
        return host == "localhost" or bool(ipaddress.ip_address(host))
    except ValueError:
        return False


def _go_error(error: BaseException) -> str:
    return "connection refused" if isinstance(error, ConnectionRefusedError) else str(error).lower()
