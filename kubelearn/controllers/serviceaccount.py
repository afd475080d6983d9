"""What every namespace is given: the ServiceAccount `default` and the ConfigMap `kube-root-ca.crt`; and token Secrets.

Law: each active namespace has both, whatever happens to them; the ConfigMap names the cluster's own authority. A Secret of type
service-account-token holds a token of the account that it names, and goes with that account.
Upstream: pkg/controller/serviceaccount, pkg/controller/certificates/rootcacertpublisher.
"""
from __future__ import annotations

import base64

from kubelearn.api.meta import annotations_of, is_deleting, key_of, name_of, namespace_of, uid_of
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


TOKEN_SECRET = "kubernetes.io/service-account-token"
ACCOUNT_NAME, ACCOUNT_UID = "kubernetes.io/service-account.name", "kubernetes.io/service-account.uid"


class TokensController(Controller):
    name, kind = "tokens-controller", "Secret"
    watches = {"ServiceAccount": lambda self, account: self.of_account(account)}

    def of_account(self, account: dict) -> list[str]:
        return [key_of(secret) for secret in self.informer("Secret").list(namespace_of(account))
                if annotations_of(secret).get(ACCOUNT_NAME) == name_of(account)]

    def sync(self, secret: dict) -> None:
        if secret.get("type") != TOKEN_SECRET or is_deleting(secret):
            return
        notes, name = annotations_of(secret), annotations_of(secret)[ACCOUNT_NAME]
        account = self.informer("ServiceAccount").get(namespace_of(secret), name)
        if account is None or notes.get(ACCOUNT_UID, uid_of(account)) != uid_of(account):
            self.delete(secret, because=f"its account {name} is gone")
            return
        data = secret.get("data") or {}
        filled = {"ca.crt": _encoded(AUTHORITY), "namespace": _encoded(namespace_of(secret))} | data
        if "token" not in data:
            filled["token"] = _encoded(self.client.token(namespace_of(secret), name, 1 << 32))
        if filled != data or ACCOUNT_UID not in notes:
            metadata = {**secret["metadata"], "annotations": {**notes, ACCOUNT_UID: uid_of(account)}}
            self.client.update({**secret, "metadata": metadata, "data": filled}, because=f"it is to hold a token of {name}")


def _encoded(text: str) -> str:
    return base64.b64encode(text.encode()).decode()
