"""What every namespace is given: the ServiceAccount `default` and the ConfigMap `kube-root-ca.crt`.

Law: each active namespace has both, whatever happens to them; the ConfigMap names the cluster's own authority.
Leaves out: token Secrets. Upstream: pkg/controller/serviceaccount, pkg/controller/certificates/rootcacertpublisher.
"""
from __future__ import annotations

from kubelearn.api.meta import annotations_of, is_deleting, name_of
from kubelearn.controllers.controller import Controller

# The API server's real certificate is made anew at each start and would make histories differ; simulated clients need none.
AUTHORITY = "-----BEGIN CERTIFICATE-----\nc2ltdWxhdGVkOiB0aGlzIGNsdXN0ZXIncyBvd24gYXV0aG9yaXR5\n-----END CERTIFICATE-----\n"
ACCOUNT, ROOT_CA = "default", "kube-root-ca.crt"
DESCRIPTION = {"kubernetes.io/description":
               "Contains a CA bundle that can be used to verify the kube-apiserver when using internal endpoints such as the internal "
               "service IP or kubernetes.default.svc. No other usage is guaranteed across distributions of Kubernetes clusters."}


class ServiceAccountController(Controller):
    name, kind = "service-account-controller", "Namespace"
    watches = {"ServiceAccount": lambda self, account: [account["metadata"]["namespace"]] if name_of(account) == ACCOUNT else []}

    def sync(self, namespace: dict) -> None:
        if is_deleting(namespace) or self.informer("ServiceAccount").get(name_of(namespace), ACCOUNT):
            return
        metadata = {"name": ACCOUNT, "namespace": name_of(namespace)}
        self.client.create({"apiVersion": "v1", "kind": "ServiceAccount", "metadata": metadata}, because="every namespace has this account")


class RootCACertPublisher(Controller):
    name, kind, root_ca = "root-ca-cert-publisher", "Namespace", AUTHORITY
    watches = {"ConfigMap": lambda self, config: [config["metadata"]["namespace"]] if name_of(config) == ROOT_CA else []}

    def sync(self, namespace: dict) -> None:
        if is_deleting(namespace):
            return
        data, old = {"ca.crt": self.root_ca}, self.informer("ConfigMap").get(name_of(namespace), ROOT_CA)
        if old is None:
            metadata = {"name": ROOT_CA, "namespace": name_of(namespace), "annotations": DESCRIPTION}
            config = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata, "data": data}
            self.client.create(config, because="every namespace has this file")
        elif old.get("data") != data or annotations_of(old) != DESCRIPTION:
            restored = {**old, "metadata": {**old["metadata"], "annotations": DESCRIPTION}, "data": data}
            self.client.update(restored, because="it was changed")
