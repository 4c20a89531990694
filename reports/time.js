// Charts against time: what each run found, and where the code changed.

function timeTrace(trace, chart, narrow) {
  const tint = colour(trace.meta);
  trace.marker.color = tint;
  if (narrow) trace.marker.size -= 1;
  if (chosen("spacing") === "even") trace.x = trace.x.map((moment) => chart.page.order.indexOf(moment));
  if (trace.meta === "deployment") return;
  trace.line.color = tint;
  trace.marker.line = { width: trace.marker.symbol.endsWith("-open") ? 2 : 1, color: trace.marker.symbol.endsWith("-open") ? tint : colour("paper") };
  Object.assign(trace.error_y, { color: tint, thickness: 1.5, width: 4 });
  // Where there is no interval plotly would draw one of no length.
  for (const side of ["array", "arrayminus"]) trace.error_y[side] = trace.error_y[side].map((reach) => reach ?? NaN);
}

const shortDate = (moment) => {
  const [year, month, day] = moment.slice(0, 10).split("-").map(Number);
  return `${day} ${["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"][month - 1]}<br>${year}`;
};

function timeLayout(chart, layout, width) {
  const page = chart.page, even = chosen("spacing") === "even";
  const inner = Math.max(120, width - layout.margin.l - layout.margin.r);
  const moment = (text) => Date.parse(`${text.replace(" ", "T")}Z`);
  const [low, high] = even ? [-0.5, page.order.length - 0.5] : page.range.map(moment);
  const place = (text) => (((even ? page.order.indexOf(text) : moment(text)) - low) / (high - low)) * inner;
  Object.assign(layout.xaxis, { showgrid: false, zeroline: false, ticks: "outside", tickangle: 0 });
  if (even) {
    const shown = [];
    for (const text of [...page.order].reverse()) {
      if (shown.every((other) => Math.abs(place(other) - place(text)) >= 56)) shown.push(text);
    }
    Object.assign(layout.xaxis, {
      type: "linear", range: [low, high], tickvals: shown.map((text) => page.order.indexOf(text)),
      ticktext: shown.map(shortDate),
    });
  } else {
    Object.assign(layout.xaxis, { type: "date", range: page.range, nticks: Math.max(2, Math.floor(inner / 110)) });
  }
  Object.assign(layout.yaxis, { rangemode: "tozero", tickformat: ",~r", nticks: 7 });
  layout.margin.b = 70;
  for (const shape of layout.shapes) {
    shape.line.color = colour("deployment");
    if (even) shape.x0 = shape.x1 = page.order.indexOf(shape.x0);
  }
  // As many names as there is room for, the latest first; the marks below them tell the rest.
  const taken = [];
  layout.annotations = [...layout.annotations].reverse().filter((label) => {
    const at = place(label.x), wide = 7.2 * label.text.length;
    const [from, to] = at < wide / 2 ? [at, at + wide] : at > inner - wide / 2 ? [at - wide, at] : [at - wide / 2, at + wide / 2];
    if (taken.some(([start, end]) => from < end + 8 && start < to + 8)) return false;
    taken.push([from, to]);
    label.xanchor = at < wide / 2 ? "left" : at > inner - wide / 2 ? "right" : "center";
    label.font = { color: colour("deployment"), size: 12 };
    if (even) label.x = page.order.indexOf(label.x);
    return true;
  });
}

kinds.time = { layout: timeLayout, trace: timeTrace };
