"""touch(): a few choices to click, and what becomes of them, worked out anew at each click.

Part of Kubernetes: none. Rules: the function is asked for what is chosen and decides alone what is shown; a page that runs nothing shows
the first choices' answer. Ids come from content, so that stored outputs are the same at every run.
Leaves out: players and dashboards as answers; a widget inside of a text does not live. One value with few answers is explore()'s.
"""
from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from html import escape

import ipywidgets as widgets

from kubelearn.errors import ApiError
from kubelearn.view.player import content_id

FAINT = "opacity:0.4"  # what is shown is no longer what is chosen
CHOSEN = ("<style>.kubelearn-touch .mod-active{background-image:linear-gradient(#d07105,#d07105);background-size:100% 3px;"
          "background-position:bottom;background-repeat:no-repeat}</style>")  # not by a shade of grey alone


class Touch(widgets.VBox):
    """knobs: one row of buttons a choice; shown: the function's answer."""

    def __init__(self, function: Callable[..., object], choices: Mapping[str, Iterable]):
        self.function, self.name = function, f"{function.__name__} {' '.join(choices)}"
        self.knobs = {label: self._knob(label, list(options)) for label, options in choices.items()}
        self.shown = widgets.HTML(model_id=self._id("shown"), layout=self._layout("shown"), style={"model_id": self._id("shown style")})
        super().__init__([*self.knobs.values(), self.shown], model_id=self._id("box"), layout=self._layout("box", max_width="900px"))
        self.add_class("kubelearn-touch")
        self._answer()
        for knob in self.knobs.values():
            knob.observe(self._chosen, "value")

    def _id(self, part: str) -> str:
        return content_id("touch", f"{self.name} {part}")

    def _layout(self, part: str, **more: str) -> widgets.Layout:
        return widgets.Layout(model_id=self._id(f"{part} layout"), **more)

    def _knob(self, label: str, options: list) -> widgets.ToggleButtons:
        style = {"model_id": self._id(f"{label} style"), "description_width": "initial", "button_width": "auto"}
        return widgets.ToggleButtons(options=[(str(option), option) for option in options], description=label.replace("_", " "),
                                     tooltip=label.replace("_", " "), style=style, layout=self._layout(label), model_id=self._id(label))

    @property
    def chosen(self) -> dict[str, object]:
        return {label: knob.value for label, knob in self.knobs.items()}

    def _chosen(self, _: object) -> None:
        self.shown.value = f'<div style="{FAINT}">{self.shown.value}</div>'
        self._answer()

    def _answer(self) -> None:
        try:
            self.answer = self.function(**self.chosen)
        except (ApiError, ValueError) as refused:
            self.answer = f"refused: {refused}"
        self.shown.value = CHOSEN + html(self.answer)

    def __repr__(self) -> str:
        said = "\n".join(f"{knob.description}: {'  '.join(f'[{name}]' if value == knob.value else name for name, value in knob.options)}"
                         for knob in self.knobs.values())
        return f"{said}\n{getattr(self.answer, 'caption', '') or self.answer}"

    def _repr_mimebundle_(self, **kwargs: object) -> dict:
        """The widget, and beside it what an untrusted notebook shows: the choices as text, the answer."""
        rows = "".join(f"<div>{escape(line)}</div>" for line in repr(self).split("\n")[:len(self.knobs)])
        view = {"version_major": 2, "version_minor": 0, "model_id": self.model_id}
        return {"text/plain": repr(self), "text/html": f"{rows}{self.shown.value}", "application/vnd.jupyter.widget-view+json": view}


def html(answer: object) -> str:
    """Pictures and tables as they show themselves, everything else as text."""
    whole_words = "margin:4px 0;word-break:normal;overflow-wrap:anywhere"
    return answer.html() if hasattr(answer, "html") else f'<pre style="{whole_words}">{escape(str(answer))}</pre>'


def touch(function: Callable[..., object], **choices: Iterable) -> Touch:
    """touch(rollout, max_surge=[0, 1, 2], max_unavailable=[1, 0]): the function is called with what is chosen, first the first of each."""
    return Touch(function, choices)
