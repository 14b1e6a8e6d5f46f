"use strict";

// Draws the figures of the page, and again when its colours or its width call for it, and saves
// figures and tables as files. Figures stand as JSON in the page; a part that computes figures of
// its own adds them with report.show.
const report = (() => {
  const dark = matchMedia("(prefers-color-scheme: dark)");
  const narrow = matchMedia("(max-width: 40rem)");
  const touch = matchMedia("(pointer: coarse)");
  const config = {
    responsive: true,
    displaylogo: false,
    // Named one by one, so that no release of Plotly can add a button that goes to the network.
    modeBarButtons: [["zoom2d", "pan2d", "resetScale2d"]],
  };
  const printed = { width: 680, paper: "#ffffff" }; // pixels, and the background of saved figures
  const figures = new Map(); // the element of each figure, and what makes its data and layout
  const waiting = new Set(); // those not drawn yet, since they are far from what is seen

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
    // A finger that moves over a figure scrolls the page; a tap shows what a mouse would.
    if (touch.matches) layout.dragmode = false;
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
    waiting.delete(place);
    const { data, layout } = figures.get(place)();
    dress(layout, printing);
    if (printing) layout.width = Math.min(printed.width, place.clientWidth || printed.width);
    const bar = narrow.matches || touch.matches || printing ? { displayModeBar: false } : {};
    return Plotly.react(place, data, layout, { ...config, ...bar });
  }

  // Draws a figure when it comes near, so that a long page opens fast.
  const observer = new IntersectionObserver(
    (entries) => {
      for (const { target, isIntersecting } of entries) {
        if (isIntersecting && waiting.has(target)) draw(target);
        if (isIntersecting) observer.unobserve(target);
      }
    },
    { rootMargin: "1200px" },
  );

  function wait(place, make) {
    place.after(figureButtons(place));
    figures.set(place, make);
    waiting.add(place);
    observer.observe(place);
  }

  // Adds a figure, and draws it: make() returns a new { data, layout } at every call, with the
  // layout and template of the figures that svlaw writes. Call again, or draw(), to redraw.
  function show(place, make) {
    if (!figures.has(place)) place.after(figureButtons(place));
    figures.set(place, make);
    return draw(place);
  }

  function drawAll(printing) {
    for (const place of figures.keys()) {
      if (printing || !waiting.has(place)) draw(place, printing);
    }
  }

  function figureButtons(place) {
    const line = document.createElement("p");
    line.className = "saves";
    for (const format of ["svg", "png"]) {
      const button = document.createElement("button");
      button.type = "button";
      button.textContent = format.toUpperCase();
      button.title = `Save this figure as ${button.textContent}`;
      button.addEventListener("click", () => saveFigure(place, format));
      line.append(button, " ");
    }
    return line;
  }

  // Saved figures are as they are printed, dark on white, whatever the page looks like.
  function saveFigure(place, format) {
    const { data, layout } = figures.get(place)();
    const { width, height } = place.getBoundingClientRect();
    dress(layout, true);
    Object.assign(layout, { width, height, paper_bgcolor: printed.paper });
    const filename = place.dataset.file || place.id;
    const scale = format === "png" ? 3 : 1;
    return Plotly.downloadImage({ data, layout }, { format, filename, width, height, scale });
  }

  // A field of a table as CSV. Text that a spreadsheet would take for a formula is led by an
  // apostrophe; numbers are never touched.
  function field(value) {
    if (value === null) return "";
    if (typeof value !== "string") return String(value);
    const text = /^[=+\-@\t\r]/.test(value) ? `'${value}` : value;
    return /[",\n\r]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
  }

  function csv({ columns, rows }) {
    return [columns, ...rows].map((row) => row.map(field).join(",") + "\r\n").join("");
  }

  function saveRows(script) {
    const table = JSON.parse(script.textContent);
    const link = document.createElement("a");
    link.href = URL.createObjectURL(new Blob(["\ufeff", csv(table)], { type: "text/csv" }));
    link.download = `${table.file}.csv`;
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 60000);
  }

  for (const script of document.querySelectorAll("script[data-figure]")) {
    const place = document.getElementById(script.dataset.figure);
    wait(place, () => JSON.parse(script.textContent));
  }
  for (const script of document.querySelectorAll("script[data-rows]")) {
    const button = script.previousElementSibling.querySelector("button[data-save]");
    button.addEventListener("click", () => saveRows(script));
    button.hidden = false;
  }
  for (const query of [dark, narrow]) query.addEventListener("change", () => drawAll(false));
  addEventListener("beforeprint", () => drawAll(true));
  addEventListener("afterprint", () => drawAll(false));
  return { show, draw, csv };
})();
