"""The HTTP edge answers as a real server does, to good requests and to bad ones, and goes on."""
from __future__ import annotations

import json
import socket
import ssl
import stat
import threading

import pytest

from kubelearn.apiserver import app

MAPS = "/api/v1/namespaces/default/configmaps"
TABLE = "application/json;as=Table;v=v1;g=meta.k8s.io,application/json"
WATCH = "watch=1&sendInitialEvents=true&allowWatchBookmarks=true&resourceVersionMatch=NotOlderThan"


def config_map(name: str, **data: str) -> dict:
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name}, "data": data}


def frames(response):
    """The events of a watch as they come."""
    while line := response.readline():
        yield json.loads(line)


# --- verbs --------------------------------------------------------------------------------------------------------

def test_an_object_lives_through_every_verb(client):
    assert client.ask("POST", MAPS, config_map("a", x="1")).code == 201
    read = client.ask("GET", f"{MAPS}/a").json
    assert read["data"] == {"x": "1"}
    assert read["metadata"]["managedFields"][0]["operation"] == "Update"
    assert client.ask("PUT", f"{MAPS}/a", {**read, "data": {"x": "2"}}).json["data"] == {"x": "2"}
    assert client.ask("PUT", f"{MAPS}/a", {**read, "data": {"x": "3"}}).json["reason"] == "Conflict"
    merge = {"Content_Type": "application/merge-patch+json"}
    assert client.ask("PATCH", f"{MAPS}/a", {"data": {"y": "1"}}, **merge).json["data"] == {"x": "2", "y": "1"}
    apply = {"Content_Type": "application/apply-patch+yaml"}
    assert client.ask("PATCH", f"{MAPS}/b?fieldManager=me", config_map("b", z="1"), **apply).code == 201
    assert client.ask("PATCH", f"{MAPS}/b?fieldManager=me", config_map("b", z="2"), **apply).code == 200
    assert [item["metadata"]["name"] for item in client.ask("GET", MAPS).json["items"]] == ["a", "b"]
    gone = client.ask("DELETE", f"{MAPS}/a", {"kind": "DeleteOptions", "apiVersion": "v1", "propagationPolicy": "Background"})
    assert (gone.code, gone.json["status"]) == (200, "Success")
    assert client.ask("DELETE", MAPS).json["kind"] == "ConfigMapList"
    assert client.ask("GET", f"{MAPS}/b").json["reason"] == "NotFound"


def test_what_is_only_tried_is_not_done(client):
    assert client.ask("POST", f"{MAPS}?dryRun=All", config_map("a")).code == 201
    assert client.ask("GET", f"{MAPS}/a").code == 404


def test_fields_that_nobody_knows_are_ignored_warned_about_or_refused(client):
    strange = {**config_map("a"), "strange": 1}
    assert client.ask("POST", f"{MAPS}?fieldValidation=Ignore&dryRun=All", strange).headers["Warning"] is None
    assert client.ask("POST", f"{MAPS}?dryRun=All", strange).headers["Warning"] == '299 - "unknown field \\"strange\\""'
    refused = client.ask("POST", f"{MAPS}?fieldValidation=Strict", strange)
    head = 'ConfigMap in version "v1" cannot be handled as a ConfigMap: strict decoding error: '
    assert (refused.code, refused.json["message"]) == (400, f'{head}unknown field "strange"')
    twice = b'{"metadata":{"name":"a"},"data":{"x":"1","x":"2"}}'
    assert client.ask("POST", f"{MAPS}?dryRun=All", twice).json["data"] == {"x": "2"}


