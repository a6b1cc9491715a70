// Colours of terminals. The first two are the console's own, and follow its theme.
const light = {
  background: "#ffffff", foreground: "#17181c", cursor: "#5148c9", cursorAccent: "#ffffff", selectionBackground: "#cfcbf5",
  black: "#17181c", red: "#c0262d", green: "#167047", yellow: "#8a5300", blue: "#0b62c4", magenta: "#8a2fb0", cyan: "#0b6f80", white: "#6c6f79",
  brightBlack: "#5c5f69", brightRed: "#d3353c", brightGreen: "#1c8757", brightYellow: "#a16300", brightBlue: "#1f75d8", brightMagenta: "#a043c8",
  brightCyan: "#0f8396", brightWhite: "#3c3e45",
};
const dark = {
  background: "#0a0c0e", foreground: "#e7e9ec", cursor: "#a9a3ff", cursorAccent: "#0a0c0e", selectionBackground: "#3b3768",
  black: "#262b32", red: "#ff8f8a", green: "#46cf8c", yellow: "#f0b340", blue: "#6cb4ff", magenta: "#d59bf6", cyan: "#54cfdc", white: "#c9cdd3",
  brightBlack: "#868d98", brightRed: "#ffb3af", brightGreen: "#7ee2b0", brightYellow: "#f7cd7c", brightBlue: "#9fcfff", brightMagenta: "#e6c2fb",
  brightCyan: "#8ce2ea", brightWhite: "#ffffff",
};
const schemes = {
  "high-contrast": {
    ...dark, background: "#000000", foreground: "#ffffff", cursor: "#ffff00", cursorAccent: "#000000", selectionBackground: "#5a5a00",
  },
  "solarized-light": {
    background: "#fdf6e3", foreground: "#586e75", cursor: "#586e75", cursorAccent: "#fdf6e3", selectionBackground: "#e0d9c3",
    black: "#073642", red: "#dc322f", green: "#859900", yellow: "#b58900", blue: "#268bd2", magenta: "#d33682", cyan: "#2aa198", white: "#eee8d5",
    brightBlack: "#002b36", brightRed: "#cb4b16", brightGreen: "#586e75", brightYellow: "#657b83", brightBlue: "#839496", brightMagenta: "#6c71c4",
    brightCyan: "#93a1a1", brightWhite: "#fdf6e3",
  },
  "solarized-dark": {
    background: "#002b36", foreground: "#93a1a1", cursor: "#93a1a1", cursorAccent: "#002b36", selectionBackground: "#0f4a58",
    black: "#073642", red: "#dc322f", green: "#859900", yellow: "#b58900", blue: "#268bd2", magenta: "#d33682", cyan: "#2aa198", white: "#eee8d5",
    brightBlack: "#586e75", brightRed: "#cb4b16", brightGreen: "#586e75", brightYellow: "#657b83", brightBlue: "#839496", brightMagenta: "#6c71c4",
    brightCyan: "#93a1a1", brightWhite: "#fdf6e3",
  },
  nord: {
    background: "#2e3440", foreground: "#d8dee9", cursor: "#d8dee9", cursorAccent: "#2e3440", selectionBackground: "#4c566a",
    black: "#3b4252", red: "#bf616a", green: "#a3be8c", yellow: "#ebcb8b", blue: "#81a1c1", magenta: "#b48ead", cyan: "#88c0d0", white: "#e5e9f0",
    brightBlack: "#4c566a", brightRed: "#bf616a", brightGreen: "#a3be8c", brightYellow: "#ebcb8b", brightBlue: "#81a1c1", brightMagenta: "#b48ead",
    brightCyan: "#8fbcbb", brightWhite: "#eceff4",
  },
};
const prefersDark = matchMedia("(prefers-color-scheme: dark)");

export function colours(scheme) {
  if (schemes[scheme]) return schemes[scheme];
  const console = document.documentElement.dataset.theme ?? (prefersDark.matches ? "dark" : "light");
  const name = scheme === "light" || scheme === "dark" ? scheme : console;
  return name === "dark" ? dark : light;
}

/** Calls when the console's theme changes. */
export function onTheme(act, signal) {
  prefersDark.addEventListener("change", act, { signal });
  const observer = new MutationObserver(act);
  observer.observe(document.documentElement, { attributes: true, attributeFilter: ["data-theme"] });
  signal.addEventListener("abort", () => observer.disconnect());
}
