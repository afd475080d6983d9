"""python tools/fetch_tables.py --kubeconfig FILE [--out FOLDER]: makes the tables from any running cluster.

Part of Kubernetes: asks discovery, OpenAPI v3 and the Table form of each list. A cluster that serves this version, asked the same
questions, gives the same tables (tests hold our own server to that).
Leaves out: protobuf.json, whose numbers stand in the published .proto files and are served by nobody.
"""
from __future__ import annotations

import argparse
import base64
import json
import ssl
import tempfile
import urllib.request
from collections.abc import Callable
from pathlib import Path

import yaml

DISCOVERY = "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList"
TABLE = "application/json;as=Table;v=v1;g=meta.k8s.io"
MEANING = ("type", "properties", "items", "additionalProperties", "required", "enum", "format", "default", "oneOf", "$ref")
NOT_BOOTSTRAP = ("componentstatuses", "endpoints", "events", "leases", "nodes", "pods", "namespaces", "secrets", "csinodes")
OF_ONE_CLUSTER = ("uid", "resourceVersion", "creationTimestamp", "managedFields", "generation", "selfLink")

DATA = Path(__file__).parent.parent / "kubelearn" / "api" / "data"
Ask = Callable[..., dict]


def client(kubeconfig: str) -> Ask:
    """ask(path, accept) -> the decoded answer, as the kubeconfig's current user."""
    config = yaml.safe_load(Path(kubeconfig).read_text())
    context = next(c["context"] for c in config["contexts"] if c["name"] == config["current-context"])
    cluster = next(c["cluster"] for c in config["clusters"] if c["name"] == context["cluster"])
    user = next(u["user"] for u in config["users"] if u["name"] == context["user"])
    tls = ssl.create_default_context(cadata=base64.b64decode(cluster["certificate-authority-data"]).decode())
    if "client-certificate-data" in user:
        with tempfile.NamedTemporaryFile(suffix=".pem") as both:  # only its owner can read it
            both.write(base64.b64decode(user["client-certificate-data"]) + b"\n" + base64.b64decode(user["client-key-data"]))
            both.flush()
            tls.load_cert_chain(both.name)
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}), urllib.request.HTTPSHandler(context=tls))

    def ask(path: str, accept: str = "application/json") -> dict:
        headers = {"Accept": accept} | ({"Authorization": f"Bearer {user['token']}"} if "token" in user else {})
        with opener.open(urllib.request.Request(cluster["server"] + path, headers=headers), timeout=60) as answer:
            return json.load(answer)
    return ask


# --- the tables ------------------------------------------------------------------------------------------------------------

def resources(ask: Ask) -> list[dict]:
    """Discovery, one entry for each version of a resource."""
    found = []
    for path in ("/api", "/apis"):
        for group in ask(path, DISCOVERY)["items"]:
            name = group["metadata"].get("name", "")
            for version in group["versions"]:
                found += [_resource(name, version["version"], entry) for entry in version.get("resources", [])]
    return found


def _resource(group: str, version: str, entry: dict) -> dict:
    parts = [{"subresource": part["subresource"], "verbs": sorted(part["verbs"]),
              "responseKind": _kind(part["responseKind"], group, version)}
             for part in sorted(entry.get("subresources", []), key=lambda part: part["subresource"])]
    return {"group": group, "version": version, "resource": entry["resource"], "kind": entry["responseKind"]["kind"],
            "scope": entry["scope"], "singular": entry["singularResource"], "verbs": sorted(entry["verbs"]),
            **({"shortNames": entry["shortNames"]} if entry.get("shortNames") else {}),
            **({"categories": entry["categories"]} if entry.get("categories") else {}),
            **({"subresources": parts} if parts else {})}


def _kind(kind: dict, group: str, version: str) -> dict:
    """Group and version only where they are not the resource's own."""
    same = (kind.get("group") or group, kind.get("version") or version) == (group, version)
    return {"kind": kind["kind"]} if same else {"group": kind.get("group", ""), "version": kind["version"], "kind": kind["kind"]}


def schema(ask: Ask) -> dict[str, dict]:
    """The OpenAPI v3 schemas of all group versions, without descriptions."""
    found: dict[str, dict] = {}
    for path, entry in ask("/openapi/v3")["paths"].items():
        if path.startswith("api/") or path.count("/") == 2:  # a version of a group, not the group itself
            for name, source in ask(entry["serverRelativeURL"]).get("components", {}).get("schemas", {}).items():
                found.setdefault(name, stripped(source))
    return {name: found[name] for name in sorted(found)}


