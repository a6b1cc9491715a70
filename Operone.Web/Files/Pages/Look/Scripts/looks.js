// The console's colours, light and dark, in Monaco.
import { editor } from "monaco-editor/editor/editor.api.js";

const palette = {
  light: {
    bg: "#f4f4f6", surface: "#ffffff", text: "#17181c", muted: "#5c5f69", faint: "#62656f", line: "#e3e3e8", strong: "#c9c9d1", hover: "#ececf0", accent: "#5148c9", select: "#cfcbf5",
    key: "#0b62c4", string: "#167047", number: "#8a2fb0", word: "#5148c9", type: "#0a6576", bad: "#c0262d", warning: "#8a5300",
    plusLine: "#e9f6ef", plus: "#cfeddc", minusLine: "#fdf0f0", minus: "#fadada",
  },
  dark: {
    bg: "#0a0c0e", surface: "#14171b", text: "#e7e9ec", muted: "#9ca3ae", faint: "#868d98", line: "#262b32", strong: "#3a414b", hover: "#171b20", accent: "#a9a3ff", select: "#3b3768",
    key: "#6cb4ff", string: "#46cf8c", number: "#d59bf6", word: "#a9a3ff", type: "#54cfdc", bad: "#ff8f8a", warning: "#f0b340",
    plusLine: "#10231a", plus: "#1a4030", minusLine: "#261415", minus: "#4a2023",
  },
};

for (const [name, c] of Object.entries(palette)) {
  const rule = (token, foreground, fontStyle) => ({ token, foreground: foreground.slice(1), fontStyle });
  editor.defineTheme(`operone-${name}`, {
    base: name === "dark" ? "vs-dark" : "vs",
    inherit: true,
    rules: [
      rule("", c.text), rule("comment", c.faint, "italic"), rule("string", c.string), rule("string.key.json", c.key), rule("string.value.json", c.string), rule("string.link", c.key),
      rule("number", c.number), rule("keyword", c.word), rule("keyword.json", c.word), rule("type", c.type), rule("tag", c.key), rule("attribute.name", c.type), rule("attribute.value", c.string),
      rule("delimiter", c.muted), rule("variable", c.text), rule("key", c.key), rule("metatag", c.type), rule("regexp", c.bad),
      rule("log.time", c.faint), rule("log.error", c.bad, "bold"), rule("log.warning", c.warning, "bold"), rule("log.info", c.key), rule("log.debug", c.muted),
    ],
    colors: {
      "editor.background": c.bg, "editor.foreground": c.text, "editorGutter.background": c.bg, "editorLineNumber.foreground": c.faint, "editorLineNumber.activeForeground": c.text,
      "editorCursor.foreground": c.accent, "editor.selectionBackground": c.select, "editor.lineHighlightBackground": c.hover, "editor.lineHighlightBorder": "#00000000",
      "editorWidget.background": c.surface, "editorWidget.border": c.strong, "editorHoverWidget.background": c.surface, "editorHoverWidget.border": c.strong, "input.background": c.surface,
      "input.border": c.strong, "focusBorder": c.accent, "editorStickyScroll.background": c.bg, "editorStickyScroll.border": c.line, "editorIndentGuide.background1": c.line,
      "menu.background": c.surface, "menu.foreground": c.text, "menu.border": c.strong, "quickInput.background": c.surface, "diffEditor.border": c.line, "scrollbar.shadow": "#00000000",
      "editorOverviewRuler.border": "#00000000", "diffEditor.insertedLineBackground": c.plusLine, "diffEditor.insertedTextBackground": c.plus, "diffEditor.removedLineBackground": c.minusLine,
      "diffEditor.removedTextBackground": c.minus, "diffEditorGutter.insertedLineBackground": c.plusLine, "diffEditorGutter.removedLineBackground": c.minusLine,
      "diffEditor.unchangedRegionBackground": c.surface, "diffEditor.diagonalFill": c.line,
    },
  });
}

const prefersDark = matchMedia("(prefers-color-scheme: dark)");
const paint = () => editor.setTheme(`operone-${document.documentElement.dataset.theme ?? (prefersDark.matches ? "dark" : "light")}`);

/** Follows the console's theme, and the system's. */
export function follow() {
  paint();
  prefersDark.addEventListener("change", paint);
  new MutationObserver(paint).observe(document.documentElement, { attributes: true, attributeFilter: ["data-theme"] });
}
