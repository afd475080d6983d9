"""Events: what is told again is counted, what is told in ten ways becomes one."""
from __future__ import annotations

from kubelearn.api.resources import Resources
from kubelearn.apiserver.registry import Registry
from kubelearn.client import Client
from kubelearn.clock import Clock


def told(messages: list[str]) -> list[tuple[str, int]]:
    registry = Registry(Clock(), Resources())
    client = Client(registry, "teller")
    for name in ("Namespace", "ConfigMap"):
        metadata = {"name": "default"} if name == "Namespace" else {"name": "about", "namespace": "default"}
        made = client.create({"apiVersion": "v1", "kind": name, "metadata": metadata})
    for message in messages:
        client.event(made, "Normal", "Told", message)
    return [(event["message"], event["count"]) for event in client.list("Event", "default")]


def test_the_same_event_is_counted():
    assert told(["a", "a", "b", "a"]) == [("a", 3), ("b", 1)]


def test_from_the_tenth_message_on_one_event_stands_for_all_that_follow():
    messages = [str(number) for number in range(12)]
    assert told(messages) == [*((message, 1) for message in messages[:9]), ("(combined from similar events): 11", 3)]
