"""Who is asking: a certificate made at start, bearer tokens, impersonation, and the administrator's kubeconfig.

Part of Kubernetes: apiserver pkg/authentication and pkg/endpoints/filters (authentication, impersonation); kubeadm's certificates.
Clients send a token only over TLS, so there is TLS, on loopback alone. Leaves out: client certificates, OIDC.
"""
from __future__ import annotations

import base64
import datetime
import ipaddress
import json
import os
import secrets
import ssl
import tempfile
from pathlib import Path
from typing import NamedTuple

from kubelearn import errors
from kubelearn.apiserver import rbac

ADMIN, ADMIN_GROUPS = "kubernetes-admin", ("system:masters", "system:authenticated")
ANONYMOUS, ANONYMOUS_GROUPS = "system:anonymous", ("system:unauthenticated",)
PUBLIC = ("/healthz", "/livez", "/readyz", "/version")  # what system:public-info-viewer gives to everyone


class User(NamedTuple):
    """Someone with a name and groups."""

    name: str
    groups: tuple[str, ...]


class Credentials:
    """The server's certificate and the administrator's token, made anew at each start and kept in a folder for their owner only."""

    def __init__(self) -> None:
        self.token = secrets.token_urlsafe(32)
        self._folder = tempfile.TemporaryDirectory(prefix="kubelearn-", ignore_cleanup_errors=True)
        self.kubeconfig = Path(self._folder.name) / "kubeconfig"
        self.certificate, key = certificate()
        self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        pem = Path(self._folder.name) / "server.pem"
        write_private(pem, key + self.certificate)
        self.context.load_cert_chain(pem)
        self.context.set_alpn_protocols(["http/1.1"])

    def write_kubeconfig(self, port: int) -> None:
        """A kubeconfig (JSON is YAML) of mode 0600 that needs no other file."""
        cluster = {"server": f"https://127.0.0.1:{port}", "certificate-authority-data": base64.b64encode(self.certificate).decode()}
        config = {
            "apiVersion": "v1", "kind": "Config", "current-context": "kubelearn",
            "clusters": [{"name": "kubelearn", "cluster": cluster}],
            "users": [{"name": "kubelearn", "user": {"token": self.token}}],
            "contexts": [{"name": "kubelearn", "context": {"cluster": "kubelearn", "user": "kubelearn"}}]}
        write_private(self.kubeconfig, json.dumps(config, indent=2).encode())

    def close(self) -> None:
        self._folder.cleanup()


def write_private(path: Path, data: bytes) -> None:
    """Mode 0600 from its first byte."""
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(handle, "wb") as file:
        file.write(data)


def certificate() -> tuple[bytes, bytes]:
    """(certificate, key) as PEM: self-signed, for loopback. An elliptic-curve key, which takes no time to make."""
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec
    key, now = ec.generate_private_key(ec.SECP256R1()), datetime.datetime.now(datetime.timezone.utc)
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "kubelearn")])
    names = [*map(x509.DNSName, ("localhost", "kubernetes", "kubernetes.default.svc")),
             *(x509.IPAddress(ipaddress.ip_address(address)) for address in ("127.0.0.1", "::1", "10.96.0.1"))]
    made = (x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
            .not_valid_before(now - datetime.timedelta(days=1)).not_valid_after(now + datetime.timedelta(days=365))
            .add_extension(x509.SubjectAlternativeName(names), critical=False)
            .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
            .sign(key, hashes.SHA256()))
    encoding = serialization.Encoding.PEM
    private = key.private_bytes(encoding, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    return made.public_bytes(encoding), private


# --- requests -----------------------------------------------------------------------------------------------------

def authenticate(registry, admin_token: str, headers) -> User:
    """Whose request this is, impersonation not yet looked at; ApiError 401 for a token that nobody has."""
    scheme, _, token = headers.get("authorization", "").partition(" ")
    if not token:
        return User(ANONYMOUS, ANONYMOUS_GROUPS)
    if scheme.lower() == "bearer" and secrets.compare_digest(token.strip().encode(), admin_token.encode()):
        return User(ADMIN, ADMIN_GROUPS)
    name = registry.tokens.get(token.strip()) if scheme.lower() == "bearer" else None
    if name is None:
        raise errors.unauthorized()
    return User(name, rbac.groups_of(name))


def impersonated(registry, user: User, headers) -> User:
    """The user that this one asks to act as (`kubectl --as`), if it may."""
    name, groups = headers.get("impersonate-user", ""), tuple(headers.getlist("impersonate-group"))
    if not name and not groups:
        return user
    if not name:
        listed = ", ".join(json.dumps(group) for group in groups)
        raise errors.bad_request(f'requested &user.DefaultInfo{{Name:"", UID:"", Groups:[]string{{{listed}}}, '
                                 "Extra:map[string][]string(nil)} without impersonating a user name")
    for resource, wanted in [("users", name), *(("groups", group) for group in groups)]:
        rbac.authorize(registry, user.name, user.groups, rbac.Action("impersonate", resource=resource, name=wanted))
    if not groups and name == ANONYMOUS:
        return User(name, ANONYMOUS_GROUPS)
    own = rbac.groups_of(name) if name.startswith(rbac.ACCOUNT) and not groups else groups
    return User(name, tuple(dict.fromkeys([*own, "system:authenticated"])))
