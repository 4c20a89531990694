// Draws every chart that has a place on the page, in the colours of the page, and again when those change.

function themed(name, width) {
  const chart = structuredClone(charts[name]);
  const layout = chart.layout, kind = kinds[chart.page.kind];
  const ink = colour("ink"), soft = colour("soft"), grid = colour("grid");
  const narrow = width < 560;
  const axis = (given) => Object.assign(given || {}, {
    gridcolor: grid, zerolinecolor: grid, linecolor: soft, tickcolor: soft, tickfont: { color: soft, size: 12 },
    title: { ...(given && given.title), font: { color: soft, size: 13 }, standoff: 10 }, automargin: false,
  });
  Object.assign(layout, {
    paper_bgcolor: "rgba(0,0,0,0)", plot_bgcolor: "rgba(0,0,0,0)", showlegend: false, hovermode: "closest",
    font: { family: "system-ui, -apple-system, 'Segoe UI', Roboto, sans-serif", color: ink, size: 13 },
    margin: { l: narrow ? 62 : 68, r: narrow ? 10 : 20, t: 48, b: 54 }, separators: ".,",
    dragmode: coarse.matches ? false : "zoom",
    hoverlabel: { bgcolor: colour("panel"), bordercolor: colour("rule"), font: { color: ink, size: 13 }, align: "left" },
  });
  layout.xaxis = axis(layout.xaxis);
  layout.yaxis = axis(layout.yaxis);
  for (const trace of chart.data) {
    const tint = colour(trace.meta);
    if (trace.meta === "band") {
      trace.fillcolor = tint;
    } else if (trace.meta === "curve") {
      trace.line.color = tint;
    } else if (trace.meta === "mean") {
      trace.line.color = soft;
      trace.error_y.color = tint;
      // Where there is no interval plotly would draw one of no length.
      for (const side of ["array", "arrayminus"]) trace.error_y[side] = trace.error_y[side].map((reach) => reach ?? NaN);
      trace.marker = { ...trace.marker, color: tint, line: { color: colour("paper"), width: trace.marker.size > 6 ? 1.5 : 0.5 } };
    } else {
      kind.trace(trace, chart, narrow);
    }
  }
  kind.layout(chart, layout, width);
  return chart;
}

function drawAll(printing) {
  for (const name of Object.keys(charts)) {
    const place = document.getElementById(`chart-${name}`);
    if (!place) continue;
    const width = printing ? PRINT_WIDTH : place.clientWidth;
    const chart = themed(name, width), kind = kinds[chart.page.kind];
    if (!kind.fixed) chart.layout.height = place.clientHeight;
    chart.layout.width = width;
    Plotly.react(place, chart.data, chart.layout, {
      // plotly's own buttons can be reached by keyboard, but not be seen then; tools.js has others.
      displayModeBar: false, showTips: false,
    });
  }
}

let waiting = 0;
function redrawSoon() {
  cancelAnimationFrame(waiting);
  waiting = requestAnimationFrame(() => drawAll(false));
}

if (form) {
  form.hidden = false;
  form.addEventListener("change", () => drawAll(false));
  form.addEventListener("submit", (event) => event.preventDefault());
}
drawAll(print.matches);
dark.addEventListener("change", redrawSoon);
window.addEventListener("resize", redrawSoon);

// A browser applies the print style after beforeprint, so the charts follow the medium itself.
print.addEventListener("change", () => drawAll(print.matches));
let closed = [];
window.addEventListener("beforeprint", () => {
  closed = [...document.querySelectorAll("details:not([open])")];
  for (const details of closed) details.open = true;
});
window.addEventListener("afterprint", () => {
  for (const details of closed) details.open = false;
});
