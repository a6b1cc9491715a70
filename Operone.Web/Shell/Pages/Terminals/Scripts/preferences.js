// How terminals look and behave in this browser. Remembered here alone: a phone wants another size than a desk.
const name = "operone-terminal";
const usual = { fontSize: 13, scheme: "auto", bell: true, sound: false, screenReader: false, clipboard: false };
const listeners = new Set();
export const sizes = { least: 8, most: 32 };

function read() {
  try {
    return { ...usual, ...JSON.parse(localStorage.getItem(name) ?? "{}") };
  } catch {
    return { ...usual };
  }
}

export let preferences = read();

export function prefer(changes) {
  preferences = { ...preferences, ...changes };
  preferences.fontSize = Math.min(sizes.most, Math.max(sizes.least, Number(preferences.fontSize) || usual.fontSize));
  try {
    localStorage.setItem(name, JSON.stringify(preferences));
  } catch {
    // a browser that remembers nothing
  }

  for (const listener of listeners) listener();
}

export const usualSize = () => prefer({ fontSize: usual.fontSize });

export function onPreferences(act, signal) {
  listeners.add(act);
  signal.addEventListener("abort", () => listeners.delete(act));
}

addEventListener("storage", event => {
  if (event.key !== name) return;
  preferences = read();
  for (const listener of listeners) listener();
});

/** The form in which they are set: fields by their data-prefer. */
export function bindForm(form, signal) {
  const show = () => {
    for (const field of form.querySelectorAll("[data-prefer]")) {
      const value = preferences[field.dataset.prefer];
      if (field.type === "checkbox") field.checked = value;
      else field.value = value;
    }
  };
  form.addEventListener("change", event => {
    const field = event.target.closest("[data-prefer]");
    if (field) prefer({ [field.dataset.prefer]: field.type === "checkbox" ? field.checked : field.value });
  }, { signal });
  onPreferences(show, signal);
  show();
}
