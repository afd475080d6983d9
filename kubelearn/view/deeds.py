"""What a revision did, in a few of Kubernetes' words: 'created Pod web-k2x', 'scaled web-9f2c1 up to 2', 'web-k2x is Ready'.

Part of Kubernetes: none. Rule: one caption a frame; what several revisions did alike is said once.
Leaves out: field by field differences (kubelearn.snapshot.diff has them).
"""
from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import NamedTuple

from kubelearn.api.meta import condition, is_deleting
from kubelearn.view import states
from kubelearn.view.theme import fit


class Deed(NamedTuple):
    """one: of a single object, with {} for its name; many: of several, with {} for how many and what they are. tail: where to.
    weak: counting what others did; said only where nothing else is to be said."""

    one: str
    many: str
    tail: str = ""
    weak: bool = False


def deed(revision) -> Deed:
    """What one revision did."""
    kind, old, new = revision.resource.kind, revision.previous, revision.object
    if revision.verb == "create":
        return Deed(f"created {kind} {{}}", "created {}")
    if revision.verb == "delete":
        return Deed(f"{kind} {{}} is gone", "{} are gone")
    if is_deleting(new) and not is_deleting(old):
        return Deed(f"deleted {kind} {{}}", "deleted {}")
    return UPDATES.get(kind, _updated)(old, new)


def _updated(old: dict, new: dict) -> Deed:
    part = next((part for part in ("spec", "data", "status") if old.get(part) != new.get(part)), "metadata")
    what = {"status": "wrote the status of", "metadata": "labelled or annotated"}.get(part, "changed")
    return Deed(f"{what} {new['kind']} {{}}", f"{what} {{}}", weak=part in ("status", "metadata"))


def _pod(old: dict, new: dict) -> Deed:
    node = (new.get("spec") or {}).get("nodeName")
    if node and not (old.get("spec") or {}).get("nodeName"):
        return Deed("placed {} on", "placed {} on", node)
    before, now = states.pod_state(old), states.pod_state(new)
    if before.word != now.word:
        return Deed(f"{{}} is {now.word}", f"{{}} are {now.word}")
    if (unfit := condition(new, "PodScheduled")) and unfit["status"] == "False" and unfit != condition(old, "PodScheduled"):
        return Deed("found no node for {}", "found no node for {}")
    if states.restarts(new) > states.restarts(old):
        return Deed("restarted a container of {}", "restarted containers of {}")
    return _updated(old, new)


def _scaled(old: dict, new: dict) -> Deed:
    before, now = states.wanted_pods(old), states.wanted_pods(new)
    if before != now:
        text = f"scaled {{}} {'up' if now > before else 'down'} to {now}"
        return Deed(text, text)
    if states.generation(old) != states.generation(new):
        return Deed(f"changed the image of {{}} to {states.generation(new)}", "changed the images of {}")
    return _workload_status(old, new) or _updated(old, new)


def _workload_status(old: dict, new: dict) -> Deed | None:
    if old.get("spec") != new.get("spec"):
        return None
    before, now = states.workload_state(old).word, states.workload_state(new).word
    return Deed(f"{{}}: {now}", f"{{}}: {now}", weak=True) if before != now else None


def _job(old: dict, new: dict) -> Deed:
    before, now = states.job_state(old).word, states.job_state(new).word
    return Deed(f"{{}} is {now}", f"{{}} are {now}") if before != now else _updated(old, new)


def _node(old: dict, new: dict) -> Deed:
    before, now = states.node_state(old).word, states.node_state(new).word
    if before != now:
        return Deed(f"{{}} is {now}", f"{{}} are {now}")
    came, went = _taints(new) - _taints(old), _taints(old) - _taints(new)
    if came or went:
        words = f"{'tainted' if came else 'untainted'} {{}}: {', '.join(sorted(came or went))}"
        return Deed(words, words)
    return _updated(old, new)


def _taints(node: dict) -> set[str]:
    return {f"{taint['key']}:{taint['effect']}" for taint in (node.get("spec") or {}).get("taints") or ()}


def _slice(old: dict, new: dict) -> Deed:
    before, now = _ready_endpoints(old), _ready_endpoints(new)
    if before == now and old.get("endpoints") != new.get("endpoints"):
        return Deed(f"{{}} lists other Pods: {now}", f"{{}} list other Pods: {now}")
    return Deed(f"{{}}: {now}", f"{{}}: {now}") if before != now else _updated(old, new)


