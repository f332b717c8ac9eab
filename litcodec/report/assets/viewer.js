// Two versions of an image on top of each other, with a divider, and pixels that can be looked at.

/** A version's curve; with its setting where the curve has several versions of one size. */
function titleOf(version) {
  return version.title || version.curve;
}

const ORIGINAL = "original"; // value of the option; versions' values are "of " and the curve's name
const ZOOMS = [["fit", "fit"], ["1", "1×"], ["2", "2×"], ["4", "4×"], ["8", "8×"]];
const SIDES = { left: "Left", right: "Right" };

function showViewer() {
  const versions = report.viewer_images.flatMap((image) => image.versions);
  const titles = report.curves.flatMap(({ name }) => versions.filter(({ curve }) => curve === name).map(titleOf));
  const sources = [[ORIGINAL, "Original"], ...[...new Set(titles)].map((title) => [`of ${title}`, title])];
  const view = { image: 0, level: "middle", left: ORIGINAL, right: sources.at(1)?.[0] ?? ORIGINAL, zoom: "fit", split: 50, maps: false };
  const [stage, scroller, sheet, divider] = ["stage", "scroller", "sheet", "divider"].map(byId);

  /** What a side shows: {title, setting, address, version, map}. */
  function source(side) {
    const image = report.viewer_images[view.image];
    if (view[side] === ORIGINAL) return { title: "Original", setting: image.name, address: image.original };
    const title = view[side].slice("of ".length);
    const version = image.versions.find((each) => titleOf(each) === title && each.level === view.level);
    if (!version) return { title, setting: "no file of this codec at this rate" };
    const map = view.maps && version.bits !== null;
    return { title, setting: version.setting, address: map ? version.bits : version.decoded, version, map };
  }

  function draw() {
    const { name } = report.viewer_images[view.image];
    const captions = Object.keys(SIDES).map((side) => {
      const shown = source(side);
      const img = byId(`${side}-image`);
      img.hidden = !shown.address;
      if (shown.address) img.src = shown.address;
      img.alt = `${name}, ${shown.map ? "where the bits went, " : ""}${shown.title}, ${shown.setting}`;
      byId(`${side}-tag`).textContent = shown.title;
      return caption(SIDES[side], shown, view.maps);
    });
    byId("captions").replaceChildren(...captions);
    fitSheet();
  }

  function fitSheet() {
    const { width, height } = report.viewer_images[view.image];
    const room = { width: byId("viewer").clientWidth, height: Math.max(240, Math.round(0.8 * innerHeight)) };
    const scale = view.zoom === "fit" ? Math.min(1, room.width / width, room.height / height) : Number(view.zoom);
    const [w, h] = [Math.max(1, Math.floor(width * scale)), Math.max(1, Math.floor(height * scale))];
    const centre = [scroller.scrollLeft + scroller.clientWidth / 2, scroller.scrollTop + scroller.clientHeight / 2];
    const share = [centre[0] / (sheet.clientWidth || 1), centre[1] / (sheet.clientHeight || 1)];
    Object.assign(sheet.style, { width: `${w}px`, height: `${h}px` });
    Object.assign(scroller.style, { maxHeight: `${room.height}px` });
    byId("frame").style.width = `${Math.min(w, room.width)}px`;
    stage.classList.toggle("pannable", w > room.width || h > room.height);
    sheet.classList.toggle("pixels", scale >= 1);
    scroller.scrollTo(share[0] * w - scroller.clientWidth / 2, share[1] * h - scroller.clientHeight / 2);
    divide();
  }

  /** The right image lies on the left one; what is left of the divider is cut off. */
  function divide() {
    const across = (view.split / 100) * scroller.clientWidth;
    byId("right-image").style.clipPath = `inset(0 0 0 ${scroller.scrollLeft + across}px)`;
    byId("left-image").style.clipPath = `inset(0 ${Math.max(0, sheet.clientWidth - scroller.scrollLeft - across)}px 0 0)`;
    byId("handle").style.left = `${across}px`;
    divider.value = String(Math.round(view.split));
  }

  function splitAt(event) {
    const box = scroller.getBoundingClientRect();
    view.split = Math.min(100, Math.max(0, (100 * (event.clientX - box.left)) / scroller.clientWidth));
    divide();
  }

  dragged(byId("handle"), splitAt);
  dragged(scroller, (event) => {
    if (!stage.classList.contains("pannable")) splitAt(event);
    else if (event.pointerType === "mouse") scroller.scrollBy(-event.movementX, -event.movementY);
  });
  divider.addEventListener("input", () => {
    view.split = Number(divider.value);
    divide();
  });
  scroller.addEventListener("scroll", divide);
  new ResizeObserver(fitSheet).observe(byId("viewer"));

  const set = (key) => (value) => {
    view[key] = value;
    draw();
  };
  const select = byId("viewer-image");
  fill(select, report.viewer_images.map(({ name }, k) => [String(k), name]));
  select.addEventListener("change", () => {
    view.image = Number(select.value);
    offerLevels();
    showStrip(report.viewer_images[view.image]);
    draw();
  });
  for (const side of Object.keys(SIDES)) {
    fill(byId(side), sources, view[side]);
    byId(side).addEventListener("change", () => set(side)(byId(side).value));
  }
  choices(byId("zoom"), ZOOMS, view.zoom, set("zoom"));
  byId("maps").addEventListener("change", () => set("maps")(byId("maps").checked));
  byId("maps").parentElement.hidden = !report.viewer_images.some(({ versions }) => versions.some(({ bits }) => bits !== null));

  /** Codecs whose rates hardly overlap have one level, not three. */
  function offerLevels() {
    const { versions } = report.viewer_images[view.image];
    const levels = Object.keys(LEVELS).filter((level) => versions.some((version) => version.level === level));
    if (!levels.includes(view.level)) view.level = levels[0];
    byId("level").querySelectorAll("label").forEach((label) => label.remove());
    choices(byId("level"), levels.map((level) => [level, LEVELS[level].toLowerCase()]), view.level, set("level"));
    byId("level").hidden = levels.length === 0;
  }
  offerLevels();
  linkStrip();
  showStrip(report.viewer_images[0]);
  draw();
}

