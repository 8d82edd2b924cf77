import { svg, slider, readouts, linear, line, mount } from "./figure.mjs";

const [PLACES, WORDS, WIDE, DEVIATION, ANGLES] = [120, 6, 20, 2.5, 1001];
const places = Array.from({ length: PLACES }, (_, j) => j);
const words = Array.from({ length: WORDS }, (_, c) => c);
const sum = (values) => values.reduce((total, v) => total + v, 0);

// log sum exp; the empty sum is log 0
function logSum(logs) {
  const largest = Math.max(...logs);
  return largest === -Infinity ? largest : largest + Math.log(sum(logs.map((v) => Math.exp(v - largest))));
}

// log of a normal density on the places, normalised there; deviation 0 is a point
function logBump(centre, deviation) {
  if (deviation === 0) return places.map((j) => (j === centre ? 0 : -Infinity));
  const logs = places.map((j) => (-0.5 * (j - centre) ** 2) / deviation ** 2);
  const total = logSum(logs);
  return logs.map((v) => v - total);
}

const centre = (c) => WIDE * (c + 0.5) - 0.5;
const TRUE_BUMPS = words.map((c) => logBump(centre(c), DEVIATION));

// log p(place, word) of the real world and of the generator, by word and place
export function laws({ modes, spread, mismatch, noise }) {
  const real = TRUE_BUMPS.map((bump) => bump.map((v) => v - Math.log(WORDS)));
  const kept = words.slice(0, modes).map((c) => logBump(centre(c), DEVIATION * spread));
  const anywhere = places.map((j) => logSum(kept.map((bump) => bump[j])));
  const share = Math.log(1 - noise) - Math.log(modes);
  const generated = words.map((w) => places.map((j) => logSum([
    share + Math.log(1 - mismatch) + (w < modes ? kept[w][j] : -Infinity),
    share + Math.log(mismatch / WORDS) + anywhere[j],
    Math.log(noise / (PLACES * WORDS)),
  ])));
  return { real, generated };
}

// The law of the place: the sum over words
export function marginal(logs) {
  return places.map((j) => sum(logs.map((row) => Math.exp(row[j]))));
}

// Precision sum min(λ p, q) and recall sum min(p, q / λ) at the middles of equal angles
export function frontier(p, q, angles) {
  return Array.from({ length: angles }, (_, i) => {
    const slope = Math.tan((Math.PI / 2) * ((i + 0.5) / angles));
    const precision = sum(p.map((v, j) => Math.min(slope * v, q[j])));
    return { precision, recall: precision / slope };
  });
}

// The largest F score, (1 + β²) P R / (β² P + R)
export function fScore(points, beta) {
  return Math.max(...points.map(({ precision: P, recall: R }) =>
    P + R > 0 ? ((1 + beta ** 2) * P * R) / (beta ** 2 * P + R) : 0));
}

// Mean and standard deviation, in widths of a stretch
function moments(p) {
  const mean = sum(p.map((v, j) => v * j));
  return { mean: mean / WIDE, deviation: Math.sqrt(sum(p.map((v, j) => v * (j - mean) ** 2))) / WIDE };
}

// Accuracy of the best reader of the word from the blurred place
export function probe(real, blur) {
  const joint = real.map((row) => row.map(Math.exp));
  if (blur === 0) return sum(places.map((j) => Math.max(...joint.map((row) => row[j]))));
  const codes = joint.map(() => places.map(() => 0));
  for (const j of places) {
    const kernel = logBump(j, blur).map(Math.exp);
    joint.forEach((row, c) => kernel.forEach((k, z) => (codes[c][z] += row[j] * k)));
  }
  return sum(places.map((z) => Math.max(...codes.map((row) => row[z]))));
}

// What each judge says
export function judge(state) {
  const { real, generated } = laws(state);
  const [p, q] = [marginal(real), marginal(generated)];
  const [a, b] = [moments(p), moments(q)];
  const points = frontier(p, q, ANGLES);
  // where a probability rounds to 0, log 0 must not count: 0 log 0 = 0
  const term = (weight, value) => (weight > 0 ? weight * value : 0);
  const expect = (f) => sum(real.map((row, c) => sum(row.map((v, j) => term(Math.exp(v), f(c, j))))));
  return {
    probe: probe(real, state.blur),
    coherence: sum(places.map((j) => Math.exp(generated[Math.floor(j / WIDE)][j]))),
    logLikelihood: expect((c, j) => generated[c][j]),
    lost: expect((c, j) => real[c][j] - generated[c][j]),
    precision: fScore(points, 1 / 8),
    recall: fScore(points, 8),
    frechet: (a.mean - b.mean) ** 2 + (a.deviation - b.deviation) ** 2,
  };
}

