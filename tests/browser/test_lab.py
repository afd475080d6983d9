"""What a learner sees: each notebook opens in JupyterLab, all of it runs, nothing complains, and what can be clicked answers."""
from __future__ import annotations

import os
import re
from pathlib import Path

import pytest
from playwright.sync_api import expect

from kubelearn.kubectl import find, shared_config

START, CONFIG = "00_start.ipynb", "08_config.ipynb"
NOTEBOOKS = sorted(path.name for path in (Path(__file__).parent.parent.parent / "notebooks").glob("*.ipynb"))

pytestmark = [pytest.mark.browser, pytest.mark.timeout(600)]
expect.set_options(timeout=60_000)


@pytest.fixture(scope="module")
def opened(open_notebook):
    """Notebooks that have been run, each once for all tests of this module."""
    found = {}

    def get(name: str):
        if name not in found:
            found[name] = open_notebook(name)
            found[name].run_all()
        return found[name]
    return get


@pytest.mark.parametrize("name", NOTEBOOKS)
def test_run_all(opened, name):
    """Run All: each cell gets its number, no traceback, no widget without a model, no complaint of the browser's; and choices answer."""
    notebook = opened(name)
    assert notebook.errors() == [] and notebook.unrun() == 0
    notebook.screenshots()
    assert notebook.unanswered() == 0 and notebook.errors() == []
    if name != START:
        notebook.close()


@pytest.mark.skipif(START not in NOTEBOOKS, reason="there is no 00_start")
def test_the_player_steps_by_button_and_key_without_asking_the_kernel(opened):
    player = opened(START).panel.locator(".kubelearn-player").first
    player.scroll_into_view_if_needed()
    count, picture = player.locator(".kubelearn-count"), player.locator(".kubelearn-picture")
    frames = int(count.inner_text().split("/")[1])
    assert frames > 2
    expect(count).to_have_text(f"{frames} / {frames}")
    last = picture.inner_html()
    player.get_by_title(re.compile("^back")).click()
    expect(count).to_have_text(f"{frames - 1} / {frames}")
    assert picture.inner_html() != last
    player.press("Home")
    expect(count).to_have_text(f"1 / {frames}")
    for frame in range(2, frames + 1):
        player.press("ArrowRight")
        expect(count).to_have_text(f"{frame} / {frames}")
    assert picture.inner_html() == last
    assert opened(START).errors() == []


@pytest.mark.skipif(START not in NOTEBOOKS, reason="there is no 00_start")
def test_the_dashboard_deletes_scales_runs_and_looks_back(opened):
    """A deleted pod is replaced when time runs; the deployment has as many as asked for; the past is looked at and left."""
    dashboard = opened(START).panel.locator(".widget-vbox").filter(has=opened(START).page.get_by_role("button", name="delete pod")).last
    button = lambda name: dashboard.get_by_role("button", name=name, exact=True)
    choice = dashboard.get_by_label("pod", exact=True)
    pods = choice.locator("option", has_text="default/web-")
    dashboard.scroll_into_view_if_needed()
    before, victim = pods.count(), pods.first.inner_text()
    choice.select_option(victim)
    button("delete pod").click()
    button("run").click()
    expect(pods.filter(has_text=victim)).to_have_count(0)
    expect(pods).to_have_count(before)
    dashboard.get_by_label("deployment", exact=True).select_option("default/web")
    dashboard.get_by_label("replicas", exact=True).fill("5")
    dashboard.get_by_label("replicas", exact=True).press("Enter")
    button("scale").click()
    expect(pods).to_have_count(5)
    button("pause").click()
    dashboard.locator(".noUi-handle").press("Home")
    expect(dashboard).to_contain_text("past")
    expect(dashboard.locator("figcaption, .widget-html").last).to_contain_text(re.compile(r"past \+?0"))
    button("now").click()
    expect(dashboard.locator("figcaption, .widget-html").last).to_contain_text(re.compile("^ *now"))
    button("step").click()
    assert opened(START).errors() == []


@pytest.mark.skipif(START not in NOTEBOOKS, reason="there is no 00_start")
def test_what_was_saved_by_hand_shows_its_players_when_it_is_opened_again(opened, open_notebook):
    """The kernel that made them has ended."""
    opened(START).page.evaluate("() => jupyterapp.commands.execute('docmanager:save')")
    opened(START).close()
    again = open_notebook(START)
    player = again.panel.locator(".kubelearn-player").first
    player.scroll_into_view_if_needed()
    expect(player.locator(".kubelearn-picture svg")).to_be_visible()
    assert again.errors() == []


@pytest.mark.skipif(CONFIG not in NOTEBOOKS, reason="there is no 08_config")
def test_a_slider_over_answers_and_a_prediction(open_notebook):
    """Each value shows its own answer, by key and by click, and a prediction says what is wrong with a wrong choice."""
    notebook = open_notebook(CONFIG)
    notebook.run_all()
    explore = notebook.panel.locator(".kubelearn-explore").first
    explore.scroll_into_view_if_needed()
    slider, cells = explore.get_by_role("slider"), explore.locator("td")
    expect(cells).to_have_text(["blue", "blue", "blue"])
    slider.press("End")
    expect(cells).to_have_text(["blue", "red", "blue"])
    for _ in range(4):  # JupyterLab has other plans for the arrow keys
        slider.press("ArrowLeft")
    expect(cells).to_have_text(["blue", "blue", "blue"])
    slider.press("End")
    explore.get_by_text("0", exact=True).click()
    expect(cells).to_have_text(["blue", "blue", "blue"])
    question = notebook.panel.locator(".kl-predict").first
    question.get_by_text("nowhere").click()
    expect(question).to_contain_text("No. That is so with environments")
    question.get_by_text("in the folder /conf only").click()
    expect(question).to_contain_text("Yes.")
    assert notebook.errors() == []
    notebook.close()


def test_the_terminal_has_kubectl(lab, chrome, tmp_path):
    """JupyterLab's own terminal finds kubectl and kubelearn's kubeconfig."""
    page = chrome.new_context().new_page()
    page.goto(lab.format(""), wait_until="domcontentloaded")
    page.wait_for_function("window.jupyterapp && jupyterapp.commands.hasCommand('terminal:create-new')")
    page.evaluate("jupyterapp.restored")
    page.evaluate("jupyterapp.commands.execute('terminal:create-new')")
    screen = page.locator(".jp-Terminal .xterm-helper-textarea")
    screen.wait_for(state="attached")
    typed = ("command -v kubectl > which", "echo $KUBECONFIG > config", "kubectl version --client > version", "touch done")
    screen.press_sequentially(f"cd {tmp_path}; {'; '.join(typed)}\n")
    _until_exists(page, tmp_path / "done")
    assert os.path.samefile((tmp_path / "which").read_text().strip(), find())
    assert (tmp_path / "config").read_text().strip() == str(shared_config())
    assert "v1.37" in (tmp_path / "version").read_text()
    page.context.close()


def _until_exists(page, path: Path) -> None:
    for _ in range(100):
        if path.exists():
            return
        page.wait_for_timeout(100)
    raise AssertionError(f"{path} did not appear")