def test_lists_come_in_pages_tables_and_parts(client):
    for name in "abc":
        client.ask("POST", MAPS, config_map(name, x="1"))
    first = client.ask("GET", f"{MAPS}?limit=2").json
    assert first["metadata"]["remainingItemCount"] == 1
    rest = client.ask("GET", f"{MAPS}?limit=2&continue={first['metadata']['continue']}").json
    assert [item["metadata"]["name"] for item in first["items"] + rest["items"]] == ["a", "b", "c"]
    table = client.ask("GET", MAPS, Accept=TABLE).json
    assert [row["cells"] for row in table["rows"]] == [["a", 1, "0s"], ["b", 1, "0s"], ["c", 1, "0s"]]
    assert [column["name"] for column in table["columnDefinitions"]] == ["Name", "Data", "Age"]
    assert table["rows"][0]["object"]["kind"] == "PartialObjectMetadata"
    whole = client.ask("GET", f"{MAPS}?includeObject=Object", Accept=TABLE).json["rows"][0]["object"]
    assert (whole["kind"], whole["data"]) == ("ConfigMap", {"x": "1"})
    assert client.ask("GET", f"{MAPS}/a?includeObject=None", Accept=TABLE).json["rows"] == [{"cells": ["a", 1, "0s"], "object": None}]
    partial = client.ask("GET", MAPS, Accept="application/json;as=PartialObjectMetadataList;v=v1;g=meta.k8s.io").json
    assert "data" not in partial["items"][0]
    assert b"kind: ConfigMapList" in client.ask("GET", MAPS, Accept="application/yaml").body
    assert client.ask("GET", f"{MAPS}/a", User_Agent="curl/8").body.startswith(b'{\n  "')


# --- watches ------------------------------------------------------------------------------------------------------

def test_a_watch_begins_with_the_state_and_says_where_that_ends(client):
    client.ask("POST", MAPS, config_map("a"))
    events = list(frames(client.send("GET", f"{MAPS}?{WATCH}&timeoutSeconds=1")))
    assert [(event["type"], event["object"]["metadata"].get("name")) for event in events[:2]] == [("ADDED", "a"), ("BOOKMARK", None)]
    assert events[1]["object"]["metadata"]["annotations"] == {"k8s.io/initial-events-end": "true"}


def test_a_watch_is_told_of_every_change_also_as_rows(client, server):
    made = client.ask("POST", MAPS, config_map("a", x="1")).json
    other = type(client)(server)
    watch = other.send("GET", f"{MAPS}?watch=1&resourceVersion={made['metadata']['resourceVersion']}", Accept=TABLE)
    client.ask("PUT", f"{MAPS}/a", config_map("a", x="1", y="2"))
    client.ask("DELETE", f"{MAPS}/a")
    events = frames(watch)
    first, second = next(events), next(events)
    assert (first["type"], first["object"]["rows"][0]["cells"]) == ("MODIFIED", ["a", 2, "0s"])
    assert (second["type"], second["object"]["columnDefinitions"]) == ("DELETED", None)


def test_a_watch_from_before_the_window_is_told_that_it_is_too_late(client):
    client.registry.etcd.compact(2)
    event = next(frames(client.send("GET", f"{MAPS}?watch=1&resourceVersion=1")))
    assert (event["type"], event["object"]["code"], event["object"]["reason"]) == ("ERROR", 410, "Expired")


def test_a_watch_that_the_client_left_costs_nothing_more(client, server):
    other = type(client)(server)
    response = other.send("GET", f"/api/v1/namespaces?{WATCH}")
    response.readline()
    assert client.registry.etcd._watchers["namespaces"]
    response.close()
    other.connection.close()
    for _ in range(100):
        client.ask("POST", "/api/v1/namespaces", {"metadata": {"generateName": "n-"}})
        if not client.registry.etcd._watchers["namespaces"]:
            return
    raise AssertionError("the watch is still there")


# --- who asks -----------------------------------------------------------------------------------------------------

def test_only_who_has_the_token_gets_in(client):
    assert client.ask("GET", MAPS, Authorization="Bearer wrong").json["message"] == "Unauthorized"
    assert client.ask("GET", MAPS, Authorization="Basic eDp5").code == 401
    refused = client.ask("GET", MAPS, Authorization="")
    assert refused.code == 403
    assert refused.json["message"].startswith('configmaps is forbidden: User "system:anonymous" cannot list resource "configmaps"')
    assert client.ask("GET", "/healthz", Authorization="").body == b"ok"


def test_one_may_act_as_another_and_can_then_do_only_what_they_can(client):
    refused = client.ask("GET", MAPS, Impersonate_User="bob").json
    assert 'User "bob" cannot list resource "configmaps"' in refused["message"]
    assert client.ask("GET", MAPS, Impersonate_User="bob", Impersonate_Group="system:masters").code == 200
    assert "without impersonating a user name" in client.ask("GET", MAPS, Impersonate_Group="x").json["message"]


