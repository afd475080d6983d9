"""Token Secrets."""
from __future__ import annotations

import base64

from kubelearn.controllers.serviceaccount import TokensController

SECRET = """
    apiVersion: v1
    kind: Secret
    metadata: {name: t, annotations: {kubernetes.io/service-account.name: NAME}}
    type: kubernetes.io/service-account-token"""


def test_a_token_secret_holds_a_token_of_its_account_and_goes_with_it(world):
    world.start(TokensController).apply(SECRET.replace("NAME", "default"))
    secret = world.get("Secret", "t")
    assert sorted(secret["data"]) == ["ca.crt", "namespace", "token"]
    assert world.registry.tokens[base64.b64decode(secret["data"]["token"]).decode()] == "system:serviceaccount:default:default"
    world.delete("ServiceAccount", "default")
    assert world.get("Secret", "t") is None


def test_a_token_secret_of_no_account_does_not_stay(world):
    world.start(TokensController).apply(SECRET.replace("NAME", "nobody"))
    assert world.get("Secret", "t") is None
