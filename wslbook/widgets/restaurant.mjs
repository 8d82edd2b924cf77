import { svg, slider, readouts, uniforms, mount } from "./figure.mjs";

// The table of each customer: [0, 1) is cut into the tables, in order, and the rest for a new one
export function seat({ customers, concentration, discount, seed }) {
  const sizes = [];
  return uniforms(seed, customers).map((u, i) => {
    let [rest, table] = [u * (concentration + i), 0];
    while (table < sizes.length && rest >= sizes[table] - discount) rest -= sizes[table++] - discount;
    sizes[table] = (sizes[table] ?? 0) + 1;
    return table;
  });
}

// log probability of a partition, customer by customer
export function logProbability({ labels, concentration, discount }) {
  const sizes = [];
  let total = 0;
  labels.forEach((table, i) => {
    const weight = table < sizes.length ? sizes[table] - discount : concentration + discount * sizes.length;
    if (i) total += Math.log(weight / (concentration + i));
    sizes[table] = (sizes[table] ?? 0) + 1;
  });
  return total;
}

// E K of i + 1 customers is E K + (concentration + discount E K) / (concentration + i)
export function expectedTables({ customers, concentration, discount }) {
  let tables = 0;
  for (let i = 0; i < customers; i++) tables += (concentration + discount * tables) / (concentration + i);
  return tables;
}

const [WIDTH, DOT, GAP, CHAIR] = [640, 10, 10, 22];

// Places of tables with their customers, row by row: radius of the table, centre, customers
export function layOut(labels) {
  const groups = [];
  labels.forEach((table, i) => (groups[table] ??= []).push(i + 1));
  let [x, y, height] = [GAP, GAP, 0];
  const tables = groups.map((guests) => {
    const radius = Math.max(24, (CHAIR * guests.length) / (2 * Math.PI));
    const side = 2 * (radius + DOT);
    if (x + side > WIDTH) [x, y, height] = [GAP, y + height + GAP, 0];
    const place = { guests, radius, x: x + side / 2, y: y + side / 2 };
    [x, height] = [x + side + GAP, Math.max(height, side)];
    return place;
  });
  return { tables, height: y + height + GAP };
}

function drawTable({ guests, radius, x, y }) {
  const table = svg("g", {}, svg("circle", { cx: x, cy: y, r: radius - DOT - 2, class: "axis" }),
    svg("text", { x, y: y + 4, "text-anchor": "middle" }, `${guests.length}`));
  guests.forEach((guest, j) => {
    const angle = (2 * Math.PI * j) / guests.length - Math.PI / 2;
    const [cx, cy] = [x + radius * Math.cos(angle), y + radius * Math.sin(angle)];
    // Who opened the table is filled.
    table.append(
      svg("circle", { cx, cy, r: DOT, class: j ? "curve blue" : "fill-orange" }),
      svg("text", { x: cx, y: cy + 3.5, "text-anchor": "middle",
        style: `font-size:10px${j ? "" : ";fill:#000"}` }, `${guest}`));
  });
  return table;
}

const TRAITS = ["customers", "concentration", "discount", "seed"];

function render({ model, el }) {
  const drawing = svg("svg", { role: "img" });
  const numbers = readouts([
    ["tables", "tables"], ["expected", "expected"], ["logProbability", "log p(partition)"],
  ]);
  const draw = () => {
    const state = Object.fromEntries(TRAITS.map((k) => [k, model.get(k)]));
    const labels = seat(state);
    const { tables, height } = layOut(labels);
    drawing.setAttribute("viewBox", `0 0 ${WIDTH} ${Math.max(170, height)}`);
    drawing.setAttribute("aria-label",
      `${state.customers} customers at ${tables.length} tables of sizes ` +
      `${tables.map(({ guests }) => guests.length).join(", ")}, in the order of opening.`);
    drawing.replaceChildren(...tables.map(drawTable));
    numbers.show({
      tables: tables.length,
      expected: expectedTables(state),
      logProbability: logProbability({ ...state, labels }),
    });
  };
  mount({ model, el }, {
    title: "Seat the customers",
    controls: [
      slider(model, "customers", { label: "customers n", min: 2, max: 30, step: 1 }),
      slider(model, "concentration", { label: "concentration α", min: 0.1, max: 10, step: 0.1 }),
      slider(model, "discount", { label: "discount d", min: 0, max: 0.9, step: 0.05 }),
      slider(model, "seed", { label: "seed", min: 1, max: 50, step: 1 }),
    ],
    drawing, numbers, traits: TRAITS, draw,
  });
}

export default { render };
