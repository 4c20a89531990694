// Charts against memory size: samples, means, the model, and what is marked.

// What both charts say of the samples lies in one of them, in columns of finished texts: put together here.
// Points of one size lie sideways by the golden ratio, so that each falls into the widest gap of those before it.
const GOLDEN = 0.6180339887498949;
function unpack({ texts, kinds: found }) {
  for (const columns of Object.values(found)) {
    Object.assign(columns, { x: [], text: [] });
    for (const [words, count, low, high] of columns.runs) {
      for (let index = 0, number = 0; index < count; index += 1) {
        const row = columns.x.push(low * (high / low) ** ((index * GOLDEN + 0.5) % 1)) - 1;
        number += columns.no[row];
        const said = columns.lines.filter(([, column]) => column[row] !== null);
        const lines = said.map(([before, column]) => before + texts[column[row]]);
        columns.text.push([`${words} (no. ${number})`, ...lines].join("<br>"));
      }
    }
  }
  return found;
}

const unpacked = {};
for (const [name, { page, data }] of Object.entries(charts)) {
  if (page.kind !== "memory" || !page.samples) continue;
  unpacked[name] = typeof page.samples === "string" ? unpacked[page.samples] : unpack(page.samples);
  delete page.samples;
  for (const trace of data) {
    const columns = unpacked[name][trace.meta];
    if (columns) Object.assign(trace, { x: columns.x, text: columns.text });
  }
}

// A report of cold starts has no box to hide them.
const coldHidden = () => form && form.elements.cold && !form.elements.cold.checked;

function memoryLayout(chart, layout, width) {
  const page = chart.page;
  const log = chosen("memory") !== "linear";
  const values = chosen("values");
  const shownSizes = [...page.sizes, ...page.reach];
  const low = Math.min(...shownSizes), high = Math.max(...shownSizes);
  const range = log ? [Math.log10(low) - 0.13, Math.log10(high) + 0.13] : [0, high * 1.22];
  const logValues = values === "log" || (values !== "linear" && page.log);
  // Ticks from millionths to thousands have long labels.
  const longest = Math.max(logValues && page.low > 0 ? 2 - Math.log10(page.low) : 0, 1 + 1.3 * Math.log10(page.high || 1));
  layout.margin.l += Math.ceil(Math.max(0, longest - 5) * 8);
  const inner = Math.max(120, width - layout.margin.l - layout.margin.r);
  const place = (mb) => (((log ? Math.log10(mb) : mb) - range[0]) / (range[1] - range[0])) * inner;
  const shown = ticks({ first: page.first, sizes: shownSizes }, place, 38);
  Object.assign(layout.xaxis, {
    type: log ? "log" : "linear", range, tickvals: shown, ticktext: shown.map((mb) => mb.toLocaleString("en")),
    tickangle: 0, showgrid: false, ticks: "outside",
  });
  Object.assign(layout.yaxis, {
    type: logValues ? "log" : "linear", rangemode: "tozero", tickformat: ",~r", nticks: 7,
    // Within less than a decade plotly's own choice has more than one tick.
    ...(logValues && page.decades > 0.8 ? { dtick: page.decades > 4 ? 1 : "D2" } : {}),
    ...(page.ranges ? { range: valueRange(page, logValues) } : {}),
  });
  for (const shape of layout.shapes || []) {
    const tint = colour(shape.name);
    if (shape.type === "rect") shape.fillcolor = tint; else shape.line.color = tint;
  }
  layout.annotations = (layout.annotations || []).filter(uncrowded(place));
  const present = structuredClone(layout.annotations.find((label) => label.name === "present"));
  for (const label of layout.annotations) {
    label.font = { color: colour(label.name === "missing" ? "failed" : label.name), size: 13 };
    // Near an edge the label leans inwards, so that it is not cut off.
    const at = place(label.x) / inner;
    if (label.name !== "missing") label.xanchor = at < 0.15 ? "left" : at > 0.85 ? "right" : "center";
    // The line of the present size goes up beside the word "recommended", and not through it.
    if (label.name === "recommended" && present && Math.abs(place(present.x) - at * inner) < 60) {
      label.xanchor = present.x < label.x ? "left" : "right";
    }
    if (label.name === "missing" && at * inner < 24) label.xshift = 10;
    if (label.name !== "missing") label.xshift = inwards(label, at * inner, inner, layout.margin);
    if (log) label.x = Math.log10(label.x);
  }
  if (page.target) addTarget(page, layout, logValues, width);
}

