import { svg, slider, readouts, linear, mount } from "./figure.mjs";

// log N(z; 0, I) in two dimensions
export function logPrior(z1, z2) {
  return -0.5 * (z1 ** 2 + z2 ** 2) - Math.log(2 * Math.PI);
}

// Row and column of the tile nearest to z; row 0 is at the top, z2 = limit
export function nearestTile({ z1, z2, limit, count }) {
  const index = (z) => Math.max(0, Math.min(count - 1, Math.round(((z + limit) / (2 * limit)) * (count - 1))));
  return { row: count - 1 - index(z2), column: index(z1) };
}

const [PLANE, GAP, SIDE] = [330, 40, 250];
const COLOURS = ["#0072b2", "#e69f00", "#009e73", "#d55e00", "#cc79a7"];

function digitMarks(model, across, up) {
  return model.get("points").map(([a, b, digit]) =>
    svg("text", { x: across(a), y: up(b), "text-anchor": "middle", "font-size": "10",
      style: `fill:${COLOURS[digit % 5]};font-size:11px` }, `${digit}`));
}

// The piece of the sheet of tiles at row and column, scaled to the right-hand square
function tileView(model) {
  const [count, size] = [model.get("count"), model.get("size")];
  const sheet = svg("image", { href: model.get("tiles"), width: count * size, height: count * size, class: "tile" });
  const view = svg("svg", { x: PLANE + GAP, y: 30, width: SIDE, height: SIDE }, sheet);
  const show = ({ row, column }) => view.setAttribute("viewBox", `${column * size} ${row * size} ${size} ${size}`);
  return { view, show };
}

function render({ model, el }) {
  const limit = model.get("limit");
  const across = linear([-limit, limit], [0, PLANE]);
  const up = linear([-limit, limit], [PLANE, 0]);
  const drawing = svg("svg", { viewBox: `-6 -6 ${PLANE + GAP + SIDE + 12} ${PLANE + 12}`, role: "img" });
  const pointer = svg("circle", { r: 7, fill: "none", stroke: "currentColor", "stroke-width": 2.5 });
  const { view, show } = tileView(model);
  const plane = svg("rect", { width: PLANE, height: PLANE, fill: "transparent", stroke: "currentColor" });
  drawing.append(...digitMarks(model, across, up), pointer, plane, view,
    svg("rect", { x: PLANE + GAP, y: 30, width: SIDE, height: SIDE, fill: "none", stroke: "currentColor" }),
    svg("text", { x: PLANE + GAP, y: 300 }, "decoded image"));
  const numbers = readouts([["z1", "z₁ ="], ["z2", "z₂ ="], ["logPrior", "log p(z) ="]]);
  const draw = () => {
    const [z1, z2] = [model.get("z1"), model.get("z2")];
    pointer.setAttribute("cx", across(z1));
    pointer.setAttribute("cy", up(z2));
    show(nearestTile({ z1, z2, limit, count: model.get("count") }));
    drawing.setAttribute("aria-label",
      `Left: the latent plane with test digits at their posterior means and a pointer at ` +
      `(${z1.toFixed(2)}, ${z2.toFixed(2)}). Right: the image decoded there.`);
    numbers.show({ z1, z2, logPrior: logPrior(z1, z2) });
  };
  plane.addEventListener("pointermove", (event) => {
    const box = plane.getBoundingClientRect();
    const round = (v) => Math.max(-limit, Math.min(limit, Math.round(v * 20) / 20));
    model.set("z1", round(((event.clientX - box.left) / box.width) * 2 * limit - limit));
    model.set("z2", round(limit - ((event.clientY - box.top) / box.height) * 2 * limit));
    model.save_changes();
  });
  mount({ model, el }, {
    title: "Walk over the latent plane (pointer, or sliders)",
    controls: [
      slider(model, "z1", { label: "z₁ (left to right)", min: -limit, max: limit, step: 0.05 }),
      slider(model, "z2", { label: "z₂ (bottom to top)", min: -limit, max: limit, step: 0.05 }),
    ],
    drawing, numbers, traits: ["z1", "z2"], draw,
  });
}

export default { render };
