import { svg, slider, readouts, linear, line, mount } from "./figure.mjs";

// The average precision of two equal laws, the largest there is
export const TOP = 0.5 + Math.LN2 / Math.PI;

// The weighted mean of coherence and of quality as a share of the largest
export function score([coherence, quality], weight) {
  return weight * coherence + (1 - weight) * quality / TOP;
}

// The weights in [0, 1] at which point i scores at least as high as all others: from, to.
// Scores are straight lines in the weight, so each rival takes away one side of a crossing.
export function winning(points, i) {
  let [from, to] = [0, 1];
  points.forEach((rival, j) => {
    if (j === i) return;
    const start = score(points[i], 0) - score(rival, 0);
    const end = score(points[i], 1) - score(rival, 1);
    if (start < 0 && end < 0) [from, to] = [1, 0];
    else if (start < 0) from = Math.max(from, start / (start - end));
    else if (end < 0) to = Math.min(to, start / (start - end));
  });
  return to > from ? [from, to] : [0, 0];
}

const METHODS = ["PoE", "MoE", "MoPoE"];

// For every method that has a point: coherence, quality, score and its share of all weights
export function summary(points, weight) {
  const names = METHODS.filter((name) => name in points);
  const places = names.map((name) => points[name]);
  return Object.fromEntries(names.flatMap((name, i) => {
    const [from, to] = winning(places, i);
    return [[`${name}Score`, score(places[i], weight)], [`${name}Share`, to - from]];
  }));
}

const [SIDE, GAP, LEFT, TOPMOST] = [255, 75, 46, 22];
const LOOKS = { PoE: "blue", MoE: "orange", MoPoE: "green" };
const STYLES = { PoE: "", MoE: "dashed", MoPoE: "dotted" };
const across = linear([0, 1], [LEFT, LEFT + SIDE]);
const right = linear([0, 1], [LEFT + SIDE + GAP, LEFT + 2 * SIDE + GAP]);
const up = linear([0, 1], [TOPMOST + SIDE, TOPMOST]);

// A disc, a square and a triangle, so that colour is not alone
function mark(name, x, y) {
  const look = { class: `fill-${LOOKS[name]}` };
  if (name === "PoE") return svg("circle", { cx: x, cy: y, r: 6, ...look });
  if (name === "MoE") return svg("rect", { x: x - 5.5, y: y - 5.5, width: 11, height: 11, ...look });
  return svg("path", { d: `${line([[x, y - 7], [x + 7, y + 6], [x - 7, y + 6]])}Z`, ...look });
}

function frame(place, below, beside) {
  const group = svg("g", {},
    svg("path", { d: line([[place(0), up(1)], [place(0), up(0)], [place(1), up(0)]]), class: "axis" }),
    svg("text", { x: place(0.5), y: up(0) + 34, "text-anchor": "middle" }, below),
    svg("text", { transform: `translate(${place(0) - 32} ${up(0.5)}) rotate(-90)`,
      "text-anchor": "middle" }, beside));
  for (const t of [0, 0.5, 1]) group.append(
    svg("text", { x: place(t), y: up(0) + 17, "text-anchor": "middle" }, `${t}`),
    svg("text", { x: place(0) - 7, y: up(t) + 4, "text-anchor": "end" }, `${t}`));
  return group;
}

// The point of a method with one standard deviation to each side
function pointOf(name, [coherence, quality, spreadC, spreadQ]) {
  const [x, y, cross] = [across(coherence), up(quality / TOP), { stroke: "currentColor" }];
  return svg("g", {},
    svg("path", { d: line([[across(coherence - spreadC), y], [across(coherence + spreadC), y]]), ...cross }),
    svg("path", { d: line([[x, up((quality - spreadQ) / TOP)], [x, up((quality + spreadQ) / TOP)]]), ...cross }),
    mark(name, x, y));
}

// The score of a method against the weight, thick where it wins
function scoreOf(name, points, names) {
  const [from, to] = winning(names.map((n) => points[n]), names.indexOf(name));
  const path = (a, b) => line([a, b].map((w) => [right(w), up(score(points[name], w))]));
  return svg("g", {},
    svg("path", { d: path(0, 1), class: `curve ${LOOKS[name]} ${STYLES[name]}`, style: "stroke-width:1.6" }),
    svg("path", { d: path(from, to), class: `curve ${LOOKS[name]}`, style: "stroke-width:5;opacity:0.55" }));
}

function key(names) {
  return names.flatMap((name, i) => [
    mark(name, LEFT + 18 + 90 * i, TOPMOST + SIDE + 58),
    svg("text", { x: LEFT + 30 + 90 * i, y: TOPMOST + SIDE + 62 }, name)]);
}

function render({ model, el }) {
  const all = model.get("points");
  const drawing = svg("svg", { viewBox: `0 0 ${LEFT + 2 * SIDE + GAP + 12} ${TOPMOST + SIDE + 70}`, role: "img" });
  const names = METHODS.filter((name) => all.every(({ ours, thesis }) => name in ours && name in thesis));
  const numbers = readouts([
    ...names.map((name) => [`${name}Score`, `${name}: score`]),
    ...names.map((name) => [`${name}Share`, `${name} wins at a share of`]),
  ]);
  const draw = () => {
    const shown = all[model.get("generated")];
    const whose = model.get("source") ? "thesis" : "ours";
    const [points, weight] = [shown[whose], model.get("weight")];
    const found = summary(points, weight);
    const title = `${shown.name} (${whose})`;
    drawing.setAttribute("aria-label",
      `${title}. Left: coherence and quality. ${names.map((name) =>
        `${name} ${points[name][0].toFixed(2)} and ${points[name][1].toFixed(2)}`).join("; ")}. ` +
      `Right: scores against the weight of coherence; at ${weight.toFixed(2)} ` +
      `${names.map((name) => `${name} ${found[`${name}Score`].toFixed(2)}`).join(", ")}.`);
    drawing.replaceChildren(
      svg("text", { x: across(0.5), y: 14, "text-anchor": "middle", "font-weight": 600 }, title),
      frame(across, "coherence", "quality / largest"), frame(right, "weight of coherence", "score"),
      svg("path", { d: line([[right(weight), up(0)], [right(weight), up(1)]]), class: "axis dashed" }),
      ...names.map((name) => scoreOf(name, points, names)),
      ...names.map((name) => pointOf(name, points[name])), ...key(names));
    numbers.show(found);
  };
  mount({ model, el }, {
    title: "Weigh coherence against quality",
    controls: [
      slider(model, "generated", { label: "what is generated", min: 0, max: all.length - 1, step: 1 }),
      slider(model, "source", { label: "0: our runs, 1: thesis", min: 0, max: 1, step: 1 }),
      slider(model, "weight", { label: "weight of coherence", min: 0, max: 1, step: 0.01 }),
    ],
    drawing, numbers, traits: ["generated", "source", "weight"], draw,
  });
}

export default { render };
