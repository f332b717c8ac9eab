// A blind comparison for people: two versions of an image, of about the same size, without names.

const SIZES_MATCH = 1.05; // largest over smallest file of a pair
const CHOICES = { ArrowLeft: "left", ArrowDown: "neither", ArrowRight: "right" };

/** All pairs of versions of one image whose files have about the same size; each once. */
function blindPairs() {
  const pairs = new Map();
  for (const image of report.viewer_images) {
    image.versions.forEach((one, k) => {
      for (const other of image.versions.slice(k + 1)) {
        const apart = one.level === other.level && (one.curve !== other.curve || one.setting !== other.setting);
        const close = Math.max(one.bytes, other.bytes) <= SIZES_MATCH * Math.min(one.bytes, other.bytes);
        const key = JSON.stringify([image.name, ...[one, other].map((each) => `${each.curve}\n${each.setting}`).sort()]);
        if (apart && close) pairs.set(key, { image, versions: [one, other] });
      }
    });
  }
  return [...pairs.values()];
}

/** A copy in random order. */
function shuffled(items) {
  const draws = crypto.getRandomValues(new Uint32Array(items.length));
  return items.map((item, k) => [draws[k], item]).sort(([a], [b]) => a - b).map(([, item]) => item);
}

function showBlind() {
  const [trial, start, save, back, status] = ["trial", "blind-start", "blind-save", "blind-back", "blind-status"].map(byId);
  const sides = ["left", "right"].map((side) => byId(`blind-${side}`));
  const state = { pairs: [], judgements: [], saved: 0, since: 0, original: false };
  if (report.preferences.length) byId("preferences").append(preferenceTable());
  const possible = blindPairs();
  byId("blind-test").hidden = !possible.length;
  if (!possible.length) return;
  start.textContent = `Start: ${count(possible.length, "pair")} in random order`;

  function begin() {
    state.pairs = shuffled(possible).map(({ image, versions }) => ({ image, versions: shuffled(versions) }));
    Object.assign(state, { judgements: [], saved: 0 });
    start.hidden = true;
    draw();
    trial.focus();
  }

  function draw() {
    const done = state.judgements.length;
    const pair = state.pairs[done];
    trial.hidden = !pair;
    save.disabled = done === state.saved;
    back.disabled = done === 0;
    status.textContent = pair
      ? `Pair ${done + 1} of ${state.pairs.length}`
      : `All ${state.pairs.length} pairs are judged. Save the file: litcodec report RESULTS.json --choices choices.json shows what was preferred.`;
    if (!pair) {
      save.focus();
      return;
    }
    state.original = false;
    showVersions();
    state.since = performance.now();
  }

  function showVersions() {
    const { image, versions } = state.pairs[state.judgements.length];
    byId("blind-original").setAttribute("aria-pressed", String(state.original));
    sides.forEach((img, k) => {
      img.src = state.original ? image.original : versions[k].decoded;
      img.alt = `${image.name}, ${state.original ? "the original" : `the ${k ? "right" : "left"} version`}`;
      byId(`${img.id}-tag`).textContent = state.original ? "Original" : k ? "Right" : "Left";
    });
  }

  function choose(chosen) {
    const { image, versions } = state.pairs[state.judgements.length];
    const [left, right] = versions.map(({ curve, setting, bytes }) => ({ curve, setting, bytes }));
    const seconds = Math.round(performance.now() - state.since) / 1000;
    state.judgements.push({ image: image.name, left, right, chosen, seconds });
    draw();
  }

  function undo() {
    if (state.judgements.length === 0) return;
    state.judgements.pop();
    state.saved = Math.min(state.saved, state.judgements.length);
    draw();
    trial.focus();
  }

  function showOriginal() {
    state.original = !state.original;
    showVersions();
  }

  function download() {
    const found = { format: "litcodec-choices", version: 1, created: new Date().toISOString(), judgements: state.judgements };
    const address = URL.createObjectURL(new Blob([JSON.stringify(found, null, 1)], { type: "application/json" }));
    el("a", { href: address, download: "choices.json" }).click();
    setTimeout(() => URL.revokeObjectURL(address), 60_000);
    state.saved = state.judgements.length;
    save.disabled = true;
  }

  start.addEventListener("click", begin);
  save.addEventListener("click", download);
  back.addEventListener("click", undo);
  byId("blind-original").addEventListener("click", showOriginal);
  for (const chosen of Object.values(CHOICES)) byId(`choose-${chosen}`).addEventListener("click", () => choose(chosen));
  trial.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.repeat) return;
    if (CHOICES[event.key]) choose(CHOICES[event.key]);
    else if (event.key.toLowerCase() === "o") showOriginal();
    else if (event.key === "Backspace") undo();
    else return;
    event.preventDefault(); // arrows would scroll the page
  });
  addEventListener("beforeunload", (event) => {
    if (state.judgements.length > state.saved) event.preventDefault();
  });
  const at = { across: 50, down: 50 };
  for (const img of sides) {
    dragged(img.parentElement, (event) => {
      const { image } = state.pairs[state.judgements.length];
      const move = (place, by, room) => Math.min(100, Math.max(0, place - (100 * by) / Math.max(1, room)));
      at.across = move(at.across, event.movementX, image.width - img.clientWidth);
      at.down = move(at.down, event.movementY, image.height - img.clientHeight);
      for (const each of sides) each.style.objectPosition = `${at.across}% ${at.down}%`;
    });
  }
}

function preferenceTable() {
  const number = (label, key) => ({ label, numeric: true, descending: true, value: (row) => row[key] });
  const percent = (value) => fixed(100 * value, 0);
  const table = sortableTable(
    [
      { label: "Preferred", value: (row) => row.first, kind: "name" },
      { label: "To", value: (row) => row.second, kind: "name" },
      { label: "Judgements", numeric: true, descending: true, value: (row) => row.wins + row.ties + row.losses },
      number("Wins", "wins"),
      number("Ties", "ties"),
      number("Losses", "losses"),
      { label: "Preferred in", unit: "%, ties as half", numeric: true, descending: true, value: (row) => row.share, text: (row) => percent(row.share) },
      { label: "95 % interval", numeric: true, value: (row) => row.low, text: (row) => `${percent(row.low)} to ${percent(row.high)}` },
      { label: "Size", unit: "% of the other's", numeric: true, value: (row) => row.size, text: (row) => fixed(100 * row.size, 1) },
    ],
    { caption: "What people preferred", sorted: 2 },
  );
  table.show(report.preferences);
  return table.node;
}
