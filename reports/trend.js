// Figures of checks against time: a line that joins them, a mark by what each check said, and where they changed.

const SAID = { same: "warm", better: "recommended", worse: "failed", undecided: "note", none: "set-aside" };

function trendTrace(trace, chart, narrow) {
  if (isEven(chart)) trace.x = trace.x.map((moment) => chart.page.order.indexOf(moment));
  if (trace.meta === "joined") {
    trace.line.color = colour("soft");
    return;
  }
  const open = trace.marker.symbol.endsWith("-open"), tint = colour(SAID[trace.meta]);
  trace.marker.color = tint;
  trace.marker.line = { width: open ? 2 : 1, color: open ? tint : colour("paper") };
  if (narrow) trace.marker.size -= 1;
}

function trendLayout(chart, layout, width) {
  const [bands, lines] = [layout.shapes.filter((shape) => shape.type === "rect" || shape.name === "level"), layout.shapes.filter((shape) => shape.name === "since")];
  layout.shapes = lines;
  timeLayout(chart, layout, width);
  for (const shape of bands) {
    if (isEven(chart)) [shape.x0, shape.x1] = [shape.x0, shape.x1].map((moment) => chart.page.order.indexOf(moment));
    if (shape.name === "level") shape.line.color = colour("ink");
    else shape.fillcolor = colour("equivalent");
  }
  layout.shapes = [...bands, ...lines];
}

kinds.trend = { layout: trendLayout, trace: trendTrace };
