"""The rules of validation as tables, kind by kind.

RULES: definition -> its fields in upstream's order, each with its checks ("" for rules about the whole object).
CREATES and UPDATES: storage key of a resource -> rules about a whole new object (obj, found), or a change (new, old, found);
BEFORE_UPDATE: the same where upstream says it before it looks at the rest. FRESH: fields that depend on their neighbours.
"""
from . import cluster, core, jobs, network, pods, podspec, services, updates, workloads

RULES: dict[str, list[tuple]] = {**pods.RULES, **podspec.RULES, **core.RULES, **services.RULES, **workloads.RULES, **jobs.RULES,
                                 **network.RULES, **cluster.RULES}
FRESH = podspec.FRESH
CREATES = updates.CREATES
UPDATES = updates.UPDATES
BEFORE_UPDATE = updates.BEFORE_UPDATE
