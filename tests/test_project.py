"""The project's own promises: what the README says to type exists, and the package names its version once."""
from __future__ import annotations

import re
import subprocess
import tomllib
from importlib.metadata import version
from pathlib import Path

ROOT = Path(__file__).parent.parent


def test_the_installed_version_is_pyprojects():
    """A new version asks for a new install: the Makefile does it when pyproject.toml changed."""
    assert version("kubelearn") == tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"]


def test_make_alone_says_what_there_is():
    """`make` without a target changes nothing and lists the targets."""
    said = subprocess.run(["make"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    assert [word for word in ("lab", "test", "bench", "notebooks") if f"  {word} " not in said] == []


def test_no_local_thing_is_named_in_the_repository():
    """What is committed names no folder of a machine that it was made on."""
    files = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=True).stdout.split()
    told = [name for name in files if (ROOT / name).is_file() and b"/work/" + b"main" in (ROOT / name).read_bytes()]
    assert told == []


def test_what_a_page_links_to_is_there():
    """Files that the project's own pages name."""
    pages = [ROOT / name for name in subprocess.run(["git", "ls-files", "*.md"], cwd=ROOT, capture_output=True, text=True).stdout.split()]
    links = [(page, link) for page in pages for link in re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", page.read_text())]
    assert links
    assert [(page.name, link) for page, link in links if not (page.parent / link).exists()] == []
