"""The journal: every input from outside, with its virtual time, so that a cluster can be run again, also differently.

Part of Kubernetes: none. Law 5: the same inputs at the same times and the same seed give the same history; so an equal replay
is the test of determinism, and a replay up to a moment is a second, independent cluster at that moment (a fork).
Leaves out: bytes typed into a container or sent to a node port from outside, which a replay does not send again.
"""
from __future__ import annotations

import dataclasses
from collections.abc import Callable
from typing import NamedTuple

from kubelearn.apiserver.request import Request

VERBS = ("create", "update", "patch", "delete", "delete_collection")


class Input(NamedTuple):
    """One call from outside. what is a verb of the registry, or the name of a method of the cluster (a fault); revision: the newest
    before it; refused: why etcd did not store it, if so."""

    time: float
    what: str
    arguments: tuple
    revision: int
    refused: str = ""


class Journal:
    """Inputs in the order in which they came."""

    def __init__(self, etcd):
        self.etcd = etcd
        self.inputs: list[Input] = []
        etcd.on_refused = self.refused

    def write(self, verb: str, resource, request: Request, *arguments: object) -> None:
        """A write through the API; the request is kept as it was asked."""
        asked = dataclasses.replace(request, warnings=[])
        self._append(verb, (resource.api_version, resource.kind, asked, *arguments))

    def fault(self, method: str, *arguments: object) -> None:
        self._append(method, arguments)

    def refused(self, error: Exception, request: Request) -> None:
        """etcd has refused the input that is being worked on."""
        if request.external and not request.dry_run:
            self.inputs[-1] = self.inputs[-1]._replace(refused=str(error))

    def _append(self, what: str, arguments: tuple) -> None:
        self.inputs.append(Input(self.etcd.clock.now, what, arguments, self.etcd.revision))

    def replay(self, cluster, until: float) -> None:
        """Gives a fresh cluster the inputs up to a virtual time. A write that was refused then is refused again."""
        verbs: dict[str, Callable] = {verb: getattr(cluster.registry, verb) for verb in VERBS}
        for entry in list(self.inputs):
            if entry.time > until:
                break
            cluster.clock.run(entry.time)
            if entry.what in verbs:
                self._again(cluster, verbs[entry.what], entry)
            else:
                getattr(cluster, entry.what)(*entry.arguments)
            cluster.clock.settle()
        cluster.clock.run(until)

    def _again(self, cluster, verb: Callable, entry: Input) -> None:
        api_version, kind, request, *arguments = entry.arguments
        request = dataclasses.replace(request, warnings=[], operation="Update", applied=None, subresource="")
        resource = cluster.registry.resources.by_kind(api_version, kind)
        try:
            verb(resource, *_in_order(verb.__name__, arguments, request))
        except Exception as error:  # it was refused the first time too
            cluster.refused(error)


def _in_order(verb: str, arguments: list, request: Request) -> list:
    """The arguments of a registry call, from what its journal entry has (everything but the request)."""
    if verb == "create":
        namespace, obj, subresource, name = arguments
        return [namespace, obj, request, subresource, name]
    if verb == "update":
        namespace, name, obj, subresource = arguments
        return [namespace, name, obj, request, subresource]
    if verb == "patch":
        namespace, name, patch, patch_type, subresource = arguments
        return [namespace, name, patch, patch_type, request, subresource]
    if verb == "delete":
        namespace, name, options = arguments
        return [namespace, name, request, options]
    namespace, *options = arguments
    return [namespace, request, *options]
