"""The lab: JupyterLab on a trusted copy of the lessons that is the learner's own.

Part of Kubernetes: none. The copy keeps what the learner wrote; a lesson that the learner has not changed follows the course when
that changes; running is no change, for only the text of cells counts. The course's own folder is never written to.
Leaves out: merging. A lesson that both the learner and the course changed stays the learner's, until `--reset`.
"""
from __future__ import annotations

import hashlib
import json
import os
import shlex
import shutil
import sys
import sysconfig
from pathlib import Path

from kubelearn import kubectl

FIRST = "00_start.ipynb"
TERMINAL = {"shell_command": [os.environ.get("SHELL", "sh")]}  # no login shell: that would begin PATH anew, without kubectl
SHELL = ("PATH", "KUBECONFIG", "KUBECACHEDIR", "JUPYTER_CONFIG_PATH", kubectl.OWN)  # what a shell needs to start the same lab
SOURCE = "source"  # where view.answer links to
SETTINGS = {"@jupyter-widgets/jupyterlab-manager:plugin": {"saveState": True},  # else what a learner saves opens with "model not found"
            "@jupyterlab/apputils-extension:notification": {"fetchNews": "false", "checkForUpdates": False}}  # no pop-ups
KNOWN = ".course.json"  # what each lesson's text was when it was copied


def course() -> Path:
    """The lessons as shipped: beside the package in a checkout, else where the wheel put them."""
    places = (Path(__file__).parent.parent / "notebooks", Path(sysconfig.get_path("data")) / "share" / "kubelearn" / "notebooks")
    found = next((place for place in places if any(place.glob("*.ipynb"))), None)
    if found is None:
        raise FileNotFoundError(f"no lessons in {' or '.join(map(str, places))}")
    return found


def text_digest(path: Path) -> str:
    """Of what a person wrote in a file: a notebook's cells without outputs, counters and metadata; any other file whole."""
    content = path.read_bytes()
    if path.suffix == ".ipynb":
        try:
            content = json.dumps([(cell["cell_type"], "".join(cell["source"])) for cell in json.loads(content)["cells"]]).encode()
        except (ValueError, KeyError, TypeError):
            pass  # a notebook that is none any more is the learner's text as well
    return hashlib.sha256(content).hexdigest()


def copy_lessons(source: Path, target: Path) -> list[str]:
    """Brings the learner's copy up to date; returns the lessons that the course changed and that stayed the learner's."""
    target.mkdir(parents=True, exist_ok=True)
    try:
        known = json.loads((target / KNOWN).read_text())
    except (OSError, ValueError):
        known = {}
    kept = []
    for path in sorted(p for p in source.rglob("*") if p.is_file() and p.suffix != ".md" and ".ipynb_checkpoints" not in p.parts):
        name = path.relative_to(source).as_posix()
        new, mine = text_digest(path), target / name
        if not mine.exists() or known.get(name) == text_digest(mine) != new:
            mine.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(path, mine)
            fold_answers(mine)
        elif known.get(name) not in (new, None):
            kept.append(name)
            continue
        known[name] = new
    (target / KNOWN).write_text(json.dumps(known, indent=1, sort_keys=True))
    return kept


def fold_answers(path: Path) -> None:
    """The source of a prediction is folded away in the copy: it holds the answer that the learner is asked for. A click opens it."""
    if path.suffix != ".ipynb":
        return
    content = json.loads(path.read_text(encoding="utf-8"))
    for cell in content["cells"]:
        if "".join(cell["source"]).startswith("predict("):
            cell["metadata"].setdefault("jupyter", {})["source_hidden"] = True
    path.write_text(json.dumps(content, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


def set_aside(target: Path) -> Path | None:
    """Moves the learner's copy out of the way; returns where to, None when there was none."""
    if not target.exists():
        return None
    number = 1
    while (backup := target.with_name(f"{target.name}-before-reset-{number}")).exists():
        number += 1
    return target.rename(backup)


def trust(folder: Path) -> None:
    """Signs the copy: JupyterLab shows no widgets of a notebook that it does not trust."""
    import nbformat
    from nbformat.sign import NotebookNotary
    notary = NotebookNotary()
    for path in sorted(folder.glob("*.ipynb")):
        try:
            notary.sign(nbformat.read(path, as_version=4))
        except (ValueError, KeyError, AttributeError):
            continue  # the learner's broken file: JupyterLab will say what is wrong with it
    notary.store.close()


def command(folder: Path, port: int | None = None, browser: bool = True) -> list[str]:
    """How JupyterLab is started on the copy."""
    first = f"/lab/tree/{FIRST}" if (folder / FIRST).exists() else "/lab"
    words = [sys.executable, "-m", "jupyterlab", f"--ServerApp.root_dir={folder}", f"--LabApp.default_url={first}"]
    words += [f"--ServerApp.terminado_settings={TERMINAL}"]
    words += [f"--ServerApp.port={port}"] if port else []
    words += [] if browser else ["--no-browser"]
    return words + (["--allow-root"] if hasattr(os, "geteuid") and os.geteuid() == 0 else [])


def copy_code(target: Path) -> None:
    """The package's code beside the lessons, to be read: where the links of why() lead. Anew at each start."""
    shutil.rmtree(target, ignore_errors=True)
    shutil.copytree(Path(__file__).parent, target, ignore=shutil.ignore_patterns("__pycache__", "data"))


def jupyter_config() -> Path:
    """A folder for JUPYTER_CONFIG_PATH: our defaults of JupyterLab's settings, which a learner's own choices override."""
    path = kubectl.home() / "jupyter"
    (path / "labconfig").mkdir(parents=True, exist_ok=True)
    (path / "labconfig" / "default_setting_overrides.json").write_text(json.dumps(SETTINGS))
    return path


def prepare(reset: bool = False) -> tuple[Path, list[str], Path | None]:
    """The learner's copy, ready: its folder, the lessons kept though the course changed them, and the backup of a reset."""
    target = kubectl.home() / "lessons"
    backup = set_aside(target) if reset else None
    kept = copy_lessons(course(), target)
    copy_code(target / SOURCE)
    trust(target)
    return target, kept, backup


def environment() -> dict[str, str]:
    """JupyterLab's: its terminal has kubectl, and kubelearn itself."""
    found = kubectl.environment()
    scripts = str(Path(sys.executable).parent)
    path = found["PATH"] if scripts in found["PATH"].split(os.pathsep) else os.pathsep.join([scripts, found["PATH"]])
    config = os.pathsep.join(filter(None, [str(jupyter_config()), os.environ.get("JUPYTER_CONFIG_PATH")]))
    return dict(os.environ) | found | {"PATH": path, "JUPYTER_CONFIG_PATH": config}


def main(words: list[str]) -> None:
    """For a JupyterLab that somebody else starts (Binder): --folder makes the copy and names it, --environment gives lines for a shell."""
    if words == ["--folder"]:
        print(prepare()[0])
    elif words == ["--environment"]:
        found = environment()
        print(*(f"export {name}={shlex.quote(found[name])}" for name in SHELL), sep="\n")
    else:
        raise SystemExit("usage: python -m kubelearn.lab --folder | --environment")


if __name__ == "__main__":
    main(sys.argv[1:])
