// The three tables of results: Bjøntegaard deltas, image by image, times.

const FEW = 200; // rows of the table of images that are drawn before one asks for all

function showDeltas() {
  const [anchor, metric] = [byId("bd-anchor"), byId("bd-metric")];
  const anchors = report.curves.map(({ name }) => name).filter((name) => report.bd.some((entry) => entry.anchor === name));
  const metrics = Object.keys(METRICS).filter((key) => report.bd.some((entry) => entry.metric === key));
  fill(anchor, anchors.map((name) => [name, name]), anchors.find((name) => curves.get(name).kind === "baseline"));
  fill(metric, metrics.map((key) => [key, METRICS[key].label]));

  const draw = () => {
    const entries = report.bd.filter((entry) => entry.anchor === anchor.value && entry.metric === metric.value);
    const rates = entries.map((entry) => entry.bd_rate ?? 0);
    const [least, most] = [Math.min(0, ...rates), Math.max(0, ...rates)];
    const at = (percent) => (percent - least) / (most - least || 1);
    const bar = ({ bd_rate: rate }) => meter(at(0), at(rate), rate <= 0 ? "var(--good)" : "var(--bad)", at(0));
    const { label, unit, digits } = METRICS[metric.value];
    const table = sortableTable(
      [
        { label: "Codec", value: (row) => row.test, node: (row) => named(row.test), kind: "name" },
        { label: "BD-rate", unit: "%, mean curve", numeric: true, value: (row) => row.bd_rate, text: (row) => signed(row.bd_rate, 1) },
        { label: "", kind: "meter zero", node: bar },
        {
          label: "Mean per image", unit: "% ± std", numeric: true,
          value: (row) => row.bd_rate_images, text: perImage,
        },
        {
          label: `BD-${label.replace(/ (RGB|luma)$/, "")}`, unit, numeric: true, descending: true,
          value: (row) => row.bd_quality, text: (row) => signed(row.bd_quality, digits),
        },
        {
          label: "Overlap", unit, numeric: true,
          value: (row) => row.low, text: (row) => `${fixed(row.low, 1)} to ${fixed(row.high, 1)}`,
        },
        {
          label: "Images", numeric: true, value: (row) => row.images,
          text: (row) => (row.images === row.all_images ? `${row.images}` : `${row.images} of ${row.all_images}`),
        },
      ],
      { caption: `Against ${anchor.value}, ${label}`, sorted: 1, refusal: (row) => row.reason },
    );
    table.show(entries);
    byId("bd-table").replaceChildren(table.node);
  };
  anchor.addEventListener("change", draw);
  metric.addEventListener("change", draw);
  draw();
}

/** The mean of single images' BD-rates, its standard deviation and how many images it is over. */
function perImage(row) {
  if (row.bd_rate_images === null) return MISSING;
  const spread = row.bd_rate_std === null ? "" : ` ± ${fixed(row.bd_rate_std, 1)}`;
  return `${signed(row.bd_rate_images, 1)}${spread} (${row.bd_images})`;
}

function signed(value, digits) {
  return value > 0 ? `+${fixed(value, digits)}` : fixed(value, digits);
}

function showImages() {
  const number = (label, key, digits, unit = "") => ({
    label, unit, numeric: true, descending: true, value: (row) => row[key], text: (row) => fixed(row[key], digits),
  });
  const time = (label, key) => ({ label, unit: "ms", numeric: true, value: (row) => row[key], text: (row) => milliseconds(row[key]) });
  const ofImages = report.metrics.filter(({ name }) => report.rows.some((row) => name in row.scores)); // not those of sets
  const table = sortableTable(
    [
      { label: "Image", value: (row) => row.image },
      { label: "Codec", value: (row) => row.curve, node: (row) => named(row.curve), kind: "name" },
      { label: "Setting", value: (row) => row.setting, kind: "plain" },
      { label: "Bytes", numeric: true, value: (row) => row.bytes, text: (row) => whole(row.bytes) },
      number("bpp", "bpp", 3),
      ...ofImages.map((metric) => metricColumn(metric, (row) => row.scores)),
      time("Encode", "encode_s"),
      time("Decode", "decode_s"),
    ],
    { caption: "Every image, codec and setting", limit: FEW },
  );
  byId("image-table").append(table.node);

  const [curve, text, all] = [byId("filter-curve"), byId("filter-text"), byId("show-all")];
  const names = [...new Set(report.rows.map((row) => row.curve))];
  fill(curve, [["", "all"], ...names.map((name) => [name, name])], "");
  const draw = (most) => {
    const words = text.value.trim().toLowerCase();
    const rows = report.rows
      .filter((row) => !curve.value || row.curve === curve.value)
      .filter((row) => `${row.image} ${row.setting}`.toLowerCase().includes(words));
    table.show(rows, most);
    const drawn = Math.min(rows.length, most);
    byId("filter-count").textContent = drawn < rows.length ? `${whole(drawn)} of ${count(rows.length, "row")}` : count(rows.length, "row");
    all.hidden = drawn === rows.length;
    all.textContent = `Show all ${whole(rows.length)} rows`;
  };
  curve.addEventListener("change", () => draw(FEW));
  text.addEventListener("input", () => draw(FEW));
  all.addEventListener("click", () => draw(Infinity));
  draw(FEW);
}

function showTimes() {
  const label = (title) => `${title}; times are in the table below`;
  showNamedCharts(byId("time-charts"), report.times.map((chart, k) => ({ ...chart, id: `time-${k}`, label: label(chart.title) })));
  const timed = report.curves.filter((curve) => curve.points.some((point) => point.encode_s !== null));
  const rows = timed.map(({ name, points }) => ({ name, encode: mean(points, "encode_s"), decode: mean(points, "decode_s") }));
  const longest = Math.max(...rows.flatMap((row) => [row.encode, row.decode]));
  const time = (label, key) => ({ label, unit: "ms", numeric: true, value: (row) => row[key], text: (row) => milliseconds(row[key]) });
  const bar = (key) => ({ label: "", kind: "meter", node: (row) => meter(0, row[key] / longest, styleOf(row.name).colour) });
  const table = sortableTable(
    [
      { label: "Codec", value: (row) => row.name, node: (row) => named(row.name), kind: "name" },
      time("Encode", "encode"), bar("encode"),
      time("Decode", "decode"), bar("decode"),
    ],
    { caption: "Times per image", sorted: 3 },
  );
  table.show(rows);
  byId("times-table").append(table.node);
  const { cpu, cores, threads, device } = report.machine;
  const where = device === "cpu" ? "" : `, codecs of litcodec on ${device}`;
  byId("times-explain").textContent =
    `Milliseconds per image, mean over images and settings, measured on ${cpu}, ${count(cores, "core")}, ` +
    `${count(threads, "thread")}${where}. They compare with each other, not with times from elsewhere; ` +
    "published curves have none." +
    (report.times.length ? " BD-rates are means of those of single images." : "");
}

function mean(points, key) {
  const values = points.map((point) => point[key]).filter((value) => value !== null);
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}
