import { svg, slider, readouts, linear, line, mount } from "./figure.mjs";

// log C(m, y) for y = 0, ..., m
export function logChoose(m) {
  const logFactorial = [0];
  for (let y = 1; y <= m; y++) logFactorial.push(logFactorial[y - 1] + Math.log(y));
  return logFactorial.map((f, y) => logFactorial[m] - f - logFactorial[m - y]);
}

// log sum_i exp(v_i)
export function logSumExp(values) {
  const largest = Math.max(...values);
  return largest + Math.log(values.reduce((sum, v) => sum + Math.exp(v - largest), 0));
}

// log of C(m, y) w^y: the coefficients of (1 + w t)^m
function logTerms(m, logWeight) {
  return logChoose(m).map((c, y) => c + y * logWeight);
}

// Fisher's law: for every class the probabilities of its counts, by products of polynomials
export function exactMarginals({ sizes, draws, logWeights }) {
  const terms = sizes.map((m, k) => logTerms(m, logWeights[k]));
  const product = (a, b) => Array.from({ length: a.length + b.length - 1 }, (_, r) =>
    logSumExp(b.map((v, y) => v + (a[r - y] ?? -Infinity))));
  return terms.map((own, k) => {
    const others = terms.filter((_, j) => j !== k).reduce(product, [0]);
    const logits = own.map((a, y) => a + (others[draws - y] ?? -Infinity));
    const total = logSumExp(logits);
    return logits.map((v) => Math.exp(v - total));
  });
}

// The merged scheme: before class k, left[r] is the probability that r balls are still to be drawn
export function mergedMarginals({ sizes, draws, logWeights }) {
  let left = Array(draws + 1).fill(0);
  left[draws] = 1;
  return sizes.map((m, k) => {
    const later = sizes.map((size, l) => [size, logWeights[l]]).filter(([size], l) => l > k && size);
    const size = later.reduce((sum, [n]) => sum + n, 0);
    const logMass = later.map(([n, a]) => Math.log(n) + a);
    const rest = logTerms(size, size ? logSumExp(logMass) - Math.log(size) : 0);
    const own = logTerms(m, logWeights[k]);
    const [marginal, next] = [Array(m + 1).fill(0), Array(draws + 1).fill(0)];
    left.forEach((p, r) => {
      if (p === 0) return;
      const logits = own.map((a, y) => a + (rest[r - y] ?? -Infinity));
      const total = logSumExp(logits);
      logits.forEach((v, y) => {
        const both = p * Math.exp(v - total);
        marginal[y] += both;
        if (both > 0) next[r - y] += both;
      });
    });
    left = next;
    return marginal;
  });
}

// Both laws, their means, and per class the largest difference of the distribution functions
export function compare(urn) {
  const [exact, merged] = [exactMarginals(urn), mergedMarginals(urn)];
  const means = (law) => law.map((p) => p.reduce((sum, q, y) => sum + y * q, 0));
  const distances = exact.map((p, k) => {
    let [difference, largest] = [0, 0];
    p.forEach((q, y) => {
      difference += q - merged[k][y];
      largest = Math.max(largest, Math.abs(difference));
    });
    return largest;
  });
  return { exact, merged, exactMeans: means(exact), mergedMeans: means(merged), distances };
}

const [WIDTH, PANEL, LEFT, BARS, LARGEST] = [640, 132, 30, 70, 30];
const across = linear([0, LARGEST], [LEFT + 12, WIDTH - 20]);

// One class: bars for the exact law, a dashed line with dots for the merged one
function panel(k, { size, weight, exact, merged, distance, highest }) {
  const base = (k + 1) * PANEL - 4;
  const up = (p) => base - (BARS * p) / highest;
  const group = svg("g", {},
    svg("text", { x: LEFT, y: base - BARS - 22, "font-weight": "600" },
      `class ${k + 1}: ${size} balls of weight ${weight.toPrecision(3)}, KS distance ${distance.toFixed(3)}`),
    svg("path", { d: line([[LEFT - 4, base], [WIDTH, base]]), class: "axis" }));
  exact.forEach((p, y) => {
    group.append(svg("rect", {
      x: across(y) - 8, y: up(p), width: 16, height: base - up(p), class: "fill-blue", "fill-opacity": 0.75,
    }));
    if (y % 5 === 0)
      group.append(svg("text", { x: across(y), y: base + 14, "text-anchor": "middle" }, `${y}`));
  });
  const points = merged.map((p, y) => [across(y), up(p)]);
  group.append(svg("path", { d: line(points), class: "curve orange dashed" }));
  for (const [x, y] of points)
    group.append(svg("circle", { cx: x.toFixed(2), cy: y.toFixed(2), r: 3.2, class: "fill-orange" }));
  return group;
}

