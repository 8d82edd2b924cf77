import { svg, slider, readouts, linear, line, uniforms, mount } from "./figure.mjs";

const COUNT = 400;

// softmax(scores / tau), without overflow
export function softmax(scores, tau) {
  const top = Math.max(...scores);
  const weights = scores.map((s) => Math.exp((s - top) / tau));
  const total = weights.reduce((a, b) => a + b);
  return weights.map((w) => w / total);
}

// Gumbel-softmax samples: softmax((theta + g) / tau) with g = -log(-log u)
export function samples({ theta1, theta2, tau, seed }) {
  const u = uniforms(seed, 3 * COUNT);
  return Array.from({ length: COUNT }, (_, i) =>
    softmax([theta1, theta2, 0].map((t, k) => t - Math.log(-Math.log(u[3 * i + k]))), tau));
}

// Class of the largest part
export function winner(z) {
  return z.indexOf(Math.max(...z));
}

// Density of Concrete(exp(theta), tau) at the centre: Gamma(K) K^K tau^(K - 1) prod softmax(theta)
export function centreDensity({ theta1, theta2, tau }) {
  return 54 * tau ** 2 * softmax([theta1, theta2, 0], 1).reduce((a, b) => a * b);
}

// All that the figure shows as numbers
export function summary(state) {
  const points = samples(state);
  const average = (f) => points.reduce((sum, z) => sum + f(z), 0) / COUNT;
  const all = { centre: centreDensity(state) };
  softmax([state.theta1, state.theta2, 0], state.tau).forEach((p, k) => {
    all[`tempered${k + 1}`] = p;
    all[`mean${k + 1}`] = average((z) => z[k]);
    all[`wins${k + 1}`] = average((z) => Number(winner(z) === k));
  });
  return all;
}

const [WIDTH, HEIGHT] = [640, 330];
const CORNERS = [[30, 285], [330, 285], [180, 25]];
const LOOKS = [{ class: "fill-blue" }, { class: "fill-orange" }, { style: "fill:#009e73" }];
const share = linear([0, 1], [440, 590]);

function place(z) {
  return [0, 1].map((axis) => z.reduce((sum, part, k) => sum + part * CORNERS[k][axis], 0));
}

// A circle, a square or a triangle at (x, y), by class
function mark(k, [x, y], r) {
  const look = { ...LOOKS[k], "fill-opacity": 0.75 };
  if (k === 0) return svg("circle", { cx: x, cy: y, r, ...look });
  if (k === 1) return svg("rect", { x: x - r, y: y - r, width: 2 * r, height: 2 * r, ...look });
  const [a, b] = [1.3 * r, r];
  return svg("path", { d: `${line([[x - a, y + b], [x + a, y + b], [x, y - 1.4 * r]])}Z`, ...look });
}

function corner(k) {
  const [x, y] = CORNERS[k];
  return svg("text", { x, y: y + (k === 2 ? -10 : 22), "text-anchor": "middle" }, `class ${k + 1}`);
}

function bars(k, tempered, wins) {
  const y = 70 + 80 * k;
  const row = (value, top, attributes, label) => [
    svg("rect", { x: 440, y: top, width: Math.max(0.5, share(value) - 440), height: 16, ...attributes }),
    svg("text", { x: 434, y: top + 12, "text-anchor": "end" }, label),
    svg("text", { x: share(value) + 5, y: top + 12 }, value.toFixed(2)),
  ];
  return svg("g", {},
    svg("text", { x: 440, y: y - 7, "font-weight": 600 }, `class ${k + 1}`),
    mark(k, [503, y - 11], 4),
    ...row(tempered, y, LOOKS[k], "tempered"),
    ...row(wins, y + 20, { fill: "none", stroke: "currentColor", "stroke-dasharray": "3 2" }, "wins"));
}

function render({ model, el }) {
  const drawing = svg("svg", { viewBox: `0 0 ${WIDTH} ${HEIGHT}`, role: "img" });
  const numbers = readouts([
    ["tempered1", "tempered probabilities"], ["tempered2", ""], ["tempered3", ""],
    ["wins1", "wins"], ["wins2", ""], ["wins3", ""],
    ["mean1", "mean of the samples"], ["mean2", ""], ["mean3", ""],
    ["centre", "density at the centre"],
  ]);
  const traits = ["theta1", "theta2", "tau", "seed"];
  const draw = () => {
    const state = Object.fromEntries(traits.map((k) => [k, model.get(k)]));
    const now = summary(state);
    const three = (name) => [1, 2, 3].map((k) => now[`${name}${k}`]);
    const [tempered, wins, mean] = [three("tempered"), three("wins"), three("mean")];
    const said = (values) => values.map((v) => v.toFixed(2)).join(", ");
    drawing.setAttribute("aria-label",
      `A triangle with ${COUNT} relaxed choices among three classes at temperature ` +
      `${state.tau.toFixed(2)}. Classes 1 to 3 win with shares ${said(wins)}; the tempered ` +
      `probabilities are ${said(tempered)}; the mean of the samples, a cross, is ${said(mean)}.`);
    const [x, y] = place(mean);
    drawing.replaceChildren(
      svg("path", { d: `${line(CORNERS)}Z`, class: "axis" }),
      ...samples(state).map((z) => mark(winner(z), place(z), 3)),
      svg("path", {
        d: line([[x - 9, y], [x + 9, y]]) + line([[x, y - 9], [x, y + 9]]),
        stroke: "currentColor", "stroke-width": 3,
      }),
      ...[0, 1, 2].map(corner),
      ...[0, 1, 2].map((k) => bars(k, tempered[k], wins[k])),
      svg("text", { x: 440, y: 310 }, "cross: mean of the samples"));
    numbers.show(now);
  };
  mount({ model, el }, {
    title: "Cool and heat a relaxed choice",
    controls: [
      slider(model, "theta1", { label: "log-score of class 1", min: -3, max: 3, step: 0.1 }),
      slider(model, "theta2", { label: "log-score of class 2", min: -3, max: 3, step: 0.1 }),
      slider(model, "tau", { label: "temperature", min: 0.05, max: 5, step: 0.05 }),
      slider(model, "seed", { label: "seed of the samples", min: 0, max: 99, step: 1 }),
    ],
    drawing, numbers, traits, draw,
  });
}

export default { render };
