// Perception-distortion planes: a chart for each rate at which several points were measured, and their table.

function showPlanes() {
  const { planes, alone } = report.perception;
  const charts = planes.map((plane, k) => {
    const title = `${report.planes[k].title}, ${count(plane.images, "image")}`;
    const label = `${plane.metric.label} over MSE at ${title}; all points are in the table below`;
    const names = [...new Set(plane.points.map(({ curve }) => curve))];
    return { id: `plane-${k}`, title, label, names, figure: report.planes[k].figure };
  });
  showNamedCharts(byId("planes"), charts);
  byId("plane-explain").hidden = !planes.length;

  const rows = planes.flatMap((plane, k) => plane.points.map((point) => ({ ...point, metric: plane.metric, rate: report.planes[k].title })));
  const rest = alone.map(([metric, point]) => ({ ...point, metric, rate: "" }));
  const interval = (low, high, digits) => `${fixed(low, digits)} to ${fixed(high, digits)}`;
  const number = (label, unit, key, text) => ({ label, unit, numeric: true, value: (row) => row[key], text });
  const table = sortableTable(
    [
      { label: "Codec", value: (row) => row.curve, node: (row) => named(row.curve), kind: "name" },
      { label: "Setting", value: (row) => row.setting, kind: "plain" },
      number("bpp", "", "bpp", (row) => fixed(row.bpp, 4)),
      number("MSE", "8-bit levels", "mse", (row) => fixed(row.mse, 2)),
      number("MSE", "95 % interval", "mse_low", (row) => interval(row.mse_low, row.mse_high, 2)),
      { label: "Metric", value: (row) => row.metric.label },
      number("Distance", "", "divergence", (row) => fixed(row.divergence, row.metric.digits)),
      number("Distance", "95 % interval", "low", (row) => interval(row.low, row.high, row.metric.digits)),
    ],
    {
      caption: "Points of the perception-distortion planes",
      sorted: 2,
      refusal: (row) => (row.rate ? null : `${row.setting}, ${fixed(row.bpp, 4)} bpp, and no other point within 2 % of its rate.`),
    },
  );
  table.show([...rows, ...rest]);
  byId("plane-table").append(table.node);
}
