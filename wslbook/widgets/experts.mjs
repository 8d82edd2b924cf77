import { svg, slider, readouts, html, linear, line, range, mount } from "./figure.mjs";

// All subsets of the experts that are there, as lists of indices, by method
export function subsets(present) {
  const all = Array.from({ length: 2 ** present.length - 1 }, (_, i) =>
    present.filter((_, j) => ((i + 1) >> j) % 2 === 1));
  return { PoE: [present], MoE: present.map((m) => [m]), MoPoE: all };
}

// The product of the Gaussians with these means and standard deviations, in each coordinate
export function product(experts) {
  const coordinate = (j) => {
    const precision = experts.reduce((sum, e) => sum + e.sd[j] ** -2, 0);
    const shift = experts.reduce((sum, e) => sum + e.mean[j] * e.sd[j] ** -2, 0);
    return [shift / precision, 1 / Math.sqrt(precision)];
  };
  const both = [coordinate(0), coordinate(1)];
  return { mean: both.map(([m]) => m), sd: both.map(([, s]) => s) };
}

const STANDARD = { mean: [0, 0], sd: [1, 1] };

// The components of each mixture; the prior, where it takes part, is one more factor of each
export function mixtures({ experts, missing, prior }) {
  const present = experts.map((_, m) => m).filter((m) => m !== missing - 1);
  const factors = (rows) => [...rows.map((m) => experts[m]), ...(prior ? [STANDARD] : [])];
  return Object.fromEntries(Object.entries(subsets(present)).map(([name, sets]) =>
    [name, sets.map((rows) => product(factors(rows)))]));
}

// KL(N(mean, sd^2) || N(0, 1)), both coordinates
export function klPrior({ mean, sd }) {
  return mean.reduce((sum, m, j) => sum + 0.5 * (m ** 2 + sd[j] ** 2 - 1) - Math.log(sd[j]), 0);
}

// N(z; mean, sd^2) of coordinate j at all points z
function densities(components, j, points) {
  return components.map(({ mean, sd }) => Float64Array.from(points, (z) =>
    Math.exp(-0.5 * ((z - mean[j]) / sd[j]) ** 2) / (sd[j] * Math.sqrt(2 * Math.PI))));
}

// Points from 9 standard deviations below all components to 9 above, 5 to the smallest deviation
function nodes(components, j) {
  const low = Math.min(...components.map(({ mean, sd }) => mean[j] - 9 * sd[j]));
  const high = Math.max(...components.map(({ mean, sd }) => mean[j] + 9 * sd[j]));
  const step = Math.min(...components.map(({ sd }) => sd[j])) / 5;
  const points = range(low, high, Math.ceil((high - low) / step) + 1);
  return { points, step: points[1] - points[0] };
}

// E_q[log q] of a mixture with equal weights by the trapezoidal rule in the plane
export function negativeEntropy(components) {
  const [across, up] = [nodes(components, 0), nodes(components, 1)];
  const [a, b] = [densities(components, 0, across.points), densities(components, 1, up.points)];
  const count = components.length;
  let total = 0;
  for (let x = 0; x < across.points.length; x++)
    for (let y = 0; y < up.points.length; y++) {
      let q = 0;
      for (let k = 0; k < count; k++) q += a[k][x] * b[k][y];
      q /= count;
      if (q > 0) total += q * Math.log(q);
    }
  return total * across.step * up.step;
}

// Mean, convexity bound, divergence from the prior, and their difference
export function divergence(components) {
  const average = (f) => components.reduce((sum, c) => sum + f(c), 0) / components.length;
  const mean = [0, 1].map((j) => average((c) => c.mean[j]));
  const bound = average(klPrior);
  if (components.length === 1) return { mean, bound, kl: bound, slack: 0 };
  // -E_q[log p] of the standard normal prior
  const cross = average(({ mean: m, sd }) => Math.log(2 * Math.PI) +
    0.5 * (m[0] ** 2 + m[1] ** 2 + sd[0] ** 2 + sd[1] ** 2));
  const kl = negativeEntropy(components) + cross;
  return { mean, bound, kl, slack: bound - kl };
}

// All numbers that the figure shows
export function summary(state) {
  const numbers = {};
  for (const [name, components] of Object.entries(mixtures(state))) {
    const { mean, bound, kl, slack } = divergence(components);
    Object.assign(numbers, { [`${name}Across`]: mean[0], [`${name}Up`]: mean[1], [`${name}Kl`]: kl });
    if (name !== "PoE") Object.assign(numbers, { [`${name}Bound`]: bound, [`${name}Slack`]: slack });
  }
  return numbers;
}

