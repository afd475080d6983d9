"""The event recorder: what `kubectl describe` shows under Events.

Part of Kubernetes: client-go tools/record (event.go, events_cache.go) and, for the scheduler, tools/events. The same event about the same
object is counted, not repeated; ten that differ in their message only become one; one object's events of one type from one
source are limited to a burst of 25 and then one in 300 s.
"""
from __future__ import annotations

from zlib import crc32

from kubelearn.errors import ApiError

BURST, REFILL = 25, 1 / 300  # defaultSpamBurst, defaultSpamQPS
SIMILAR, WINDOW = 10, 600  # defaultAggregateMaxEvents, defaultAggregateIntervalInSeconds
KEPT = 4096  # correlator entries: maxLruCacheEntries


class Recorder:
    """Writes a component's events. An event that cannot be stored (its namespace ends) is lost, as in Kubernetes."""

    def __init__(self, client):
        self.client, self.clock = client, client.clock
        self._seen: dict[tuple, dict] = {}
        self._spent: dict[tuple, tuple[float, float]] = {}
        self._similar: dict[tuple, tuple[dict[str, None], float]] = {}
        self._count = 0

    def event(self, obj: dict, type: str, reason: str, message: str, *, component: str = "", host: str = "", action: str = "",
              field_path: str = "") -> None:
        """type is Normal or Warning. component defaults to the actor's name; host is a kubelet's node; field_path names a
        container ('spec.containers{web}'). With action it is one of the newer events (events.k8s.io), as the scheduler writes."""
        metadata = obj["metadata"]
        component = component or self.client.actor.partition("/")[0]
        if not self._allowed((metadata.get("uid", metadata["name"]), component, type)):
            return
        about = (obj["kind"], metadata.get("namespace"), metadata["name"], metadata.get("uid"), type, reason, component, host)
        combined = not action and self._combined(about, message)
        message = f"(combined from similar events): {message}" if combined else message
        key = about if combined else (*about, message, field_path)
        seen = self._seen.pop(key, None)
        try:
            stored = self._again(seen, message) if seen else None
            stored = stored or self._first(obj, type, reason, message, component, host, action, field_path)
        except ApiError:
            return
        self._seen[key] = stored
        if len(self._seen) > KEPT:
            del self._seen[next(iter(self._seen))]

    def _allowed(self, key: tuple) -> bool:
        """A token bucket an object, source and type."""
        tokens, since = self._spent.get(key, (BURST, self.clock.now))
        tokens = min(BURST, tokens + (self.clock.now - since) * REFILL)
        self._spent[key] = (max(tokens - 1, tokens if tokens < 1 else 0), self.clock.now)
        if len(self._spent) > KEPT:
            del self._spent[next(iter(self._spent))]
        return tokens >= 1

    def _combined(self, about: tuple, message: str) -> bool:
        """Whether so many different messages were told of late that this one only changes the last. EventAggregate."""
        messages, last = self._similar.pop(about, ({}, 0.0))
        messages = {message: None} if self.clock.now - last > WINDOW else {**messages, message: None}
        combined = len(messages) >= SIMILAR
        self._similar[about] = (dict(list(messages.items())[1:]) if combined else messages, self.clock.now)
        if len(self._similar) > KEPT:
            del self._similar[next(iter(self._similar))]
        return combined

    def _again(self, seen: dict, message: str) -> dict | None:
        """The same event once more: its count and time go up; None where it has expired meanwhile."""
        if "eventTime" in seen and seen["eventTime"]:
            series = {"count": seen.get("series", {}).get("count", 1) + 1, "lastObservedTime": self.clock.micro_timestamp()}
            change = {"series": series}
        else:
            change = {"count": seen["count"] + 1, "lastTimestamp": self.clock.timestamp(), "message": message}
        metadata = seen["metadata"]
        try:
            return self.client.patch("Event", metadata["name"], metadata["namespace"], change)
        except ApiError as error:
            if error.reason == "NotFound":
                return None
            raise

    def _first(self, obj, type, reason, message, component, host, action, field_path) -> dict:
        metadata, now = obj["metadata"], self.clock.timestamp()
        self._count += 1
        namespace = metadata.get("namespace", "default")
        about = {"kind": obj["kind"], "apiVersion": obj["apiVersion"], "name": metadata["name"], "uid": metadata.get("uid", ""),
                 "resourceVersion": metadata.get("resourceVersion", "")}
        if metadata.get("namespace"):
            about["namespace"] = namespace
        if field_path:
            about["fieldPath"] = field_path
        event = {"apiVersion": "v1", "kind": "Event", "involvedObject": about, "type": type, "reason": reason, "message": message,
                 "metadata": {"name": f"{metadata['name']}.{self._suffix(component, host)}", "namespace": namespace},
                 "reportingComponent": component, "reportingInstance": host or (component if action else "")}
        if action:
            event |= {
                "eventTime": self.clock.micro_timestamp(),
                "action": action,
                "firstTimestamp": None,
                "lastTimestamp": None,
                "source": {},
            }
        else:
            event |= {"eventTime": None, "source": {"component": component, **({"host": host} if host else {})},
                      "firstTimestamp": now, "lastTimestamp": now, "count": 1}
        return self.client.create(event)

    def _suffix(self, component: str, host: str) -> str:
        """Upstream takes the nanosecond; here the instant and a count of this recorder, so that histories repeat."""
        return f"{int(self.clock.now * 1000) + (1 << 44):x}{crc32((component + host).encode()) % 0xfff:03x}{self._count % 0xffff:04x}"

