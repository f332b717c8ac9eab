// What every part of the page uses: the report's values, elements, numbers in words.
// Names come from files and must never become markup: everything goes through text nodes and attributes.

const MISSING = "–";
const LEVELS = { low: "Low", middle: "Middle", high: "High" };

// What Plotly draws for its names of dashes and markers.
const DASHES = { dash: "6 4", dot: "2 2.6", dashdot: "7 3 2 3", longdash: "11 4", longdashdot: "10 3 2 3" };
const MARKERS = {
  circle: "M13 2a4 4 0 1 1 0 8a4 4 0 1 1 0-8z",
  square: "M9.5 2.5h7v7h-7z",
  diamond: "M13 1l5 5l-5 5l-5-5z",
  "triangle-up": "M13 1.5l4.5 8h-9z",
  "triangle-down": "M13 10.5l4.5-8h-9z",
  cross: "M11.7 1.5h2.6v3.2h3.2v2.6h-3.2v3.2h-2.6v-3.2h-3.2v-2.6h3.2z",
  x: "M10.6 1.8L13 4.2l2.4-2.4l1.8 1.8L14.8 6l2.4 2.4l-1.8 1.8L13 7.8l-2.4 2.4l-1.8-1.8L11.2 6L8.8 3.6z",
  star: "M13 .5l1.4 3.7l3.9.2l-3.1 2.4l1.1 3.8L13 8.4l-3.3 2.2l1.1-3.8l-3.1-2.4l3.9-.2z",
};

// JSON knows no infinity: the PSNR of a lossless image arrives as {"infinite": true}.
const report = JSON.parse(byId("report-data").textContent, (_, value) => (value?.infinite ? Infinity : value));
const METRICS = Object.fromEntries(report.metrics.map((metric) => [metric.name, metric]));
const curves = new Map(report.curves.map((curve) => [curve.name, curve]));

function byId(id) {
  return document.getElementById(id);
}

/** An element. Attributes that are false or null are left out; children are nodes or text. */
function el(tag, attributes = {}, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value !== false && value !== null) node.setAttribute(name, value === true ? "" : value);
  }
  node.append(...children);
  return node;
}

/** A number as text; `digits` after the point. */
function fixed(value, digits) {
  if (value === null) return MISSING;
  if (value === Infinity) return "∞";
  return value.toFixed(digits).replace("-", "−");
}

function whole(value) {
  return value.toLocaleString("en");
}

function count(number, singular, plural = `${singular}s`) {
  return `${whole(number)} ${number === 1 ? singular : plural}`;
}

function milliseconds(seconds) {
  return seconds === null ? MISSING : whole(Number((1000 * seconds).toPrecision(3)));
}

/** A curve's name, or another title, after its line and marker, as in the charts. */
function named(name, title = name) {
  return el("span", { class: "named" }, swatch(name), el("span", {}, title));
}

/** How a curve is drawn; one without a point to draw, as of a lossless codec, is in no chart. */
function styleOf(name) {
  return report.styles[name] ?? { colour: "currentColor", dash: "solid", symbol: null };
}

function swatch(name) {
  const { colour, dash, symbol } = styleOf(name);
  const line = svg("svg", { class: "swatch", viewBox: "0 0 26 12", "aria-hidden": "true" });
  line.append(svg("path", { d: "M0 6H26", stroke: colour, "stroke-width": 2.2, "stroke-dasharray": DASHES[dash] ?? "none" }));
  if (symbol) line.append(svg("path", { d: MARKERS[symbol] ?? MARKERS.circle, fill: colour }));
  return line;
}

function svg(tag, attributes) {
  const node = document.createElementNS("http://www.w3.org/2000/svg", tag);
  for (const [name, value] of Object.entries(attributes)) node.setAttribute(name, value);
  return node;
}

/** Fills a <select>. `options` are [value, text] pairs. */
function fill(select, options, chosen) {
  select.replaceChildren(...options.map(([value, text]) => el("option", { value, selected: value === chosen }, text)));
}

/** Radio buttons in a row; `changed` is called with the value. `options` are [value, text] pairs. */
function choices(fieldset, options, chosen, changed) {
  for (const [value, text] of options) {
    const input = el("input", { type: "radio", name: fieldset.id, value, checked: value === chosen });
    input.addEventListener("change", () => changed(value));
    fieldset.append(el("label", {}, input, text));
  }
}
