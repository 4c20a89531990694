// What a reader may do with a chart beside pointing at it: keep it as a picture, and undo a zoom.

for (const tools of document.querySelectorAll(".tools")) {
  tools.hidden = false;
  const [save, whole] = tools.querySelectorAll("button");
  const name = save.dataset.save, place = document.getElementById(`chart-${name}`);
  save.addEventListener("click", () => Plotly.downloadImage(place, {
    format: "png", filename: `powertune-${name}`, scale: 2, width: place.clientWidth, height: place.clientHeight,
  }));
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