// How far a label goes sideways so that all of it is on the picture.
function inwards(label, at, inner, margin) {
  const wide = 8.8 * label.text.length, left = at - { left: 0, center: 0.5, right: 1 }[label.xanchor] * wide;
  const least = 4 - margin.l, most = inner + margin.r - 4 - wide;
  return Math.round(Math.max(least, Math.min(left, most)) - left);
}

// Beside a model what was measured says how far the axis reaches, and a target that is near.
function valueRange(page, log) {
  const [low, top] = page.ranges[coldHidden() ? 1 : 0], near = page.target && !isFar(page) ? page.target.value : top;
  const high = Math.max(top, near);
  return log ? [Math.log10(Math.min(low, near)) - 0.05, Math.log10(high) + 0.05] : [0, high * 1.06];
}
const isFar = (page) => page.high > 0 && page.target.value > 2.5 * page.high;

// Of missing sizes side by side only so many are named as do not lie on each other.
function uncrowded(place) {
  let last = -Infinity;
  return (label) => {
    if (label.name !== "missing") return true;
    const at = place(label.x);
    if (at - last < 36) return false;
    last = at;
    return true;
  };
}

// The latency target is a line where it does not press the samples flat, and else a word at that edge of the chart.
function addTarget(page, layout, logValues, width) {
  const { value } = page.target, text = width < 560 ? page.target.text.split(":")[0] : page.target.text;
  const above = isFar(page);
  const below = logValues && page.low > 0 && value < page.low / 10;
  const label = {
    name: "target", xref: "paper", x: 1, xanchor: "right", showarrow: false, text,
    bgcolor: colour("paper"), opacity: 0.9, borderpad: 1, font: { color: colour("target"), size: 13 },
  };
  if (above || below) {
    layout.annotations.push({
      ...label, yref: "paper", y: above ? 1 : 0, yanchor: above ? "top" : "bottom",
      text: `${above ? "↑" : "↓"} ${text}, ${above ? "above" : "below"} what is shown`,
    });
    return;
  }
  layout.shapes = [...(layout.shapes || []), {
    type: "line", xref: "paper", x0: 0, x1: 1, yref: "y", y0: value, y1: value, name: "target", layer: "above",
    line: { color: colour("target"), width: 2, dash: "8px,3px,2px,3px" },
  }];
  layout.annotations.push({ ...label, yref: "y", y: logValues ? Math.log10(value) : value, yanchor: "bottom" });
}

function sampleTrace(trace, chart, narrow) {
  const tint = colour(trace.meta);
  if (trace.meta === "statistic") {
    trace.marker.color = tint;
    trace.marker.line.color = tint;
    return;
  }
  trace.marker.color = tint;
  // Where thousands of points lie on each other, smaller and fainter ones show how densely; a single one stays visible.
  const warm = trace.meta === "warm", crowded = trace.x.length / Math.max(1, chart.page.sizes.length) > 200;
  trace.marker.size -= (narrow ? 2 : 0) + (crowded ? 2 : 0);
  trace.marker.opacity = warm ? (crowded ? 0.3 : 0.55) : 0.9;
  trace.marker.line = { width: warm ? 0 : crowded ? 1 : 1.5, color: tint };
  trace.visible = trace.meta !== "cold" || !coldHidden();
}

kinds.memory = { layout: memoryLayout, trace: sampleTrace };
