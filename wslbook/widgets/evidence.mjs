import { svg, slider, readouts, linear, line, range, mount } from "./figure.mjs";

const LOG_2PI = Math.log(2 * Math.PI);

// log N(x; mean, scale^2)
export function logNormal(x, mean, scale) {
  return -0.5 * ((x - mean) / scale) ** 2 - Math.log(scale) - 0.5 * LOG_2PI;
}

// KL(N(m, s^2) || N(mean, scale^2))
export function klNormal(m, s, mean, scale) {
  return Math.log(scale / s) + (s ** 2 + (m - mean) ** 2) / (2 * scale ** 2) - 0.5;
}

// z ~ N(0, 1), x | z ~ N(z, noise^2): the posterior is N(mean, scale^2)
export function posterior(x, noise) {
  const precision = 1 + 1 / noise ** 2;
  return { mean: x / noise ** 2 / precision, scale: 1 / Math.sqrt(precision) };
}

// The three terms for q = N(m, s^2)
export function terms({ x, noise, mean: m, scale: s }) {
  // E_q log p(x | z) = log N(x; m, noise^2) - s^2 / (2 noise^2)
  const fit = logNormal(x, m, noise) - s ** 2 / (2 * noise ** 2);
  const exact = posterior(x, noise);
  return {
    elbo: fit - klNormal(m, s, 0, 1),
    kl: klNormal(m, s, exact.mean, exact.scale),
    logEvidence: logNormal(x, 0, Math.sqrt(1 + noise ** 2)),
  };
}

const [WIDTH, HEIGHT, LEFT, LOWEST] = [640, 300, 30, -10];
const zAxis = linear([-3.5, 3.5], [LEFT, WIDTH - LEFT]);
const density = linear([0, 1.4], [170, 15]);
const nats = linear([LOWEST, 0], [LEFT, WIDTH - LEFT]);

function curve(mean, scale, look) {
  const points = range(-3.5, 3.5, 281).map((z) => [
    zAxis(z), density(Math.min(1.4, Math.exp(logNormal(z, mean, scale)))),
  ]);
  return svg("path", { d: line(points), class: `curve ${look}` });
}

function legend(x, label, look) {
  return svg("g", {},
    svg("path", { d: line([[x, 8], [x + 30, 8]]), class: `curve ${look}` }),
    svg("text", { x: x + 36, y: 12 }, label));
}

function bar(from, to, y, look, label) {
  const [a, b] = [nats(Math.max(from, LOWEST)), nats(Math.max(to, LOWEST))];
  return svg("g", {},
    svg("rect", { x: a, y, width: Math.max(0, b - a), height: 22, class: look }),
    svg("text", { x: Math.min((a + b) / 2, WIDTH - 60), y: y + 38, "text-anchor": "middle" }, label));
}

function zTicks() {
  return [-3, -2, -1, 0, 1, 2, 3].map((z) =>
    svg("text", { x: zAxis(z), y: 186, "text-anchor": "middle" }, `${z}`.replace("-", "−")));
}

function render({ model, el }) {
  const drawing = svg("svg", { viewBox: `0 0 ${WIDTH} ${HEIGHT}`, role: "img" });
  const numbers = readouts([
    ["elbo", "ELBO"], ["kl", "+ KL(q ‖ posterior)"], ["logEvidence", "= log p(x)"],
  ]);
  const draw = () => {
    const state = Object.fromEntries(["x", "noise", "mean", "scale"].map((k) => [k, model.get(k)]));
    const { elbo, kl, logEvidence } = terms(state);
    const exact = posterior(state.x, state.noise);
    drawing.setAttribute("aria-label",
      `Densities of prior, posterior and q; below, a bar of the ELBO, ${elbo.toFixed(2)} nats, and ` +
      `of the KL divergence, ${kl.toFixed(2)} nats, which ends at log p(x), ${logEvidence.toFixed(2)} nats.`);
    const edge = nats(logEvidence);
    drawing.replaceChildren(
      legend(60, "prior p(z)", "green dotted"),
      legend(230, "posterior p(z | x)", "blue"),
      legend(440, "q(z)", "orange dashed"),
      svg("path", { d: line([[LEFT, 170], [WIDTH - LEFT, 170]]), class: "axis" }), ...zTicks(),
      curve(0, 1, "green dotted"), curve(exact.mean, exact.scale, "blue"),
      curve(state.mean, state.scale, "orange dashed"),
      bar(LOWEST, elbo, 222, "fill-blue", elbo > LOWEST ? "ELBO" : ""),
      bar(elbo, logEvidence, 222, "fill-orange", "KL"),
      svg("path", { d: line([[edge, 206], [edge, 250]]), class: "axis" }),
      svg("text", { x: edge, y: 202, "text-anchor": "middle" }, "log p(x)"),
      svg("text", { x: LEFT, y: 290 }, `${LOWEST} nats`.replace("-", "−")),
      svg("text", { x: WIDTH - LEFT, y: 290, "text-anchor": "end" }, "0 nats"));
    numbers.show({ elbo, kl, logEvidence });
  };
  mount({ model, el }, {
    title: "Move q until it covers the posterior",
    controls: [
      slider(model, "mean", { label: "mean of q", min: -3, max: 3, step: 0.05 }),
      slider(model, "scale", { label: "width of q", min: 0.1, max: 2, step: 0.05 }),
      slider(model, "x", { label: "observation x", min: -3, max: 3, step: 0.1 }),
      slider(model, "noise", { label: "noise of x given z", min: 0.3, max: 2, step: 0.1 }),
    ],
    drawing, numbers, traits: ["x", "noise", "mean", "scale"], draw,
  });
}

export default { render };
