// Cost against duration: a point for each memory size, named where there is room.

const POINT_TINTS = { recommended: "recommended", present: "present", pareto: "curve", beaten: "soft" };

function paretoTrace(trace) {
  if (trace.meta === "front") {
    trace.line.color = colour("curve");
    return;
  }
  const tint = colour(POINT_TINTS[trace.meta]);
  trace.marker.color = tint;
  trace.marker.line = { width: trace.meta === "beaten" ? 1.8 : 1, color: trace.meta === "beaten" ? tint : colour("paper") };
  for (const reach of [trace.error_x, trace.error_y]) {
    Object.assign(reach, { type: "data", color: tint, thickness: 1.4, width: 3, symmetric: false });
    for (const side of ["array", "arrayminus"]) reach[side] = reach[side].map((length) => length ?? NaN);
  }
}

// The range of an axis that has room for every interval, from nought where that is not far.
function extent(points, axis, log) {
  const ends = points.flatMap((point) => point[axis]).filter((value) => Number.isFinite(value) && (!log || value > 0));
  const low = Math.min(...ends), high = Math.max(...ends);
  if (log) {
    const pad = 0.06 + 0.07 * (Math.log10(high) - Math.log10(low));
    return [Math.log10(low) - pad, Math.log10(high) + pad];
  }
  const pad = 0.09 * (high - low) || 0.2 * high || 1;
  return [low < 0.4 * high ? 0 : low - pad, high + pad];
}

function paretoLayout(chart, layout, width) {
  const traces = chart.data.filter((trace) => trace.meta !== "front");
  const values = chosen("values");
  const logs = chart.page.log.map((wide) => values === "log" || (values !== "linear" && wide));
  const points = traces.flatMap((trace) => trace.x.map((x, index) => ({
    trace, index,
    x: [x, x - trace.error_x.arrayminus[index], x + trace.error_x.array[index]],
    y: [trace.y[index], trace.y[index] - trace.error_y.arrayminus[index], trace.y[index] + trace.error_y.array[index]],
  })));
  layout.margin.t = 16;
  ["x", "y"].forEach((name, which) => {
    const log = logs[which];
    const range = extent(points, name, log);
    Object.assign(layout[`${name}axis`], {
      type: log ? "log" : "linear", range, tickformat: ",~r", nticks: width < 560 ? 5 : 8, tickangle: 0,
      ...(log ? logTicks(range, width < 560 ? 5 : 8) : {}),
    });
  });
  nameWhereThereIsRoom(chart, points, layout, width, logs);
}

const NEAR = [0, 8], FAR = [0, 12, 22, 32, 45, 60, 80, 105, 130, 170, 220];

