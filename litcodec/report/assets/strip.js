// The same crop of every codec at every level, pixel for pixel.

function showStrip(image) {
  const levels = Object.entries(LEVELS).map(([level, title]) => [title, image.versions.filter((version) => version.level === level)]);
  const groups = levels.filter(([, versions]) => versions.length).map(([title, versions]) => {
    const rates = versions.map(({ bpp }) => bpp);
    const range = [Math.min(...rates), Math.max(...rates)].map((rate) => fixed(rate, 2));
    const about = range[0] === range[1] ? range[0] : range.join(" to ");
    const tiles = versions.map((version) => tile(image, version));
    return el("div", {}, el("h4", {}, `${title}, ${about} bpp`), el("div", { class: "tiles" }, tile(image, null), ...tiles));
  });
  byId("strip").replaceChildren(...groups);
  place();
}

function tile(image, version) {
  const title = version ? titleOf(version) : "Original";
  const img = el("img", { src: version?.decoded ?? image.original, alt: `Crop of ${image.name}, ${title}` });
  const frame = el("div", {}, img);
  dragged(frame, (event) => {
    shift("across", -event.movementX / Math.max(1, image.width - frame.clientWidth));
    shift("down", -event.movementY / Math.max(1, image.height - frame.clientHeight));
    place();
  });
  const numbers = version ? `${fixed(version.bpp, 3)} bpp · ${fixed(version.scores.psnr ?? null, 2)} dB` : `${image.width} × ${image.height}`;
  return el("figure", { class: "tile" }, frame, el("figcaption", {}, version ? named(version.curve, title) : title, el("small", {}, numbers)));
}

function shift(slider, share) {
  byId(slider).value = String(Number(byId(slider).value) + 100 * share);
}

function place() {
  const position = `${byId("across").value}% ${byId("down").value}%`;
  for (const img of byId("strip").querySelectorAll("img")) img.style.objectPosition = position;
}

function linkStrip() {
  byId("across").addEventListener("input", place);
  byId("down").addEventListener("input", place);
}
