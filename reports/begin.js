const charts = JSON.parse(document.getElementById("charts").textContent);
const dark = window.matchMedia("(prefers-color-scheme: dark)");
const print = window.matchMedia("print");
const coarse = window.matchMedia("(pointer: coarse)");
const PRINT_WIDTH = 680;
const form = document.getElementById("controls");

const colour = (role) => getComputedStyle(document.documentElement).getPropertyValue(`--${role}`).trim();
const chosen = (name) => form && new FormData(form).get(name);

// What is special about each kind of chart (its page.kind): layout(chart, layout, width) finishes the layout,
// trace(trace, chart, narrow) colours a trace that is not coloured by its role below. fixed: its height is its own.
const kinds = {};

// As many sizes as there is room for, the important ones first.
function ticks(page, position, room) {
  const taken = [];
  for (const size of [...page.first, ...page.sizes]) {
    const at = position(size);
    if (taken.every((other) => Math.abs(position(other) - at) >= room)) taken.push(size);
  }
  return taken.sort((a, b) => a - b);
}
