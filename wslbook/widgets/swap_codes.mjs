import { svg, slider, readouts, mount } from "./figure.mjs";

// Where on the sheets of decoded images, in pixels, the two chosen images are
export function chosenTiles({ shared, first, second, size }) {
  return [first, second].map((source) => ({ x: (source - 1) * size, y: (shared - 1) * size }));
}

// What a classifier says of the two chosen images
export function chosenAgreement({ shared, first, second, agreement }) {
  return [first, second].map((source, m) => agreement[m][shared - 1][source - 1]);
}

const [LEFT, STEP, THUMB, BIG] = [110, 58, 50, 130];
const ROWS = [44, 102];

// A window of one image on a sheet of count times count images
function tile(model, m, { x, y }, place, side) {
  const [size, count] = [model.get("size"), model.get("labels").length];
  const sheet = svg("image", { href: model.get("tiles")[m], width: count * size, height: count * size, class: "tile" });
  return svg("svg", { x: place[0], y: place[1], width: side, height: side, viewBox: `${x} ${y} ${size} ${size}` }, sheet);
}

// The examples as the model reconstructs them: shared and private code from the same one
function examples(model) {
  const size = model.get("size");
  const columns = model.get("labels").flatMap((digit, i) => [
    svg("text", { x: LEFT + i * STEP + THUMB / 2, y: 30, "text-anchor": "middle" }, `${i + 1}: “${digit}”`),
    ...ROWS.map((y, m) => tile(model, m, { x: i * size, y: i * size }, [LEFT + i * STEP, y], THUMB)),
  ]);
  return [...columns, ...model.get("names").map((name, m) => svg("text", { x: 0, y: ROWS[m] + 30 }, name))];
}

function markers(model) {
  const at = (trait) => LEFT + (model.get(trait) - 1) * STEP;
  const frame = (trait, m, style) => svg("rect", { x: at(trait) - 2, y: ROWS[m] - 2, width: THUMB + 4, height: THUMB + 4,
    fill: "none", "stroke-width": 4, class: style });
  return [
    svg("path", { d: `M${at("shared") + THUMB / 2 - 8},0 h16 l-8,14 Z`, class: "fill-green" }),
    frame("first", 0, "orange"), frame("second", 1, "blue dashed"),
  ];
}

function decoded(model, state) {
  return chosenTiles(state).flatMap((corner, m) => {
    const x = LEFT + m * (BIG + 24);
    return [tile(model, m, corner, [x, 176], BIG),
      svg("rect", { x, y: 176, width: BIG, height: BIG, fill: "none", stroke: "currentColor" })];
  });
}

function render({ model, el }) {
  const drawing = svg("svg", { viewBox: "-6 -4 420 316", role: "img" });
  const names = model.get("names");
  const numbers = readouts(names.map((name, m) => [`agreement${m + 1}`, `${name} picture: p(shared digit) =`]));
  const draw = () => {
    const state = Object.fromEntries(["shared", "first", "second", "size", "agreement"].map((t) => [t, model.get(t)]));
    const [agreement1, agreement2] = chosenAgreement(state);
    drawing.replaceChildren(...examples(model), ...markers(model),
      svg("text", { x: 0, y: 236 }, "decoded"), ...decoded(model, state));
    drawing.setAttribute("aria-label",
      `Above: ${model.get("labels").length} examples of digits, seen as ${names[0]} and as ${names[1]}. ` +
      `Below: the images decoded from the shared code of example ${state.shared}, a ` +
      `${model.get("labels")[state.shared - 1]}, with the private code of example ${state.first} for ${names[0]} ` +
      `and of example ${state.second} for ${names[1]}.`);
    numbers.show({ agreement1, agreement2 });
  };
  const count = model.get("labels").length;
  const source = (trait, label) => slider(model, trait, { label, min: 1, max: count, step: 1 });
  mount({ model, el }, {
    title: "Where the codes come from",
    controls: [
      source("shared", "shared code (triangle)"),
      source("first", `private code, ${names[0]} (solid)`),
      source("second", `private code, ${names[1]} (dashed)`),
    ],
    drawing, numbers, traits: ["shared", "first", "second"], draw,
  });
}

export default { render };
