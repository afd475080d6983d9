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
    """One call from outside, its arguments by name. what is a verb of the registry, or a method of the cluster (a fault); revision: the
    newest before it; refused: why etcd did not store it, if so."""

    time: float
    what: str
    arguments: dict[str, object]
    revision: int
    refused: str = ""


class Journal:
    """Inputs in the order in which they came."""

    def __init__(self, etcd):
        self.etcd = etcd
        self.inputs: list[Input] = []
        etcd.on_refused = self.refused

    def write(self, verb: str, resource, request: Request, **arguments: object) -> None:
        """A write through the API; the request is kept as it was asked."""
        asked = dataclasses.replace(request, warnings=[])
        self._append(verb, {"api_version": resource.api_version, "kind": resource.kind, "request": asked, **arguments})

    def fault(self, method: str, **arguments: object) -> None:
        self._append(method, arguments)

    def refused(self, error: Exception, request: Request) -> None:
        """etcd has refused the input that is being worked on."""
        if request.external and not request.dry_run:
            self.inputs[-1] = self.inputs[-1]._replace(refused=str(error))

    def _append(self, what: str, arguments: dict[str, object]) -> None:
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
                getattr(cluster, entry.what)(**entry.arguments)
            cluster.clock.settle()
        cluster.clock.run(until)

    def _again(self, cluster, verb: Callable, entry: Input) -> None:
        arguments = dict(entry.arguments)
        resource = cluster.registry.resources.by_kind(arguments.pop("api_version"), arguments.pop("kind"))
        request = dataclasses.replace(arguments.pop("request"), warnings=[], operation="Update", applied=None, subresource="")
        try:
            verb(resource, request=request, **arguments)
        except Exception as error:  # it was refused the first time too
            cluster.refused(error)