// Names stand where they cover nothing. Those of the recommended and the present size are always there, if need be at
// a distance; of many sizes those that are beaten have none.
function nameWhereThereIsRoom(chart, points, layout, width, logs) {
  const height = document.getElementById("chart-pareto").clientHeight;
  const inner = [width - layout.margin.l - layout.margin.r, height - layout.margin.t - layout.margin.b];
  const at = (value, which) => (logs[which] ? Math.log10(value) : value);
  const place = (value, axis, which) => ((at(value, which) - axis.range[0]) / (axis.range[1] - axis.range[0])) * inner[which];
  const spot = (x, y) => [place(x, layout.xaxis, 0), inner[1] - place(y, layout.yaxis, 1)];
  const marks = points.map((point) => { const [x, y] = spot(point.x[0], point.y[0]); return [x - 6, y - 6, x + 6, y + 6]; });
  const taken = [...marks];
  // Nor are the intervals to go through a name.
  for (const { x, y } of points) {
    const ends = (axis, which, value, other) => axis.slice(1).map((end) => {
      const whole = Number.isFinite(end) ? end : value;
      return spot(...(which ? [other, whole] : [whole, other]))[which];
    });
    const [left, right] = ends(x, 0, x[0], y[0]), [bottom, top] = ends(y, 1, y[0], x[0]);
    const [across, up] = spot(x[0], y[0]);
    taken.push([left, up - 4, right, up + 4], [across - 4, top, across + 4, bottom]);
  }
  // The steps of the front are not to be written over either.
  const line = chart.data.find((trace) => trace.meta === "front") || { x: [], y: [] };
  const corners = line.x.map((x, index) => spot(x, line.y[index]));
  corners.slice(1).forEach(([x, y], index) => {
    const [before, high] = corners[index];
    taken.push([before, high - 2, x, high + 2], [x - 2, Math.min(y, high), x + 2, Math.max(y, high)]);
  });
  const meets = (a, b) => a[0] < b[2] && b[0] < a[2] && a[1] < b[3] && b[1] < a[3];
  const inside = (box) => box[0] >= 0 && box[2] <= inner[0] && box[1] >= -layout.margin.t && box[3] <= inner[1];
  const around = [[0, -1], [0, 1], [1, 0], [-1, 0], [1, -1], [-1, -1], [1, 1], [-1, 1]];
  const rank = { recommended: 0, present: 1, pareto: 2, beaten: 3 };
  const named = [], leaders = [];
  // The nearest free place; the line from there to the size goes through nothing of what is given.
  const search = (x, y, wide, distances, uncrossed) => {
    for (const far of distances) {
      for (const [across, up] of around) {
        const left = x + across * (9 + far) - (across < 0 ? wide : across ? 0 : wide / 2);
        const top = y + up * (9 + far) - (up < 0 ? 15 : up ? 0 : 7.5);
        const box = [left, top, left + wide, top + 15];
        if (!inside(box) || [...taken, ...named, ...leaders].some((other) => meets(box, other))) continue;
        const leader = Array.from({ length: Math.floor(far / 4) }, (_, step) => {
          const [along, level] = [x + across * (9 + 4 * step), y + up * (9 + 4 * step)];
          return [along - 2, level - 2, along + 2, level + 2];
        });
        if (!uncrossed.some((other) => leader.some((step) => meets(step, other)))) return { box, far, across, up, leader };
      }
    }
    return null;
  };
  layout.annotations = [];
  for (const point of [...points].sort((a, b) => rank[a.trace.meta] - rank[b.trace.meta])) {
    const role = point.trace.meta, must = rank[role] < 2;
    if (role === "beaten" && points.length > 20) continue;
    const [x, y] = spot(point.x[0], point.y[0]), text = point.trace.text[point.index], wide = text.length * 6.7;
    const others = marks.filter((mark) => !meets(mark, [x - 1, y - 1, x + 1, y + 1]));
    let found = search(x, y, wide, must ? FAR : NEAR, [...named, ...others]);
    if (!found && must) found = search(x, y, wide, FAR, []);
    if (!found && !must) continue;
    found ||= { box: [x - wide / 2, y - 24, x + wide / 2, y - 9], far: 0, across: 0, up: -1, leader: [] };
    const [left, top, right, bottom] = found.box;
    // Two names beside each other are not to read as one.
    named.push([left - 12, top, right + 12, bottom]);
    leaders.push(...found.leader);
    const tint = colour(role === "recommended" ? "recommended" : "ink");
    layout.annotations.push({
      x: at(point.x[0], 0), y: at(point.y[0], 1), text, font: { size: 12, color: tint }, showarrow: true,
      arrowhead: 0, arrowwidth: 1, arrowcolor: found.far ? tint : "rgba(0,0,0,0)", standoff: found.far ? 7 : 0,
      xanchor: ["right", "center", "left"][found.across + 1], yanchor: ["bottom", "middle", "top"][found.up + 1],
      ax: found.across * (9 + found.far), ay: found.up * (9 + found.far),
    });
  }
}

kinds.pareto = { layout: paretoLayout, trace: paretoTrace };
