"""Names of images: what they stand for, and how a registry refuses those that it does not have.

Part of Kubernetes: distribution's reference package and containerd's resolver. Law 8: their words.
"""
from __future__ import annotations

import re

REPOSITORY = re.compile(r"[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*(?:/[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*)*")
TAG = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}")
REGISTRIES = frozenset(("docker.io", "registry.k8s.io", "k8s.gcr.io", "gcr.io", "us-docker.pkg.dev", "quay.io", "ghcr.io",
                        "mcr.microsoft.com", "public.ecr.aws"))  # whose names can be looked up
RESOLVER = "127.0.0.53"  # of a node, for names outside of the cluster


class ImageError(Exception):
    """A name that is none, or an image that cannot be had."""


def normalize(reference: str) -> str:
    """nginx -> docker.io/library/nginx:latest. ImageError in the kubelet's words."""
    name, _, digest = reference.partition("@")
    name, tag = _split_tag(name)
    host, slash, rest = name.partition("/")
    if not slash or not ("." in host or ":" in host or host == "localhost" or host != host.lower()):
        host, rest = "docker.io", name if slash else f"library/{name}"
    if not REPOSITORY.fullmatch(rest) or not TAG.fullmatch(tag or "latest"):
        lower = f": repository name ({rest}) must be lowercase" if rest != rest.lower() else ""
        raise ImageError(f'Failed to apply default image tag "{reference}": couldn\'t parse image name "{reference}": '
                         f"invalid reference format{lower}")
    return f"{host}/{rest}@{digest}" if digest else f"{host}/{rest}:{tag or 'latest'}"


def _split_tag(name: str) -> tuple[str, str]:
    head, colon, tag = name.rpartition(":")
    return (head, tag) if colon and "/" not in tag else (name, "")


def pull_error(name: str, repository: str, known: bool) -> str:
    text = f'failed to pull and unpack image "{name}": failed to resolve image: '
    host, _, path = repository.partition("/")
    if host not in REGISTRIES:
        machine, _, port = host.partition(":")
        scheme, why = ("http", f" 127.0.0.1:{port or 80}: connect: connection refused") if machine == "localhost" else (
            "https", f": lookup {machine} on {RESOLVER}:53: no such host")
        question = f"{scheme}://{host}/v2/{path}/manifests/{name.rpartition(':')[2]}"
        return f'{text}failed to do request: Head "{question}": dial tcp{why}'
    if known or host != "docker.io":
        return f"rpc error: code = NotFound desc = {text}{name}: not found"
    return (text + "pull access denied, repository does not exist or may require authorization: "
            "server message: insufficient_scope: authorization failed")