def stripped(source: object) -> object:
    """What a schema means: without prose, and a reference as the bare name that it points to."""
    if isinstance(source, list):
        return [stripped(item) for item in source]
    if not isinstance(source, dict):
        return source
    if len(source.get("allOf", ())) == 1:
        source = {**source["allOf"][0], **{key: value for key, value in source.items() if key != "allOf"}}
    kept = {}
    for key, value in source.items():
        if key == "properties":
            kept[key] = {name: stripped(inner) for name, inner in sorted(value.items())}
        elif key == "$ref":
            kept[key] = value.rpartition("/")[2]
        elif key == "default" and value == {}:
            continue
        elif key in MEANING or key.startswith("x-kubernetes"):
            kept[key] = stripped(value) if key in ("items", "additionalProperties", "oneOf") else value
    return kept


def enums(ask: Ask) -> list[list]:
    """What descriptions say of each value of an enum: [fields, text]."""
    found: dict[str, dict[str, None]] = {}
    for path, entry in sorted(ask("/openapi/v3")["paths"].items()):
        if path.startswith("api/") or path.count("/") == 2:
            for name, source in ask(entry["serverRelativeURL"]).get("components", {}).get("schemas", {}).items():
                for field, inner in source.get("properties", {}).items():
                    _, enum, text = inner.get("description", "").partition("\n\nPossible enum values:")
                    if enum:
                        found.setdefault(text, {})[f"{name}.{field}"] = None
    return sorted([sorted(fields), text] for text, fields in found.items())


def columns(ask: Ask, table: list[dict]) -> dict[str, list[list]]:
    """The columns of each Table: [name, type, format, priority]."""
    found = {}
    for entry in table:
        if "list" in entry["verbs"]:
            version = f"{entry['group']}/{entry['version']}" if entry["group"] else entry["version"]
            answer = ask(f"/{'apis' if entry['group'] else 'api'}/{version}/{entry['resource']}?limit=1", TABLE)
            found[f"{version}/{entry['resource']}"] = [[column[key] for key in ("name", "type", "format", "priority")]
                                                       for column in answer["columnDefinitions"]]
    return found


def bootstrap(ask: Ask, table: list[dict]) -> list[dict]:
    """The objects of a fresh cluster (ask one that is), without what is only its own."""
    found, seen = [], set()
    for entry in table:
        if "list" not in entry["verbs"] or entry["resource"] in NOT_BOOTSTRAP or (entry["group"], entry["resource"]) in seen:
            continue
        seen.add((entry["group"], entry["resource"]))
        version = f"{entry['group']}/{entry['version']}" if entry["group"] else entry["version"]
        for obj in ask(f"/{'apis' if entry['group'] else 'api'}/{version}/{entry['resource']}")["items"]:
            metadata = {key: value for key, value in obj["metadata"].items() if key not in OF_ONE_CLUSTER}
            kept = {key: value for key, value in obj.items() if key != "status"}
            if entry["kind"] == "ConfigMap":
                kept["data"] = dict.fromkeys(kept.get("data") or {}, "...")
            found.append({**kept, "apiVersion": version, "kind": entry["kind"], "metadata": metadata})
    return found


def lines(table: dict | list) -> str:
    """JSON with one entry a line, so that a change shows as a small diff."""
    def one(value: object) -> str:
        return json.dumps(value, separators=(",", ":"), ensure_ascii=False)
    if isinstance(table, list):
        return "[\n" + ",\n".join(map(one, table)) + "\n]\n"
    return "{\n" + ",\n".join(f"{one(key)}:{one(value)}" for key, value in table.items()) + "\n}\n"


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--kubeconfig", required=True)
    options.add_argument("--out", type=Path, default=DATA, help="where the .json files go")
    args = options.parse_args()
    ask = client(args.kubeconfig)
    table = resources(ask)
    tables = {"resources": table, "schema": schema(ask), "enums": enums(ask), "columns": columns(ask, table),
              "bootstrap": bootstrap(ask, table)}
    for name, value in tables.items():
        (args.out / f"{name}.json").write_text(lines(value))
        print(f"{name}.json: {len(value)} entries")


if __name__ == "__main__":
    main()