const [WIDTH, HEIGHT] = [640, 270];
const across = linear([0, PLACES - 1], [30, 390]);
const right = linear([0, 1], [450, 620]);
const square = linear([0, 1], [HEIGHT - 45, HEIGHT - 215]);

// Places on the left: the real law and the generated one, on one scale, and whether words fit them
function histogram(p, q, coherence) {
  const up = linear([0, Math.max(...p, ...q)], [HEIGHT - 45, 30]);
  const curve = (law) => line(law.map((v, j) => [across(j), up(v)]));
  const labels = words.map((c) => svg("text", {
    x: across(centre(c)), y: HEIGHT - 29, "text-anchor": "middle",
  }, "one two three four five six".split(" ")[c]));
  return [
    svg("path", { d: line([[30, up(0)], [390, up(0)]]), class: "axis" }),
    svg("path", { d: curve(p), class: "curve blue" }),
    svg("path", { d: curve(q), class: "curve orange dashed" }), ...labels,
    svg("text", { x: 210, y: HEIGHT - 10, "text-anchor": "middle" }, "place"),
    svg("text", { x: 30, y: 16 }, "real (solid), generated (dashed)"),
    svg("text", { x: 390, y: 16, "text-anchor": "end" }, `words in place: ${(100 * coherence).toFixed(1)} %`),
  ];
}

// Precision over recall on the right
function plane(points) {
  const corners = [[0, 0], [1, 0], [1, 1], [0, 1], [0, 0]];
  return [
    svg("path", { d: line(corners.map(([r, p]) => [right(r), square(p)])), class: "axis" }),
    svg("path", {
      d: line(points.map(({ precision, recall }) => [right(recall), square(precision)])),
      class: "curve green",
    }),
    ...[0, 0.5, 1].flatMap((v) => [
      svg("text", { x: right(v), y: HEIGHT - 29, "text-anchor": "middle" }, `${v}`),
      svg("text", { x: 444, y: square(v) + 4, "text-anchor": "end" }, `${v}`),
    ]),
    svg("text", { x: right(0.5), y: HEIGHT - 10, "text-anchor": "middle" }, "recall"),
    svg("text", { x: 450, y: 40 }, "precision"),
  ];
}

const TRAITS = ["modes", "spread", "mismatch", "noise", "blur"];

function render({ model, el }) {
  const drawing = svg("svg", { viewBox: `0 0 ${WIDTH} ${HEIGHT}`, role: "img" });
  const numbers = readouts([
    ["probe", "probe"], ["coherence", "coherence"], ["logLikelihood", "log-likelihood"],
    ["lost", "nats lost"], ["precision", "precision F(1/8)"], ["recall", "recall F(8)"],
    ["frechet", "Fréchet distance"],
  ]);
  const draw = () => {
    const state = Object.fromEntries(TRAITS.map((trait) => [trait, model.get(trait)]));
    const { real, generated } = laws(state);
    const [p, q] = [marginal(real), marginal(generated)];
    const shown = judge(state);
    drawing.setAttribute("aria-label",
      "Left: the real law of the place, six equal peaks, and the generated one, dashed. Right: " +
      `precision over recall. Probe ${shown.probe.toFixed(3)}, coherence ` +
      `${shown.coherence.toFixed(3)}, nats lost ${shown.lost.toFixed(3)}, precision ` +
      `${shown.precision.toFixed(3)}, recall ${shown.recall.toFixed(3)}, Fréchet distance ` +
      `${shown.frechet.toFixed(3)}.`);
    drawing.replaceChildren(...histogram(p, q, shown.coherence), ...plane(frontier(p, q, 201)));
    numbers.show(shown);
  };
  mount({ model, el }, {
    title: "One generator, seven judges",
    controls: [
      slider(model, "modes", { label: "words that it knows", min: 1, max: WORDS, step: 1 }),
      slider(model, "spread", { label: "spread of its places", min: 0.2, max: 8, step: 0.1 }),
      slider(model, "mismatch", { label: "share of words drawn anew", min: 0, max: 1, step: 0.01 }),
      slider(model, "noise", { label: "share of noise", min: 0, max: 0.99, step: 0.01 }),
      slider(model, "blur", { label: "blur of the encoder", min: 0, max: 60, step: 1 }),
    ],
    drawing, numbers, traits: TRAITS, draw,
  });
}

export default { render };
