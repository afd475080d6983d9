"""Pictures and player in a real page, without Jupyter: the theme is followed, keys step, and a step is quick."""
import json
import os

import pytest

from kubelearn.doctor import browser as system_browser
from kubelearn.view import draw, play, theme
from kubelearn.view.player import HERE, Player

pytestmark = pytest.mark.browser
MODEL = """
const state = %s;
const model = { get: (name) => state[name], on() {}, off() {} };
"""


@pytest.fixture(scope="module")
def page():
    if system_browser() is None and not os.environ.get("CI"):
        pytest.skip("no chromium on PATH (apt-get install chromium)")
    from playwright.sync_api import sync_playwright
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=system_browser(), args=["--no-sandbox", "--disable-gpu"])
        yield browser.new_page(viewport={"width": 1000, "height": 900})
        browser.close()


def body(light: bool) -> str:
    return f'<body data-jp-theme-light="{str(light).lower()}">'


def show(page, player: Player, light: bool = True) -> None:
    """The widget's own script on a bare page, with a model that only has the state."""
    state = {name: getattr(player, name) for name in ("lines", "frames", "captions", "index")}
    script = player._esm.replace("export default { render };", "")
    page.set_content(f"<style>{(HERE / 'player.css').read_text()}{theme.css()}</style>{body(light)}<div id=here></div>")
    start = "render({ model, el: document.getElementById('here') });"
    page.add_script_tag(content=f"(() => {{ {script} {MODEL % json.dumps(state)} {start} }})()")


def test_keys_and_buttons_step_through_all_frames(page, cluster):
    player = play(cluster)
    show(page, player)
    count = page.locator(".kubelearn-count")
    frames = len(player)
    assert count.inner_text() == f"{frames} / {frames}" and page.locator(".kubelearn-ticks i").count() == frames
    root = page.locator(".kubelearn-player")
    root.press("Home")
    seen = []
    for number in range(frames):
        assert count.inner_text() == f"{number + 1} / {frames}"
        seen.append(page.locator(".kubelearn-caption").inner_text())
        root.press("ArrowRight")
    assert ["".join(text.split()) for text in seen] == ["".join((time + words).split()) for time, words in player.captions]
    page.get_by_label("back (←)").click()
    assert count.inner_text() == f"{frames - 1} / {frames}"


def test_nothing_moves_between_two_frames(page, cluster):
    """Node boxes and controls are at the same pixel in every frame."""
    show(page, play(cluster, since=cluster.beginning))
    root = page.locator(".kubelearn-player")
    root.press("Home")
    places = set()
    for _ in range(12):
        places.add(json.dumps(page.evaluate("""[...document.querySelectorAll('svg.kubelearn text')]
            .filter(text => text.textContent.startsWith('node-')).map(text => [text.textContent, text.getBoundingClientRect().top])
            .concat([document.querySelector('.kubelearn-controls').getBoundingClientRect().top])""")))
        root.press("ArrowRight")
    assert len(places) == 1


@pytest.mark.parametrize("light", [True, False])
def test_player_and_picture_follow_the_page_s_theme(page, cluster, light):
    """Where scripts run, the static image becomes the picture itself, in the theme's colours."""
    palette = theme.LIGHT if light else theme.DARK
    page.set_content(body(light) + draw(cluster).html())
    page.locator("svg.kubelearn").wait_for()
    assert page.locator("img").count() == 0
    assert ink(page) == rgb(palette["ink"])
    show(page, play(cluster), light)
    assert ink(page) == rgb(palette["ink"])


def ink(page) -> str:
    return page.evaluate("""getComputedStyle([...document.querySelectorAll('svg.kubelearn text')]
        .find(text => text.textContent === 'node-1')).fill""")


def rgb(colour: str) -> str:
    return f"rgb({', '.join(str(int(colour[at:at + 2], 16)) for at in (1, 3, 5))})"
