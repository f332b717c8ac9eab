// Rate-distortion charts: the figures come from Python, colours of text and grid from the page's theme.

const RANGES = [["", "all"], ["1", "0 to 1"], ["0.5", "0 to ½"], ["0.25", "0 to ¼"]];
const KINDS = { codec: "Codecs", baseline: "Baselines", published: "Published" };

function showCharts() {
  const charts = report.figures.map(({ metric, names, figure }) => {
    const title = METRICS[metric].label;
    const plot = el("div", { class: "plot", id: `plot-${metric}`, role: "img", "aria-label": `${title} over rate; all points are in the table below` });
    byId("charts").append(el("div", { class: "chart" }, el("h3", {}, title), plot));
    return { plot, names, figure };
  });
  if (!charts.length) return;

  for (const { plot, figure } of charts) drawPlot(plot, figure);
  byId("legend").append(...legend(charts), rateRange(charts));
  byId("points").append(pointTable());

  followTheme(charts.map(({ plot }) => plot));
}

/** Charts with a heading and their curves' names, `{ id, title, label, names, figure }` each. */
function showNamedCharts(parent, charts) {
  const plots = charts.map(({ id, title, label, names }) => {
    const plot = el("div", { class: "plot", id, role: "img", "aria-label": label });
    parent.append(el("div", { class: "chart" }, el("h3", {}, title), el("div", { class: "chips" }, ...names.map((name) => named(name))), plot));
    return plot;
  });
  plots.forEach((plot, k) => drawPlot(plot, charts[k].figure)); // once all have their places
  followTheme(plots);
}

function followTheme(plots) {
  const paint = () => plots.forEach((plot) => Plotly.relayout(plot, themed(plot)));
  paint();
  onThemeChange(paint);
}

function drawPlot(plot, figure) {
  // A copy: Plotly writes into what it is given, and the first view is needed to come back to.
  const layout = { ...structuredClone(figure.layout), showlegend: false, margin: { l: 48, r: 12, t: 8, b: 44 } };
  Plotly.newPlot(plot, figure.data, layout, {
    responsive: true,
    displaylogo: false,
    // Named one by one: Plotly's own choice has a button that offers to send the chart to a server.
    modeBarButtons: [["toImage"], ["zoom2d", "pan2d"], ["zoomIn2d", "zoomOut2d", "resetScale2d"]],
    toImageButtonOptions: { format: "svg", filename: plot.id },
  });
}

/** The theme's colours, read from the chart's own style so that they are written once, in the style sheet. */
function themed(plot) {
  const style = getComputedStyle(plot);
  const axis = (name) => ({
    [`${name}.gridcolor`]: style.borderTopColor,
    [`${name}.linecolor`]: style.borderTopColor,
    [`${name}.tickcolor`]: style.borderTopColor,
  });
  return {
    "font.color": style.color,
    "font.family": style.fontFamily,
    "hoverlabel.bgcolor": style.backgroundColor,
    "hoverlabel.font.color": getComputedStyle(document.body).color,
    "modebar.bgcolor": "rgba(0,0,0,0)",
    "modebar.color": style.color,
    "modebar.activecolor": getComputedStyle(document.body).color,
    ...axis("xaxis"),
    ...axis("yaxis"),
  };
}

/** One legend for all charts, of check boxes, which the keyboard reaches too. */
function legend(charts) {
  return Object.entries(KINDS).flatMap(([kind, title]) => {
    const members = report.curves.filter((curve) => curve.kind === kind);
    if (!members.length) return [];
    const boxes = members.map(({ name }) => {
      const box = el("input", { type: "checkbox", checked: true });
      box.addEventListener("change", () => toggle(charts, name, box.checked));
      return [box, el("label", {}, box, named(name))];
    });
    return [group(title, ...boxes.map(([, label]) => label), ...(members.length > 2 ? [allOrNone(boxes)] : []))];
  });
}

function allOrNone(boxes) {
  const button = el("button", { type: "button", class: "quiet" }, "all or none");
  button.addEventListener("click", () => {
    const on = !boxes.some(([box]) => box.checked);
    for (const [box] of boxes) if (box.checked !== on) box.click();
  });
  return button;
}

function toggle(charts, name, visible) {
  for (const { plot, names } of charts) {
    const traces = [...names.keys()].filter((k) => names[k] === name);
    if (traces.length) Plotly.restyle(plot, { visible }, traces);
  }
}

/** Zoom in rate without a pointer. */
function rateRange(charts) {
  const fieldset = el("fieldset", { class: "segmented", id: "rate-range" }, el("legend", {}, "Bits per pixel"));
  choices(fieldset, RANGES, "", (most) => {
    for (const { plot, figure } of charts) {
      const { xaxis, yaxis } = figure.layout;
      Plotly.relayout(plot, most ? zoomed(plot, Number(most)) : { "xaxis.range": [...xaxis.range], "yaxis.range": [...yaxis.range] });
    }
  });
  return fieldset;
}

/** Both axes so that the visible points up to `most` bits per pixel fill the chart. */
function zoomed(plot, most) {
  const points = plot.data
    .filter((trace) => trace.visible !== false)
    .flatMap((trace) => Array.from(trace.x, (x, k) => [x, trace.y[k]]))
    .filter(([x, y]) => x <= most && y !== null);
  if (!points.length) return { "xaxis.range": [0, most] };
  const heights = points.map(([, y]) => y);
  const [low, high] = [Math.min(...heights), Math.max(...heights)];
  const margin = 0.06 * (high - low || 1);
  return { "xaxis.range": [0, most], "yaxis.range": [low - margin, high + margin] };
}

function group(title, ...labels) {
  return el("fieldset", { class: "curve-group" }, el("legend", {}, title), el("div", { class: "chips" }, ...labels));
}

function pointTable() {
  const number = (label, key, digits, unit = "") => ({
    label, unit, numeric: true, descending: true,
    value: (row) => row.point[key],
    text: (row) => fixed(row.point[key], digits),
  });
  const table = sortableTable(
    [
      { label: "Codec", value: (row) => row.curve, node: (row) => named(row.curve), kind: "name" },
      { label: "Setting", value: (row) => row.point.setting, kind: "plain" },
      { label: "λ", numeric: true, value: (row) => row.point.lmbda, text: (row) => row.point.lmbda ?? MISSING },
      number("Images", "images", 0),
      number("bpp", "bpp", 3),
      ...report.metrics.map((metric) => metricColumn(metric, (row) => row.point.scores)),
    ],
    { caption: "Points of all curves" },
  );
  table.show(report.curves.flatMap((curve) => curve.points.map((point) => ({ curve: curve.name, point }))));
  return table.node;
}
