// Tables that sort: by a click on a header, or Enter or Space, as headers are buttons.

/**
 * A table in its own scrolling box.
 *
 * columns: [{label, unit?, value?, text?, node?, kind?, numeric?, descending?}]
 *     value(row) is what sorts; text(row) or node(row) is what shows, value itself if neither is given;
 *     kind is a class of the cells.
 *     descending: the first click sorts the largest first.
 * options: {caption, sorted, refusal, limit}
 *     sorted: index of the column to sort by at first.
 *     refusal(row): words that replace all columns but the first, or null; such rows come last.
 *     limit: rows to show at most.
 * Returns {node, show(rows, limit?)}.
 */
function sortableTable(columns, { caption, sorted = 0, refusal = () => null, limit = Infinity }) {
  const state = { rows: [], limit, column: sorted, descending: Boolean(columns[sorted].descending) };
  const headers = columns.map((column, k) => {
    const unit = column.unit ? [el("small", {}, column.unit)] : [];
    const button = el("button", { type: "button" }, el("span", { class: "plain" }, column.label), ...unit);
    button.addEventListener("click", () => {
      state.descending = state.column === k ? !state.descending : Boolean(column.descending);
      state.column = k;
      draw();
    });
    return el("th", { scope: "col", class: column.numeric ? "number" : null }, column.value ? button : column.label);
  });
  const body = el("tbody");
  const head = el("thead", {}, el("tr", {}, ...headers));
  const node = el("div", { class: "table-box", tabindex: "0", role: "region", "aria-label": caption });
  node.append(el("table", {}, head, body));

  function draw() {
    headers.forEach((header, k) => {
      if (k === state.column) header.setAttribute("aria-sort", state.descending ? "descending" : "ascending");
      else header.removeAttribute("aria-sort");
    });
    const { value } = columns[state.column];
    const ordered = [...state.rows].sort((a, b) => {
      const last = Number(Boolean(refusal(a))) - Number(Boolean(refusal(b)));
      return last || compare(value(a), value(b), state.descending);
    });
    body.replaceChildren(...ordered.slice(0, state.limit).map(line));
  }

  function line(row) {
    const words = refusal(row);
    const cells = columns.map((column, k) => cell(column, row, k === 0));
    if (!words) return el("tr", {}, ...cells);
    return el("tr", {}, cells[0], el("td", { colspan: columns.length - 1, class: "refusal" }, `Not compared: ${words}`));
  }

  return {
    node,
    show(rows, most = state.limit) {
      Object.assign(state, { rows, limit: most });
      draw();
    },
  };
}

function cell(column, row, first) {
  const content = column.node?.(row) ?? column.text?.(row) ?? column.value(row) ?? MISSING;
  const kind = column.numeric ? "number" : (column.kind ?? null);
  return el(first ? "th" : "td", { class: kind, scope: first ? "row" : null }, content);
}

/** Numbers as numbers, text as people sort it ("quality 5" before "quality 40"), what is missing last. */
function compare(a, b, descending) {
  if (a === null || b === null) return Number(a === null) - Number(b === null);
  const order = typeof a === "number" ? Math.sign(a - b) || 0 : a.localeCompare(b, "en", { numeric: true });
  return descending ? -order : order;
}

/** A bar for a cell, from `start` to `end`, both in 0..1. */
function meter(start, end, colour, zero = null) {
  const [from, to] = [Math.min(start, end), Math.max(start, end)].map((x) => `${(100 * x).toFixed(2)}%`);
  const place = `--from: ${from}; --width: calc(${to} - ${from}); --colour: ${colour}`;
  const style = zero === null ? place : `${place}; --zero: ${(100 * zero).toFixed(2)}%`;
  return el("span", { "aria-hidden": "true", style }, el("i"));
}

/** A column of one metric's values; `scores(row)` is an object by metric. The first click sorts the best first. */
function metricColumn({ name, label, unit, digits, higher_is_better: descending }, scores) {
  const value = (row) => scores(row)[name] ?? null;
  return { label, unit, numeric: true, descending, value, text: (row) => fixed(value(row), digits) };
}
