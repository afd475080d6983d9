"""Kubernetes' Status as an exception: the one kind of error that crosses kubelearn's interfaces.

Part of Kubernetes: apimachinery pkg/api/errors and pkg/util/validation/field. Law 8: reason, code and wording are upstream's.
Leaves out: retryAfterSeconds, except where a caller puts it into the details.
"""
from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import NamedTuple


class FieldError(NamedTuple):
    """One complaint about one field. reason is upstream's cause reason; text what follows the path: 'Required value: ...'."""

    reason: str
    field: str
    text: str

    def __str__(self) -> str:
        return f"{self.field}: {self.text}"


class ApiError(Exception):
    """A Status of failure. code is HTTP's, reason Kubernetes' (NotFound, Conflict, Invalid...)."""

    def __init__(self, code: int, reason: str, message: str, details: dict | None = None):
        super().__init__(message)
        self.code, self.reason, self.message, self.details = code, reason, message, details or {}

    def status(self) -> dict:
        """The Status object that an API server answers with."""
        status = {"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Failure", "message": self.message}
        if self.reason:
            status["reason"] = self.reason
        if self.details:
            status["details"] = self.details
        return status | {"code": self.code}

    @classmethod
    def from_status(cls, status: dict) -> ApiError:
        return cls(status.get("code", 500), status.get("reason", ""), status.get("message", ""), status.get("details"))


@contextmanager
def ignoring(*reasons: str) -> Iterator[None]:
    """Errors for these reasons are no news: with ignoring("NotFound"): ..."""
    try:
        yield
    except ApiError as error:
        if error.reason not in reasons:
            raise


def _details(resource: str, name: str, **more: object) -> dict:
    plural, _, group = resource.partition(".")
    return {"name": name, **({"group": group} if group else {}), "kind": plural, **more}


def not_found(resource: str, name: str) -> ApiError:
    """resource is 'pods' or 'deployments.apps' here and below."""
    return ApiError(404, "NotFound", f'{resource} "{name}" not found', _details(resource, name))


def already_exists(resource: str, name: str, ending: bool = False) -> ApiError:
    prefix = "object is being deleted: " if ending else ""
    return ApiError(409, "AlreadyExists", f'{prefix}{resource} "{name}" already exists', _details(resource, name))


def conflict(resource: str, name: str, why: str | None = None) -> ApiError:
    why = why or "the object has been modified; please apply your changes to the latest version and try again"
    return ApiError(409, "Conflict", f'Operation cannot be fulfilled on {resource} "{name}": {why}', _details(resource, name))


def invalid(kind: str, name: str, errors: list[FieldError]) -> ApiError:
    """kind is 'Pod' or 'Deployment.apps'."""
    texts = list(dict.fromkeys(str(error) for error in errors))
    text = texts[0] if len(texts) == 1 else f"[{', '.join(texts)}]"
    causes = [{"reason": e.reason, "message": e.text, "field": e.field} for e in errors]
    plain, _, group = kind.partition(".")
    details = {"name": name, **({"group": group} if group else {}), "kind": plain, "causes": causes}
    return ApiError(422, "Invalid", f'{kind} "{name}" is invalid: {text}', details)


def forbidden(resource: str, name: str, why: str) -> ApiError:
    subject = f'{resource} "{name}"' if name else resource
    return ApiError(403, "Forbidden", f"{subject} is forbidden: {why}", _details(resource, name))


def bad_request(message: str) -> ApiError:
    return ApiError(400, "BadRequest", message)


def expired(message: str) -> ApiError:
    return ApiError(410, "Expired", message)


def method_not_allowed(message: str) -> ApiError:
    return ApiError(405, "MethodNotAllowed", message)


def unsupported_media_type(message: str) -> ApiError:
    return ApiError(415, "UnsupportedMediaType", message)


def unauthorized() -> ApiError:
    return ApiError(401, "Unauthorized", "Unauthorized")


def too_many_requests(message: str, details: dict | None = None) -> ApiError:
    return ApiError(429, "TooManyRequests", message, details)


def internal(message: str) -> ApiError:
    return ApiError(500, "InternalError", f"Internal error occurred: {message}")


def unavailable() -> ApiError:
    return ApiError(503, "ServiceUnavailable", "the server is currently unable to handle the request")


def no_such_path() -> ApiError:
    return ApiError(404, "NotFound", "the server could not find the requested resource")