def _ready_endpoints(piece: dict) -> str:
    found = piece.get("endpoints") or ()
    ready = sum((endpoint.get("conditions") or {}).get("ready") is not False for endpoint in found)
    return f"{ready} of {len(found)} endpoint{'' if len(found) == 1 else 's'} ready"


def _lease(old: dict, new: dict) -> Deed:
    holder = new["spec"].get("holderIdentity", "")
    if holder == old["spec"].get("holderIdentity"):
        return _updated(old, new)
    return Deed(f"{holder.rpartition('_')[0] or holder} leads as {{}}", "others lead {}")


UPDATES: dict[str, Callable[[dict, dict], Deed]] = {
    "Pod": _pod, "Deployment": _scaled, "ReplicaSet": _scaled, "StatefulSet": _scaled, "DaemonSet": _scaled, "Job": _job, "Node": _node,
    "EndpointSlice": _slice, "Lease": _lease,
}


def summary(revisions: Iterable, most: int = 2) -> str:
    """The deeds of one moment and actor, alike ones together: 'created 3 Pods', 'placed web-k2x on node-1'."""
    return "; ".join(what for what, _ in said(revisions, most))


def said(revisions: Iterable, most: int = 2, weak: bool = False) -> list[tuple[str, str]]:
    """The same one by one, each with its reason where it has one. weak: also the reasons of what is weak."""
    groups: dict[tuple[str, str], list] = {}
    for revision, found in telling(revisions):
        groups.setdefault((found.many, revision.resource.kind), []).append((revision, found))
    pairs = [(_say(members), next((r.because for r, deed in members if r.because and (weak or not deed.weak)), ""))
             for members in groups.values()]
    return pairs[:most] + ([(f"and {len(pairs) - most} more", "")] if len(pairs) > most else [])


def with_reasons(pairs: Iterable[tuple[str, str]], most: float) -> str:
    """'scaled web-k2x up to 1: it may have one more; scaled web-old down to 2: one is ready': what is known already is not said again,
    and what has no room, so many pixels for each reason, is cut."""
    pairs = list(pairs)
    parts = []
    for number, (what, because) in enumerate(pairs):
        again = number + 1 < len(pairs) and pairs[number + 1][1] == because
        last = what.split()[-1]
        known = again or not because or (because.split()[-1] == last and not last.isdigit())  # 'is ErrImagePull: web waits: ErrImagePull'
        parts.append(what if known else f"{what}: {fit(because, most / len(pairs), 14)}")
    return "; ".join(parts)


def telling(revisions: Iterable) -> list[tuple]:
    """(revision, deed) of those worth a word: of weak ones, where there are no others, each object's last."""
    pairs = [(revision, deed(revision)) for revision in _but_the_ended(revisions)]
    strong = [pair for pair in pairs if not pair[1].weak]
    said = [pair for pair in pairs if not pair[1].one.startswith("wrote")] or pairs
    return strong or list({(r.resource.kind, r.namespace, r.name): (r, deed) for r, deed in said}.values())


def _but_the_ended(revisions: Iterable) -> list:
    """Of what is gone in the end only that."""
    revisions = list(revisions)
    gone = {(r.resource.kind, r.namespace, r.name): r for r in revisions if r.verb == "delete"}
    return [r for r in revisions if gone.get((r.resource.kind, r.namespace, r.name), r) is r]


def _say(members: list) -> str:
    names = list(dict.fromkeys(revision.name for revision, _ in members))
    found, kind = members[0][1], members[0][0].resource.kind
    tails = list(dict.fromkeys(d.tail for _, d in members if d.tail))
    tail = f" {', '.join(tails)}" if tails else ""
    if len(names) == 1:
        return members[-1][1].one.format(names[0]) + tail
    shown = f"{kind}s {' and '.join(names)}" if len(names) == 2 else f"{len(names)} {kind}s"
    return found.many.format(shown) + tail


def actor_of(revision) -> str:
    """Who: kubectl's own words where a person did it, else the component."""
    command = getattr(revision.request, "command", "")
    return command if command and command != "cluster" else revision.actor
