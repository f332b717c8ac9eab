// The header, the theme, and what makes the sections appear.

const themeListeners = [];
const prefersDark = matchMedia("(prefers-color-scheme: dark)");

function onThemeChange(listener) {
  themeListeners.push(listener);
}

function isDark() {
  const { theme } = document.documentElement.dataset;
  return theme ? theme === "dark" : prefersDark.matches;
}

function showTheme() {
  byId("theme").textContent = isDark() ? "Light colours" : "Dark colours";
  for (const listener of themeListeners) listener();
}

function linkTheme() {
  byId("theme").addEventListener("click", () => {
    document.documentElement.dataset.theme = isDark() ? "light" : "dark";
    showTheme();
  });
  prefersDark.addEventListener("change", showTheme);
  // Charts take their colours from computed style, which printing changes too late for them.
  const before = {};
  addEventListener("beforeprint", () => {
    before.theme = document.documentElement.dataset.theme;
    document.documentElement.dataset.theme = "light";
    showTheme();
  });
  addEventListener("afterprint", () => {
    if (before.theme) document.documentElement.dataset.theme = before.theme;
    else delete document.documentElement.dataset.theme;
    showTheme();
  });
  showTheme();
}

function showHeader() {
  const { title, created, images, machine, notes, failures } = report;
  document.querySelector("header h1").textContent = title;
  const of = (kind) => report.curves.filter((curve) => curve.kind === kind);
  const measured = new Set(report.rows.map((row) => row.image)).size;
  const parts = [
    count(measured, "image"),
    count(of("codec").length, "codec"),
    count(of("baseline").length, "baseline"),
    count(of("published").length, "published curve"),
    count(report.rows.length, "file measured", "files measured"),
  ];
  byId("summary").textContent = parts.filter((part) => !part.startsWith("0 ")).join(" · ");

  const device = machine.device === "cpu" ? "" : `, ${machine.device}`;
  const facts = [
    ["Made", moment(created)],
    ["Images", images],
    ["Machine", `${machine.cpu}, ${count(machine.cores, "core")}, ${count(machine.threads, "thread")}${device}, ${machine.system}`],
    ["Versions", `litcodec ${machine.litcodec}, torch ${machine.torch}, Python ${machine.python}`],
  ];
  byId("facts").append(...facts.map(([term, value]) => el("div", {}, el("dt", {}, term), el("dd", {}, value))));
  if (notes.length) byId("remarks").append(remark("notes", "Worth knowing", notes));
  if (failures.length) {
    const lines = failures.map(([where, { image, reason }]) => `${image}, ${where}: ${reason}`);
    byId("remarks").append(remark("failures", `${count(failures.length, "file")} could not be measured`, lines));
  }
}

function remark(kind, heading, lines) {
  const list = el("ul", {}, ...lines.map((line) => el("li", {}, line)));
  return el("div", { class: `remark ${kind}` }, el("h2", {}, heading), list);
}

function moment(created) {
  const date = new Date(created);
  if (Number.isNaN(date.getTime())) return created;
  return `${date.toLocaleString("en-GB", { dateStyle: "long", timeStyle: "short", timeZone: "UTC" })} UTC`;
}

/** Sections that have something to show, and the links to them. */
function showSections() {
  const measured = report.curves.some((curve) => curve.points.some((point) => point.encode_s !== null));
  const sections = [
    ["curves", "Curves", report.figures.length, showCharts],
    ["bd", "BD rates", report.bd.length, showDeltas],
    ["plane", "Perception", report.perception.planes.length + report.perception.alone.length, showPlanes],
    ["lossless", "Lossless", report.lossless.length, showLossless],
    ["viewer-images", "Viewer", report.viewer_images.length, showViewer],
    ["blind", "Blind", report.preferences.length + blindPairs().length, showBlind],
    ["images", "Image by image", report.rows.length, showImages],
    ["times", "Times", measured, showTimes],
  ];
  for (const [id, name, something, show] of sections) {
    byId(id).hidden = !something;
    if (!something) continue;
    show();
    document.querySelector("nav").append(el("a", { href: `#${id}` }, name));
  }
}

showHeader();
linkTheme();
showSections();
