// The lines between panes are moved by pointer and by keys. Where each stands is a variable of the root's style, from which
// the style sheet computes the places of all panes: nothing has to be asked for while one moves.
const [least, most] = [5, 95];

export function bindSplits(root, moved, signal) {
  const set = (line, percent) => {
    const value = Math.min(most, Math.max(least, Math.round(percent)));
    root.style.setProperty(line.dataset.split, String(value / 100));
    line.setAttribute("aria-valuenow", String(value));
    return value;
  };

  root.addEventListener("pointerdown", event => {
    const line = event.target.closest("[data-split]");
    if (!line || event.button !== 0) return;
    event.preventDefault();
    line.focus();
    line.setPointerCapture(event.pointerId);
    root.toggleAttribute("data-moving", true);
    const area = line.parentElement.getBoundingClientRect();
    const isRows = line.getAttribute("aria-orientation") === "horizontal";
    let value = Number(line.getAttribute("aria-valuenow"));
    const ending = new AbortController();
    const options = { signal: AbortSignal.any([signal, ending.signal]) };
    line.addEventListener("pointermove", move => {
      value = set(line, 100 * (isRows ? (move.clientY - area.top) / area.height : (move.clientX - area.left) / area.width));
    }, options);
    const end = () => {
      ending.abort();
      root.removeAttribute("data-moving");
      moved(line.dataset.split, value);
    };
    line.addEventListener("pointerup", end, options);
    line.addEventListener("pointercancel", end, options);
  }, { signal });

  root.addEventListener("keydown", event => {
    const line = event.target.closest?.("[data-split]");
    if (!line || event.ctrlKey || event.altKey || event.metaKey) return;
    const now = Number(line.getAttribute("aria-valuenow"));
    const next = { ArrowLeft: now - 2, ArrowUp: now - 2, ArrowRight: now + 2, ArrowDown: now + 2, Home: least, End: most }[event.key];
    if (next === undefined) return;
    event.preventDefault();
    moved(line.dataset.split, set(line, next));
  }, { signal });
}
