"""Law: a cluster of ours, asked by the script that made the tables, gives the same tables back."""
import json
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path

import pytest

from kubelearn.api import data
from kubelearn.cluster import Cluster

SCRIPT = spec_from_file_location("fetch_tables", Path(__file__).parents[2] / "tools" / "fetch_tables.py")
fetch = module_from_spec(SCRIPT)
SCRIPT.loader.exec_module(fetch)


@pytest.fixture(scope="module")
def ask():
    cluster = Cluster(nodes=1)
    yield fetch.client(str(cluster.kubeconfig))
    cluster.close()


def test_discovery_and_columns_are_the_tables(ask):
    table = fetch.resources(ask)
    assert sorted(table, key=json.dumps) == sorted(data.resources(), key=json.dumps)
    assert fetch.columns(ask, table) == data.columns()


def test_the_schemas_are_the_tables(ask):
    assert fetch.schema(ask) == data.schema()


def test_the_first_objects_are_there(ask):
    def name(obj):
        return obj["kind"], obj["metadata"].get("namespace"), obj["metadata"]["name"]
    found = {name(obj): obj for obj in fetch.bootstrap(ask, fetch.resources(ask))}
    wanted = {name(obj): obj for obj in data.bootstrap()}
    assert wanted.keys() <= found.keys()
    ports = {("Service", "default", "kubernetes"), ("EndpointSlice", "default", "kubernetes")}  # the port is the server's own
    assert {key for key in wanted if found[key] != wanted[key]} <= ports
