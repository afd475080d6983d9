// The player: every frame is here, no kernel is asked. Pictures come as indexes into a table of lines that they share.
function render({ model, el }) {
  const lines = model.get("lines"), frames = model.get("frames"), captions = model.get("captions");
  const last = frames.length - 1, parsed = new Map();
  let index = Math.min(Math.max(model.get("index"), 0), last), timer = null;

  const picture = element("div", { class: "kubelearn-picture" });
  const time = element("b", {}), words = element("span", {});
  const caption = element("div", { class: "kubelearn-caption", "aria-live": "polite" }, time, words);
  const button = (sign, label, act) => {
    const made = element("button", { type: "button", title: label, "aria-label": label }, sign);
    made.addEventListener("click", act);
    return made;
  };
  const play = button("play", "play from the start (space)", () => (timer ? stop() : start()));
  const slider = element("input", { type: "range", min: 0, max: last, step: 1, "aria-label": "frame" });
  const ticks = element("div", { class: "kubelearn-ticks", "aria-hidden": "true" }, ...frames.map(() => element("i", {})));
  const count = element("span", { class: "kubelearn-count" });
  const controls = element("div", { class: "kubelearn-controls" },
    play, button("|◀", "first frame (Home)", () => go(0)), button("◀", "back (←)", () => go(index - 1)),
    button("▶", "forward (→)", () => go(index + 1)), button("▶|", "last frame (End)", () => go(last)),
    element("div", { class: "kubelearn-slide" }, slider, ticks), count);
  const root = element("div", { class: "kubelearn-player", tabindex: 0, "data-lm-suppress-shortcuts": "true",
    role: "group", "aria-label": "player: arrow keys step through the frames" }, picture, caption, controls);

  function drawn(number) {
    if (!parsed.has(number)) {
      const holder = document.createElement("template");
      holder.innerHTML = page(lines, frames[number]);
      parsed.set(number, holder.content.firstElementChild);
    }
    return parsed.get(number);
  }
  function go(number, keep) {
    if (!keep) stop();
    index = Math.min(Math.max(number, 0), last);
    picture.replaceChildren(drawn(index));
    [time.textContent, words.textContent] = captions[index];
    slider.value = index;
    slider.setAttribute("aria-valuetext", captions[index].join(" "));
    count.textContent = `${index + 1} / ${frames.length}`;
    [...ticks.children].forEach((tick, at) => tick.classList.toggle("now", at === index));
  }
  function start() {
    if (index === last) go(0, true);
    play.textContent = "pause";
    timer = setInterval(() => (index < last ? go(index + 1, true) : stop()), 1100);
  }
  function stop() {
    clearInterval(timer);
    timer = null;
    play.textContent = "play";
  }
  const keys = { ArrowLeft: () => go(index - 1), ArrowRight: () => go(index + 1), Home: () => go(0), End: () => go(last),
    " ": () => (timer ? stop() : start()) };
  root.addEventListener("keydown", (event) => {
    if (event.target.tagName === "BUTTON" && event.key === " ") return;
    if (keys[event.key]) { event.preventDefault(); event.stopPropagation(); keys[event.key](); }
  });
  slider.addEventListener("input", () => go(+slider.value));
  const moved = () => go(model.get("index"));
  model.on("change:index", moved);
  el.append(root);
  go(index);
  return () => { stop(); model.off("change:index", moved); };
}

export default { render };