function legend() {
  return svg("g", {},
    svg("rect", { x: LEFT, y: 4, width: 16, height: 12, class: "fill-blue", "fill-opacity": 0.75 }),
    svg("text", { x: LEFT + 22, y: 14 }, "Fisher's law, exact"),
    svg("path", { d: line([[LEFT + 160, 10], [LEFT + 200, 10]]), class: "curve orange dashed" }),
    svg("circle", { cx: LEFT + 180, cy: 10, r: 3.2, class: "fill-orange" }),
    svg("text", { x: LEFT + 208, y: 14 }, "merged, classes drawn in the order 1, 2, 3"));
}

const TRAITS = ["size1", "size2", "size3", "draws", "log_w1", "log_w2"];

function render({ model, el }) {
  const drawing = svg("svg", { viewBox: `0 0 ${WIDTH} ${3 * PANEL + 18}`, role: "img" });
  const numbers = readouts([
    ["drawn", "balls drawn"],
    ["ks1", "KS distances: class 1"], ["ks2", "class 2"], ["ks3", "class 3"],
    ["exact1", "exact means: class 1"], ["exact2", "class 2"], ["exact3", "class 3"],
    ["merged1", "merged means: class 1"], ["merged2", "class 2"], ["merged3", "class 3"],
  ]);
  const draw = () => {
    const sizes = [1, 2, 3].map((k) => model.get(`size${k}`));
    const logWeights = [model.get("log_w1"), model.get("log_w2"), 0];
    const drawn = Math.min(model.get("draws"), sizes[0] + sizes[1] + sizes[2]);
    const both = compare({ sizes, draws: drawn, logWeights });
    const highest = Math.max(...both.exact.flat(), ...both.merged.flat());
    drawing.setAttribute("aria-label",
      `The probability of every count of three classes when ${drawn} balls are drawn, exact as bars ` +
      "and merged as a dashed line. " + sizes.map((size, k) =>
        `Class ${k + 1}: ${size} balls, mean ${both.exactMeans[k].toFixed(2)} exact and ` +
        `${both.mergedMeans[k].toFixed(2)} merged`).join("; "));
    drawing.replaceChildren(legend(), ...sizes.map((size, k) => panel(k, {
      size, weight: Math.exp(logWeights[k]), exact: both.exact[k], merged: both.merged[k],
      distance: both.distances[k], highest,
    })));
    const shown = { drawn };
    for (const k of [0, 1, 2]) {
      shown[`ks${k + 1}`] = both.distances[k];
      shown[`exact${k + 1}`] = both.exactMeans[k];
      shown[`merged${k + 1}`] = both.mergedMeans[k];
    }
    numbers.show(shown);
  };
  mount({ model, el }, {
    title: "Merge the classes to come",
    controls: [
      slider(model, "size1", { label: "balls of class 1", min: 1, max: LARGEST, step: 1 }),
      slider(model, "size2", { label: "balls of class 2", min: 1, max: LARGEST, step: 1 }),
      slider(model, "size3", { label: "balls of class 3", min: 1, max: LARGEST, step: 1 }),
      slider(model, "draws", { label: "draws n", min: 0, max: 3 * LARGEST, step: 1 }),
      slider(model, "log_w1", { label: "log weight of class 1", min: -4, max: 4, step: 0.05 }),
      slider(model, "log_w2", { label: "log weight of class 2", min: -4, max: 4, step: 0.05 }),
    ],
    drawing, numbers, traits: TRAITS, draw,
  });
}

export default { render };
