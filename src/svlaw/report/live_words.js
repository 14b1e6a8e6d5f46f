"use strict";

// What the live panel says of the figures it computed.
const liveWords = (() => {
  const { amount, percent, withInterval } = liveNumbers;
  const NEGLIGIBLE = 0.0025;

  function ofPoint({ strategy, solutions, verifications }, names) {
    const depth = verifications ? `, V\u00a0=\u00a0${verifications}` : "";
    return `${names[strategy]} with S\u00a0=\u00a0${solutions}${depth}`;
  }

  function ofSuccess(plan, unit) {
    const success = withInterval(plan.success, plan.conf_low, plan.conf_high);
    const price = `at a cost of ${amount(plan.cost)} ${unit} per problem`;
    if (plan.method === "crossfit") {
      const seen = `on the problems it was chosen on, ${percent(plan.in_sample)}`;
      return `Expected success ${success}, ${price}; ${seen}.`;
    }
    return `Success ${success}, ${price}; in-sample, so on average too high.`;
  }

  function ofRunnerUp(plan, names) {
    const other = plan.runner_up;
    const size = (100 * Math.abs(other.difference)).toFixed(1);
    const order = other.difference < 0 ? "more" : "less";
    let words = `Runner-up: ${ofPoint(other, names)}, ${percent(other.success)}`;
    words += Number(size) === 0 ? ", level" : `, ${size} points ${order}`;
    if (other.difference < NEGLIGIBLE) return `${words}; the difference hardly matters.`;
    return `${words}; whether that is more than chance, svlaw plan tells.`;
  }

  // Notes beside a plan.
  function ofDoubts(plan, names) {
    const notes = plan.runner_up ? [ofRunnerUp(plan, names)] : [];
    if (plan.is_beyond) {
      const reach = `The budget exceeds the largest cost computed, ${amount(plan.largest_cost)}`;
      const outlook = plan.edges
        ? `the data end at ${plan.edges}: generate more, or see svlaw forecast`
        : "it lies inside, so more compute may not help";
      notes.push(`${reach}: this is the best within the data; ${outlook}.`);
      return notes;
    }
    if (plan.edges) {
      notes.push(`The budget would pay for more, but the data end at ${plan.edges}: generate more.`);
    }
    if (plan.runner_up?.edges) {
      const other = names[plan.runner_up.strategy].replace(/^./, (first) => first.toLowerCase());
      const end = `its data end at ${plan.runner_up.edges}`;
      notes.push(`The budget would pay for more of ${other}, but ${end}: it might overtake.`);
    }
    return notes;
  }

  function ofCrossing(found, unit) {
    if (!found.length) return "Self-consistency and verification have no budget in common.";
    const last = found[found.length - 1];
    if (last.crossover_budget === null) {
      return "Verification has no lasting lead over self-consistency at the budgets that both have.";
    }
    const from = `from a budget of ${amount(last.crossover_budget)} ${unit} on`;
    return `Verification leads self-consistency by 0.25 points or more ${from}.`;
  }

  function ofMethod(pool, model) {
    const { fine } = pool;
    const words = ["Computed in this page, from the success table; the commands give the same."];
    if (fine.strategy.length > pool.coarse.strategy.length) {
      words.push("Lines join powers of two; the star is chosen among up to eight values per doubling.");
    }
    if (!fine.n_problems) {
      words.push("A published table has no problems to cross-fit or resample.");
    } else if (!pool.crossfits) {
      words.push("Fewer than ten problems are too few to cross-fit.");
    } else if (!fine.problems) {
      words.push("The success of every problem would make this page too large, so success is");
      words.push("in-sample here; svlaw plan gives the cross-fitted one.");
    }
    if (fine.n_problems) {
      words.push("Intervals of budgets and differences depend on costs: see the commands.");
    }
    if (model !== "relative") words.push(`Lengths: ${pool.tokens.origin}.`);
    return words.join(" ");
  }

  // The settings, for paper, which shows no controls.
  function ofSettings(state, pool) {
    const model = liveCosts.MODELS[state.model];
    const cost = model.words(state, pool.verified.length > 0);
    const budget = `budget ${amount(state.budget)} ${model.unit} per problem`;
    return `${pool.name}: ${cost && `${cost}, `}${budget}.`;
  }

  return { ofPoint, ofSuccess, ofDoubts, ofCrossing, ofMethod, ofSettings };
})();
