"""The signer: gives an approved CertificateSigningRequest its certificate.

Law: a request of one of Kubernetes' own signers that is approved and not denied has a certificate for the name and the key that it shows.
Leaves out: what a signer refuses by itself, approval by itself of kubelets' requests. The API server knows its clients by
tokens, so nobody can log in with a certificate. Upstream: pkg/controller/certificates/signer.
"""
from __future__ import annotations

import base64
import datetime

from kubelearn.api.meta import uid_of
from kubelearn.controllers.controller import Controller

SIGNERS = tuple(f"kubernetes.io/{name}" for name in ("kube-apiserver-client", "kube-apiserver-client-kubelet", "kubelet-serving",
                                                     "legacy-unknown"))
YEAR = 365 * 24 * 3600
KEY = b"the authority of this simulation"  # 32 bytes: signatures are the same in every run, and secret to nobody


def signed(request: str, number: int, now: float, seconds: int) -> str:
    """The certificate for a request; both are PEM in base64."""
    from cryptography import x509
    from cryptography.hazmat.primitives import serialization
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
    asked = x509.load_pem_x509_csr(base64.b64decode(request))
    begin = datetime.datetime.fromtimestamp(now, datetime.timezone.utc)
    made = (x509.CertificateBuilder()
            .issuer_name(x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "kubernetes")]))
            .subject_name(asked.subject).public_key(asked.public_key()).serial_number(number)
            .not_valid_before(begin - datetime.timedelta(minutes=5)).not_valid_after(begin + datetime.timedelta(seconds=seconds))
            .sign(Ed25519PrivateKey.from_private_bytes(KEY), None))
    return base64.b64encode(made.public_bytes(serialization.Encoding.PEM)).decode()


class CertificateSigningController(Controller):
    name, kind = "certificate-controller", "CertificateSigningRequest"

    def sync(self, csr: dict) -> None:
        spec, status = csr["spec"], csr.get("status") or {}
        types = {condition["type"] for condition in status.get("conditions") or ()}
        if status.get("certificate") or spec["signerName"] not in SIGNERS or "Approved" not in types or types & {"Denied", "Failed"}:
            return
        number = int(uid_of(csr).replace("-", "")[:30], 16)
        certificate = signed(spec["request"], number, self.clock.now, spec.get("expirationSeconds") or YEAR)
        self.client.update_status({**csr, "status": {**status, "certificate": certificate}}, because="it is approved")
