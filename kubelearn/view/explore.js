// The slider over values: every answer is here, no kernel is asked. Pages come as indexes into a table of lines that they share.
function render({ model, el }) {
  const [label, values, captions, lines, pages] = ["label", "values", "captions", "lines", "pages"].map((name) => model.get(name));
  const last = values.length - 1;
  const slider = element("input", { type: "range", min: 0, max: last, step: 1, "aria-label": label });
  const names = values.map((value, at) => {
    const made = element("button", { type: "button", tabindex: -1 }, value);
    made.addEventListener("click", () => go(at));
    return made;
  });
  const shown = element("div", { class: "kubelearn-shown" });
  const caption = element("div", { class: "kubelearn-caption", "aria-live": "polite" });
  const root = element("div", { class: "kubelearn-player kubelearn-explore", role: "group", "aria-label": label, "data-lm-suppress-shortcuts": "true" },
    element("div", { class: "kubelearn-label" }, label), element("div", { class: "kubelearn-values" }, ...names),
    element("div", { class: "kubelearn-slide", style: `padding:0 calc(${50 / values.length}% - 8px)` }, slider), shown, caption);

  function go(number) {
    shown.innerHTML = page(lines, pages[number]);
    caption.textContent = captions[number];
    caption.hidden = !captions[number];
    slider.value = number;
    slider.setAttribute("aria-valuetext", values[number]);
    names.forEach((name, at) => name.classList.toggle("now", at === number));
  }
  slider.addEventListener("input", () => go(+slider.value));
  slider.addEventListener("keydown", (event) => event.stopPropagation()); // else JupyterLab folds headings at arrow keys
  const moved = () => go(model.get("index"));
  model.on("change:index", moved);
  el.append(root);
  go(Math.min(Math.max(model.get("index"), 0), last));
  return () => model.off("change:index", moved);
}

export default { render };
