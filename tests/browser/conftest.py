"""JupyterLab as a learner has it, in a headless Chromium: started by `kubelearn lab`, driven by playwright.

KUBELEARN_SCREENSHOTS=FOLDER keeps a picture of every notebook, light and dark, to be looked at.
"""
from __future__ import annotations

import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

from kubelearn.doctor import browser as system_browser

SECONDS = 180  # real ones, for a notebook's Run All on a slow machine
CONNECT = 30  # for a kernel's first answer
KERNEL_IS_THERE = """async limit => {
    const panel = jupyterapp.shell.currentWidget
    const late = new Promise((_, fail) => setTimeout(() => fail(new Error('the kernel does not answer')), limit))
    const ready = Promise.all([panel.context.ready, panel.revealed, panel.sessionContext.ready])
    await Promise.race([late, ready.then(() => panel.sessionContext.session.kernel.info)])
}"""
SETTINGS = {  # all cells are in the page, and no question is asked
    "@jupyterlab/notebook-extension/tracker": {"windowingMode": "none"},
    "@jupyterlab/apputils-extension/notification": {"fetchNews": "false", "checkForUpdates": False},
}
QUIET = re.compile("favicon|Download the React DevTools|ResizeObserver|net::ERR_ABORTED")


def chromium() -> str:
    """The system's; without one the tests are skipped with that word, but never in CI."""
    path = system_browser()
    if path is None and os.environ.get("CI"):
        pytest.fail("no chromium on PATH: .ci/run installs it")
    if path is None:
        pytest.skip("no chromium on PATH (apt-get install chromium)")
    return path


@pytest.fixture(scope="module")
def lab(own_home, tmp_path_factory) -> Iterator[str]:
    """A running lab; its address with {} for the path below /lab."""
    chromium()
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    settings = tmp_path_factory.mktemp("settings")
    for name, content in SETTINGS.items():
        path = settings / f"{name}.jupyterlab-settings"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(content))
    config = Path(os.environ["JUPYTER_CONFIG_DIR"]) / "jupyter_lab_config.json"
    config.parent.mkdir(parents=True, exist_ok=True)
    config.write_text(json.dumps({"LabApp": {"expose_app_in_browser": True}}))  # so that a test can await JupyterLab's commands
    log = tmp_path_factory.mktemp("lab") / "log"
    environment = dict(os.environ) | {"JUPYTER_TOKEN": "test", "JUPYTERLAB_SETTINGS_DIR": str(settings)}
    words = [str(Path(sys.executable).with_name("kubelearn")), "lab", "--no-browser", "--port", str(port)]
    with log.open("w") as file, subprocess.Popen(words, env=environment, stdout=file, stderr=file, stdin=subprocess.DEVNULL) as process:
        address = f"http://127.0.0.1:{port}/lab{{}}?token=test"
        try:
            _until_it_answers(f"http://127.0.0.1:{port}/api/status?token=test", process, log)
            yield address
        finally:
            process.send_signal(signal.SIGTERM)


def _until_it_answers(address: str, process: subprocess.Popen, log: Path) -> None:
    deadline = time.monotonic() + 60
    while True:
        try:
            urllib.request.urlopen(address, timeout=5).close()
            return
        except OSError:
            assert process.poll() is None and time.monotonic() < deadline, log.read_text()
            time.sleep(0.2)  # another process's start has no event to wait for


@pytest.fixture(scope="module")
def chrome():
    """Not for the session: as long as playwright runs, its event loop is this thread's, and other tests want their own."""
    from playwright.sync_api import sync_playwright
    path = chromium()
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=["--no-sandbox", "--disable-dev-shm-usage", "--disable-gpu"])
        yield browser
        browser.close()


