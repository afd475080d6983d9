"""The player holds all frames itself; what it stores is the same at every run."""
import json
import re

from kubelearn.view import play
from kubelearn.view.player import Player, packed


def unpacked(lines: list[str], runs: list[int]) -> str:
    return "\n".join(line for at in range(0, len(runs), 2) for line in lines[runs[at]:runs[at] + runs[at + 1]])


def test_packing_loses_nothing_and_keeps_a_shared_line_once():
    pictures = ["a\nb\nc", "a\nx\nc", "c\nb\na", "a"]
    lines, frames = packed(pictures)
    assert [unpacked(lines, runs) for runs in frames] == pictures
    assert sorted(lines) == ["a", "b", "c", "x"]


def test_a_player_is_much_smaller_than_its_frames(cluster):
    player = play(cluster, since=cluster.beginning)
    stored = len(json.dumps([player.lines, player.frames, player.captions]))
    assert stored < sum(map(len, player.pictures)) / 3
    assert [unpacked(player.lines, runs) for runs in player.frames] == player.pictures


def test_it_opens_on_the_last_frame(cluster):
    player = play(cluster)
    assert player.index == len(player) - 1 == len(player.captions) - 1


def test_the_bundle_has_the_widget_a_text_and_an_image(cluster):
    """text/plain are the captions, text/html the last frame: what nbval compares and an untrusted notebook shows."""
    bundle = play(cluster)._repr_mimebundle_()
    assert set(bundle) == {"text/plain", "text/html", "application/vnd.jupyter.widget-view+json"}
    assert "you: changed the image of web to nginx:1.26" in bundle["text/plain"]
    assert re.search(r'<img alt="\+[^"]+" src="data:image/svg\+xml;base64,', bundle["text/html"])
    assert "0x" not in bundle["text/plain"]


def test_ids_come_from_content():
    """The same content has the same id in another kernel, and an own one when shown twice in this."""
    make = lambda: Player(["<svg></svg>"], ["+0 s  only this"], ["only this"]).model_id
    first, second = make(), make()
    assert first != second and first[:24] == second[:24] and (first[24:], second[24:]) == ("00000001", "00000002")
