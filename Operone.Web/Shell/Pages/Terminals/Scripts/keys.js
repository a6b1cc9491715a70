// Which keys are the page's and not the program's. Everything else, Ctrl+K too, goes to the program.
const arrows = { ArrowLeft: "left", ArrowRight: "right", ArrowUp: "up", ArrowDown: "down" };

/** The name of what the key does, or null where it belongs to the program. */
export function actOf(event) {
  const { ctrlKey, altKey, shiftKey, metaKey, code, key } = event;
  if (ctrlKey && shiftKey && !altKey && !metaKey) {
    switch (code) {
      case "KeyC": return "copy";
      case "KeyV": return "paste";
      case "KeyF": return "find";
      case "KeyB": return "broadcast";
      case "KeyK": return "palette";
    }
  }

  if (metaKey && !ctrlKey && !altKey) {
    switch (code) {
      case "KeyC": return "copy";
      case "KeyV": return "paste";
      case "KeyF": return "find";
    }
  }

  if ((ctrlKey || metaKey) && !altKey && !(ctrlKey && metaKey)) {
    if (key === "+" || key === "=" && !shiftKey || code === "NumpadAdd") return "larger";
    if (key === "-" || code === "NumpadSubtract") return "smaller";
    if (key === "0" || code === "Numpad0") return "usual-size";
  }

  if (altKey && shiftKey && !ctrlKey && !metaKey) {
    if (arrows[code]) return `go-${arrows[code]}`;
    switch (code) {
      case "Equal": case "NumpadAdd": case "BracketRight": return "split-right";
      case "Minus": case "NumpadSubtract": case "Slash": return "split-down";
      case "PageUp": return "tab-before";
      case "PageDown": return "tab-after";
      case "Home": return "leave";
      case "KeyT": return "new";
    }
  }

  if (shiftKey && !ctrlKey && !altKey && !metaKey && code === "Insert") return "paste";
  return null;
}

const controls = { "@": 0, "[": 27, "\\": 28, "]": 29, "^": 30, "_": 31, "?": 127, " ": 0 };

/** What the keyboard of a telephone types while Ctrl or Alt of the key bar is down. */
export function modified(data, { ctrl, alt }) {
  if (ctrl && data.length === 1) {
    const upper = data.toUpperCase();
    if (upper >= "A" && upper <= "Z") data = String.fromCharCode(upper.charCodeAt(0) - 64);
    else if (upper in controls) data = String.fromCharCode(controls[upper]);
  }

  return alt ? `\u001b${data}` : data;
}

/** What a key of the key bar sends. */
export function sequence(name, term, { ctrl, alt, shift }) {
  const letter = { up: "A", down: "B", right: "C", left: "D" }[name];
  if (letter) {
    const modifier = 1 + (shift ? 1 : 0) + (alt ? 2 : 0) + (ctrl ? 4 : 0);
    if (modifier > 1) return `\u001b[1;${modifier}${letter}`;
    return term.modes.applicationCursorKeysMode ? `\u001bO${letter}` : `\u001b[${letter}`;
  }

  const text = { esc: "\u001b", tab: "\t" }[name] ?? name;
  return modified(text, { ctrl, alt });
}
