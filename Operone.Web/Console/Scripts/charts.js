// The values under the pointer. A chart says its points in data-chart: place|time|words, one a line.
document.addEventListener("pointermove", event => {
  const box = event.target.closest?.("[data-chart] .box");
  for (const other of document.querySelectorAll("[data-chart] .mark:not([hidden])")) {
    if (!box?.contains(other)) other.hidden = true;
  }

  if (!box) return;
  const bounds = box.getBoundingClientRect();
  const place = (event.clientX - bounds.left) / bounds.width;
  let best;
  for (const line of box.parentElement.dataset.chart.split("\n")) {
    const [x, at, words] = line.split("|");
    if (words !== undefined && (!best || Math.abs(x - place) < Math.abs(best.x - place))) best = { x: Number(x), at, words };
  }

  if (!best) return;
  const mark = box.querySelector(".mark");
  mark.hidden = false;
  mark.style.left = `${Math.min(1, Math.max(0, best.x)) * 100}%`;
  mark.toggleAttribute("data-left", best.x > 0.5);
  mark.firstElementChild.textContent = `${new Date(best.at * 1000).toLocaleTimeString("sv")}  ${best.words}`;
});