function caption(side, { title, setting, version, map }, maps) {
  const heading = version ? named(version.curve, title) : title;
  const node = el("div", { class: "caption" }, el("h3", {}, el("small", {}, side), heading), el("p", {}, setting));
  if (!version) return node;
  const facts = [
    ["Bytes", whole(version.bytes)],
    ["bpp", fixed(version.bpp, 3)],
    ...report.metrics
      .filter(({ name }) => version.scores[name] != null)
      .map(({ name, label, unit, digits }) => [label, `${fixed(version.scores[name], digits)} ${unit}`.trim()]),
  ];
  node.append(el("dl", {}, ...facts.map(([term, value]) => el("div", {}, el("dt", {}, term), el("dd", {}, value)))));
  if (map) node.append(el("div", { class: "scale" }, "0", el("i", { "aria-hidden": "true" }), `${version.bits_scale} ${version.bits_scale === 1 ? "bit" : "bits"} per pixel`));
  else if (maps) node.append(el("p", {}, "No map: only litcodec's own codecs say where their bits went."));
  return node;
}

/** Calls `moved` while a pointer that went down on the node moves. */
function dragged(node, moved) {
  node.addEventListener("pointerdown", (event) => {
    const onBar = event.offsetX > node.clientWidth || event.offsetY > node.clientHeight; // a scroll bar
    if (event.button !== 0 || (event.target === node && onBar)) return;
    node.setPointerCapture(event.pointerId);
    moved(event);
  });
  node.addEventListener("pointermove", (event) => {
    if (node.hasPointerCapture(event.pointerId)) moved(event);
  });
  node.addEventListener("dragstart", (event) => event.preventDefault());
}
