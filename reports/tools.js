// What a reader may do with a chart beside pointing at it: keep it as a picture, and undo a zoom.

// A picture leaves the page, so it is light whatever the page is, and says itself what it shows.
const PICTURE_WIDTH = 900, TITLE_HEIGHT = 64;
function pictureOf(name, place, zoomed) {
  const root = document.documentElement, height = place.clientHeight;
  root.classList.add("light");
  try {
    const { data, layout } = themed(name, PICTURE_WIDTH);
    if (!kinds[charts[name].page.kind].fixed) layout.height = height;
    for (const axis of zoomed ? ["xaxis", "yaxis"] : []) {
      Object.assign(layout[axis], { range: [...place.layout[axis].range], autorange: false });
    }
    const escaped = (text) => text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");
    const about = charts[name].page.picture?.about || escaped(document.querySelector(".eyebrow")?.textContent || "");
    const called = escaped(document.getElementById(`title-${name}`).textContent);
    layout.margin.t += TITLE_HEIGHT;
    return {
      data,
      layout: {
        ...layout, width: PICTURE_WIDTH, height: layout.height + TITLE_HEIGHT,
        paper_bgcolor: colour("paper"), plot_bgcolor: colour("paper"),
        title: {
          text: `<b>${called}</b><br><span style="font-size:13px">${about}</span>`, x: 0, xref: "container",
          y: 1 - 26 / (layout.height + TITLE_HEIGHT), yref: "container", xanchor: "left", yanchor: "top", pad: { l: 16 }, font: { size: 17, color: colour("ink") },
        },
      },
    };
  } finally {
    root.classList.remove("light");
  }
}

for (const tools of document.querySelectorAll(".tools")) {
  tools.hidden = false;
  const [save, whole] = tools.querySelectorAll("button");
  const name = save.dataset.save, place = document.getElementById(`chart-${name}`);
  save.addEventListener("click", () => {
    const picture = pictureOf(name, place, !whole.hidden);
    const { width, height } = picture.layout, filename = charts[name].page.picture?.file || `powertune-${name}`;
    Plotly.downloadImage(picture, { format: "png", filename, scale: 2, width, height });
  });
  whole.addEventListener("click", () => {
    whole.hidden = true;
    save.focus();
    drawAll(false);
  });
  // The listener can be set once plotly has drawn there for the first time.
  setTimeout(() => place.on?.("plotly_relayout", (change) => {
    whole.hidden = !Object.keys(change).some((key) => key.includes(".range"));
  }));
}
