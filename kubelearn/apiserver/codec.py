"""Bodies in and out: JSON, YAML and protobuf to plain dicts, plain dicts to JSON.

Part of Kubernetes: apimachinery pkg/runtime/serializer (json, yaml, protobuf) and sigs.k8s.io/yaml. Law 8: what is broken
gets a real server's words, and nothing that a client sends can cost more than its size.
Leaves out: CBOR; protobuf answers (every client accepts JSON).
"""
from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from functools import lru_cache

from kubelearn import errors
from kubelearn.apiserver import protobuf

LIMIT = 3 * 1024 * 1024  # bytes of a request body
JSON, YAML, PROTOBUF = "application/json", "application/yaml", "application/vnd.kubernetes.protobuf"
PATCHES = {  # media type of a PATCH -> what the registry calls it
    "application/json-patch+json": "json",
    "application/merge-patch+json": "merge",
    "application/strategic-merge-patch+json": "strategic",
    "application/apply-patch+yaml": "apply",
}
UNKNOWN_FORMAT = "the body of the request was in an unknown format - accepted media types include: "
_EXPANDED = 1_000_000  # values that a YAML text may come to through its aliases
_COMPACT = {"ensure_ascii": False, "separators": (",", ":"), "check_circular": False}
_dumps = json.JSONEncoder(**_COMPACT).encode


def encode(obj: object, default: Callable | None = None) -> bytes:
    """JSON; default says what stands for a value that JSON does not have, in the order of the text."""
    text = _dumps(obj) if default is None else json.JSONEncoder(**_COMPACT, default=default).encode(obj)
    return text.encode("utf-8", "replace")


def decode(body: bytes, content_type: str, repeated: list[str] | None = None) -> object:
    """What a request body holds; ApiError 400 or 415. repeated: is told what a strict decoder says of keys that come twice in JSON."""
    media_type = content_type.partition(";")[0].strip().lower() or JSON
    if media_type == PROTOBUF:
        return protobuf.decode(body)
    if media_type == YAML:
        return decode_yaml(body)
    if media_type != JSON:
        raise errors.unsupported_media_type(UNKNOWN_FORMAT + ", ".join((JSON, YAML, PROTOBUF)))
    return decode_json(body, repeated)


def decode_patch(body: bytes, content_type: str, repeated: list[str] | None = None) -> tuple[object, str]:
    """A PATCH's body -> the patch and its type: json, merge, strategic or apply."""
    media_type = content_type.partition(";")[0].strip().lower()
    if media_type not in PATCHES:
        raise errors.unsupported_media_type("415: Unsupported Media Type")
    if PATCHES[media_type] == "apply":
        return decode_yaml(body, "error decoding YAML: "), "apply"
    return decode_json(body, repeated), PATCHES[media_type]


# --- JSON ---------------------------------------------------------------------------------------------------------

def decode_json(body: bytes, repeated: list[str] | None = None) -> object:
    """A JSON text's value. Of a key that comes twice in an object the last one counts; repeated is told of it."""
    twice = False

    def of_pairs(pairs: list[tuple[str, object]]) -> dict:
        nonlocal twice
        found = dict(pairs)
        twice = twice or len(found) < len(pairs)
        return found
    try:
        value = json.loads(body, parse_constant=_no_constant, parse_float=_finite, object_pairs_hook=None if repeated is None else of_pairs)
    except RecursionError:
        raise errors.bad_request("exceeded max depth") from None
    except ValueError as error:
        raise errors.bad_request(_json_error(body, error)) from None
    if b"\\ud" in body or b"\\uD" in body:  # half a surrogate pair cannot be encoded again
        value = json.loads(json.dumps(value, ensure_ascii=False).encode("utf-16", "surrogatepass").decode("utf-16", "replace"))
    if twice:
        repeated += [f'duplicate field "{path}"' for path in _repeated(json.loads(body, object_pairs_hook=tuple), "")]
    return value


def _repeated(value: object, path: str) -> Iterator[str]:
    """Where in a value whose objects are tuples of their pairs a key comes again."""
    if isinstance(value, list):
        for index, inner in enumerate(value):
            yield from _repeated(inner, f"{path}[{index}]")
    elif isinstance(value, tuple):
        seen: set[str] = set()
        for key, inner in value:
            here = f"{path}.{key}" if path else key
            if key in seen:
                yield here
            seen.add(key)
            yield from _repeated(inner, here)


def _no_constant(text: str) -> None:
    raise ValueError(f"invalid character '{text[0]}' looking for beginning of value")