// The density on a square grid, and the levels whose regions hold the given shares of its mass
export function levels(components, points, shares) {
  const [a, b] = [densities(components, 0, points), densities(components, 1, points)];
  const values = points.map((_, x) => points.map((_, y) =>
    components.reduce((sum, _, k) => sum + a[k][x] * b[k][y], 0) / components.length));
  const sorted = values.flat().sort((p, q) => q - p);
  const total = sorted.reduce((sum, q) => sum + q, 0);
  const found = shares.map((share) => {
    let mass = 0;
    return sorted.find((q) => (mass += q) >= share * total);
  });
  return { values, found };
}

// The contour of a grid of values: for each cell, the segments between crossings of its edges
function contour(values, points, level, place) {
  const cut = (p, q, u, v) => (level - u) / (v - u) * (q - p) + p;
  let d = "";
  for (let i = 0; i + 1 < points.length; i++)
    for (let j = 0; j + 1 < points.length; j++) {
      const [x, X, y, Y] = [points[i], points[i + 1], points[j], points[j + 1]];
      const [a, b, c, e] = [values[i][j], values[i + 1][j], values[i + 1][j + 1], values[i][j + 1]];
      const crossings = [];
      if (a < level !== b < level) crossings.push([cut(x, X, a, b), y]);
      if (b < level !== c < level) crossings.push([X, cut(y, Y, b, c)]);
      if (e < level !== c < level) crossings.push([cut(x, X, e, c), Y]);
      if (a < level !== e < level) crossings.push([x, cut(y, Y, a, e)]);
      for (let k = 0; k + 1 < crossings.length; k += 2)
        d += line([place(crossings[k]), place(crossings[k + 1])]);
    }
  return d;
}

const [SIDE, GAP, TOP, LIMIT] = [200, 18, 24, 4];
const LOOKS = { PoE: "blue", MoE: "orange", MoPoE: "green" };
const CLOSE = range(-LIMIT, LIMIT, 97);
const left = (panel) => panel * (SIDE + GAP) + 2;
const across = linear([-LIMIT, LIMIT], [0, SIDE]);
const up = linear([-LIMIT, LIMIT], [TOP + SIDE, TOP]);

// One standard deviation of an expert, and its number
function outline({ mean, sd }, label, look) {
  const [x, y] = [across(mean[0]), up(mean[1])];
  return svg("g", look,
    svg("ellipse", { cx: x, cy: y, rx: across(sd[0]) - across(0), ry: up(0) - up(sd[1]),
      fill: "none", stroke: "currentColor", "stroke-dasharray": "2 3" }),
    svg("text", { x, y: y + 4, "text-anchor": "middle" }, label));
}

function panel(index, name, components, state) {
  const [shown, clip] = [levels(components, CLOSE, [0.5, 0.9]), `wsl-experts-${index}`];
  const place = ([x, y]) => [across(x), up(y)];
  const marks = state.experts.map((expert, m) => outline(expert, `${m + 1}`, {
    opacity: m === state.missing - 1 ? 0.2 : 0.8,
    "stroke-width": m === state.chosen - 1 ? 2.2 : 1,
    "font-weight": m === state.chosen - 1 ? 700 : 400,
  }));
  if (state.prior) marks.push(outline(STANDARD, "p", { opacity: 0.8, "stroke-width": 1 }));
  const mean = [0, 1].map((j) => components.reduce((sum, c) => sum + c.mean[j], 0) / components.length);
  const [x, y] = place(mean);
  return svg("g", { transform: `translate(${left(index)} 0)` },
    svg("clipPath", { id: clip }, svg("rect", { y: TOP, width: SIDE, height: SIDE })),
    svg("text", { x: SIDE / 2, y: 16, "text-anchor": "middle", "font-weight": 600 }, name),
    svg("rect", { y: TOP, width: SIDE, height: SIDE, class: "axis" }),
    svg("g", { "clip-path": `url(#${clip})` }, ...marks,
      svg("path", { d: contour(shown.values, CLOSE, shown.found[0], place), class: `curve ${LOOKS[name]}` }),
      svg("path", { d: contour(shown.values, CLOSE, shown.found[1], place),
        class: `curve ${LOOKS[name]}`, style: "stroke-width:1.1" }),
      svg("path", { d: line([[x - 5, y - 5], [x + 5, y + 5]]) + line([[x - 5, y + 5], [x + 5, y - 5]]),
        class: "axis", style: "stroke-width:2" })));
}

