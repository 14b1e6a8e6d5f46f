"use strict";

// Numbers as the rest of the report writes them.
const liveNumbers = (() => {
  const grouped = (value, digits = 0) =>
    value.toLocaleString("en-US", { minimumFractionDigits: digits, maximumFractionDigits: digits });

  // A cost or a budget: 8,256, 1,010, 46, 4.9, 0.35, 2.4e15.
  function amount(value) {
    if (value >= 1e9) return exact(Number(value.toPrecision(3)));
    if (Number.isInteger(value) && value < 1e6) return grouped(value);
    const number = Number(value.toPrecision(value < 100 ? 2 : 3));
    if (number >= 10) return grouped(number);
    return number >= 1 ? number.toFixed(1) : `${number}`;
  }

  // All digits of a number, as a command takes them: 64, 1.3, 1.33e13.
  function exact(value) {
    return value >= 1e9 ? value.toExponential().replace("e+", "e") : `${value}`;
  }

  // A tick: 0.5, 3.3, 1,014, 20k, 1M, 2P.
  function short(value) {
    const units = [[1e18, "E"], [1e15, "P"], [1e12, "T"], [1e9, "G"], [1e6, "M"], [1e4, "k"]];
    for (const [size, unit] of units) {
      if (value >= size) return `${Number((value / (unit === "k" ? 1e3 : size)).toPrecision(3))}${unit}`;
    }
    return value >= 10 ? grouped(value) : `${Number(value.toPrecision(2))}`;
  }

  const percent = (share) => `${(100 * share).toFixed(1)}%`;

  // A share with its interval, where it has one: 76.1% [67.3, 83.1].
  function withInterval(share, low, high) {
    if (low === null) return percent(share);
    return `${percent(share)} [${(100 * low).toFixed(1)}, ${(100 * high).toFixed(1)}]`;
  }

  // A signed difference in percentage points.
  function points(difference) {
    const text = (100 * Math.abs(difference)).toFixed(1);
    if (Number(text) === 0) return "0.0";
    return `${difference < 0 ? "−" : "+"}${text}`;
  }

  return { amount, exact, short, percent, withInterval, points };
})();
