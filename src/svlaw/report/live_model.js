"use strict";

// What `svlaw frontier`, `crossover` and `plan` compute, in the page: the same figures from the
// same success table, under costs that the reader sets. Names are those of the commands' JSON.
//
// A cost is { unit, prefill, ratio, calls }: C(S, V) = unit S (1 + prefill [V > 0] + ratio V), or
// unit (S + prefill [V > 0] + ratio V) where calls are "shared": V judge all S solutions. A table
// holds arrays with an entry for each point: strategy, solutions, verifications, success (its
// mean), low and high (ends of its interval); the fine table also `problems`, (points, P) success
// row by row, and `folds`, (divisions, P) the fold of each problem.
const liveModel = (() => {
  const SLACK = 1e-9; // relative, with which a point still counts as within a budget
  const LEVEL = 1e-12; // success within this counts as level
  const LEAD = 0.0025; // a lead of verification is a lead from here on
  const SATURATION_MARGIN = 0.0025;
  const FOLDS = 10;
  const DUST = 1e-9; // a smaller difference of success is zero

  const range = (count) => Array.from({ length: count }, (_, i) => i);
  const lastOf = (array) => array[array.length - 1];
  const sum = (values) => values.reduce((total, value) => total + value, 0);
  const clip = (value, low, high) => Math.min(Math.max(value, low), high);

  function costOf(cost, solutions, verifications) {
    const reading = verifications > 0 ? cost.prefill : 0;
    const spent = (base) => base + reading + cost.ratio * verifications;
    if (cost.calls === "shared") return cost.unit * spent(solutions);
    return cost.unit * solutions * spent(1);
  }

  function costsOf(table, cost) {
    return table.solutions.map((solutions, i) => costOf(cost, solutions, table.verifications[i]));
  }

  // Rows of some strategies, by rising cost, of equals the first.
  function byCost(table, costs, strategies) {
    const wanted = new Set(strategies);
    const rows = range(costs.length).filter((i) => wanted.has(table.strategy[i]));
    return rows.sort((a, b) => costs[a] - costs[b] || a - b);
  }

  // How many of the rows a budget affords.
  function affordable(costs, rows, budget) {
    const most = budget * (1 + SLACK);
    let [low, high] = [0, rows.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if (costs[rows[middle]] <= most) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  // The row of the largest value among the first few, the cheapest of equals.
  function bestOf(values, rows, count, offset = 0) {
    let best = rows[0];
    let most = values[offset + best];
    for (let k = 1; k < count; k++) {
      const value = values[offset + rows[k]];
      if (value > most + DUST) best = rows[k];
      if (value > most) most = value;
    }
    return best;
  }

  function bytes(text) {
    return Uint8Array.from(atob(text), (character) => character.charCodeAt(0));
  }

  // Makes arrays of what comes as base64: little-endian numbers of problems, bytes of folds.
  function unpack(table) {
    if (table.folds) table.folds = bytes(table.folds);
    if (!table.problems) return;
    const view = new DataView(bytes(table.problems).buffer);
    const success = new Float64Array(view.byteLength / 8);
    for (let i = 0; i < success.length; i++) success[i] = view.getFloat64(8 * i, true);
    table.problems = success;
  }

  // --- frontier ---------------------------------------------------------------------------------

  function doublingBudgets(costs) {
    const low = Math.min(...costs);
    const high = Math.max(...costs);
    const doublings = range(Math.ceil(Math.log2(high / low) + 1e-9)).map((k) => low * 2 ** k);
    return [...doublings.filter((budget) => budget * 2 ** 0.25 < high), high];
  }

  // The best point of every strategy within each budget, and which strategy to choose.
  function frontier(table, cost) {
    const costs = costsOf(table, cost);
    const orders = new Map(table.strategies.map((name) => [name, byCost(table, costs, [name])]));
    const rows = [];
    for (const budget of doublingBudgets(costs)) {
      const found = [];
      for (const [strategy, order] of orders) {
        const count = affordable(costs, order, budget);
        if (count) found.push({ strategy, row: bestOf(table.success, order, count) });
      }
      const voting = found.find(({ strategy }) => strategy === "self_consistency");
      const offers = found.map(({ strategy, row }) => ({
        budget,
        strategy,
        solutions: table.solutions[row],
        verifications: table.verifications[row],
        cost: costs[row],
        success: table.success[row],
        gain: voting ? table.success[row] - table.success[voting.row] : null,
        best: false,
      }));
      const rounded = (value) => Math.round(value / DUST);
      const [best] = offers
        .filter(({ strategy }) => strategy !== "coverage")
        .sort((a, b) => rounded(b.success) - rounded(a.success) || a.cost - b.cost); // then the first
      if (best) best.best = true;
      rows.push(...offers);
    }
    return rows;
  }

  // --- crossover --------------------------------------------------------------------------------

  // Points of fixed V by rising S, for each V of some strategies.
  function linesOf(table, costs, strategies) {
    const lines = [];
    for (const name of strategies) {
      const rows = range(costs.length).filter((i) => table.strategy[i] === name);
      const depths = [...new Set(rows.map((i) => table.verifications[i]))];
      for (const depth of depths.sort((a, b) => a - b)) {
        const held = rows.filter((i) => table.verifications[i] === depth);
        held.sort((a, b) => table.solutions[a] - table.solutions[b]);
        lines.push({
          costs: held.map((i) => costs[i]),
          logCosts: held.map((i) => Math.log(costs[i])),
          success: held.map((i) => table.success[i]),
        });
      }
    }
    return lines;
  }

  // Success on a line at a budget, linear in log cost; -Infinity off its ends.
  function successAt(line, budget) {
    const { costs, logCosts, success } = line;
    if (budget < costs[0] * (1 - SLACK) || budget > lastOf(costs) * (1 + SLACK)) return -Infinity;
    const position = Math.log(budget);
    const last = costs.length - 1;
    if (position <= logCosts[0]) return success[0];
    if (position >= logCosts[last]) return success[last];
    let low = 0;
    while (logCosts[low + 1] <= position) low++;
    const part = (position - logCosts[low]) / (logCosts[low + 1] - logCosts[low]);
    return success[low] * (1 - part) + success[low + 1] * part;
  }

  // Computed costs within the budgets that both sides have; null where they have none in common.
  function breaksOf(baseline, challengers) {
    const low = Math.max(baseline.costs[0], Math.min(...challengers.map((l) => l.costs[0])));
    const furthest = Math.max(...challengers.map((l) => lastOf(l.costs)));
    const high = Math.min(lastOf(baseline.costs), furthest);
    if (low > high) return null;
    const costs = [baseline, ...challengers].flatMap((line) => line.costs);
    const held = costs.filter((cost) => cost >= low && cost <= high);
    return [...new Set([...held, low, high])].sort((a, b) => a - b);
  }

  // Budget at which verification draws level before each break, and whether it is behind just
  // below that. Between two breaks every line is linear in log cost.
  function crossingsOf(lines, best, reference, logBreaks) {
    const roots = [...logBreaks];
    const dips = logBreaks.map(() => false);
    for (let i = 1; i < logBreaks.length; i++) {
      const width = logBreaks[i] - logBreaks[i - 1];
      const before = best[i - 1] - reference[i - 1];
      const pairs = [[before, best[i - 1] - reference[i]]];
      for (const line of lines) {
        pairs.push([line[i - 1] - reference[i - 1], line[i] - reference[i]]);
      }
      for (const [from, to] of pairs) {
        if (Number.isFinite(from) && from < 0 && to >= 0) {
          roots[i] = Math.min(roots[i], logBreaks[i - 1] + (from / (from - to)) * width);
        }
      }
      const part = width > 0 ? (roots[i] - logBreaks[i - 1]) / width : 1;
      dips[i] = pairs.every(([from, to]) => {
        const held = from >= -LEVEL && Number.isFinite(to);
        return !held || from * (1 - part) + to * part < -LEVEL;
      });
    }
    return { budgets: roots.map(Math.exp), dips };
  }

  // First budget at which verification reaches the reference, and that from which on it does.
  function turnsOf(lines, best, reference, logBreaks) {
    const { budgets, dips } = crossingsOf(lines, best, reference, logBreaks);
    const reached = best.map((value, i) => value >= reference[i] - LEVEL);
    const first = reached.indexOf(true);
    const behind = reached.map((is, i) => !is || (i + 1 < dips.length && dips[i + 1]));
    const stays = behind.lastIndexOf(true) + 1;
    return {
      first: first >= 0 ? budgets[first] : null,
      stays: stays < budgets.length ? budgets[stays] : null,
    };
  }

  // Figures of verification by some strategies against self-consistency; null stands for never.
  function crossover(table, cost, strategies) {
    const costs = costsOf(table, cost);
    const [baseline] = linesOf(table, costs, ["self_consistency"]);
    const challengers = linesOf(table, costs, strategies);
    const breaks = baseline && challengers.length ? breaksOf(baseline, challengers) : null;
    if (breaks === null) return null;

    const top = Math.max(...baseline.success);
    const saturated = baseline.success.findIndex((value) => value >= top - SATURATION_MARGIN);
    const saturation = baseline.costs[saturated];
    const reference = breaks.map((budget) => successAt(baseline, budget));
    const lines = challengers.map((line) => breaks.map((budget) => successAt(line, budget)));
    const cheaper = challengers.flatMap((line) =>
      line.success.filter((_, i) => line.costs[i] <= breaks[0]),
    );
    let soFar = Math.max(...cheaper);
    const best = breaks.map((_, i) => {
      soFar = Math.max(soFar, ...lines.map((line) => line[i]));
      return soFar;
    });

    const logs = breaks.map(Math.log);
    const level = turnsOf(lines, best, reference, logs);
    const leads = turnsOf(lines, best, reference.map((value) => value + LEAD), logs);
    return {
      saturation_budget: saturation,
      crossover_budget: leads.stays,
      match_budget: level.first,
      match_ratio: level.first === null ? null : level.first / saturation,
      gain: lastOf(best) - lastOf(reference),
      gain_ratio: lastOf(breaks) / saturation,
      ahead_budget: level.stays,
      status: saturation === lastOf(baseline.costs) ? "unsaturated" : "ok",
    };
  }

  // --- plan -------------------------------------------------------------------------------------

  // Mean success on the other nine folds, for each division, fold and point; independent of costs.
  function successOnOthers(table) {
    const { problems, folds, n_problems: P } = table;
    const G = table.strategy.length;
    const others = new Float64Array((folds.length / P) * FOLDS * G);
    const sums = new Float64Array(FOLDS);
    const sizes = new Float64Array(FOLDS);
    for (let start = 0, column = 0; start < folds.length; start += P, column += FOLDS) {
      sizes.fill(0);
      for (let p = 0; p < P; p++) sizes[folds[start + p]]++;
      for (let g = 0; g < G; g++) {
        sums.fill(0);
        let total = 0;
        for (let p = 0, at = g * P; p < P; p++, at++) {
          sums[folds[start + p]] += problems[at];
          total += problems[at];
        }
        for (let f = 0; f < FOLDS; f++) {
          const mean = (total - sums[f]) / (P - sizes[f]);
          others[(column + f) * G + g] = mean;
        }
      }
    }
    return others;
  }

  // (P,) success of each problem at the point that the other folds choose, over all divisions.
  function crossFit(table, rows, count) {
    const { problems, folds, n_problems: P } = table;
    const G = table.strategy.length;
    table.others ??= successOnOthers(table);
    const scored = new Float64Array(P);
    const chosen = new Int32Array(FOLDS);
    for (let start = 0, column = 0; start < folds.length; start += P, column += FOLDS) {
      for (let f = 0; f < FOLDS; f++) chosen[f] = bestOf(table.others, rows, count, (column + f) * G);
      for (let p = 0; p < P; p++) scored[p] += problems[chosen[folds[start + p]] * P + p];
    }
    return scored.map((value) => value / (folds.length / P));
  }

  // Interval of a mean: Wilson's, with an effective number of problems.
  function successInterval(scores, tSquared) {
    const P = scores.length;
    if (P < 2) return [null, null]; // a single problem varies with nothing
    const mean = sum(scores) / P;
    const shifted = (P * mean + 0.5) / (P + 1);
    let spread = sum(scores.map((value) => (value - mean) ** 2)) + P * (mean - shifted) ** 2;
    spread += 0.5 * (1 - shifted) ** 2 + 0.5 * shifted ** 2;
    const ratio = Math.min(spread / (P + 1) / (shifted * (1 - shifted)), 1);
    const share = (tSquared * ratio) / P;
    const centre = (mean + share / 2) / (1 + share);
    const within = share * Math.max(mean * (1 - mean), 0) + share ** 2 / 4;
    const half = Math.sqrt(within) / (1 + share);
    return [clip(centre - half, 0, mean), clip(centre + half, mean, 1)];
  }

  // The best point within a budget and the scores that its success is told by; null for none.
  function offer(table, costs, rows, budget) {
    const count = affordable(costs, rows, budget);
    if (!count) return null;
    const row = bestOf(table.success, rows, count);
    if (table.folds) return { row, scores: crossFit(table, rows, count) };
    if (!table.problems) return { row, scores: null };
    const P = table.n_problems;
    return { row, scores: table.problems.subarray(row * P, (row + 1) * P) };
  }

  function meanOf(table, found) {
    return found.scores ? sum(found.scores) / found.scores.length : table.success[found.row];
  }

  // Expected success within a budget: the largest at any budget that buys a better point, so that a
  // larger budget never promises less.
  function promise(table, costs, rows, budget, best) {
    const steps = new Set();
    let most = -Infinity;
    for (const row of rows) {
      if (table.success[row] > most + DUST && costs[row] < budget) steps.add(costs[row]);
      most = Math.max(most, table.success[row]);
    }
    const offers = [...steps].map((step) => offer(table, costs, rows, step));
    if (!offers.length || lastOf(offers).row !== best.row) offers.push(best);
    return Math.max(...offers.map((found) => meanOf(table, found)));
  }

  function pointAt(table, costs, budget, row, success, own) {
    let [low, high] = [null, null];
    if (own.scores) [low, high] = successInterval(own.scores, table.t_squared);
    else if (table.low) [low, high] = [table.low[row], table.high[row]];
    return {
      strategy: table.strategy[row],
      solutions: table.solutions[row],
      verifications: table.verifications[row],
      cost: Math.min(costs[row], budget),
      success,
      conf_low: low === null ? null : Math.min(low, success),
      conf_high: high === null ? null : Math.max(high, success),
      in_sample: table.success[row],
    };
  }

  // Which of S and V are the largest computed though the budget would pay for more.
  function edgesOf(table, cost, point, budget) {
    const rows = range(table.strategy.length).filter((i) => table.strategy[i] === point.strategy);
    const most = (column) => Math.max(...rows.map((i) => column[i]));
    const { solutions: S, verifications: V } = point;
    const edges = [];
    if (S === most(table.solutions) && costOf(cost, S + 1, V) <= budget) edges.push(`S = ${S}`);
    if (V && V === most(table.verifications) && costOf(cost, S, V + 1) <= budget) {
      edges.push(`V = ${V}`);
    }
    return edges.join(" and ");
  }

  // What to run within a budget; only { least } when it pays for nothing.
  function plan(table, cost, budget) {
    const costs = costsOf(table, cost);
    const all = byCost(table, costs, table.strategies);
    if (budget * (1 + SLACK) < costs[all[0]]) return { least: costs[all[0]] };
    const best = offer(table, costs, all, budget);
    const offers = new Map();
    for (const name of table.strategies) {
      const found = offer(table, costs, byCost(table, costs, [name]), budget);
      if (found) offers.set(name, found);
    }
    const own = offers.get(table.strategy[best.row]);
    const expected = promise(table, costs, all, budget, best);
    const chosen = pointAt(table, costs, budget, best.row, expected, own);

    const others = [...offers].filter(([name]) => name !== chosen.strategy).map((pair) => pair[1]);
    const most = Math.max(...others.map((found) => table.success[found.row]));
    const second = others.find((found) => table.success[found.row] >= most - DUST) ?? null;
    let runnerUp = null;
    if (second) {
      const difference = table.success[best.row] - table.success[second.row];
      // The discount for choosing the best is taken from both alike.
      const success = clip(expected - difference, 0, 1);
      runnerUp = { ...pointAt(table, costs, budget, second.row, success, second), difference };
      runnerUp.edges = edgesOf(table, cost, runnerUp, budget);
    }
    const largest = costs[lastOf(all)];
    return {
      ...chosen,
      runner_up: runnerUp,
      largest_cost: largest,
      method: table.folds ? "crossfit" : "in_sample",
      is_beyond: budget > largest * (1 + SLACK),
      edges: edgesOf(table, cost, chosen, budget),
    };
  }

  return { costsOf, unpack, frontier, crossover, plan };
})();
