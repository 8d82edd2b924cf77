import { svg, slider, readouts, linear, line, mount } from "./figure.mjs";

// All orders of a list, in lexicographic order of the places
export function permutations(items) {
  if (items.length < 2) return [items];
  return items.flatMap((item, i) =>
    permutations(items.filter((_, j) => j !== i)).map((rest) => [item, ...rest]));
}

// Plackett-Luce: p(ranking) = prod_k exp(score of rank k) / sum over the ranks from k on
export function probability(scores, ranking) {
  const top = Math.max(...scores);
  const weights = ranking.map((i) => Math.exp(scores[i] - top));
  return weights.reduce((p, w, k) => (p * w) / weights.slice(k).reduce((a, b) => a + b), 1);
}

// All rankings with their probabilities, the most probable first
export function law(scores) {
  return permutations(scores.map((_, i) => i))
    .map((ranking) => ({ ranking, probability: probability(scores, ranking) }))
    .sort((a, b) => b.probability - a.probability);
}

// NeuralSort: row k is the softmax over i of ((n + 1 - 2k) s_i - sum_j |s_i - s_j|) / temperature
export function neuralSort(scores, temperature) {
  const n = scores.length;
  const distance = scores.map((a) => scores.reduce((sum, b) => sum + Math.abs(a - b), 0));
  return scores.map((_, row) => {
    const logits = scores.map((s, i) => ((n - 1 - 2 * row) * s - distance[i]) / temperature);
    const top = Math.max(...logits);
    const weights = logits.map((x) => Math.exp(x - top));
    const total = weights.reduce((a, b) => a + b);
    return weights.map((w) => w / total);
  });
}

export function columnSums(matrix) {
  return matrix[0].map((_, i) => matrix.reduce((sum, row) => sum + row[i], 0));
}

// The named numbers under the figure
export function summary(scores, temperature) {
  const rankings = law(scores);
  const matrix = neuralSort(scores, temperature);
  return {
    top: rankings[0].probability,
    total: rankings.reduce((sum, r) => sum + r.probability, 0),
    corner: matrix[0][0],
    column: Math.max(...columnSums(matrix).map((sum) => Math.abs(sum - 1))),
  };
}

const [WIDTH, HEIGHT, SHOWN, BAR, STEP] = [640, 306, 8, 76, 26];
const across = linear([0, 1], [BAR, 282]);
const [CELL, EDGE, TOP] = [58, 396, 46];

function bars(rankings) {
  const rest = rankings.slice(SHOWN).reduce((sum, r) => sum + r.probability, 0);
  const rows = rankings.slice(0, SHOWN).map(({ ranking, probability: p }) =>
    [ranking.map((i) => i + 1).join(" › "), p, "fill-blue"]);
  rows.push([`other ${rankings.length - SHOWN}`, rest, "fill-orange"]);
  return rows.flatMap(([label, p, look], i) => {
    const y = TOP + STEP * i;
    return [
      svg("text", { x: BAR - 6, y: y + 14, "text-anchor": "end" }, label),
      svg("rect", { x: BAR, y, width: Math.max(0.5, across(p) - BAR), height: 19, class: look }),
      svg("text", { x: across(p) + 5, y: y + 14 }, p.toFixed(3)),
    ];
  });
}

function heatMap(matrix) {
  const middle = (i) => EDGE + CELL * (i + 0.5);
  const cells = matrix.flatMap((row, k) => row.flatMap((p, i) => [
    svg("rect", { x: EDGE + CELL * i, y: TOP + CELL * k, width: CELL, height: CELL,
      class: "fill-blue", "fill-opacity": 0.6 * p }),
    svg("rect", { x: EDGE + CELL * i, y: TOP + CELL * k, width: CELL, height: CELL, class: "axis" }),
    svg("text", { x: middle(i), y: TOP + CELL * (k + 0.5) + 4, "text-anchor": "middle" }, p.toFixed(3)),
  ]));
  const ranks = matrix.map((_, k) =>
    svg("text", { x: EDGE - 8, y: TOP + CELL * (k + 0.5) + 4, "text-anchor": "end" }, `rank ${k + 1}`));
  const items = columnSums(matrix).flatMap((sum, i) => [
    svg("text", { x: middle(i), y: TOP - 8, "text-anchor": "middle" }, `item ${i + 1}`),
    svg("text", { x: middle(i), y: TOP + 4 * CELL + 18, "text-anchor": "middle" }, sum.toFixed(3)),
  ]);
  return [...cells, ...ranks, ...items,
    svg("text", { x: EDGE - 8, y: TOP + 4 * CELL + 18, "text-anchor": "end" }, "sum")];
}

function render({ model, el }) {
  const drawing = svg("svg", { viewBox: `0 0 ${WIDTH} ${HEIGHT}`, role: "img" });
  const numbers = readouts([
    ["top", "most probable ranking"], ["total", "all 24 rankings"], ["corner", "π[1, 1] ="],
    ["column", "largest error of a column sum"],
  ]);
  const names = ["score1", "score2", "score3", "score4"];
  const draw = () => {
    const scores = names.map((name) => model.get(name));
    const temperature = model.get("temperature");
    const rankings = law(scores);
    const matrix = neuralSort(scores, temperature);
    const best = rankings[0];
    drawing.setAttribute("aria-label",
      `Left: bars of the most probable rankings; ${best.ranking.map((i) => i + 1).join(", ")} has ` +
      `probability ${best.probability.toFixed(3)}. Right: the relaxed permutation matrix, rows ` +
      matrix.map((row) => row.map((p) => p.toFixed(2)).join(" ")).join("; ") + ".");
    drawing.replaceChildren(
      svg("text", { x: BAR, y: 16 }, "probability of a ranking"),
      svg("text", { x: EDGE + 2 * CELL, y: 16, "text-anchor": "middle" }, "NeuralSort matrix"),
      svg("path", { d: line([[BAR, TOP - 6], [BAR, TOP + STEP * (SHOWN + 1)]]), class: "axis" }),
      ...bars(rankings), ...heatMap(matrix));
    numbers.show(summary(scores, temperature));
  };
  mount({ model, el }, {
    title: "Four log-scores, 24 rankings, one relaxed matrix",
    controls: [
      ...names.map((name, i) =>
        slider(model, name, { label: `log-score of item ${i + 1}`, min: -3, max: 3, step: 0.1 })),
      slider(model, "temperature", { label: "temperature", min: 0.05, max: 5, step: 0.01 }),
    ],
    drawing, numbers, traits: [...names, "temperature"], draw,
  });
}

export default { render };
