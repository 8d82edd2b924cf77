// What all live figures share: labelled controls, readouts, SVG and scales.

const SVG = "http://www.w3.org/2000/svg";

// Make an SVG element with attributes and children (elements or text).
export function svg(tag, attributes = {}, ...children) {
  const element = document.createElementNS(SVG, tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  element.append(...children);
  return element;
}

// Make an HTML element with properties and children.
export function html(tag, properties = {}, ...children) {
  const element = document.createElement(tag);
  Object.assign(element, properties);
  element.append(...children);
  return element;
}

// A labelled range input bound to a trait of the model; every native key works on it.
export function slider(model, trait, { label, min, max, step }) {
  const input = html("input", { type: "range", min, max, step });
  // JupyterLab looks for this on the focused element; without it the arrow keys fold headings.
  input.dataset.lmSuppressShortcuts = "true";
  input.dataset.trait = trait;
  const shown = html("output");
  const show = () => {
    input.value = model.get(trait);
    shown.textContent = model.get(trait).toFixed(Number.isInteger(step) ? 0 : 2).replace("-", "−");
  };
  input.addEventListener("input", () => {
    model.set(trait, Number(input.value));
    model.save_changes();
  });
  model.on(`change:${trait}`, show);
  show();
  return html("label", {}, html("span", {}, label), input, shown);
}

// A line of named numbers, announced to screen readers; data-value keeps every digit.
export function readouts(names) {
  const outputs = new Map(names.map(([name]) => [name, html("output")]));
  const line = html("p", { className: "wsl-readouts" });
  line.setAttribute("aria-live", "polite");
  for (const [name, label] of names) {
    outputs.get(name).dataset.name = name;
    line.append(html("span", {}, `${label} `, outputs.get(name)));
  }
  const show = (values) => {
    for (const [name, output] of outputs) {
      output.dataset.value = values[name];
      output.textContent = Number(values[name].toPrecision(4)).toString().replace("-", "−");
    }
  };
  return { line, show };
}

// A linear map from a domain of values to a range of pixels.
export function linear([a, b], [c, d]) {
  return (value) => c + ((value - a) / (b - a)) * (d - c);
}

// The d attribute of a line through points, in pixels.
export function line(points) {
  return points.map(([x, y], i) => `${i ? "L" : "M"}${x.toFixed(2)},${y.toFixed(2)}`).join("");
}

// n values from a to b, ends included.
export function range(a, b, n) {
  return Array.from({ length: n }, (_, i) => a + ((b - a) * i) / (n - 1));
}

// n numbers in (0, 1) from a seed: the generator mulberry32, moved off zero by half a step
export function uniforms(seed, n) {
  let state = seed >>> 0;
  return Array.from({ length: n }, () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), state | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return (((t ^ (t >>> 14)) >>> 0) + 0.5) / 4294967296;
  });
}

// Lay out controls, drawing and readouts, and redraw whenever one of the traits changes.
export function mount({ model, el }, { title, controls, drawing, numbers, traits, draw }) {
  el.classList.add("wsl-figure");
  const set = html("fieldset", {}, html("legend", {}, title), ...controls);
  el.append(set, drawing, numbers.line);
  for (const trait of traits) model.on(`change:${trait}`, draw);
  draw();
}
