"""STATUS of `kubectl get pods`, until apiserver.table is there."""
from __future__ import annotations


def pod_status(pod: dict) -> str:
    status = pod.get("status") or {}
    reason = status.get("reason") or status.get("phase") or "Pending"
    if "deletionTimestamp" in pod["metadata"]:
        return "Terminating"
    for s in status.get("containerStatuses") or ():
        st = s.get("state") or {}
        if st.get("waiting", {}).get("reason"):
            reason = st["waiting"]["reason"]
        elif st.get("terminated", {}).get("reason"):
            reason = st["terminated"]["reason"]
    return reason
