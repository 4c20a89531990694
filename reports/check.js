// The charts of a check: how each metric changed against the threshold, and how the durations of both sides spread.

function changesTrace(trace, chart, narrow) {
  const tint = colour(`verdict-${trace.meta}`);
  const open = trace.marker.symbol.endsWith("-open");
  trace.marker = { ...trace.marker, color: tint, line: { color: open ? tint : colour("paper"), width: open ? 2 : 1.5 } };
  if (narrow) trace.marker.size -= 2;
  Object.assign(trace.error_x, { color: tint, thickness: 2, width: 6 });
  // Where there is no interval plotly would draw one of no length.
  for (const side of ["array", "arrayminus"]) trace.error_x[side] = trace.error_x[side].map((reach) => reach ?? NaN);
}

function changesLayout(chart, layout, width) {
  const { labels, range, threshold, limit } = chart.page;
  layout.margin = { l: 112, r: 20, t: 30, b: 54 };
  layout.height = 90 + 36 * labels.length;
  const most = width < 560 ? 4 : 9;
  Object.assign(layout.xaxis, { range, tickformat: ",~r", nticks: most, tickangle: 0, zeroline: false, ticks: "outside" });
  Object.assign(layout.yaxis, {
    range: [labels.length - 0.5, -0.5], tickvals: labels.map((_, index) => index), ticktext: labels, zeroline: false, showgrid: false,
  });
  const line = (x, tint, dash, thick) => ({
    type: "line", xref: "x", yref: "paper", x0: x, x1: x, y0: 0, y1: 1, layer: "below", line: { color: colour(tint), dash, width: thick },
  });
  layout.shapes = [
    { type: "rect", xref: "x", yref: "paper", x0: -threshold, x1: threshold, y0: 0, y1: 1, layer: "below", fillcolor: colour("missing"), line: { width: 0 } },
    line(0, "soft", "solid", 1), line(threshold, "verdict-worse", "dash", 1.8),
  ];
  const inner = width - layout.margin.l - layout.margin.r, place = ((threshold - range[0]) / (range[1] - range[0])) * inner;
  layout.annotations = [{
    xref: "x", yref: "paper", x: threshold, y: 1, yanchor: "bottom", yshift: 4, showarrow: false, text: limit,
    xanchor: place + 6.6 * limit.length > inner + layout.margin.r ? "right" : "left", font: { size: 12, color: colour("verdict-worse") },
  }];
}

function sharesTrace(trace) {
  const tint = colour(trace.meta === "before" ? "side-1" : "side-0");
  if (trace.mode === "lines") trace.line.color = tint;
  else trace.marker = { ...trace.marker, color: trace.meta === "before" ? colour("paper") : tint, line: { color: trace.meta === "before" ? tint : colour("paper"), width: trace.meta === "before" ? 2.2 : 1.5 } };
}

function sharesLayout(chart, layout, width) {
  const { range, log } = chart.page;
  const at = log ? Math.log10 : (value) => value;
  const low = at(range[0]), high = at(range[1]), pad = 0.05 * (high - low) || 0.1 * Math.abs(low) || 1;
  const most = width < 560 ? 5 : 9, reach = [low - pad, high + pad];
  Object.assign(layout.xaxis, {
    type: log ? "log" : "linear", range: reach, tickformat: ",~r", nticks: most, tickangle: 0, ticks: "outside",
    ...(log ? logTicks(reach, most) : {}),
  });
  Object.assign(layout.yaxis, { range: [0, 104], tickvals: [0, 25, 50, 75, 95], zeroline: false });
  layout.margin.t = 16;
}

kinds.changes = { layout: changesLayout, trace: changesTrace, fixed: true };
kinds.shares = { layout: sharesLayout, trace: sharesTrace };
