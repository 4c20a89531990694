(() => {
  "use strict";
  const charts = JSON.parse(document.getElementById("charts").textContent);
  const dark = window.matchMedia("(prefers-color-scheme: dark)");
  const print = window.matchMedia("print");
  const coarse = window.matchMedia("(pointer: coarse)");
  const PRINT_WIDTH = 680;
  const form = document.getElementById("controls");

  const colour = (role) => getComputedStyle(document.documentElement).getPropertyValue(`--${role}`).trim();
  const chosen = (name) => form && new FormData(form).get(name);
  // A report of cold starts has no box to hide them.
  const coldHidden = () => form && form.elements.cold && !form.elements.cold.checked;

  // As many sizes as there is room for, the important ones first.
  function ticks(page, position, room) {
    const taken = [];
    for (const size of [...page.first, ...page.sizes]) {
      const at = position(size);
      if (taken.every((other) => Math.abs(position(other) - at) >= room)) taken.push(size);
    }
    return taken.sort((a, b) => a - b);
  }

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

  function themed(name, width) {
    const chart = structuredClone(charts[name]);
    const layout = chart.layout;
    const ink = colour("ink"), soft = colour("soft"), grid = colour("grid");
    const narrow = width < 560;
    const axis = (given) => Object.assign(given || {}, {
      gridcolor: grid, zerolinecolor: grid, linecolor: soft, tickcolor: soft, tickfont: { color: soft, size: 12 },
      title: { ...(given && given.title), font: { color: soft, size: 13 }, standoff: 10 }, automargin: false,
    });
    Object.assign(layout, {
      paper_bgcolor: "rgba(0,0,0,0)", plot_bgcolor: "rgba(0,0,0,0)", showlegend: false, hovermode: "closest",
      font: { family: "system-ui, -apple-system, 'Segoe UI', Roboto, sans-serif", color: ink, size: 13 },
      margin: { l: narrow ? 56 : 68, r: narrow ? 10 : 20, t: 48, b: 54 }, separators: ".,",
      dragmode: coarse.matches ? false : "zoom",
      modebar: { bgcolor: "rgba(0,0,0,0)", color: soft, activecolor: ink },
      hoverlabel: { bgcolor: colour("panel"), bordercolor: colour("rule"), font: { color: ink, size: 13 }, align: "left" },
    });
    layout.xaxis = axis(layout.xaxis);
    layout.yaxis = axis(layout.yaxis);
    for (const trace of chart.data) {
      const tint = colour(trace.meta);
      if (trace.type === "bar") {
        trace.marker.color = tint;
        Object.assign(trace.marker.pattern, { fgcolor: colour("paper"), bgcolor: tint });
        trace.marker.line = { width: 1, color: colour("paper") };
      } else if (trace.meta === "band") {
        trace.fillcolor = tint;
      } else if (trace.meta === "curve") {
        trace.line.color = tint;
      } else if (trace.meta === "mean") {
        trace.line.color = soft;
        trace.error_y.color = tint;
        // Where there is no interval plotly would draw one of no length.
        for (const side of ["array", "arrayminus"]) trace.error_y[side] = trace.error_y[side].map((reach) => reach ?? NaN);
        trace.marker = { ...trace.marker, color: tint, line: { color: colour("paper"), width: 1.5 } };
      } else {
        trace.marker.color = tint;
        if (narrow) trace.marker.size -= 2;
        // Where thousands of points lie on each other, fainter ones show how densely.
        const crowd = trace.x.length / Math.max(1, chart.page.sizes.length);
        trace.marker.opacity = trace.meta !== "warm" ? 0.9 : crowd > 200 ? 0.15 : 0.55;
        trace.marker.line = { width: trace.meta === "warm" ? 0 : 1.5, color: tint };
        trace.visible = trace.meta !== "cold" || !coldHidden();
      }
    }
    if (chart.page.kind === "memory") memoryLayout(chart, layout, width);
    else {
      layout.margin = { l: narrow ? 74 : 84, r: 20, t: 6, b: 50 };
      layout.height = 70 + 40 * chart.page.rows;
      layout.xaxis.tickformat = ",~r";
      layout.bargap = 0.35;
    }
    return chart;
  }

  function drawAll(printing) {
    for (const name of Object.keys(charts)) {
      const place = document.getElementById(`chart-${name}`);
      if (!place) continue;
      const width = printing ? PRINT_WIDTH : place.clientWidth;
      const chart = themed(name, width);
      if (chart.page.kind === "memory") chart.layout.height = place.clientHeight;
      chart.layout.width = width;
      Plotly.react(place, chart.data, chart.layout, {
        displaylogo: false,
        // Over bars it would cover the first of them.
        displayModeBar: coarse.matches || printing || chart.page.kind !== "memory" ? false : "hover",
        modeBarButtonsToRemove: ["select2d", "lasso2d", "autoScale2d"], showTips: false,
        toImageButtonOptions: { filename: `powertune-${name}`, scale: 2 },
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
})();
