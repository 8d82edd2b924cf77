import { svg, slider, readouts, html, linear, mount } from "./figure.mjs";

// The probability of every subset size, for each method
export function sizes(M) {
  const counts = [1];
  for (let k = 1; k <= M; k++) counts.push((counts[k - 1] * (M - k + 1)) / k);
  return {
    PoE: [[M, 1]],
    MoPoE: counts.slice(1).map((count, i) => [i + 1, count / (2 ** M - 1)]),
    MoE: [[1, 1]],
  };
}

const average = (law, f) => law.reduce((sum, [k, weight]) => sum + weight * f(k), 0);

// The best linear decoder and encoders for subsets with these sizes, and what they reach.
// V: variance of a private coordinate, a2: signal-to-noise ratio of a shared one
export function optimum(law, M, a2, V) {
  const S = 1 + M * a2; // largest eigenvalue of the shared coordinates' covariance
  // what a subset of size k leaves unexplained of the shared coordinates: trace, and 1' . 1 / M
  const trace = (k) => (M - k) * (1 + a2 / (1 + k * a2));
  const along = (k) => ((M - k) + (M - k) ** 2 * (a2 / (1 + k * a2))) / M;
  const t = Math.max(1, (average(law, (k) => k) / M) * V);
  const T = Math.max(1, S - average(law, along));
  const C = Math.log(2 * Math.PI);
  const privately = (k) => -0.5 * (M * (C + Math.log(t)) + (k * V) / t + (M - k) * V);
  const jointly = (k) => -0.5 * (M * C + Math.log(T) + (S - along(k)) / T + M * (1 + a2) - S + along(k));
  const value = (k) => privately(k) + jointly(k);
  const mean = average(law, value);
  return {
    value: mean,
    privateGap: -0.5 * M * (C + Math.log(V) + 1) - average(law, privately),
    sharedGap: -0.5 * (M * (C + 1) + Math.log(S)) - average(law, jointly),
    privateShare: (t - 1) / (V - 1),
    sharedShare: (T - 1) / (S - 1),
    spread: Math.sqrt(Math.max(0, average(law, (k) => (value(k) - mean) ** 2))),
  };
}

// All methods at once; information is in bits
export function prices({ modalities: M, shared, private: bits, subsets }) {
  const a2 = 4 ** shared - 1, V = 4 ** bits;
  const found = Object.fromEntries(Object.entries(sizes(M)).map(([name, law]) =>
    [name, optimum(law, M, a2, V)]));
  const evidence = -0.5 * (2 * M * (Math.log(2 * Math.PI) + 1) + Math.log(1 + M * a2) + M * Math.log(V));
  return { evidence, deviation: found.MoPoE.spread / Math.sqrt(subsets), found };
}

// All numbers that the figure shows
export function summary(state) {
  const { evidence, deviation, found } = prices(state);
  const numbers = { evidence, deviation };
  for (const [name, one] of Object.entries(found)) {
    numbers[`${name}Value`] = one.value;
    numbers[`${name}Private`] = one.privateShare;
    numbers[`${name}Shared`] = one.sharedShare;
  }
  return numbers;
}

const [LEFT, ROW, TOP, WIDE, NARROW, GAP] = [64, 46, 44, 300, 200, 40];
const WIDTH = LEFT + WIDE + GAP + NARROW + 12;

function bar(x, y, width, height, look, title, opacity = 1) {
  return svg("rect", { x, y, width: Math.max(0, width), height, class: look, opacity }, svg("title", {}, title));
}

function row(name, one, index, places, deviation) {
  const { gap, share, start } = places, y = TOP + index * ROW;
  const split = gap(one.privateGap), end = gap(one.privateGap + one.sharedGap);
  const marks = [
    svg("text", { x: LEFT - 8, y: y + 18, "text-anchor": "end" }, name),
    bar(LEFT, y, split - LEFT, 26, "fill-orange", `${name}: private part`),
    bar(split, y, end - split, 26, "fill-blue", `${name}: shared part`),
    bar(start, y, share(one.privateShare) - start, 12, "fill-orange", `${name}: private signal`),
    bar(start, y + 14, share(one.sharedShare) - start, 12, "fill-blue", `${name}: shared signal`),
  ];
  if (name === "MoPoE") {
    const [low, high] = [-1, 1].map((sign) =>
      gap(Math.max(0, one.privateGap + one.sharedGap + sign * deviation)));
    marks.push(svg("path", { class: "axis", style: "stroke-width:2",
      d: `M${low},${y + 13}H${high}M${low},${y + 6}v14M${high},${y + 6}v14` }));
  }
  return svg("g", {}, ...marks);
}

