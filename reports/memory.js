// Charts against memory size: samples, means, the model, and what is marked.

// A report of cold starts has no box to hide them.
const coldHidden = () => form && form.elements.cold && !form.elements.cold.checked;

function memoryLayout(chart, layout, width) {
  const page = chart.page;
  const log = chosen("memory") !== "linear";
  const values = chosen("values");
  const shownSizes = [...page.sizes, ...page.reach];
  const low = Math.min(...shownSizes), high = Math.max(...shownSizes);
  const range = log ? [Math.log10(low) - 0.13, Math.log10(high) + 0.13] : [0, high * 1.22];
  const inner = Math.max(120, width - layout.margin.l - layout.margin.r);
  const place = (mb) => (((log ? Math.log10(mb) : mb) - range[0]) / (range[1] - range[0])) * inner;
  const shown = ticks({ first: page.first, sizes: shownSizes }, place, 38);
  Object.assign(layout.xaxis, {
    type: log ? "log" : "linear", range, tickvals: shown, ticktext: shown.map((mb) => mb.toLocaleString("en")),
    tickangle: 0, showgrid: false, ticks: "outside",
  });
  const logValues = values === "log" || (values !== "linear" && page.log);
  Object.assign(layout.yaxis, {
    type: logValues ? "log" : "linear", rangemode: "tozero", tickformat: ",~r", nticks: 7,
    ...(logValues ? { dtick: page.decades > 4 ? 1 : "D2" } : {}),
  });
  for (const shape of layout.shapes || []) {
    const tint = colour(shape.name);
    if (shape.type === "rect") shape.fillcolor = tint; else shape.line.color = tint;
  }
  for (const label of layout.annotations || []) {
    label.font = { color: colour(label.name === "missing" ? "failed" : label.name), size: 13 };
    // Near an edge the label leans inwards, so that it is not cut off.
    const at = place(label.x) / inner;
    if (label.name !== "missing") label.xanchor = at < 0.15 ? "left" : at > 0.85 ? "right" : "center";
    if (log) label.x = Math.log10(label.x);
  }
}

function sampleTrace(trace, chart, narrow) {
  const tint = colour(trace.meta);
  trace.marker.color = tint;
  if (narrow) trace.marker.size -= 2;
  // Where thousands of points lie on each other, fainter ones show how densely.
  const crowd = trace.x.length / Math.max(1, chart.page.sizes.length);
  trace.marker.opacity = trace.meta !== "warm" ? 0.9 : crowd > 200 ? 0.15 : 0.55;
  trace.marker.line = { width: trace.meta === "warm" ? 0 : 1.5, color: tint };
  trace.visible = trace.meta !== "cold" || !coldHidden();
}

kinds.memory = { layout: memoryLayout, trace: sampleTrace };
