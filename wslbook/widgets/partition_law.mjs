import { svg, slider, readouts, linear, line, mount } from "./figure.mjs";

// All orders of a list
export function permutations(items) {
  if (items.length < 2) return [items];
  return items.flatMap((item, i) =>
    permutations(items.filter((_, j) => j !== i)).map((rest) => [item, ...rest]));
}

// Plackett-Luce: p(ranking) = prod_k exp(score of rank k) / sum over the ranks from k on
export function rankingProbability(scores, ranking) {
  const top = Math.max(...scores);
  const weights = ranking.map((i) => Math.exp(scores[i] - top));
  return weights.reduce((p, w, k) => (p * w) / weights.slice(k).reduce((a, b) => a + b), 1);
}

// All ways to write n as an ordered sum of parts that may be zero
export function compositions(n, parts) {
  if (parts === 1) return [[n]];
  return Array.from({ length: n + 1 }, (_, first) =>
    compositions(n - first, parts - 1).map((rest) => [first, ...rest])).flat();
}

// Fisher's law of the sizes: n draws from an urn with n balls of every class
export function sizeLaw(n, logWeights) {
  const choose = (y) => Array.from({ length: y }, (_, i) => (n - i) / (i + 1)).reduce((a, b) => a * b, 1);
  const sizes = compositions(n, logWeights.length);
  const top = n * Math.max(...logWeights);
  const terms = sizes.map((counts) =>
    counts.reduce((p, y) => p * choose(y), 1) *
    Math.exp(counts.reduce((sum, y, k) => sum + y * logWeights[k], -top)));
  const total = terms.reduce((a, b) => a + b);
  return sizes.map((counts, i) => ({ counts, probability: terms[i] / total }));
}

// Every assignment (the subset of each item) with its probability, the most probable first:
// each order of the items, cut at each vector of sizes, adds its share to one assignment
export function partitionLaw({ scores, logWeights }) {
  const found = new Map();
  const sizes = sizeLaw(scores.length, logWeights);
  for (const ranking of permutations(scores.map((_, i) => i))) {
    const ofRanking = rankingProbability(scores, ranking);
    for (const { counts, probability } of sizes) {
      const subsets = counts.flatMap((count, k) => Array(count).fill(k));
      const assignment = Array(scores.length);
      ranking.forEach((item, place) => { assignment[item] = subsets[place]; });
      const key = assignment.join();
      const entry = found.get(key) ?? { assignment, probability: 0 };
      entry.probability += ofRanking * probability;
      found.set(key, entry);
    }
  }
  return [...found.values()].sort((a, b) => b.probability - a.probability);
}

// P(item i is in subset k), as rows k
export function memberships(law, parts) {
  const items = law[0].assignment.map((_, i) => i);
  return Array.from({ length: parts }, (_, k) => items.map((i) =>
    law.reduce((sum, y) => sum + (y.assignment[i] === k ? y.probability : 0), 0)));
}

// The named numbers under the figure
export function summary({ scores, logWeights }) {
  const law = partitionLaw({ scores, logWeights });
  const rows = memberships(law, logWeights.length);
  const sizes = rows.map((row) => row.reduce((a, b) => a + b));
  return {
    mode: law[0].probability,
    size1: sizes[0], size2: sizes[1], size3: sizes[2],
    first: rows[0][0],
    total: law.reduce((sum, y) => sum + y.probability, 0),
  };
}

const [WIDTH, HEIGHT, SHOWN, BAR, STEP] = [640, 282, 8, 112, 26];
const across = linear([0, 1], [BAR, 330]);
const [CELL, EDGE, TOP] = [46, 418, 46];
const LOOKS = ["fill-blue", "fill-orange", "fill-green"];

// "1 4 | 2 | 3" or with the empty set as a dash
export function written(assignment, parts) {
  return Array.from({ length: parts }, (_, k) =>
    assignment.flatMap((own, i) => (own === k ? [i + 1] : [])).join(" ") || "–").join(" | ");
}

