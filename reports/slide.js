// A result as one picture: an SVG of the words of #slide, with the report's charts in it. Only for such a page.
// In a block, so that its names are its own.

{
const SLIDE = { width: 1600, height: 900, left: 64, scale: 1.5 };
const SVG = "http://www.w3.org/2000/svg";
const FONT = "system-ui, -apple-system, 'Segoe UI', Roboto, 'Helvetica Neue', Arial, sans-serif";

function part(parent, name, attributes, text) {
  const made = document.createElementNS(SVG, name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  if (text !== undefined) made.textContent = text;
  return parent.appendChild(made);
}

// Words in one line, cut with an ellipsis where they are wider than the room. Gives the width that they take.
function written(picture, text, { x, y, size, weight = 400, tint = "ink", room = Infinity, anchor = "start" }) {
  const line = part(picture, "text", {
    x, y, "font-size": size, "font-weight": weight, fill: colour(tint), "text-anchor": anchor,
    direction: "ltr", "unicode-bidi": "isolate", style: "white-space: pre",
  }, text);
  if (line.getComputedTextLength() > room) {
    const letters = [...text];
    let low = 0, high = letters.length;
    while (low < high) {
      const middle = Math.ceil((low + high) / 2);
      line.textContent = `${letters.slice(0, middle).join("").trimEnd()}…`;
      if (line.getComputedTextLength() > room) high = middle - 1; else low = middle;
    }
    line.textContent = `${letters.slice(0, low).join("").trimEnd()}…`;
  }
  return line.getComputedTextLength();
}

// The words as lines that fit the room; figures stay with their units.
function wrapped(picture, text, style, room) {
  const probe = part(picture, "text", { "font-size": style.size, "font-weight": style.weight ?? 400 });
  const fits = (words) => { probe.textContent = words; return probe.getComputedTextLength() <= room; };
  const lines = [];
  let line = "";
  const kept = text.replace(/(\d) (?=(?:MB|GB|%|ms|µs|s)(?![\w]))| (?=± )|(± ?[\d,.]+) /g, (found) => found.replaceAll(" ", "\u00a0"));
  for (const word of kept.split(" ")) {
    const longer = line ? `${line} ${word}` : word;
    if (!line || fits(longer)) line = longer; else { lines.push(line); line = word; }
  }
  probe.remove();
  return [...lines, line];
}

// The title: as large as it may be in two lines, or three at the smallest.
function titled(picture, text, top, room) {
  for (const [size, most] of [[50, 2], [44, 2], [38, 2], [34, 3], [28, 3]]) {
    const style = { size, weight: 600 };
    let lines = wrapped(picture, text, style, room);
    if (lines.length > most && size > 28) continue;
    // Lines of about the same length: as narrow as they may be without one more.
    for (let part = 0.95; part > 0.5; part -= 0.05) {
      const narrower = wrapped(picture, text, style, room * part);
      if (narrower.length > lines.length) break;
      lines = narrower;
    }
    // What does not fit is cut at the end of the last line.
    const shown = lines.slice(0, most - 1);
    if (lines.length >= most) shown.push(lines.slice(most - 1).join(" "));
    for (const line of shown) {
      top += size * 1.16;
      written(picture, line, { ...style, x: SLIDE.left, y: top, room });
    }
    return top;
  }
  return top;
}

function keyed(picture, bottom, room) {
  const size = 20, gap = 34, step = 32;
  const rows = [[]];
  let used = 0;
  for (const item of document.querySelectorAll("#slide .key li")) {
    const text = item.textContent.trim();
    const probe = part(picture, "g", {});
    const wide = 40 + written(probe, text, { x: 0, y: 0, size });
    probe.remove();
    if (used && used + wide > room) { rows.push([]); used = 0; }
    rows.at(-1).push({ at: used, text, shape: item.querySelector("svg") });
    used += wide + gap;
  }
  const top = bottom - step * (rows.length - 1);
  rows.forEach((row, index) => row.forEach(({ at, text, shape }) => {
    const y = top + index * step, x = SLIDE.left + at;
    const drawn = document.importNode(shape, true);
    for (const [name, value] of Object.entries({ x, y: y - 17, width: 30, height: 22 })) drawn.setAttribute(name, value);
    picture.append(drawn);
    written(picture, text, { x: x + 40, y, size, tint: "soft", room: room - at - 40 });
  }));
  return rows[0].length ? top - size : bottom + size;
}

// A chart below its heading, which is the title of its value axis: upright, that would need more room than there is.
async function chartInto(picture, heading, box) {
  const width = box.width / SLIDE.scale, height = box.height / SLIDE.scale;
  const name = heading.dataset.chart, chart = themed(name, width);
  written(picture, plain(chart.layout.yaxis.title.text), { x: box.x, y: box.y - 4, size: 26, weight: 600, room: box.width });
  delete chart.layout.yaxis.title;
  chart.layout.margin.l -= 10;
  Object.assign(chart.layout, { width, height });
  const source = await Plotly.toImage(
    { data: chart.data, layout: chart.layout }, { format: "svg", width, height, imageDataOnly: true },
  );
  const drawn = document.importNode(new DOMParser().parseFromString(source, "image/svg+xml").documentElement, true);
  if (drawn.localName !== "svg") throw new Error(`the chart ${name} is not an SVG`);
  for (const [key, value] of Object.entries({ ...box, viewBox: `0 0 ${width} ${height}` })) drawn.setAttribute(key, value);
  drawn.removeAttribute("style");
  picture.append(drawn);
}

// Nothing in the file needs the page: colours instead of the page's variables, no classes, no data of plotly's.
function independent(picture) {
  for (const element of picture.querySelectorAll("*")) {
    for (const { name, value } of [...element.attributes]) {
      if (name === "class" || name.startsWith("data-") || name.startsWith("aria-")) element.removeAttribute(name);
      else if (value.includes("var(--")) element.setAttribute(name, value.replace(/var\(--([\w-]+)\)/g, (_, role) => colour(role)));
    }
  }
}

// Text as plotly was given it, without its marks for < and its like.
function plain(text) {
  return text.replaceAll("&lt;", "<").replaceAll("&gt;", ">").replaceAll("&amp;", "&");
}

async function drawSlide(slide) {
  const words = (name) => [...slide.querySelectorAll(name)].map((found) => found.textContent.trim());
  const { width, height, left } = SLIDE, room = width - 2 * left;
  const picture = part(slide, "svg", {
    xmlns: SVG, viewBox: `0 0 ${width} ${height}`, width, height, "font-family": FONT, role: "img",
  });
  const [answer] = words("h1"), [name] = words("[data-part=name]"), [about] = words("[data-part=about]");
  part(picture, "title", {}, answer);
  part(picture, "desc", {}, `${name} · ${about}`);
  part(picture, "rect", { width, height, fill: colour("paper") });

  const aboutWide = written(picture, about, { x: width - left, y: 66, size: 24, tint: "soft", anchor: "end", room: room * 0.6 });
  written(picture, name, { x: left, y: 66, size: 24, weight: 600, room: room - aboutWide - 40 });
  let top = titled(picture, answer, 80, room) + 18;
  for (const note of words("[data-part=note]")) {
    const style = { size: 22, tint: "soft" };
    for (const line of wrapped(picture, note, style, room)) {
      top += 29;
      written(picture, line, { ...style, x: left, y: top, room });
    }
  }

  written(picture, words("[data-part=made]")[0], { x: left, y: height - 32, size: 18, tint: "soft", room });
  const bottom = keyed(picture, height - 78, room) - 14;
  const headings = [...slide.querySelectorAll("[data-chart]")];
  const gap = 40, wide = (room - gap * (headings.length - 1)) / headings.length;
  for (const [index, heading] of headings.entries()) {
    const x = left + index * (wide + gap);
    await chartInto(picture, heading, { x, y: top + 54, width: wide, height: bottom - top - 54 });
  }
  for (const text of words("[data-part=nothing]")) {
    written(picture, text, { x: width / 2, y: (top + bottom) / 2, size: 28, tint: "soft", anchor: "middle" });
  }
  independent(picture);
  slide.replaceChildren(picture);
  const bytes = new TextEncoder().encode(new XMLSerializer().serializeToString(picture));
  return btoa(Array.from(bytes, (byte) => String.fromCharCode(byte)).join(""));
}

// A slide is light wherever it is made.
function lightOnly() {
  for (const sheet of document.styleSheets) {
    for (let at = sheet.cssRules.length - 1; at >= 0; at -= 1) {
      if (sheet.cssRules[at].media?.mediaText.includes("dark")) sheet.deleteRule(at);
    }
  }
}

const slide = document.getElementById("slide");
if (slide) {
  window.addEventListener("load", () => {
    lightOnly();
    const root = document.documentElement;
    drawSlide(slide).then(
      (drawn) => { root.dataset.drawn = drawn; },
      (error) => { root.dataset.failed = String(error).replace(/[<>&]/g, "?"); },
    );
  });
}
}
