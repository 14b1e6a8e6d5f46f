"use strict";

// The cost models that the live panel offers, by the names of `--cost`. Each has the figures it takes
// (of the solver, and of the verifier where there is one), the cost that `liveModel` takes, the
// options of commands, and words for paper. `live.js` adds the unit and the axis title of costs.
const liveCosts = (() => {
  const TOKENS_OF_A_PRICE = 1e6;
  const FREE = "inputprice"; // the one figure that may be 0

  // A cost of tokens that each weigh so much: of solutions, verifiers' prompts, verifications.
  function weighted(tokens, [solution, prompt, verification]) {
    const unit = solution * tokens.solution;
    const ratio = (verification * tokens.verification) / unit;
    return { unit, prefill: (prompt * tokens.prompt) / unit, ratio };
  }

  const MODELS = {
    relative: {
      ofSolver: [],
      ofVerifier: ["ratio"],
      cost: ({ ratio }) => ({ unit: 1, prefill: 0, ratio }),
      options: ({ ratio }, pool) =>
        pool.verified.length && ratio !== pool.measured_ratio ? ` --lambda ${ratio}` : "",
      words: ({ ratio }, isVerified) => (isVerified ? `λ = ${Number(ratio.toPrecision(6))}` : ""),
    },
    tokens: {
      ofSolver: [],
      ofVerifier: [],
      cost: (_, tokens) => weighted(tokens, [1, 1, 1]),
      options: () => " --cost tokens",
      words: () => "",
    },
    flops: {
      ofSolver: ["solver"],
      ofVerifier: ["verifier"],
      cost({ solver, verifier }, tokens) {
        const [writing, verifying] = [2 * (solver * 1e9), 2 * (verifier * 1e9)];
        return weighted(tokens, [writing, verifying, verifying]);
      },
      options({ solver, verifier }, pool) {
        const ofVerifier = pool.verified.length ? ` --verifier-size ${verifier}B` : "";
        return ` --cost flops --solver-size ${solver}B${ofVerifier}`;
      },
      words({ solver, verifier }, isVerified) {
        const ofVerifier = isVerified ? ` and a verifier of ${verifier}B` : "";
        return `a solver of ${solver}B${ofVerifier} parameters`;
      },
    },
    price: {
      ofSolver: ["solverprice"],
      ofVerifier: ["inputprice", "outputprice"],
      cost({ solverprice, inputprice, outputprice }, tokens) {
        const prices = [solverprice, inputprice, outputprice];
        return weighted(tokens, prices.map((price) => price / TOKENS_OF_A_PRICE));
      },
      options({ solverprice, inputprice, outputprice }, pool) {
        const prices = ` --verifier-price ${inputprice}/${outputprice}`;
        return ` --cost price --solver-price ${solverprice}${pool.verified.length ? prices : ""}`;
      },
      words({ solverprice, inputprice, outputprice }, isVerified) {
        const ofSolver = `${solverprice} US$ per million tokens of the solver's output`;
        const ofVerifier = `, ${inputprice} of the verifier's input and ${outputprice} of its output`;
        return `${ofSolver}${isVerified ? ofVerifier : ""}`;
      },
    },
  };

  // The figures that show for a pool.
  function figuresOf(name, pool) {
    const { ofSolver, ofVerifier } = MODELS[name];
    return [...ofSolver, ...(pool.verified.length ? ofVerifier : [])];
  }

  // Whether a number may be the value of a figure or of a budget.
  function holds(name, value) {
    return Number.isFinite(value) && (value > 0 || (name === FREE && value === 0));
  }

  return { MODELS, FREE, figuresOf, holds };
})();