def _finite(text: str) -> float:
    number = float(text)
    if number in (float("inf"), float("-inf")):
        raise ValueError(f"json: cannot unmarshal number {text} into Go value of type float64")
    return number


def _json_error(body: bytes, error: ValueError) -> str:
    """Python's complaint in the words of Go's encoding/json."""
    if not isinstance(error, json.JSONDecodeError):
        return f"error decoding JSON: {error}"
    text = body.decode("utf-8", "replace")
    if error.pos >= len(text.rstrip()) or "Unterminated" in error.msg:
        return "unexpected end of JSON input"
    where = {"Expecting property name": "looking for beginning of object key string", "Expecting ':'": "after object key",
             "Expecting ','": "after object key:value pair", "Extra data": "after top-level value"}
    place = next((go for python, go in where.items() if error.msg.startswith(python)), "looking for beginning of value")
    return f"invalid character '{text[error.pos]}' {place}"


# --- YAML ---------------------------------------------------------------------------------------------------------

def decode_yaml(body: bytes | str, prefix: str = "error converting YAML to JSON: ") -> object:
    """One document, as sigs.k8s.io/yaml reads it."""
    documents = load_yaml_documents(body, prefix)
    return documents[0] if documents else None


def load_yaml_documents(text: bytes | str, prefix: str = "error converting YAML to JSON: ") -> list:
    """All documents of a text. Dates stay text, keys become text, 12:30 is no number; ApiError 400 where it is broken."""
    import yaml
    try:
        documents = list(yaml.load_all(text, Loader=_loader()))
        for document in documents:
            if _size(document, {}) > _EXPANDED:
                raise errors.bad_request(f"{prefix}yaml: document contains excessive aliasing")
    except yaml.MarkedYAMLError as error:
        line = f"line {error.problem_mark.line + 1}: " if error.problem_mark else ""
        raise errors.bad_request(f"{prefix}yaml: {line}{error.problem}") from None
    except (yaml.YAMLError, RecursionError, ValueError) as error:
        raise errors.bad_request(f"{prefix}yaml: {str(error) or 'exceeded max depth'}") from None
    return [_plain(document) for document in documents]


@lru_cache(maxsize=1)
def _loader() -> type:
    """PyYAML's safe loader with Go's idea of what an unquoted word is."""
    import yaml
    base = getattr(yaml, "CSafeLoader", yaml.SafeLoader)

    class Loader(base):
        yaml_implicit_resolvers = {
            first: [(tag, pattern) for tag, pattern in rules if tag.rpartition(":")[2] not in ("timestamp", "int", "float", "value")]
            for first, rules in base.yaml_implicit_resolvers.items()}
    loader = Loader
    loader.add_implicit_resolver("tag:yaml.org,2002:int", re.compile(r"[-+]?(0b[01_]+|0o?[0-7_]+|0x[0-9a-fA-F_]+|[1-9][0-9_]*|0)$"),
                                 list("-+0123456789"))
    loader.add_implicit_resolver("tag:yaml.org,2002:float", re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?$"),
                                 list("-+.0123456789"))
    loader.add_constructor("tag:yaml.org,2002:int", _int)
    loader.add_constructor("tag:yaml.org,2002:timestamp", lambda loader, node: loader.construct_scalar(node))
    return loader


def _int(loader: object, node: object) -> int:
    text = loader.construct_scalar(node).replace("_", "").lower()
    sign, digits = (-1 if text.startswith("-") else 1), text.lstrip("+-")
    if len(digits) > 1 and digits[0] == "0" and digits[1].isdigit():
        digits = "0o" + digits[1:]
    return sign * int(digits, 0)


def _size(value: object, known: dict[int, int]) -> int:
    """How many values a document comes to when its aliases are written out; each shared part is counted once only."""
    if not isinstance(value, (dict, list)):
        return 1
    if id(value) not in known:
        known[id(value)] = _EXPANDED + 1  # until it is known: an alias to what contains it never ends
        known[id(value)] = 1 + sum(_size(inner, known) for inner in (value.values() if isinstance(value, dict) else value))
    return known[id(value)]


def _plain(value: object) -> object:
    """Only what JSON has: keys are text, a set is an object of nulls."""
    if isinstance(value, dict):
        return {_key(key): _plain(inner) for key, inner in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(inner) for inner in value]
    if isinstance(value, set):
        return dict.fromkeys(map(_key, sorted(value, key=str)))
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else value


def _key(key: object) -> str:
    return key if isinstance(key, str) else json.dumps(key) if isinstance(key, (int, float, bool, type(None))) else str(key)
