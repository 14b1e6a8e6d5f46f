"use strict";

// The live panel's figure: success against cost. Its looks are those of the static figure, which
// `pool.figure` holds without points.
const liveFigure = (() => {
  const { amount, short, withInterval } = liveNumbers;
  const GREY = "#7a7a7a";
  const shares = (values) => values.map((value) => Math.round(1e6 * value) / 1e4);

  // Points of a strategy by rising cost, of equals the better first.
  function curveOf(table, costs, name) {
    const rows = costs.map((_, i) => i).filter((i) => table.strategy[i] === name);
    return rows.sort((a, b) => costs[a] - costs[b] || table.success[b] - table.success[a]);
  }

  function hover(point) {
    const depth = point.verifications ? `, V = ${point.verifications}` : "";
    const success = withInterval(point.success, point.low, point.high);
    return `S = ${point.solutions}${depth}<br>success ${success}<br>cost ${short(point.cost)}`;
  }

  function pointsOf(table, costs, rows) {
    return rows.map((i) => ({
      solutions: table.solutions[i],
      verifications: table.verifications[i],
      success: table.success[i],
      low: table.low ? table.low[i] : null,
      high: table.high ? table.high[i] : null,
      cost: costs[i],
      size: 6,
    }));
  }

  // The best so far, as a staircase: its last step, up to the largest cost, has no marker.
  function stairsOf(points) {
    let top = -Infinity;
    const steps = points.filter(({ success }) => success > top && ((top = success), true));
    const [end, last] = [points[points.length - 1], steps[steps.length - 1]];
    if (end && end.cost > last.cost) steps.push({ ...last, cost: end.cost, size: 0 });
    return steps;
  }

  function traces(pool, costs) {
    const drawn = new Map();
    for (const name of pool.coarse.strategies) {
      const points = pointsOf(pool.coarse, costs, curveOf(pool.coarse, costs, name));
      drawn.set(name, pool.verified.includes(name) ? stairsOf(points) : points);
    }
    const data = [];
    for (const looks of pool.figure.data) {
      const points = drawn.get(looks.legendgroup);
      if (!points) continue;
      const trace = { ...looks, x: points.map(({ cost }) => cost) };
      if (looks.showlegend === false) {
        const end = looks.fill ? "high" : "low";
        trace.y = shares(points.map((point) => point[end]));
      } else {
        trace.y = shares(points.map(({ success }) => success));
        trace.text = points.map(hover);
        trace.marker = { ...looks.marker, size: points.map(({ size }) => size) };
      }
      data.push(trace);
    }
    return data;
  }

  function recommendation(plan, names) {
    const interval = withInterval(plan.success, plan.conf_low, plan.conf_high);
    const told = plan.method === "crossfit" ? `<br>expected ${interval}` : "";
    const point = { ...plan, success: plan.in_sample, low: null, high: null };
    return {
      type: "scatter",
      name: "Recommended",
      mode: "markers",
      x: [plan.cost],
      y: shares([plan.in_sample]),
      marker: { symbol: "star", size: 17, color: "#F0E442", line: { color: "#3f4852", width: 1.5 } },
      text: [`${names[plan.strategy]}<br>${hover(point)}${told}`],
      hovertemplate: "%{text}<extra>Recommended</extra>",
      cliponaxis: false,
    };
  }

  // A logarithmic axis with ticks at powers of ten, over short ranges also at twice and five times.
  function axis(low, high) {
    const steps = high / low > 300 ? [1] : [1, 2, 5];
    const margin = Math.max((high / low) ** 0.03, 1.1);
    const [from, to] = [low / margin, high * margin];
    const ticks = [];
    for (let k = Math.floor(Math.log10(from)); k <= Math.ceil(Math.log10(to)); k++) {
      ticks.push(...steps.map((step) => step * 10 ** k));
    }
    const tickvals = ticks.filter((tick) => tick >= from && tick <= to);
    const range = [Math.log10(from), Math.log10(to)];
    return { type: "log", range, tickvals, ticktext: tickvals.map(short) };
  }

  // All success that may show, so that the axis stays as it is while costs change.
  function span(pool) {
    const { coarse, fine } = pool;
    const values = [...coarse.success, ...fine.success];
    coarse.strategy.forEach((name, i) => {
      if (coarse.low && name !== "coverage") values.push(coarse.low[i], coarse.high[i]);
    });
    const [low, high] = values.reduce(
      ([low, high], value) => [Math.min(low, value), Math.max(high, value)],
      [1, 0],
    );
    const margin = Math.max(0.05 * (high - low), 0.01);
    return [100 * (low - margin), 100 * (high + 2 * margin)]; // words stand at the top
  }

  // A vertical line at a budget, with words at its top or foot that stay within the axis.
  function mark(budget, words, atTop, dash, [from, to]) {
    const at = Math.log10(budget);
    const left = at > (from + to) / 2;
    return {
      line: {
        type: "line",
        x0: budget,
        x1: budget,
        y0: 0,
        y1: 1,
        yref: "y domain",
        line: { color: GREY, width: atTop ? 2 : 1, dash },
      },
      note: {
        x: at, // annotations on a logarithmic axis are placed by the logarithm
        y: atTop ? 1 : 0,
        yref: "y domain",
        text: words,
        showarrow: false,
        xanchor: left ? "right" : "left",
        yanchor: atTop ? "top" : "bottom",
        xshift: left ? -4 : 4,
      },
    };
  }

  // Data and layout for Plotly, new at every call.
  function make({ pool, names, costs, label, budget, plan, crossing, revision }) {
    const data = traces(pool, costs);
    if (plan.strategy) data.push(recommendation(plan, names));
    const reach = [...costs, budget];
    const xaxis = axis(Math.min(...reach), Math.max(...reach));
    const marks = [mark(budget, `budget ${amount(budget)}`, true, "solid", xaxis.range)];
    if (crossing !== null) {
      marks.push(mark(crossing, `level at about ${amount(crossing)}`, false, "dash", xaxis.range));
    }
    const layout = structuredClone(pool.figure.layout);
    Object.assign(layout, {
      xaxis: { ...layout.xaxis, ...xaxis, title: { text: label } },
      yaxis: { ...layout.yaxis, range: span(pool), title: { text: "success (%)" } },
      shapes: marks.map(({ line }) => line),
      annotations: marks.map(({ note }) => note),
      uirevision: revision, // zoom and hidden lines stay while sliders move
    });
    return { data, layout };
  }

  return { make };
})();