def test_the_kubeconfig_is_for_its_owner_alone_and_ends_with_the_server(server):
    assert stat.S_IMODE(server.kubeconfig.stat().st_mode) == 0o600
    server.stop()
    assert not server.kubeconfig.exists()


# --- bad input ----------------------------------------------------------------------------------------------------

@pytest.mark.parametrize(("method", "path", "code", "message"), [
    ("GET", "/nothing", 404, "404 page not found"),
    ("GET", "/apis/nothing", 404, "404 page not found"),
    ("POST", "/apis/nothing/v1/things", 404, "404 page not found"),
    ("GET", "/apis/apps/v9", 404, "the server could not find the requested resource"),
    ("GET", "/apis/apps/v1/nothing", 404, "the server could not find the requested resource"),
    ("GET", "/api/v1/configmaps/x", 404, "the server could not find the requested resource"),
    ("GET", f"{MAPS}/x/nothing", 404, "the server could not find the requested resource"),
    ("GET", "/api/v1/namespaces/%2e%2e/pods", 404, "the server could not find the requested resource"),
    ("GET", "/api/v1/namespaces/a%2fb/pods", 404, "the server could not find the requested resource"),
    ("GET", f"{MAPS}/x", 404, 'configmaps \\"x\\" not found'),
    ("POST", f"{MAPS}/x", 405, "the server does not allow this method on the requested resource"),
    ("PUT", MAPS, 405, "the server does not allow this method on the requested resource"),
    ("POST", "/api/v1/configmaps", 405, "the server does not allow this method on the requested resource"),
    ("DELETE", "/api", 405, "the server does not allow this method on the requested resource"),
    ("GET", f"{MAPS}?limit=x", 400, "strconv.ParseInt: parsing"),
    ("GET", f"{MAPS}?labelSelector=a%20b%20c", 400, "unable to parse requirement"),
    ("GET", f"{MAPS}?resourceVersion=999999", 504, "Too large resource version: 999999, current: 2"),
    ("GET", f"{MAPS}?resourceVersionMatch=Exact", 422, "resourceVersionMatch is forbidden unless resourceVersion is provided"),
    ("GET", f"{MAPS}?watch=1&sendInitialEvents=true", 422, "sendInitialEvents requires setting resourceVersionMatch to NotOlderThan"),
    ("GET", "/api/v1/namespaces/default/pods/x/exec?command=ls", 404, 'pods \\"x\\" not found'),
])
def test_wrong_paths_and_options_get_a_real_server_s_words(client, method, path, code, message):
    answer = client.ask(method, path)
    assert answer.code == code
    assert message in answer.body.decode()


@pytest.mark.parametrize(("body", "content_type", "code", "message"), [
    (b"hello", "application/json", 400, "json parse error: invalid character 'h' looking for beginning of value (68656c6c6f)"),
    (b"[]", "application/json", 400, "json: cannot unmarshal array into Go value"),
    (b"[" * 200_000, "application/json", 400, "exceeded max depth"),
    (b'{"kind":"Pod","apiVersion":"v1"}', "application/json", 400, 'Pod in version \\"v1\\" cannot be handled as a ConfigMap'),
    (b'{"kind":"ConfigMap","apiVersion":"v9"}', "application/json", 400, 'no kind \\"ConfigMap\\" is registered for version \\"v9\\"'),
    (b"{}", "text/plain", 415, "the body of the request was in an unknown format"),
    (b"k8s\0nonsense", "application/vnd.kubernetes.protobuf", 400, "unable to decode"),
    (b"a: &a [x]\nb: &b [" + b"*a," * 999 + b"*a]\nc: [" + b"*b," * 1999 + b"*b]", "application/yaml", 400, "excessive aliasing"),
    (b" " * 4_000_000, "application/json", 413, "Request entity too large: limit is 3145728"),
])
def test_broken_bodies_are_refused_and_the_server_goes_on(client, server, body, content_type, code, message):
    answer = client.ask("POST", MAPS, body, Content_Type=content_type)
    assert answer.code == code
    assert message in answer.body.decode()
    assert type(client)(server).ask("GET", MAPS).code == 200


def test_a_patch_of_an_unknown_form(client):
    assert client.ask("PATCH", f"{MAPS}/x", {}).json["message"] == "415: Unsupported Media Type"


