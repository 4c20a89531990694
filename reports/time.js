// Charts against time: what each run found, and where the code changed.

// What the reader chose; where there is no choice, what the chart itself asks for.
const isEven = (chart) => (chosen("spacing") || chart.page.spacing) === "even";

function timeTrace(trace, chart, narrow) {
  const tint = colour(trace.meta);
  trace.marker.color = tint;
  if (narrow) trace.marker.size -= 1;
  if (isEven(chart)) trace.x = trace.x.map((moment) => chart.page.order.indexOf(moment));
  if (trace.meta === "deployment") return;
  trace.line.color = tint;
  trace.marker.line = { width: trace.marker.symbol.endsWith("-open") ? 2 : 1, color: trace.marker.symbol.endsWith("-open") ? tint : colour("paper") };
  Object.assign(trace.error_y, { color: tint, thickness: 1.5, width: 4 });
  // Where there is no interval plotly would draw one of no length.
  for (const side of ["array", "arrayminus"]) trace.error_y[side] = trace.error_y[side].map((reach) => reach ?? NaN);
}

const MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
const SECOND = 1000, MINUTE = 60 * SECOND, HOUR = 60 * MINUTE, DAY = 24 * HOUR;
const SPANS = [
  ...[1, 2, 5, 10, 15, 30].map((count) => count * SECOND), ...[1, 2, 5, 10, 15, 30].map((count) => count * MINUTE),
  ...[1, 2, 3, 6, 12].map((count) => count * HOUR), ...[1, 2, 7, 14].map((count) => count * DAY),
];
const MONDAY = 4 * DAY; // the first one after the beginning of 1970
const utcMoment = (text) => Date.parse(`${text.replace(" ", "T")}Z`);
const utcText = (time) => new Date(time).toISOString().slice(0, 19).replace("T", " ");

// A moment on two lines: the day with its year, or the time of day with its day, as far as neighbours need it.
function momentLabel(text, step) {
  const [year, month, day] = text.slice(0, 10).split("-").map(Number);
  if (step >= 28 * DAY) return `${MONTHS[month - 1]}<br>${year}`;
  if (step >= DAY) return `${day} ${MONTHS[month - 1]}<br>${year}`;
  return `${text.slice(11, step >= MINUTE ? 16 : 19)}<br>${day} ${MONTHS[month - 1]}`;
}

// Round moments between two, as many as there is room for: [the moments, how far they are apart].
function roundMoments(low, high, most) {
  let closest = null;
  const keep = (found, step) => {
    if (found.length >= 2) closest = [found, step];
    return found.length >= 2 && found.length <= most;
  };
  for (const step of SPANS) {
    if ((high - low) / step > 20 * most) continue;
    const from = step % (7 * DAY) ? 0 : MONDAY, found = [];
    for (let at = Math.ceil((low - from) / step) * step + from; at <= high; at += step) found.push(at);
    if (keep(found, step)) return closest;
  }
  const year = new Date(low).getUTCFullYear(), month = new Date(low).getUTCMonth();
  for (const months of [1, 2, 3, 6, 12, 24, 60, 120]) {
    const found = [];
    for (let at = Math.floor((12 * year + month) / months) * months; ; at += months) {
      const time = Date.UTC(Math.floor(at / 12), at % 12);
      if (time > high) break;
      if (time >= low) found.push(time);
    }
    if (keep(found, 28 * DAY)) return closest;
  }
  // The next rounder ones would be fewer than two.
  if (closest === null) return [[low + (high - low) / 4, high - (high - low) / 4], high - low > 2 * DAY ? DAY : SECOND];
  const every = Math.ceil(closest[0].length / most);
  return [closest[0].filter((_, index) => index % every === 0), closest[1]];
}

function timeLayout(chart, layout, width) {
  const page = chart.page, even = isEven(chart);
  const inner = Math.max(120, width - layout.margin.l - layout.margin.r);
  const [low, high] = even ? [-0.5, page.order.length - 0.5] : page.range.map(utcMoment);
  const place = (text) => (((even ? page.order.indexOf(text) : utcMoment(text)) - low) / (high - low)) * inner;
  Object.assign(layout.xaxis, { showgrid: false, zeroline: false, ticks: "outside", tickangle: 0 });
  if (even) {
    const shown = [];
    for (const text of [...page.order].reverse()) {
      if (shown.every((other) => Math.abs(place(other) - place(text)) >= 56)) shown.push(text);
    }
    // Runs of one day, or of one minute, are told apart.
    const alike = (length) => new Set(shown.map((text) => text.slice(0, length))).size < shown.length;
    const step = !alike(10) ? DAY : !alike(16) ? MINUTE : SECOND;
    Object.assign(layout.xaxis, {
      type: "linear", range: [low, high], tickvals: shown.map((text) => page.order.indexOf(text)),
      ticktext: shown.map((text) => momentLabel(text, step)),
    });
  } else {
    const [shown, step] = roundMoments(low, high, Math.max(3, Math.floor(inner / 84)));
    Object.assign(layout.xaxis, {
      type: "date", range: page.range, tickvals: shown.map(utcText),
      ticktext: shown.map((time) => momentLabel(utcText(time), step)),
    });
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
