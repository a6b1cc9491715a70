// The search bar of one terminal.
const marks = {
  matchBackground: "#6b5414", matchBorder: "#b98c1c", matchOverviewRuler: "#d98a1f",
  activeMatchBackground: "#d98a1f", activeMatchBorder: "#ffffff", activeMatchColorOverviewRuler: "#ffb347",
};

export function bindFind(bar, screen, signal) {
  const field = bar.querySelector("[data-find]");
  const count = bar.querySelector("[data-count]");
  const pressed = name => bar.querySelector(`[data-${name}]`).getAttribute("aria-pressed") === "true";
  const on = (target, type, act) => target.addEventListener(type, act, { signal });

  screen.search.onDidChangeResults(({ resultIndex, resultCount }) => {
    count.textContent = !field.value ? "" : resultCount === 0 ? "none" : resultIndex < 0 ? `${resultCount}` : `${resultIndex + 1} of ${resultCount}`;
  });

  function seek(step, incremental = false) {
    if (!field.value) {
      screen.search.clearDecorations();
      count.textContent = "";
      return;
    }

    const options = { caseSensitive: pressed("case"), regex: pressed("regex"), incremental, decorations: marks };
    try {
      if (options.regex) new RegExp(field.value);
      if (step < 0) screen.search.findPrevious(field.value, options);
      else screen.search.findNext(field.value, options);
      field.removeAttribute("aria-invalid");
    } catch {
      field.setAttribute("aria-invalid", "true");
      count.textContent = "no expression";
    }
  }

  function close() {
    bar.hidden = true;
    screen.search.clearDecorations();
    screen.term.focus();
  }

  on(field, "input", () => seek(1, true));
  on(bar, "keydown", event => {
    event.stopPropagation();
    if (event.key === "Enter" && event.target === field) seek(event.shiftKey ? -1 : 1);
    else if (event.key === "Escape") close();
    else return;
    event.preventDefault();
  });
  on(bar, "click", event => {
    const toggle = event.target.closest("[data-case], [data-regex]");
    if (toggle) {
      toggle.setAttribute("aria-pressed", String(toggle.getAttribute("aria-pressed") !== "true"));
      seek(1, true);
    }

    const step = event.target.closest("[data-step]");
    if (step) seek(Number(step.dataset.step));
    if (event.target.closest("[data-close-find]")) close();
  });

  return {
    open() {
      bar.hidden = false;
      const selected = screen.term.getSelection();
      if (selected && !selected.includes("\n")) field.value = selected;
      field.focus();
      field.select();
      seek(1, true);
    },
  };
}
