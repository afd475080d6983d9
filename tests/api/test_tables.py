"""Laws of the tables that are written by hand: every word in them means something, and stands in one place."""
from pathlib import Path

import pytest

from kubelearn.api import data, defaults, names, schema
from kubelearn.api.resources import Resources

FOLDER = Path(data.__file__).parent
DEFINITIONS = {schema.of(name).short: schema.of(name) for name in data.schema()}


@pytest.mark.parametrize("name", sorted(file.stem for file in FOLDER.glob("*.txt")))
def test_a_heading_stands_once(name):
    lines = (FOLDER / f"{name}.txt").read_text("utf-8").splitlines()
    headings = [word for line in lines if line[:1] not in ("", " ", "#") for word in line.split()]
    assert len(headings) == len(set(headings)) == len(data.sections(name))
    assert max(map(len, lines)) <= 140


def test_defaults_and_gos_names_are_of_fields_that_there_are():
    for table in (defaults.table(), {short: dict(lines) for short, lines in data.sections("gonames").items()}):
        for short, fields in table.items():
            assert {key for key in fields if key[0] not in "!+"} <= DEFINITIONS[short].fields.keys()


def test_facts_are_of_resources_that_there_are():
    known = {"names", "generation", "status", "status-with-metadata", "select", "template", "deprecated", "name-alone", "finalizer"}
    assert {resource.storage for resource in Resources()} >= data.sections("kinds").keys()
    for lines in data.sections("kinds").values():
        facts = dict(lines)
        assert facts.keys() <= known and hasattr(names, facts.get("names", "dns_subdomain"))
