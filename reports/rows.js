// Charts with a row for each memory size, of which the reader may see the important ones or all.

for (const choice of document.querySelectorAll("form.choice")) {
  choice.hidden = false;
  choice.addEventListener("change", () => drawAll(false));
  choice.addEventListener("submit", (event) => event.preventDefault());
}
const picked = (name) => document.querySelector(`form.choice [name=${name}]`)?.value;

// The labels of the rows to draw, in their order. What is printed is what is seen.
function rowsShown(page) {
  const all = picked("rows") === "all";
  return page.labels.filter((label) => all || page.first.includes(label));
}

// Leaves of a trace what belongs to the rows; y is a label, or the number of a row with something added.
function keepRows(trace, page, shown) {
  const place = new Map(shown.map((label, index) => [label, index]));
  const lists = ["x", "y", "text", "hovertext", "base"].filter((name) => Array.isArray(trace[name]));
  const kept = Object.fromEntries(lists.map((name) => [name, []]));
  trace.y.forEach((y, index) => {
    const label = typeof y === "string" ? y : page.labels[Math.round(y)];
    if (!place.has(label)) return;
    for (const name of lists) kept[name].push(trace[name][index]);
    if (typeof y !== "string") kept.y[kept.y.length - 1] = place.get(label) + (y - Math.round(y));
  });
  Object.assign(trace, kept);
}

// Round values for a logarithmic axis: as many of 1, 2 and 5, of 1 and 3, or of 1 in each decade as there is room for.
function logTicks(range, most) {
  for (const digits of [[1, 1.5, 2, 3, 4, 5, 7], [1, 2, 5], [1, 3], [1]]) {
    for (const stride of digits.length > 1 ? [1] : [1, 2, 3]) {
      const found = [];
      for (let decade = Math.floor(range[0]); decade <= range[1]; decade += stride) {
        for (const digit of digits) {
          const value = Number(`${digit}e${decade}`), at = Math.log10(value);
          if (at >= range[0] && at <= range[1]) found.push(value);
        }
      }
      if (found.length <= most) {
        return { tickvals: found, ticktext: found.map((value) => value.toLocaleString("en", { maximumSignificantDigits: 3 })) };
      }
    }
  }
  return {};
}

function rowLayout(chart, layout, width, height) {
  const shown = rowsShown(chart.page);
  for (const trace of chart.data) keepRows(trace, chart.page, shown);
  layout.margin = { l: width < 560 ? 74 : 84, r: 20, t: 6, b: 50 };
  layout.height = 70 + height * Math.max(1, shown.length);
  return shown;
}
