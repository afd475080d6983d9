"""One request on its way through the server: who asks, about what, with which body; and how an answer leaves.

Part of Kubernetes: apiserver pkg/endpoints/handlers (rest.go, create.go) and pkg/endpoints/handlers/responsewriters. Bodies come in
at the client's time and are brought to virtual time here; nothing behind this module knows of real time.
"""
from __future__ import annotations

import json

from starlette.datastructures import Headers, QueryParams
from starlette.responses import Response

from kubelearn import errors
from kubelearn.api import patch as patches
from kubelearn.api import schema, typed
from kubelearn.api.resources import Resource, builtin, version_order
from kubelearn.apiserver import codec, negotiation, rbac, timestamps
from kubelearn.apiserver.options import WriteOptions
from kubelearn.apiserver.request import Request
from kubelearn.apiserver.requestinfo import RequestInfo
from kubelearn.apiserver.security import User
from kubelearn.apiserver.sessions import Session

PRETTY_AGENTS = ("curl", "Wget", "Mozilla/5.0")


def deprecation(resource: Resource) -> str:
    """What is said of a kind, or of a version that its definition marks, whenever somebody asks for it."""
    versions = resource.definition["spec"]["versions"] if resource.definition else ()
    old = next((v for v in versions if v["name"] == resource.version and v.get("deprecated")), None)
    if old:
        newer = next((v["name"] for v in versions if v["served"] and not v.get("deprecated") and
                      version_order(v["name"]) < version_order(resource.version)), "")
        advice = f"; use {resource.group}/{newer} {resource.kind}" if newer else ""
        return old.get("deprecationWarning") or f"{resource.api_version} {resource.kind} is deprecated{advice}"
    return resource.facts.get("deprecated", "")


class Call:
    """One request on its way through the server: who asks, in which session, about what, with which body."""

    def __init__(self, info: RequestInfo, user: User, session: Session, headers: Headers, query: QueryParams, body: bytes = b""):
        self.info, self.user, self.session, self.headers, self.query, self.body = info, user, session, headers, query, body
        self.method = "GET"
        self.waited = 0.0  # real seconds since the same invocation tried this write before
        self.repeated: list[str] = []  # what a strict decoder says of the body's text
        self.agent = headers.get("user-agent", "").partition("/")[0] or "unknown"
        deprecated = deprecation(info.resource) if info.resource else ""
        self.warnings: list[str] = [deprecated] if deprecated else []

    @property
    def what(self) -> str:
        """The request in words, alike where it is repeated."""
        info = self.info
        return f"{info.verb} {info.resource.name} {info.namespace}/{info.name}/{info.subresource}"

    def decoded(self) -> object:
        """The body, brought to virtual time; ApiError where it is of another kind than what is served here."""
        api_version, kind = self.info.kind
        obj = decoded(self.body, self.headers.get("content-type", ""), kind, self.repeated)
        _check_kind(obj, api_version, kind)
        obj = self._typed(obj, api_version, kind)
        return timestamps.inbound(obj, timestamps.of_kind(api_version, kind, self.info.resource), self.session.shift)

    def patch(self) -> tuple[object, str]:
        """The patch, brought to virtual time, and its type: json, merge, strategic or apply."""
        patch, patch_type = codec.decode_patch(self.body, self.headers.get("content-type", ""), self.repeated)
        times = timestamps.of_kind(*self.info.kind, self.info.resource)
        if patch_type == "apply":
            self._check_applied(patch)
        elif patch_type == "strategic":
            try:
                self._check_types(patch)
            except schema.Undecodable as error:
                raise patches.refused(error, patch, {}, patch_type) from None
        move = timestamps.inbound_json_patch if patch_type == "json" else timestamps.inbound
        return move(patch, times, self.session.shift), patch_type

    def _check_applied(self, patch: object) -> None:
        """What is applied is an object that says what it is, with values of the right types."""
        if not isinstance(patch, dict):
            what = _GO_NAMES.get(type(patch), "number")
            raise errors.bad_request(f"error decoding YAML: json: cannot unmarshal {what} into Go value of type map[string]interface {{}}")
        for field in ("apiVersion", "kind"):
            if not isinstance(patch.get(field), str):
                name = field[0].upper() + field[1:]
                raise errors.bad_request("error decoding YAML: error unmarshaling JSON: "
                                         f"Object '{name}' is missing in '{_beginning(self.body)}'")
        if (patch["apiVersion"], patch["kind"]) != self.info.kind:
            group, _, version = patch["apiVersion"].rpartition("/")
            raise errors.bad_request(f"invalid object type: {group}/{version}, Kind={patch['kind']}")
        if self.info.resource.schema and not self.info.subresource:
            typed.check(self.info.resource.schema, patch, self.query.get("fieldManager", ""))
        self._check_types(patch)

    def _check_types(self, patch: object) -> None:
        """What has the shape of an object has values of its types; directives like $patch count as fields that nobody knows."""
        found = self.info.resource.schema if self.info.kind == (self.info.resource.api_version, self.info.resource.kind) else None
        if found and isinstance(patch, dict):
            found.decode(patch)

    def _typed(self, obj: dict, api_version: str, kind: str) -> dict:
        """What is answered and not stored (a review, a Scale, an Eviction) has its types checked here, the rest when it is written."""
        own = (api_version, kind) == (self.info.resource.api_version, self.info.resource.kind)
        found = schema.of_kind(api_version, kind)
        if found is None or own and self.info.resource.plural not in rbac.REVIEWS:
            return obj
        obj, unknown = found.decode(obj)
        self._complain(unknown)
        return obj

    def _complain(self, texts: list[str]) -> None:
        validation = self.query.get("fieldValidation", "")
        if texts and validation == "Strict":
            version, kind = self.info.kind[0].rpartition("/")[2], self.info.kind[1]
            head = f'{kind} in version "{version}" cannot be handled as a {kind}'
            raise errors.bad_request(f"{head}: strict decoding error: {', '.join(texts)}")
        if validation != "Ignore":
            self.warnings += texts

    def request(self, options: WriteOptions) -> Request:
        return Request(self.agent, user=self.user.name, groups=self.user.groups, field_manager=options.field_manager,
                       field_validation=options.field_validation, dry_run=options.dry_run, force=options.force, external=True,
                       command=self.headers.get("kubectl-command", ""), session=self.headers.get("kubectl-session", ""),
                       warnings=self.warnings, repeated=self.repeated)


