// Several runs against memory size, each with a colour, a shape and a dash of its own.

function sidesTrace(trace, chart, narrow) {
  const tint = colour(trace.meta);
  trace.line.color = tint;
  trace.error_y.color = tint;
  // Where there is no interval plotly would draw one of no length.
  for (const side of ["array", "arrayminus"]) trace.error_y[side] = trace.error_y[side].map((reach) => reach ?? NaN);
  trace.marker = { ...trace.marker, color: tint, line: { color: colour("paper"), width: 1.5 } };
  if (narrow) trace.marker.size -= 2;
}

function sidesLayout(chart, layout, width) {
  const page = chart.page;
  const log = chosen("memory") !== "linear", values = chosen("values");
  const low = Math.min(...page.sizes), high = Math.max(...page.sizes);
  const range = log ? [Math.log10(low) - 0.1, Math.log10(high) + 0.1] : [0, high * 1.15];
  const inner = Math.max(120, width - layout.margin.l - layout.margin.r);
  const place = (mb) => (((log ? Math.log10(mb) : mb) - range[0]) / (range[1] - range[0])) * inner;
  const shown = ticks(page, place, 38);
  Object.assign(layout.xaxis, {
    type: log ? "log" : "linear", range, tickvals: shown, ticktext: shown.map((mb) => mb.toLocaleString("en")),
    tickangle: 0, showgrid: false, ticks: "outside",
  });
  const logValues = values === "log" || (values !== "linear" && page.log);
  Object.assign(layout.yaxis, {
    type: logValues ? "log" : "linear", rangemode: "tozero", tickformat: ",~r", nticks: 7,
    ...(logValues ? { dtick: "D2" } : {}),
  });
  layout.margin.t = 16;
}

kinds.sides = { layout: sidesLayout, trace: sidesTrace };
