"use strict";

// Draws the figures of the page, and again when its colours or its width call for it. The figures
// stand as JSON in the page; a part that computes figures of its own adds them with report.show.
const report = (() => {
  const dark = matchMedia("(prefers-color-scheme: dark)");
  const narrow = matchMedia("(max-width: 40rem)");
  const config = {
    responsive: true,
    displaylogo: false,
    // Named one by one, so that no release of Plotly can add a button that goes to the network.
    modeBarButtons: [["toImage"], ["zoom2d", "pan2d", "resetScale2d"]],
  };
  const figures = new Map(); // the element of each figure, and what makes its data and layout

  function dress(layout, printing) {
    const style = getComputedStyle(document.documentElement);
    const value = (name) => style.getPropertyValue(name).trim();
    const ink = printing ? "#222222" : value("--figure-ink");
    const grid = printing ? "rgba(110, 120, 130, 0.25)" : value("--figure-grid");
    const base = layout.template.layout;
    base.font.color = ink;
    for (const axis of [base.xaxis, base.yaxis]) {
      Object.assign(axis, { gridcolor: grid, linecolor: ink, tickcolor: ink });
    }
    Object.assign(base.modebar, { color: value("--muted"), activecolor: value("--accent") });
    layout.modebar = { orientation: "v" };
    if (narrow.matches || printing) {
      base.font.size = 11;
      layout.margin.l = 44;
      layout.margin.r = 8;
    } else {
      layout.margin.r = 40;
    }
    return layout;
  }

  function draw(place, printing = false) {
    const { data, layout } = figures.get(place)();
    dress(layout, printing);
    if (printing) layout.width = 680;
    const bar = narrow.matches || printing ? { displayModeBar: false } : {};
    return Plotly.react(place, data, layout, { ...config, ...bar });
  }

  // Adds a figure, and draws it: make() returns a new { data, layout } at every call, with the
  // layout and template of the figures that svlaw writes. Call again, or draw(), to redraw.
  function show(place, make) {
    figures.set(place, make);
    return draw(place);
  }

  function drawAll(printing) {
    for (const place of figures.keys()) draw(place, printing);
  }

  for (const script of document.querySelectorAll("script[data-figure]")) {
    const place = document.getElementById(script.dataset.figure);
    show(place, () => JSON.parse(script.textContent));
  }
  for (const query of [dark, narrow]) query.addEventListener("change", () => drawAll(false));
  addEventListener("beforeprint", () => drawAll(true));
  addEventListener("afterprint", () => drawAll(false));
  return { show, draw };
})();