class Notebook:
    """A notebook open in JupyterLab."""

    def __init__(self, page, lab: str, name: str):
        self.page, self.name, self.complaints = page, name, []
        page.on("pageerror", lambda error: self.complaints.append(str(error)))
        page.on("console", lambda message: self.complaints.append(message.text) if message.type == "error" else None)
        workspace = f"/workspaces/{Path(name).stem}"  # of its own: else every page opens again what the others have open
        page.goto(lab.format(f"{workspace}/tree/{name}"), wait_until="domcontentloaded")
        self.panel = page.locator(".jp-NotebookPanel:not(.lm-mod-hidden)")
        self.panel.locator(".jp-CodeCell").first.wait_for(timeout=60_000)
        page.set_default_timeout(SECONDS * 1000)
        self._await_kernel()

    def _await_kernel(self) -> None:
        """A busy machine may lose the connection to a new kernel for good; loading the page again makes a new one."""
        from playwright.sync_api import Error
        for attempt in range(3):
            try:
                return self.page.evaluate(KERNEL_IS_THERE, CONNECT * 1000)
            except Error:
                if attempt == 2:
                    raise
                self.page.reload(wait_until="domcontentloaded")
                self.panel.locator(".jp-CodeCell").first.wait_for(timeout=60_000)

    def run_all(self) -> None:
        """Run > Run All Cells; returns when all have run, or one has failed. A busy machine may lose what the kernel answers: once more."""
        for _ in range(2):
            self._run_all()
            if self.errors() or not self.unrun():
                return

    def _run_all(self) -> None:
        self.page.evaluate("""limit => Promise.race([jupyterapp.commands.execute('notebook:run-all-cells'),
            new Promise((_, fail) => setTimeout(() => fail(new Error('Run All did not end')), limit))])""", SECONDS * 1000)

    def unrun(self) -> int:
        """How many code cells with something in them have no number."""
        return self.page.evaluate("""() => jupyterapp.shell.currentWidget.content.widgets
            .filter(cell => cell.model.type === 'code' && cell.model.sharedModel.source.trim() && !cell.model.executionCount).length""")

    def errors(self) -> list[str]:
        """Tracebacks in outputs, widgets that did not appear, and what the browser itself complained of."""
        shown = self.panel.locator("[data-mime-type='application/vnd.jupyter.error']").all_inner_texts()
        broken = self.panel.get_by_text(re.compile("Error displaying widget|Loading widget|Error creating widget")).all_inner_texts()
        return shown + broken + [text for text in self.complaints if not QUIET.search(text)]

    def unanswered(self) -> int:
        """Clicks the last choice of each row of buttons of a touch(); how many of their answers stay those of the choice before."""
        for row in self.panel.locator(".widget-toggle-buttons").all():
            row.get_by_role("button").last.click()
            self.page.evaluate("jupyterapp.shell.currentWidget.sessionContext.session.kernel.requestKernelInfo()")
        faint = self.panel.locator(".widget-html [style*='opacity']")
        self.page.wait_for_timeout(500 if faint.count() else 0)  # the last answer is on its way
        return faint.count()

    def close(self) -> None:
        """Ends the kernel and the page."""
        self.page.evaluate("jupyterapp.shell.currentWidget.sessionContext.shutdown()")
        self.page.context.close()

    def screenshots(self) -> None:
        """The whole notebook as pictures, light and dark, where somebody asked for them."""
        folder = os.environ.get("KUBELEARN_SCREENSHOTS")
        for theme in ("Light", "Dark") if folder else ():
            self.page.evaluate("theme => jupyterapp.commands.execute('apputils:change-theme', {theme})", f"JupyterLab {theme}")
            self.page.locator("#jupyterlab-splash").wait_for(state="detached")
            self._photograph(Path(folder), theme.lower())

    def _photograph(self, folder: Path, theme: str) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        outer = self.panel.locator(".jp-WindowedPanel-outer")
        self.page.set_viewport_size({"width": 1300, "height": 1500})
        self.page.locator("#jupyterlab-splash").wait_for(state="detached")  # it lies over the page while a theme loads
        height, seen = outer.evaluate("element => [element.scrollHeight, element.clientHeight]")
        for part, top in enumerate(range(0, max(height, 1), seen - 60)):
            outer.evaluate("(element, top) => { element.scrollTop = top }", top)
            outer.screenshot(path=folder / f"{Path(self.name).stem}-{theme}-{part:02}.png")


@pytest.fixture(scope="module")
def open_notebook(lab, chrome):
    """Opens notebooks by name, each in a page of its own."""
    return lambda name: Notebook(chrome.new_context(viewport={"width": 1300, "height": 1100}).new_page(), lab, name)
