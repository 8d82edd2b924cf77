import { svg, slider, readouts, linear, line, range, mount } from "./figure.mjs";

// z ~ N(0, 1), x | z ~ N(z, noise^2), z = mean + scale e with e ~ N(0, 1):
// f = log p(x, z) - log q(z) = a + b e + c e^2
export function quadratic({ x, noise, mean: m, scale: s }) {
  const precision = 1 + 1 / noise ** 2;
  return {
    a: -0.5 * Math.log(2 * Math.PI * noise ** 2) - (x - m) ** 2 / (2 * noise ** 2)
      - m ** 2 / 2 + Math.log(s),
    b: s * ((x - m) / noise ** 2 - m),
    c: 0.5 - (s ** 2 * precision) / 2,
  };
}

// Variance over L draws of the three estimates of d ELBO / d mean = b / s
export function variances(state) {
  const { a, b, c } = quadratic(state);
  const { noise, scale: s, draws: L } = state;
  // Var[e f] / s^2
  const score = (a * a + 3 * b * b + 15 * c * c + 6 * a * c - b * b) / s ** 2;
  // With the mean of the other draws as baseline, the estimate is the sample covariance of e/s and f
  const fourth = (3 * b * b + 10 * c * c) / s ** 2;
  const product = (b * b + 2 * c * c) / s ** 2;
  const control = (fourth - ((L - 2) / (L - 1)) * (b / s) ** 2 + product / (L - 1)) / L;
  const path = (s * (1 + 1 / noise ** 2)) ** 2;
  return { gradient: b / s, score: score / L, control, path: path / L };
}

const [WIDTH, HEIGHT, LEFT, RIGHT, TOP, BOTTOM] = [640, 330, 66, 455, 20, 280];
const [LOWEST, HIGHEST] = [-4, 3];
const across = linear([Math.log10(2), 3], [LEFT, RIGHT]);
const up = linear([LOWEST, HIGHEST], [BOTTOM, TOP]);
const KINDS = [
  ["score", "score function", "vermilion dotted"],
  ["control", "with control variate", "orange dashed"],
  ["path", "reparameterised", "blue"],
];

function height(variance) {
  return up(Math.max(LOWEST, Math.min(HIGHEST, Math.log10(variance))));
}

function axes() {
  const marks = [
    svg("path", { d: line([[LEFT, TOP], [LEFT, BOTTOM], [RIGHT, BOTTOM]]), class: "axis" }),
    svg("text", { x: (LEFT + RIGHT) / 2, y: 322, "text-anchor": "middle" }, "number of draws L"),
    svg("text", { x: 14, y: (TOP + BOTTOM) / 2, "text-anchor": "middle",
      transform: `rotate(-90 14 ${(TOP + BOTTOM) / 2})` }, "variance of the gradient"),
  ];
  for (let k = LOWEST; k <= HIGHEST; k++)
    marks.push(svg("text", { x: LEFT - 8, y: up(k) + 4, "text-anchor": "end" }, `${10 ** k}`));
  for (const draws of [2, 10, 100, 1000])
    marks.push(svg("text", { x: across(Math.log10(draws)), y: 298, "text-anchor": "middle" }, `${draws}`));
  return marks;
}

function render({ model, el }) {
  const drawing = svg("svg", { viewBox: `0 0 ${WIDTH} ${HEIGHT}`, role: "img" });
  const numbers = readouts([
    ["gradient", "exact gradient"], ["score", "variances: score function"],
    ["control", "with control variate"], ["path", "reparameterised"],
  ]);
  const draw = () => {
    const names = ["x", "noise", "mean", "scale", "draws"];
    const state = Object.fromEntries(names.map((k) => [k, model.get(k)]));
    const now = variances(state);
    drawing.setAttribute("aria-label",
      `Variance of three gradient estimates against the number of draws, both axes logarithmic. At ` +
      `${state.draws} draws: ` + KINDS.map(([k, name]) => `${name} ${now[k].toPrecision(3)}`).join(", "));
    const x = across(Math.log10(state.draws));
    drawing.replaceChildren(...axes(),
      svg("path", { d: line([[x, TOP], [x, BOTTOM]]), class: "axis dotted" }));
    KINDS.forEach(([kind, label, look], i) => {
      const points = range(Math.log10(2), 3, 60).map((t) => [
        across(t), height(variances({ ...state, draws: 10 ** t })[kind]),
      ]);
      const y = TOP + 22 * i + 10;
      drawing.append(
        svg("path", { d: line(points), class: `curve ${look}` }),
        svg("circle", { cx: x, cy: height(now[kind]), r: 4, fill: "currentColor" }),
        svg("path", { d: line([[RIGHT + 10, y], [RIGHT + 40, y]]), class: `curve ${look}` }),
        svg("text", { x: RIGHT + 46, y: y + 4 }, label));
    });
    numbers.show(now);
  };
  mount({ model, el }, {
    title: "Move q and count the draws",
    controls: [
      slider(model, "mean", { label: "mean of q", min: -3, max: 3, step: 0.05 }),
      slider(model, "scale", { label: "width of q", min: 0.1, max: 2, step: 0.05 }),
      slider(model, "noise", { label: "noise of x given z", min: 0.3, max: 2, step: 0.1 }),
      slider(model, "draws", { label: "number of draws L", min: 2, max: 1000, step: 1 }),
    ],
    drawing, numbers, traits: ["x", "noise", "mean", "scale", "draws"], draw,
  });
}

export default { render };
