// Codecs without distortion: a bar for each, and their images.

function showLossless() {
  const points = report.lossless;
  const most = Math.max(...points.map((point) => point.bits_per_sub_pixel));
  const bars = sortableTable(
    [
      { label: "Codec", node: (point) => losslessName(point), value: (point) => point.curve },
      { label: "Setting", value: (point) => point.setting },
      {
        label: "Bits per sub-pixel",
        numeric: true,
        value: (point) => point.bits_per_sub_pixel,
        text: (point) => fixed(point.bits_per_sub_pixel, 3),
      },
      {
        label: "",
        kind: "meter",
        node: (point) => meter(0, point.bits_per_sub_pixel / most, point.kind === "codec" ? "var(--accent)" : "var(--edge)"),
      },
      { label: "Images", numeric: true, value: (point) => Object.keys(point.images).length },
      { label: "Encode", unit: "ms", numeric: true, value: (point) => point.encode_s, text: (point) => milliseconds(point.encode_s) },
      { label: "Decode", unit: "ms", numeric: true, value: (point) => point.decode_s, text: (point) => milliseconds(point.decode_s) },
    ],
    { caption: "Bits per sub-pixel of lossless codecs", sorted: 2 },
  );
  bars.show(points);
  byId("lossless-bars").append(bars.node);

  const columns = points.map((point) => ({
    label: point.curve,
    unit: point.setting,
    numeric: true,
    value: (image) => point.images[image] ?? null,
    text: (image) => fixed(point.images[image] ?? null, 3),
  }));
  const table = sortableTable([{ label: "Image", value: (image) => image }, ...columns], { caption: "Bits per sub-pixel of each image" });
  table.show([...new Set(points.flatMap((point) => Object.keys(point.images)))]);
  byId("lossless-images").append(table.node);
}

function losslessName(point) {
  return el(point.kind === "codec" ? "strong" : "span", {}, point.curve);
}