def answer(body: bytes, headers: Headers, query: QueryParams, code: int = 200, warnings: list[str] = ()) -> Response:
    """JSON as the client wants to read it; people with curl get it indented, as from a real server."""
    media_type = codec.JSON
    pretty = query.get("pretty", "true" if headers.get("user-agent", "").startswith(PRETTY_AGENTS) else "")
    if negotiation.wants_yaml(headers.get("accept", "")):
        import yaml
        body, media_type = yaml.safe_dump(json.loads(body), sort_keys=False, allow_unicode=True).encode(), codec.YAML
    elif pretty in ("1", "true"):
        body = json.dumps(json.loads(body), indent=2, ensure_ascii=False).encode() + b"\n"
    response = Response(body, code, {"cache-control": "no-cache, private"}, media_type)
    for text in warnings:
        warn(response, text)
    return response


def warn(response: Response, text: str) -> None:
    """What kubectl prints after 'Warning: '."""
    quoted = text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", " ").encode("ascii", "replace").decode()
    response.headers.append("Warning", f'299 - "{quoted}"')


def _check_kind(obj: dict, api_version: str, kind: str) -> None:
    """A body says what it is; where it says nothing it is what is served here."""
    given = (obj.setdefault("apiVersion", api_version) or api_version, obj.setdefault("kind", kind) or kind)
    if given == (api_version, kind) or not all(isinstance(text, str) for text in given):
        return
    version = given[0].rpartition("/")[2]
    if not any((resource.api_version, resource.kind) == given for resource in builtin()):
        why = f'no kind "{given[1]}" is registered for version "{given[0]}" in scheme "pkg/runtime/scheme.go:111"'
    else:
        why = f"converting ({version}.{given[1]}) to ({api_version.partition('/')[0].replace('v1', 'core')}.{kind}): unknown conversion"
    raise errors.bad_request(f'{given[1]} in version "{version}" cannot be handled as a {kind}: {why}')


def decoded(body: bytes, content_type: str, kind: str, repeated: list[str] | None = None) -> dict:
    """codec.decode for an object of a kind; what is none is refused with a look at its beginning."""
    try:
        obj = codec.decode(body, content_type, repeated)
    except errors.ApiError as error:
        if error.code != 400 or body.startswith(codec.protobuf.MAGIC):
            raise
        why = error.message
    else:
        if isinstance(obj, dict):
            return obj
        why = f"json: cannot unmarshal {_GO_NAMES.get(type(obj), 'number')} into Go value of type {_STRUCT}"
    raise errors.bad_request(f"the object provided is unrecognized (must be of type {kind}): couldn't get version/kind; "
                             f"json parse error: {why} ({_beginning(body)})")


_STRUCT = r'struct { APIVersion string "json:\"apiVersion,omitempty\""; Kind string "json:\"kind,omitempty\"" }'
_GO_NAMES = {list: "array", str: "string", bool: "bool"}


def _beginning(body: bytes) -> str:
    if not body:
        return "<empty>"
    text = body[:256].decode("utf-8", "replace") if body[:1] == b"{" else body[:256].hex()
    return text + " ..." if len(body) > 256 else text
