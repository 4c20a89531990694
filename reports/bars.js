// Bars that add up, one for each memory size.

function barTrace(trace) {
  const tint = colour(trace.meta);
  trace.marker.color = tint;
  Object.assign(trace.marker.pattern, { fgcolor: colour("paper"), bgcolor: tint });
  trace.marker.line = { width: 1, color: colour("paper") };
}

function barLayout(chart, layout, width) {
  const shown = rowLayout(chart, layout, width, 40);
  Object.assign(layout.yaxis, { range: [shown.length - 0.5, -0.5], autorange: false, categoryorder: "array", categoryarray: shown });
  layout.xaxis.tickformat = ",~r";
  layout.bargap = 0.35;
}

kinds.parts = { layout: barLayout, trace: barTrace, fixed: true };
