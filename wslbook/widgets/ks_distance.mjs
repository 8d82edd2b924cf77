import { svg, slider, readouts, linear, line, mount } from "./figure.mjs";

const [SIZE, DRAWS] = [200, 180];

// log C(m, y) for y = 0, ..., m
export function logChoose(m) {
  const logFactorial = [0];
  for (let y = 1; y <= m; y++) logFactorial.push(logFactorial[y - 1] + Math.log(y));
  return logFactorial.map((f, y) => logFactorial[m] - f - logFactorial[m - y]);
}

// Probabilities from their logarithms, up to a common factor
function normalised(logs) {
  const largest = Math.max(...logs);
  const weights = logs.map((v) => Math.exp(v - largest));
  const total = weights.reduce((sum, p) => sum + p, 0);
  return weights.map((p) => p / total);
}

// The law of the first count of the urn (200, 200, 200) with 180 draws and weights (1, w2, 1):
// Fisher's, where classes 2 and 3 keep their weights, and merged, where both get the mean weight
export function firstCount({ w2 }) {
  const one = logChoose(SIZE);
  const both = logChoose(2 * SIZE);
  const log = Math.log(w2);
  const merged = Math.log((w2 + 1) / 2);
  const rest = Array.from({ length: DRAWS + 1 }, (_, r) => {
    const logs = Array.from({ length: r + 1 }, (_, y) => one[y] + y * log + one[r - y]);
    const largest = Math.max(...logs);
    return largest + Math.log(logs.reduce((sum, v) => sum + Math.exp(v - largest), 0));
  });
  const counts = Array.from({ length: DRAWS + 1 }, (_, y) => y);
  return {
    exact: normalised(counts.map((y) => one[y] + rest[DRAWS - y])),
    merged: normalised(counts.map((y) => one[y] + both[DRAWS - y] + (DRAWS - y) * merged)),
  };
}

// Partial sums
export function cumulative(probs) {
  let sum = 0;
  return probs.map((p) => (sum += p));
}

// P(K > x) for Kolmogorov's law
export function tail(x) {
  let sum = 0;
  for (let j = 100; j > 0; j--) sum += (j % 2 ? 2 : -2) * Math.exp(-2 * j * j * x * x);
  return sum;
}

// The x with P(K > x) = level, by bisection
export function quantile(level) {
  let [low, high] = [0.2, 10];
  for (let i = 0; i < 100; i++) {
    const middle = (low + high) / 2;
    if (tail(middle) > level) low = middle;
    else high = middle;
  }
  return (low + high) / 2;
}

// The standard normal distribution function, by a series of positive terms
export function normal(z) {
  if (Math.abs(z) > 9) return z > 0 ? 1 : 0;
  let [term, sum] = [z, z];
  for (let i = 3; i < 401; i += 2) {
    term *= (z * z) / i;
    sum += term;
  }
  return 0.5 + (sum * Math.exp((-z * z) / 2)) / Math.sqrt(2 * Math.PI);
}

// Largest gap, critical distance at level 0.05, and the least power that the largest gap grants
export function verdict({ w2, logSamples }) {
  const { exact, merged } = firstCount({ w2 });
  const [F, G] = [cumulative(exact), cumulative(merged)];
  let at = F.findIndex((f) => f >= 0.5); // where the laws are equal, the median
  F.forEach((f, y) => {
    if (Math.abs(f - G[y]) > Math.abs(F[at] - G[at]) + 1e-12) at = y;
  });
  const distance = Math.abs(F[at] - G[at]);
  const samples = Math.round(10 ** logSamples);
  const critical = quantile(0.05) * Math.sqrt(2 / samples);
  const spread = Math.sqrt((F[at] * (1 - F[at]) + G[at] * (1 - G[at])) / samples);
  const power = normal((distance - critical) / spread);
  return { F, G, at, distance, samples, critical, power };
}

const [WIDTH, HEIGHT] = [640, 300];
const across = linear([0, 90], [40, WIDTH - 15]);
const up = linear([0, 1], [HEIGHT - 50, 15]);

// A distribution function as stairs
function stairs(F) {
  return line(F.slice(0, 91).flatMap((f, y) => [
    [across(y), up(y ? F[y - 1] : 0)], [across(y), up(f)],
  ]));
}

function axes() {
  const group = svg("g", {},
    svg("path", { d: line([[40, up(1)], [40, up(0)], [WIDTH - 15, up(0)]]), class: "axis" }),
    svg("text", { x: (40 + WIDTH) / 2, y: HEIGHT - 14, "text-anchor": "middle" }, "count of class 1"));
  for (const p of [0, 0.5, 1])
    group.append(svg("text", { x: 34, y: up(p) + 4, "text-anchor": "end" }, `${p}`));
  for (let y = 0; y <= 90; y += 15)
    group.append(svg("text", { x: across(y), y: up(0) + 16, "text-anchor": "middle" }, `${y}`));
  return group;
}

function render({ model, el }) {
  const drawing = svg("svg", { viewBox: `0 0 ${WIDTH} ${HEIGHT}`, role: "img" });
  const numbers = readouts([
    ["samples", "samples on either side"], ["distance", "distance"],
    ["critical", "critical distance"], ["power", "chance to reject, at least"],
  ]);
  const draw = () => {
    const { F, G, at, distance, samples, critical, power } = verdict({
      w2: model.get("w2"), logSamples: model.get("log_samples"),
    });
    const answer = distance > critical ? "expected: rejected" : "expected: not rejected";
    const middle = (up(F[at]) + up(G[at])) / 2;
    const half = (up(0) - up(critical)) / 2;
    const [x, bar] = [across(at), across(at) + 16];
    drawing.setAttribute("aria-label",
      "Distribution functions of the count of class 1, exact as a solid and merged as a dashed " +
      `staircase. They differ most at ${at}, by ${distance.toFixed(4)}. With ${samples} samples ` +
      `on either side the critical distance is ${critical.toFixed(4)}; ${answer}.`);
    drawing.replaceChildren(axes(),
      svg("path", { d: stairs(F), class: "curve blue" }),
      svg("path", { d: stairs(G), class: "curve orange dashed" }),
      svg("path", { d: line([[x, up(F[at])], [x, up(G[at])]]), stroke: "currentColor", "stroke-width": 3 }),
      svg("path", {
        d: line([[bar, middle - half], [bar, middle + half]]), class: "vermilion", "stroke-width": 5,
      }),
      ...[
        ["exact (solid)", "blue", 40], ["merged (dashed)", "orange dashed", 62],
        ["largest gap", null, 84], ["critical distance", "vermilion", 106],
      ].flatMap(([label, look, y]) => [
        svg("path", {
          d: line([[WIDTH - 185, y - 4], [WIDTH - 150, y - 4]]), "stroke-width": look === "vermilion" ? 5 : 3,
          ...(look ? { class: look } : { stroke: "currentColor" }),
        }),
        svg("text", { x: WIDTH - 142, y }, label),
      ]),
      svg("text", { x: WIDTH - 185, y: 136, "font-weight": "600" }, answer));
    numbers.show({ samples, distance, critical, power });
  };
  mount({ model, el }, {
    title: "Ask a test for the difference",
    controls: [
      slider(model, "w2", { label: "weight of class 2", min: 1, max: 10, step: 0.1 }),
      slider(model, "log_samples", { label: "samples (power of ten)", min: 1, max: 5, step: 0.05 }),
    ],
    drawing, numbers, traits: ["w2", "log_samples"], draw,
  });
}

export default { render };
