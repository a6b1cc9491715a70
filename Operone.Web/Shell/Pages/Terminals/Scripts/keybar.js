// The keys that a telephone's keyboard lacks. Ctrl and Alt hold for the next key.
import { modified, sequence } from "./keys.js";

export function bindKeyBar(bar, workspace, signal) {
  const held = { ctrl: false, alt: false };
  const show = () => {
    for (const name of ["ctrl", "alt"]) bar.querySelector(`[data-key=${name}]`)?.setAttribute("aria-pressed", String(held[name]));
  };
  const release = () => {
    held.ctrl = held.alt = false;
    show();
  };

  // The focus stays in the terminal, and the keyboard on the screen.
  bar.addEventListener("pointerdown", event => event.preventDefault(), { signal });
  bar.addEventListener("click", event => {
    const key = event.target.closest("[data-key]")?.dataset.key;
    const pane = workspace.pane();
    if (!key || !pane) return;
    if (key === "ctrl" || key === "alt") {
      held[key] = !held[key];
      show();
      pane.focus();
    } else if (key === "paste") {
      workspace.paste(pane);
    } else {
      workspace.type(pane, sequence(key, pane.screen.term, held));
      release();
    }
  }, { signal });

  return {
    /** What was typed, as it is with the held keys. */
    apply(data) {
      if (!held.ctrl && !held.alt) return data;
      const text = modified(data, held);
      release();
      return text;
    },
  };
}
