"use strict";

// The live panel: reads its controls, computes with `liveModel`, and writes what comes out. Text
// of a pool is only ever written as text.
const live = (() => {
  const panel = document.getElementById("live");
  if (!panel) return null;
  const { amount, exact, percent, points } = liveNumbers;
  const POSITIONS = 1000; // of a slider
  const PRICES = [0.01, 100];
  const ENDS = {
    ratio: [0.01, 100],
    solver: [0.1, 1000],
    verifier: [0.1, 1000],
    solverprice: PRICES,
    inputprice: PRICES,
    outputprice: PRICES,
  };
  const SLIDERS = [...Object.keys(ENDS), "budget"];
  const HASH = "#live:";

  const at = (name) => document.getElementById(`live-${name}`);
  const { names, costs, pools } = JSON.parse(at("data").textContent);
  for (const [name, words] of Object.entries(costs)) Object.assign(liveCosts.MODELS[name], words);
  for (const { fine } of pools) liveModel.unpack(fine);
  let state = startOf(0);
  let ends = {};
  let computed = null; // what stands in the panel
  let revision = 0; // of the figure's view; another one resets its zoom
  let quiet = 0;

  // --- state ------------------------------------------------------------------------------------

  function startOf(index) {
    const begun = { pool: index, ...pools[index].start };
    return { ...begun, budget: usualBudget(begun) };
  }

  // In the middle of the costs, as a round number.
  function usualBudget(begun) {
    const [least, most] = reachOf(begun);
    return Math.max(Number(Math.sqrt(least * most).toPrecision(1)), least);
  }

  function modelOf({ model }) {
    return liveCosts.MODELS[model];
  }

  function costOf(current) {
    const { calls, tokens } = pools[current.pool];
    return { ...modelOf(current).cost(current, tokens), calls };
  }

  // Smallest and largest cost computed of what can be run.
  function reachOf(current) {
    const costs = liveModel.costsOf(pools[current.pool].fine, costOf(current));
    return [Math.min(...costs), Math.max(...costs)];
  }

  function setEnds() {
    const [least, most] = reachOf(state);
    ends = { ...ENDS, budget: [least, 4 * most] };
    for (const name of SLIDERS) {
      const [low, high] = ends[name];
      ends[name] = [Math.min(low, state[name] || low), Math.max(high, state[name])];
    }
  }

  function fromPosition(name, position) {
    if (name === liveCosts.FREE && position === 0) return 0;
    const [low, high] = ends[name];
    const value = Number((low * (high / low) ** (position / POSITIONS)).toPrecision(3));
    return Math.min(Math.max(value, low), high);
  }

  function toPosition(name, value) {
    if (value === 0) return 0;
    const [low, high] = ends[name];
    return Math.round((POSITIONS * Math.log(value / low)) / Math.log(high / low));
  }

  // --- address: the state is kept in it, so that it can be passed on ------------------------------

  const keyOf = (name) => name.replace("ratio", "lambda");

  function writeAddress() {
    const parts = new URLSearchParams();
    if (pools.length > 1) parts.set("pool", state.pool + 1);
    parts.set("cost", state.model);
    for (const name of [...liveCosts.figuresOf(state.model, pools[state.pool]), "budget"]) {
      parts.set(keyOf(name), state[name]);
    }
    replaceAddress(`${HASH}${parts}`);
  }

  function replaceAddress(hash) {
    try {
      history.replaceState(null, "", hash);
    } catch {
      // Some browsers refuse it in a file; the panel works all the same.
    }
  }

  function readAddress() {
    if (!location.hash.startsWith(HASH)) return false;
    const parts = new URLSearchParams(location.hash.slice(HASH.length));
    const number = (name) => {
      const value = Number(parts.get(keyOf(name)) || NaN);
      return liveCosts.holds(name, value) ? value : null;
    };
    const index = (number("pool") ?? 1) - 1;
    state = startOf(index in pools ? index : 0);
    const pool = pools[state.pool];
    const model = parts.get("cost");
    if (model === "relative" || (pool.tokens && Object.hasOwn(liveCosts.MODELS, model))) state.model = model;
    for (const name of liveCosts.figuresOf(state.model, pool)) state[name] = number(name) ?? state[name];
    state.budget = number("budget") ?? usualBudget(state);
    return true;
  }

  // --- commands ---------------------------------------------------------------------------------

  function commandsOf(pool, isCompared) {
    const rest = `${modelOf(state).options(state, pool)}${pool.options}`;
    const commands = [
      `svlaw plan ${pool.shell_name} --budget ${exact(state.budget)}${rest}${pool.strategies}`,
      `svlaw frontier ${pool.shell_name}${rest}${pool.strategies}`,
    ];
    if (isCompared) commands.push(`svlaw crossover ${pool.shell_name} --strategy all${rest}`);
    return commands;
  }

  // --- computing --------------------------------------------------------------------------------

  function compute() {
    const pool = pools[state.pool];
    const cost = costOf(state);
    const challengers = pool.verified.map((name) => ({ name, of: [name] }));
    if (challengers.length > 1) challengers.push({ name: "best", of: pool.verified });
    const crossovers = challengers.map(({ name, of }) => {
      return { strategy: name, ...liveModel.crossover(pool.coarse, cost, of) };
    });
    const compared = crossovers.filter((found) => "gain" in found);
    return {
      cost,
      plan: liveModel.plan(pool.fine, cost, state.budget),
      frontier: liveModel.frontier(pool.coarse, cost),
      crossovers: compared,
      commands: commandsOf(pool, compared.length > 0 && compared.length === challengers.length),
    };
  }

  // --- writing ----------------------------------------------------------------------------------

  function element(tag, text, ...children) {
    const made = document.createElement(tag);
    if (text !== null) made.textContent = text;
    made.append(...children);
    return made;
  }

  function writeTable(table, caption, head, rows) {
    const cells = (tag, texts) => texts.map((text) => element(tag, text));
    const body = rows.map(([first, ...others]) => {
      const title = element("th", first);
      title.scope = "row";
      return element("tr", null, title, ...cells("td", others));
    });
    const titles = cells("th", head);
    for (const title of titles) title.scope = "col";
    const top = element("thead", null, element("tr", null, ...titles));
    table.replaceChildren(element("caption", caption), top, element("tbody", null, ...body));
  }

  function writeFrontier(rows) {
    const shown = rows.map((row) => [
      `${amount(row.budget)}${row.best ? " ★" : ""}`,
      names[row.strategy],
      `${row.solutions}`,
      row.verifications ? `${row.verifications}` : "–",
      amount(row.cost),
      percent(row.success),
      row.gain === null || row.strategy === "self_consistency" ? "–" : points(row.gain),
    ]);
    const head = ["Budget", "Strategy", "S", "V", "Cost", "Success", "Gain (points)"];
    writeTable(at("frontier"), "Every strategy within each budget; ★ the one to choose", head, shown);
  }

  function writeCrossovers(found) {
    at("crossover").parentElement.hidden = !found.length;
    const times = (value) => `${amount(value)}×`;
    const figures = [
      ["Saturation budget", "saturation_budget", amount],
      ["Crossover budget", "crossover_budget", amount],
      ["Match budget", "match_budget", amount],
      ["Match ratio", "match_ratio", times],
      ["Gain (points)", "gain", points],
      ["Gain ratio", "gain_ratio", times],
      ["Ahead budget", "ahead_budget", amount],
    ];
    const told = (value, form) => (value === null ? "never within the data" : form(value));
    const rows = figures.map(([title, key, form]) => {
      return [title, ...found.map((each) => told(each[key], form))];
    });
    const title = (name) => (name === "best" ? "Better of both" : names[name]);
    const head = ["Figure", ...found.map(({ strategy }) => title(strategy))];
    writeTable(at("crossover"), "Verification against self-consistency", head, rows);
    const unsaturated = found.some(({ status }) => status === "unsaturated");
    at("crossover-note").textContent = unsaturated
      ? "Self-consistency is saturated only at its largest S: it may rise further, and its budget with it."
      : "";
  }

  function writeCommands(commands) {
    const rows = commands.map((command) => {
      const words = command.match(/\S+\s*/g).map((word) => element("span", word));
      const code = element("code", null, ...words);
      const button = element("button", "Copy");
      button.type = "button";
      button.setAttribute("aria-label", `Copy ${command}`);
      button.addEventListener("click", () => copy(code, button));
      return element("li", null, code, button);
    });
    at("commands").replaceChildren(...rows);
  }

  async function copy(code, button) {
    try {
      await navigator.clipboard.writeText(code.textContent);
      button.textContent = "Copied";
    } catch {
      getSelection().selectAllChildren(code);
      button.textContent = "Selected";
    }
  }

  function writeControls(pool) {
    const shown = [...liveCosts.figuresOf(state.model, pool), "budget"];
    for (const name of SLIDERS) {
      at(`${name}-row`).hidden = !shown.includes(name);
      if (!shown.includes(name)) continue;
      const [slider, number] = [at(name), at(`${name}-number`)];
      const text = name === "budget" ? exact(state[name]) : `${Number(state[name].toPrecision(6))}`;
      slider.value = toPosition(name, state[name]);
      if (name === "budget") at("budget-unit").textContent = modelOf(state).unit;
      slider.setAttribute("aria-valuetext", `${text} ${at(`${name}-unit`).textContent}`);
      if (number !== document.activeElement) number.value = text;
    }
    at("models").hidden = !pool.tokens;
    at("model").value = state.model;
    if (pools.length > 1) at("pool").value = state.pool;
  }

  function writeAnswer({ plan, crossovers }) {
    const least = plan.least;
    const unit = modelOf(state).unit;
    at("lead").textContent = least
      ? "The budget pays for nothing computed"
      : liveWords.ofPoint(plan, names);
    at("expected").textContent = least
      ? `The cheapest computed point costs ${amount(least)} ${least === 1 ? unit.replace("solutions", "solution") : unit}.`
      : liveWords.ofSuccess(plan, unit);
    const notes = least ? [] : liveWords.ofDoubts(plan, names);
    at("notes").replaceChildren(...notes.map((note) => element("li", note)));
    const rivals = pools[state.pool].coarse.strategies.includes("self_consistency")
      ? pools[state.pool].verified
      : [];
    at("crossing").textContent = rivals.length ? liveWords.ofCrossing(crossovers, unit) : "";
  }

  function figure() {
    const pool = pools[state.pool];
    const { cost, plan, crossovers } = computed;
    const last = crossovers[crossovers.length - 1];
    return liveFigure.make({
      pool,
      names,
      costs: liveModel.costsOf(pool.coarse, cost),
      label: modelOf(state).label,
      budget: state.budget,
      plan,
      crossing: last ? last.match_budget : null,
      revision: `${state.pool} ${state.model} ${revision}`,
    });
  }

  // Computes and writes everything; resolves when the figure is drawn.
  function update() {
    const pool = pools[state.pool];
    computed = compute();
    writeControls(pool);
    writeAnswer(computed);
    writeFrontier(computed.frontier);
    writeCrossovers(computed.crossovers);
    writeCommands(computed.commands);
    at("method").textContent = liveWords.ofMethod(pool, state.model);
    at("state").textContent = liveWords.ofSettings(state, pool);
    return report.show(at("figure"), figure);
  }

  // --- controls ---------------------------------------------------------------------------------

  // The address, and what is read aloud, wait until the controls rest.
  function settle() {
    at("answer").setAttribute("aria-busy", "true");
    clearTimeout(quiet);
    quiet = setTimeout(() => {
      at("answer").setAttribute("aria-busy", "false");
      writeAddress();
    }, 400);
  }

  function changed({ target }) {
    const [, name, part] = target.id.split("-");
    if (name === "model") switchModel(target.value);
    else if (name === "pool") state = startOf(Number(target.value));
    else if (part === "number" && !liveCosts.holds(name, target.valueAsNumber)) return;
    else if (part === "number") state[name] = target.valueAsNumber;
    else state[name] = fromPosition(name, target.valueAsNumber);
    // A slider's own ends stay as they are while it moves.
    if (target.type !== "range" || name !== "budget") {
      const kept = target.type === "range" ? ends[name] : null;
      setEnds();
      if (kept) ends[name] = kept;
    }
    settle();
    live.drawn = update();
  }

  // A budget keeps what it pays for without verification.
  function switchModel(model) {
    const before = costOf(state).unit;
    state = { ...state, model };
    const budget = (state.budget / before) * costOf(state).unit;
    state.budget = Number(budget.toPrecision(3));
  }

  function restart(isAddressKept) {
    revision++;
    setEnds();
    live.drawn = update();
    clearTimeout(quiet);
    if (!isAddressKept && location.hash.startsWith(HASH)) replaceAddress("#live");
  }

  const form = at("form");
  form.addEventListener("input", changed);
  form.addEventListener("focusout", () => writeControls(pools[state.pool]));
  form.addEventListener("submit", (event) => event.preventDefault());
  form.addEventListener("reset", (event) => {
    event.preventDefault();
    state = startOf(state.pool);
    restart(false);
  });
  addEventListener("hashchange", () => {
    if (readAddress()) restart(true);
  });

  return {
    drawn: null, // settles when the figure shows the panel's state
    start() {
      panel.hidden = false;
      const isAddressed = readAddress();
      restart(true);
      if (isAddressed) panel.scrollIntoView();
    },
    get state() {
      return state;
    },
    get computed() {
      return computed;
    },
  };
})();
if (live) live.start();
