// Memory used, as a share of the memory size.

function usedTrace(trace) {
  if (trace.meta === "said") {
    trace.textfont = { size: 12, color: colour("ink") };
    return;
  }
  const tint = { configured: "grid", used: "warm", tight: "failed" }[trace.meta];
  trace.marker = { color: colour(tint), opacity: trace.meta === "configured" ? 1 : 0.75, line: { width: 0 } };
  if (trace.meta === "tight") {
    trace.marker.pattern = { shape: "/", size: 7, solidity: 0.35, fgcolor: colour("paper"), bgcolor: colour(tint) };
  }
}

function usedLayout(chart, layout, width) {
  const shown = rowLayout(chart, layout, width, 34);
  Object.assign(layout.xaxis, { range: [0, 100], ticksuffix: " %", nticks: 6, showgrid: false, tickangle: 0 });
  Object.assign(layout.yaxis, { range: [shown.length - 0.5, -0.5], categoryorder: "array", categoryarray: shown });
  layout.bargap = 0.3;
  const said = chart.data.find((trace) => trace.meta === "said");
  // Beside a short bar, else on its own ground inside a long one.
  const inner = Math.max(120, width - layout.margin.l - layout.margin.r);
  layout.annotations = said.text.map((text, index) => {
    const end = (said.x[index] / 100) * inner, fits = inner - end > text.length * 6.8 + 10;
    return {
      xref: "x", yref: "y", x: said.x[index], y: said.y[index], text, showarrow: false, xanchor: fits ? "left" : "right",
      xshift: fits ? 6 : -6, font: { size: 12, color: colour("ink") }, borderpad: 2,
      bgcolor: fits ? "rgba(0,0,0,0)" : colour("paper"),
    };
  });
  said.visible = false;
  if (chart.page.most !== null) {
    const most = chart.page.most;
    layout.shapes = [{ type: "line", xref: "x", yref: "paper", x0: most, x1: most, y0: 0, y1: 1, line: { width: 2, dash: "dash", color: colour("ink") } }];
  }
}

kinds.used = { layout: usedLayout, trace: usedTrace, fixed: true };