function bars(law) {
  const rest = law.slice(SHOWN).reduce((sum, y) => sum + y.probability, 0);
  const rows = law.slice(0, SHOWN).map((y) => [written(y.assignment, 3), y.probability, "fill-blue"]);
  rows.push([`other ${law.length - SHOWN}`, rest, "fill-orange"]);
  return rows.flatMap(([label, p, look], i) => {
    const y = TOP + STEP * i;
    return [
      svg("text", { x: BAR - 6, y: y + 14, "text-anchor": "end" }, label),
      svg("rect", { x: BAR, y, width: Math.max(0.5, across(p) - BAR), height: 19, class: look }),
      svg("text", { x: across(p) + 5, y: y + 14 }, p.toFixed(3)),
    ];
  });
}

function table(rows) {
  const middle = (i) => EDGE + CELL * (i + 0.5);
  const cells = rows.flatMap((row, k) => row.flatMap((p, i) => [
    svg("rect", { x: EDGE + CELL * i, y: TOP + CELL * k, width: CELL, height: CELL,
      class: LOOKS[k], "fill-opacity": 0.6 * p }),
    svg("rect", { x: EDGE + CELL * i, y: TOP + CELL * k, width: CELL, height: CELL, class: "axis" }),
    svg("text", { x: middle(i), y: TOP + CELL * (k + 0.5) + 4, "text-anchor": "middle" }, p.toFixed(2)),
  ]));
  const heads = rows[0].map((_, i) =>
    svg("text", { x: middle(i), y: TOP - 8, "text-anchor": "middle" }, `${i + 1}`));
  const sides = rows.flatMap((row, k) => {
    const y = TOP + CELL * (k + 0.5) + 4;
    const size = row.reduce((a, b) => a + b).toFixed(2);
    return [
      svg("text", { x: EDGE - 8, y, "text-anchor": "end" }, `S${k + 1}`),
      svg("text", { x: EDGE + 4 * CELL + 8, y }, size),
    ];
  });
  return [...cells, ...heads, ...sides,
    svg("text", { x: EDGE + 4 * CELL + 34, y: TOP - 8, "text-anchor": "end" }, "size")];
}

const SCORES = ["score1", "score2", "score3", "score4"];
const WEIGHTS = ["log_w1", "log_w2"];

function render({ model, el }) {
  const drawing = svg("svg", { viewBox: `0 0 ${WIDTH} ${HEIGHT}`, role: "img" });
  const numbers = readouts([
    ["mode", "most probable assignment"], ["total", "all 81"], ["size1", "expected sizes"],
    ["size2", "and"], ["size3", "and"], ["first", "P(item 1 in subset 1)"],
  ]);
  const draw = () => {
    const scores = SCORES.map((name) => model.get(name));
    const logWeights = [...WEIGHTS.map((name) => model.get(name)), 0];
    const law = partitionLaw({ scores, logWeights });
    const rows = memberships(law, 3);
    const shown = summary({ scores, logWeights });
    drawing.setAttribute("aria-label",
      "Left: bars of the most probable assignments of four items to three subsets; " +
      `${written(law[0].assignment, 3)} has probability ${shown.mode.toFixed(3)}. Right: the ` +
      "probability of every item in subsets 1, 2 and 3, rows " +
      rows.map((row) => row.map((p) => p.toFixed(2)).join(" ")).join("; ") + ".");
    drawing.replaceChildren(
      svg("text", { x: BAR, y: 16 }, "probability of S1 | S2 | S3"),
      svg("text", { x: EDGE + 2 * CELL, y: 16, "text-anchor": "middle" }, "P(item in subset)"),
      svg("path", { d: line([[BAR, TOP - 6], [BAR, TOP + STEP * (SHOWN + 1)]]), class: "axis" }),
      ...bars(law), ...table(rows));
    numbers.show(shown);
  };
  mount({ model, el }, {
    title: "Four items, three subsets, 81 assignments",
    controls: [
      ...SCORES.map((name, i) =>
        slider(model, name, { label: `log-score of item ${i + 1}`, min: -4, max: 4, step: 0.1 })),
      ...WEIGHTS.map((name, k) =>
        slider(model, name, { label: `log-weight of subset ${k + 1}`, min: -4, max: 4, step: 0.1 })),
    ],
    drawing, numbers, traits: [...SCORES, ...WEIGHTS], draw,
  });
}

export default { render };
