import { svg, html, readouts, mount } from "./figure.mjs";

// The number of the tile for a list of zeros and ones: attribute k has weight 2^k
export function tileNumber(ticks) {
  return ticks.reduce((sum, tick, k) => sum + tick * 2 ** k, 0);
}

// Where a tile lies on a sheet of so many columns
export function tilePlace(number, columns) {
  return { row: Math.floor(number / columns), column: number % columns };
}

// The zeros and ones of a number
export function unpack(number, length) {
  return Array.from({ length }, (_, k) => Math.floor(number / 2 ** k) % 2);
}

// On how many attributes caption and verdict agree
export function agreement(ticks, seen) {
  return ticks.filter((tick, k) => tick === unpack(seen, ticks.length)[k]).length;
}

// The caption by the rule of section 4.2.1.1, without its padding
export function caption(names, ticks) {
  return names.filter((_, k) => ticks[k]).join(", ");
}

const [SIDE, GAP, TOP, LINE] = [190, 30, 44, 17];

// The native check box of attribute k; the space bar ticks it
function box(model, k) {
  const input = html("input", { type: "checkbox", checked: model.get("ticks")[k] === 1 });
  input.dataset.lmSuppressShortcuts = "true";
  input.dataset.trait = model.get("names")[k].replaceAll(" ", "_");
  input.addEventListener("change", () => {
    model.set("ticks", model.get("ticks").map((tick, i) => (i === k ? Number(input.checked) : tick)));
    model.save_changes();
  });
  model.on("change:ticks", () => { input.checked = model.get("ticks")[k] === 1; });
  return html("label", {}, html("span", {}, model.get("names")[k]), input);
}

// A painter's face, and below it the judge's verdict on every attribute
function panel(model, painter, x) {
  const [columns, size, names] = [model.get("columns"), model.get("size"), model.get("names")];
  const rows = Math.ceil(painter.seen.length / columns);
  const sheet = svg("image", { href: painter.tiles, width: columns * size, height: rows * size, class: "tile" });
  const view = svg("svg", { x, y: TOP, width: SIDE, height: SIDE }, sheet);
  const lines = names.map((_, k) => svg("text", { x, y: TOP + SIDE + (k + 1) * LINE }));
  const parts = [svg("text", { x, y: TOP - 8, style: "font-weight:600" }, painter.title), view,
    svg("rect", { x, y: TOP, width: SIDE, height: SIDE, fill: "none", stroke: "currentColor" }), ...lines];
  const show = (ticks, number) => {
    const { row, column } = tilePlace(number, columns);
    view.setAttribute("viewBox", `${column * size} ${row * size} ${size} ${size}`);
    unpack(painter.seen[number], names.length).forEach((seen, k) => {
      lines[k].textContent = `${seen ? "●" : "○"} ${names[k]}${seen === ticks[k] ? "" : "  ≠ caption"}`;
      lines[k].setAttribute("style", seen === ticks[k] ? "" : "font-weight:700;fill:#d55e00");
    });
  };
  return { parts, show };
}

function render({ model, el }) {
  const [names, painters] = [model.get("names"), model.get("painters")];
  const panels = painters.map((painter, i) => panel(model, painter, i * (SIDE + GAP)));
  const text = svg("text", { x: 0, y: 12 });
  const width = painters.length * (SIDE + GAP) - GAP;
  const drawing = svg("svg", { viewBox: `-4 -4 ${width + 8} ${TOP + SIDE + (names.length + 1) * LINE + 8}`, role: "img" });
  drawing.append(text, ...panels.flatMap((p) => p.parts));
  const numbers = readouts([["ticked", "attributes in the caption:"],
    ...painters.map((p, i) => [`agree${i + 1}`, `right, ${p.title}:`])]);
  const draw = () => {
    const ticks = model.get("ticks");
    const number = tileNumber(ticks);
    panels.forEach((p) => p.show(ticks, number));
    text.textContent = `caption: ${caption(names, ticks) || "(no attribute)"}`;
    const agree = painters.map((p) => agreement(ticks, p.seen[number]));
    drawing.setAttribute("aria-label",
      `Faces for the caption “${caption(names, ticks)}”. ` + painters.map((p, i) =>
        `${p.title}: the judge sees “${caption(names, unpack(p.seen[number], names.length))}”, ` +
        `right for ${agree[i]} of ${names.length} attributes`).join(". "));
    numbers.show({ ticked: ticks.filter(Boolean).length,
      ...Object.fromEntries(agree.map((n, i) => [`agree${i + 1}`, n])) });
  };
  mount({ model, el }, {
    title: "Tick attributes (space bar), compare the faces",
    controls: names.map((_, k) => box(model, k)), drawing, numbers, traits: ["ticks"], draw,
  });
}

export default { render };