const OWN = ["across", "up", "wide", "tall"];

function read(model) {
  const experts = [1, 2, 3].map((m) => {
    const [x, y, wide, tall] = OWN.map((name) => model.get(`${name}${m}`));
    return { mean: [x, y], sd: [wide, tall] };
  });
  return { experts, ...Object.fromEntries(["chosen", "missing", "prior"].map((k) => [k, model.get(k)])) };
}

// The four sliders of each expert; those of the chosen one are shown
function ownSliders(model) {
  const rows = [1, 2, 3].map((m) => [
    slider(model, `across${m}`, { label: `expert ${m}: left to right`, min: -3, max: 3, step: 0.1 }),
    slider(model, `up${m}`, { label: `expert ${m}: bottom to top`, min: -3, max: 3, step: 0.1 }),
    slider(model, `wide${m}`, { label: `expert ${m}: spread across`, min: 0.4, max: 2, step: 0.05 }),
    slider(model, `tall${m}`, { label: `expert ${m}: spread up`, min: 0.4, max: 2, step: 0.05 }),
  ]);
  const show = () => rows.forEach((labels, m) => labels.forEach((label) => {
    label.style.display = m === model.get("chosen") - 1 ? "" : "none";
  }));
  model.on("change:chosen", show);
  show();
  return rows.flat();
}

// A press, or a drag, on a panel puts the chosen expert there
function followPointer(model, drawing) {
  const move = (event) => {
    if (event.buttons !== 1) return;
    const box = drawing.getBoundingClientRect();
    const pixel = (3 * SIDE + 2 * GAP + 4) / box.width;
    const x = ((event.clientX - box.left) * pixel) % (SIDE + GAP) - 2;
    const y = (event.clientY - box.top) * pixel - TOP;
    const value = (p) => Math.max(-3, Math.min(3, Math.round(((p / SIDE) * 2 - 1) * LIMIT * 10) / 10));
    model.set(`across${model.get("chosen")}`, value(x));
    model.set(`up${model.get("chosen")}`, value(SIDE - y));
    model.save_changes();
  };
  drawing.addEventListener("pointerdown", move);
  drawing.addEventListener("pointermove", move);
}

function lines() {
  const mixture = (name) => readouts([
    [`${name}Across`, `${name}: mean across`], [`${name}Up`, "up"], [`${name}Bound`, "bound"],
    [`${name}Kl`, "− KL to the prior"], [`${name}Slack`, "= slack"],
  ]);
  const all = [
    readouts([["PoEAcross", "PoE: mean across"], ["PoEUp", "up"], ["PoEKl", "KL to the prior"]]),
    mixture("MoE"), mixture("MoPoE"),
  ];
  return {
    line: html("div", {}, ...all.map(({ line: one }) => one)),
    show: (values) => all.forEach((one) => one.show(values)),
  };
}

function render({ model, el }) {
  const drawing = svg("svg", { viewBox: `0 0 ${3 * SIDE + 2 * GAP + 4} ${TOP + SIDE + 4}`, role: "img" });
  const numbers = lines();
  const draw = () => {
    const state = read(model);
    const found = summary(state);
    drawing.setAttribute("aria-label",
      "Three panels with three experts as dotted ellipses and contours that hold half and nine tenths " +
      "of the mass of their product, their mixture, and the mixture of all products. " +
      Object.keys(LOOKS).map((name) => `${name}: mean (${found[`${name}Across`].toFixed(2)}, ` +
        `${found[`${name}Up`].toFixed(2)}), KL ${found[`${name}Kl`].toFixed(2)} nats`).join("; "));
    drawing.replaceChildren(...Object.entries(mixtures(state)).map(([name, components], i) =>
      panel(i, name, components, state)));
    numbers.show(found);
  };
  followPointer(model, drawing);
  mount({ model, el }, {
    title: "Move three experts (sliders, or press on a panel)",
    controls: [
      slider(model, "chosen", { label: "expert to move", min: 1, max: 3, step: 1 }),
      ...ownSliders(model),
      slider(model, "missing", { label: "missing (0: none)", min: 0, max: 3, step: 1 }),
      slider(model, "prior", { label: "prior joins (1: yes)", min: 0, max: 1, step: 1 }),
    ],
    drawing, numbers,
    traits: ["chosen", "missing", "prior", ...[1, 2, 3].flatMap((m) => OWN.map((name) => `${name}${m}`))],
    draw,
  });
}

export default { render };