def test_plain_http_is_told_off(server):
    with socket.create_connection(("127.0.0.1", server.port), timeout=5) as connection:
        connection.sendall(b"GET /api HTTP/1.1\r\nHost: x\r\n\r\n")
        assert connection.makefile("rb").read() == (b"HTTP/1.0 400 Bad Request\r\n\r\nClient sent an HTTP request to an HTTPS server.\n")


def test_half_sent_requests_hold_up_nobody(client, server):
    """A connection that says nothing, half a handshake, half a head, half a body: others are served meanwhile."""
    context = ssl._create_unverified_context()
    silent = socket.create_connection(("127.0.0.1", server.port))
    half_handshake = socket.create_connection(("127.0.0.1", server.port))
    half_handshake.sendall(b"\x16\x03\x01")
    half_head = context.wrap_socket(socket.create_connection(("127.0.0.1", server.port)))
    half_head.sendall(b"GET /api HTT")
    half_body = context.wrap_socket(socket.create_connection(("127.0.0.1", server.port)))
    half_body.sendall(f"POST {MAPS} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {client.token}\r\nContent-Type: application/json\r\n"
                      "Content-Length: 1000\r\n\r\n{".encode())
    assert client.ask("GET", MAPS).json["items"] == []
    for connection in (silent, half_handshake, half_head, half_body):
        connection.close()
    assert client.ask("GET", MAPS).json["items"] == []


def test_two_writers_of_one_object_are_told_apart(client, server):
    """Of many updates of the same version one is done, and all others are told of the conflict."""
    read = client.ask("POST", MAPS, config_map("a")).json
    codes = []

    def write(number: int) -> None:
        codes.append(type(client)(server).ask("PUT", f"{MAPS}/a", {**read, "data": {"by": str(number)}}).code)
    threads = [threading.Thread(target=write, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(codes) == [200] + [409] * 7


def test_a_failure_of_ours_is_an_internal_error_and_nothing_more(client, monkeypatch):
    monkeypatch.setattr(client.registry, "list", lambda *_: 1 / 0)
    answer = client.ask("GET", MAPS)
    assert (answer.code, answer.json["reason"]) == (500, "InternalError")
    monkeypatch.undo()
    assert client.ask("GET", MAPS).code == 200


def test_a_condition_that_asks_over_http_while_it_holds_the_core_is_told_so(client, server, monkeypatch):
    monkeypatch.setattr(app, "BUSY", 0.2)
    with server.clock.lock:
        answer = client.ask("GET", MAPS)
    assert (answer.code, answer.json["reason"]) == (504, "Timeout")
    assert client.ask("GET", MAPS).code == 200


# --- time ---------------------------------------------------------------------------------------------------------

def test_times_are_the_client_s_and_stay_the_same_for_one_invocation(client, server):
    made = client.ask("POST", MAPS, config_map("a"), Kubectl_Session="one").json
    with server.clock.lock:
        server.clock.run(100.0)
    again = client.ask("GET", f"{MAPS}/a", Kubectl_Session="one").json
    later = client.ask("GET", f"{MAPS}/a", Kubectl_Session="two").json
    stored = server.registry.get(server.registry.resources.find("configmaps"), "default", "a")
    assert stored["metadata"]["creationTimestamp"] == "2026-01-01T00:00:00Z"
    assert again["metadata"]["creationTimestamp"] == made["metadata"]["creationTimestamp"] != later["metadata"]["creationTimestamp"]
    table = client.ask("GET", MAPS, Accept=TABLE, Kubectl_Session="two").json
    assert table["rows"][0]["cells"] == ["a", 0, "100s"]


def test_a_time_that_a_client_sends_comes_to_virtual_time_and_back(client, server):
    leases = "/apis/coordination.k8s.io/v1/namespaces/default/leases"
    shown = client.ask("POST", MAPS, config_map("a")).json["metadata"]["creationTimestamp"]
    sent = f"{shown.partition('.')[0].removesuffix('Z')}.000000Z"
    lease = {"metadata": {"name": "l", "annotations": {"at": sent}}, "spec": {"renewTime": sent}}
    made = client.ask("POST", leases, lease).json
    assert made["spec"]["renewTime"] == sent
    assert made["metadata"]["annotations"]["at"] == sent
    stored = server.registry.get(server.registry.resources.find("leases"), "default", "l")
    assert stored["spec"]["renewTime"][:16] in ("2026-01-01T00:00", "2025-12-31T23:59")
