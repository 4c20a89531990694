// How single durations spread: strips for all memory sizes, and one of them closely.

function spreadTrace(trace) {
  const [role, kind] = trace.meta.split("-");
  const tint = colour(kind), ink = colour("mean");
  if (trace.mode === "lines") {
    trace.line.color = role === "half" ? tint : colour("soft");
    trace.opacity = role === "half" ? 0.5 : 1;
    if (role === "half" && kind === "cold") trace.line.dash = "5px,2px";
    trace.connectgaps = false;
  } else {
    trace.marker.color = role === "value" ? tint : ink;
    trace.marker.line = { ...trace.marker.line, color: trace.marker.color };
    if (role === "p95") trace.marker.line.width = 0;
  }
  trace.visible = kind !== "cold" || !hasWarm() || !coldHidden();
}

// Where all are cold starts there is nothing else to see.
const hasWarm = () => charts.spread.data.some((trace) => trace.meta.endsWith("-warm"));

function spreadLayout(chart, layout, width) {
  const page = chart.page;
  const shown = rowLayout(chart, layout, width, page.apart ? 44 : 34);
  const values = chosen("values");
  const log = values === "log" || (values !== "linear" && page.log);
  Object.assign(layout.xaxis, {
    type: log ? "log" : "linear", tickformat: ",~r", nticks: width < 560 ? 5 : 9, tickangle: 0,
  });
  const drawn = chart.data.filter((trace) => trace.visible !== false);
  const range = extent(drawn.flatMap((trace) => trace.x.filter((x) => x !== null).map((x) => ({ x: [x] }))), "x", log);
  Object.assign(layout.xaxis, { range, ...(log ? logTicks(range, width < 560 ? 5 : 9) : {}) });
  Object.assign(layout.yaxis, {
    range: [shown.length - 0.5, -0.5], tickvals: shown.map((_, index) => index), ticktext: shown, zeroline: false,
    showgrid: false,
  });
  layout.shapes = shown.slice(1).map((_, index) => ({
    type: "line", xref: "paper", x0: 0, x1: 1, y0: index + 0.5, y1: index + 0.5, layer: "below",
    line: { width: 1, color: colour("grid") },
  }));
}

function closelyTrace() {}

function closelyLayout(chart, layout, width) {
  const one = chart.page.series[picked("closely") || chart.page.at];
  const tint = colour(one.cold ? "cold" : "warm"), ink = colour("mean"), total = one.counts.reduce((a, b) => a + b, 0);
  const many = one.counts.length > 0;
  const bars = chart.data[0];
  if (many) {
    Object.assign(bars, {
      // Each bar lies over its own range; a logarithmic axis has them as wide as a linear one.
      x: one.counts.map((_, i) => (one.log ? Math.sqrt(one.edges[i] * one.edges[i + 1]) : (one.edges[i] + one.edges[i + 1]) / 2)),
      width: one.counts.map((_, i) => one.edges[i + 1] - one.edges[i]),
      y: one.counts,
      hovertext: one.counts.map((count, i) => `${one.names[i]} to ${one.names[i + 1]}<br>${count.toLocaleString("en")} of ${total.toLocaleString("en")}`),
      marker: {
        color: tint, opacity: 0.6, line: { width: 1, color: colour("paper") },
        ...(one.cold ? { pattern: { shape: "/", size: 7, solidity: 0.3, fgcolor: colour("paper"), bgcolor: tint } } : {}),
      },
    });
    if (one.log) Object.assign(bars, { x: undefined, width: undefined, ...steps(one, tint) });
  } else {
    Object.assign(bars, {
      type: "scatter", mode: "markers", x: one.values, y: one.values.map(() => 0.5), hovertext: one.texts,
      marker: { symbol: "line-ns-open", size: 26, color: tint, line: { width: 2, color: tint } },
    });
  }
  const at = (value) => (one.log ? Math.log10(value) : value);
  layout.margin.t = 66;
  layout.bargap = 0;
  layout.xaxis.title.text = one.axis;
  const ends = many ? [one.edges[0], one.edges.at(-1)] : [Math.min(...one.values, one.marks[0][0]), Math.max(...one.values, one.marks.at(-1)[0])];
  const low = at(ends[0]), high = at(ends[1]), pad = 0.06 * (high - low) || 0.2 * Math.abs(low) || 1;
  Object.assign(layout.xaxis, {
    type: one.log ? "log" : "linear", range: [low - pad, high + pad], tickformat: ",~r", nticks: width < 560 ? 5 : 8,
    showgrid: false, ticks: "outside", tickangle: 0, ...(one.log ? logTicks([low - pad, high + pad], width < 560 ? 5 : 9) : {}),
  });
  Object.assign(layout.yaxis, many ? { rangemode: "tozero", tickformat: ",d", nticks: 5 } : { range: [0, 1], visible: false });
  layout.shapes = one.marks.map(([value], index) => ({
    type: "line", xref: "x", yref: "paper", x0: value, x1: value, y0: 0, y1: 1 + 0.075 * index,
    line: { width: index ? 1.5 : 2.5, color: ink, dash: ["solid", "dash", "dot"][index] },
  }));
  layout.annotations = one.marks.map(([value, text], index) => {
    const place = (at(value) - low + pad) / (high - low + 2 * pad);
    return {
      xref: "x", yref: "paper", x: at(value), y: 1 + 0.075 * index, yanchor: "bottom", text, showarrow: false,
      xanchor: place > 0.6 ? "right" : "left", font: { size: 12, color: ink },
    };
  });
  const said = document.getElementById("closely-said");
  if (said && said.textContent !== one.said) said.textContent = one.said;
}

// On a logarithmic axis an outline in steps: bars there have no width of their own.
function steps(one, tint) {
  const x = [one.edges[0]], y = [0];
  one.counts.forEach((count, i) => { x.push(one.edges[i], one.edges[i + 1]); y.push(count, count); });
  x.push(one.edges.at(-1));
  y.push(0);
  return { type: "scatter", mode: "lines", x, y, fill: "tozeroy", line: { width: 1.5, color: tint }, hovertext: [], hoverinfo: "skip", hovertemplate: undefined };
}

kinds.spread = { layout: spreadLayout, trace: spreadTrace, fixed: true };
kinds.closely = { layout: closelyLayout, trace: closelyTrace };