function picture(state) {
  const { deviation, found } = prices(state);
  const total = (one) => one.privateGap + one.sharedGap;
  const most = Math.max(0.1, total(found.MoE), total(found.MoPoE) + deviation);
  const start = LEFT + WIDE + GAP;
  const places = { gap: linear([0, most], [LEFT, LEFT + WIDE]), share: linear([0, 1], [start, start + NARROW]), start };
  const bottom = TOP + 3 * ROW - 8;
  const full = places.share(1);
  return [
    svg("text", { x: LEFT, y: 14, "font-weight": 600 }, "nats below the evidence"),
    svg("text", { x: start, y: 14, "font-weight": 600 }, "signal generated / real"),
    bar(LEFT, 22, 10, 10, "fill-orange", "private"), svg("text", { x: LEFT + 14, y: 32 }, "private (first, upper)"),
    bar(LEFT + 150, 22, 10, 10, "fill-blue", "shared"), svg("text", { x: LEFT + 164, y: 32 }, "shared (second, lower)"),
    ...Object.entries(found).map(([name, one], i) => row(name, one, i, places, deviation)),
    svg("path", { class: "axis", d: `M${LEFT},${TOP - 4}V${bottom}H${LEFT + WIDE}M${start},${TOP - 4}V${bottom}H${full}` }),
    svg("path", { class: "axis dotted", d: `M${full},${TOP - 4}V${bottom}` }),
    svg("text", { x: LEFT + WIDE, y: bottom + 15, "text-anchor": "end" }, most.toFixed(1)),
    svg("text", { x: LEFT, y: bottom + 15, "text-anchor": "middle" }, "0"),
    svg("text", { x: start, y: bottom + 15, "text-anchor": "middle" }, "0"),
    svg("text", { x: full, y: bottom + 15, "text-anchor": "middle" }, "1"),
  ];
}

function lines() {
  const all = [
    readouts([["evidence", "evidence (nats)"], ["deviation", "deviation of the sampled MoPoE"]]),
    ...["PoE", "MoPoE", "MoE"].map((name) => readouts([
      [`${name}Value`, `${name}: best objective`], [`${name}Private`, "private share"],
      [`${name}Shared`, "shared share"],
    ])),
  ];
  return {
    line: html("div", {}, ...all.map(({ line }) => line)),
    show: (values) => all.forEach((one) => one.show(values)),
  };
}

const TRAITS = ["modalities", "shared", "private", "subsets"];

function render({ model, el }) {
  const drawing = svg("svg", { viewBox: `0 0 ${WIDTH} ${TOP + 3 * ROW + 14}`, role: "img" });
  const numbers = lines();
  const draw = () => {
    const state = Object.fromEntries(TRAITS.map((name) => [name, model.get(name)]));
    const shown = summary(state);
    drawing.setAttribute("aria-label",
      "Bars for three methods: how far the best objective stays below the evidence, and which share of " +
      "the private and of the shared signal the best decoder generates. " +
      ["PoE", "MoPoE", "MoE"].map((name) =>
        `${name}: ${(shown.evidence - shown[`${name}Value`]).toFixed(2)} nats, ` +
        `private ${shown[`${name}Private`].toFixed(2)}, shared ${shown[`${name}Shared`].toFixed(2)}`).join("; "));
    drawing.replaceChildren(...picture(state));
    numbers.show(shown);
  };
  mount({ model, el }, {
    title: "The price of mixing",
    controls: [
      slider(model, "modalities", { label: "number of modalities", min: 2, max: 20, step: 1 }),
      slider(model, "shared", { label: "shared bits in each", min: 0.1, max: 3, step: 0.05 }),
      slider(model, "private", { label: "private bits in each", min: 0.1, max: 3, step: 0.05 }),
      slider(model, "subsets", { label: "subsets drawn per step", min: 1, max: 32, step: 1 }),
    ],
    drawing, numbers, traits: TRAITS, draw,
  });
}

export default { render };
