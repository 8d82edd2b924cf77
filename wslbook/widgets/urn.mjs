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

// The product of polynomials, in and out by the logarithms of their coefficients
export function logProduct(factors) {
  return factors.reduce((a, b) => Array.from({ length: a.length + b.length - 1 }, (_, r) => {
    const terms = b.map((v, y) => v + (a[r - y] ?? -Infinity));
    return logSumExp(terms);
  }), [0]);
}

// Fisher's law: log normaliser, and for every class the probabilities of its counts and their mean
export function fisher({ sizes, draws, logWeights }) {
  const terms = sizes.map((m, k) => logChoose(m).map((c, y) => c + y * logWeights[k]));
  const logNormalizer = logProduct(terms)[draws];
  const marginals = terms.map((own, k) => {
    const others = logProduct(terms.filter((_, j) => j !== k));
    return own.map((a, y) => Math.exp(a + (others[draws - y] ?? -Infinity) - logNormalizer));
  });
  const means = marginals.map((p) => p.reduce((sum, q, y) => sum + y * q, 0));
  return { logNormalizer, marginals, means };
}

const [WIDTH, PANEL, LEFT, BARS, LARGEST] = [640, 128, 30, 62, 12];
const across = linear([0, LARGEST], [LEFT + 15, WIDTH - 35]);
const LOOKS = ["fill-blue", "fill-orange", "fill-green"];

// One class: a bar for every count that the class allows, and its mean as a triangle
function panel(k, { size, weight, probs, mean, highest }) {
  const base = (k + 1) * PANEL - 28;
  const x = across(mean);
  const group = svg("g", {},
    svg("text", { x: LEFT, y: k * PANEL + 14, "font-weight": "600" },
      `class ${k + 1}: ${size} balls of weight ${weight.toPrecision(3)}, mean count ${mean.toFixed(2)}`),
    svg("path", { d: line([[LEFT - 8, base], [across(size) + 20, base]]), class: "axis" }));
  probs.forEach((p, y) => {
    const height = (BARS * p) / highest;
    group.append(
      svg("rect", { x: across(y) - 15, y: base - height, width: 30, height, class: LOOKS[k], fill: "#009e73" }),
      svg("text", { x: across(y), y: base + 14, "text-anchor": "middle" }, `${y}`));
    if (p >= 0.005)
      group.append(svg("text", { x: across(y), y: base - height - 4, "text-anchor": "middle" }, p.toFixed(2)));
  });
  group.append(svg("path", {
    d: `${line([[x, base + 17], [x - 6, base + 26], [x + 6, base + 26]])}Z`, fill: "currentColor",
  }));
  return group;
}

const TRAITS = ["size1", "size2", "size3", "draws", "log_w1", "log_w2"];

function render({ model, el }) {
  const drawing = svg("svg", { viewBox: `0 0 ${WIDTH} ${3 * PANEL}`, role: "img" });
  const numbers = readouts([
    ["drawn", "balls drawn"], ["mean1", "means: class 1"], ["mean2", "class 2"],
    ["mean3", "class 3"], ["logNormalizer", "log normaliser"],
  ]);
  const draw = () => {
    const sizes = [1, 2, 3].map((k) => model.get(`size${k}`));
    const logWeights = [model.get("log_w1"), model.get("log_w2"), 0];
    const drawn = Math.min(model.get("draws"), sizes[0] + sizes[1] + sizes[2]);
    const { logNormalizer, marginals, means } = fisher({ sizes, draws: drawn, logWeights });
    const highest = Math.max(...marginals.flat());
    drawing.setAttribute("aria-label",
      `Bars of the probability of every count of three classes when ${drawn} balls are drawn. ` +
      means.map((mean, k) => `Class ${k + 1}: ${sizes[k]} balls, mean count ${mean.toFixed(2)}`).join("; "));
    drawing.replaceChildren(...sizes.map((size, k) => panel(k, {
      size, weight: Math.exp(logWeights[k]), probs: marginals[k], mean: means[k], highest,
    })));
    numbers.show({ drawn, mean1: means[0], mean2: means[1], mean3: means[2], logNormalizer });
  };
  mount({ model, el }, {
    title: "Fill the urn and weigh its classes",
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
