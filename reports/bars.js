// Bars that add up, one for each memory size.

function barTrace(trace) {
  const tint = colour(trace.meta);
  trace.marker.color = tint;
  Object.assign(trace.marker.pattern, { fgcolor: colour("paper"), bgcolor: tint });
  trace.marker.line = { width: 1, color: colour("paper") };
}

function barLayout(chart, layout, width) {
  layout.margin = { l: width < 560 ? 74 : 84, r: 20, t: 6, b: 50 };
  layout.height = 70 + 40 * chart.page.rows;
  layout.xaxis.tickformat = ",~r";
  layout.bargap = 0.35;
}

// Over bars the buttons would cover the first of them.
kinds.parts = { layout: barLayout, trace: barTrace, fixed: true, buttons: false };
