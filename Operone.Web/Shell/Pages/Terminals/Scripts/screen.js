// What one terminal shows: xterm.js with what it needs, and nothing that lets a program reach out of it.
import { Terminal } from "@xterm/xterm";
import { FitAddon } from "@xterm/addon-fit";
import { SearchAddon } from "@xterm/addon-search";
import { Unicode11Addon } from "@xterm/addon-unicode11";
import { WebLinksAddon } from "@xterm/addon-web-links";
import { WebglAddon } from "@xterm/addon-webgl";
import { colours } from "./themes.js";
import { preferences } from "./preferences.js";
import { guard } from "./guard.js";
import { plain, safeLink } from "./words.js";

const family = "\"JetBrains Mono Variable\", ui-monospace, monospace";
const smallest = 6;
const utf8 = new TextEncoder();
const calm = matchMedia("(prefers-reduced-motion: reduce)");

// The letters are measured once: with the wrong font they would have the wrong width for good.
export const fontsReady = () => Promise.all(
  ["13px", "bold 13px"].map(style => document.fonts.load(`${style} "JetBrains Mono Variable"`).catch(() => {})));

/** @param on typed(bytes text, isReply), title(text), bell(), say(words), selected() */
export function createScreen(host, label, on) {
  const room = document.createElement("div");
  room.className = "terminal-room";
  host.replaceChildren(room);

  const follow = (event, text) => {
    const url = safeLink(text);
    if (url && (event.ctrlKey || event.metaKey)) window.open(url.href, "_blank", "noopener,noreferrer");
  };
  const hover = (event, text) => {
    const url = safeLink(text);
    room.title = url ? `Ctrl+click opens ${plain(url.href, 200)}` : "";
  };
  const leave = () => { room.title = ""; };

  const term = new Terminal({
    allowProposedApi: true,
    cursorBlink: !calm.matches,
    fontFamily: family,
    fontSize: preferences.fontSize,
    lineHeight: 1.15,
    linkHandler: { activate: follow, hover, leave, allowNonHttpProtocols: false },
    logLevel: "off",
    minimumContrastRatio: 4.5,
    screenReaderMode: preferences.screenReader,
    scrollback: 20000,
    theme: colours(preferences.scheme),
  });
  const fit = new FitAddon();
  const search = new SearchAddon({ highlightLimit: 2000 });
  term.loadAddon(fit);
  term.loadAddon(search);
  term.loadAddon(new Unicode11Addon());
  term.loadAddon(new WebLinksAddon(follow, { hover, leave }));
  term.unicode.activeVersion = "11";
  const watch = guard(term, on);
  term.open(room);
  term.textarea.setAttribute("aria-label", label);
  term.textarea.dataset.terminalInput = "";

  let webgl;
  let graphicsFail = false;
  let wanted = null;   // the size that somebody else set, or null
  let beginning = 0;   // which fresh screen it is

  // A picture by the graphics card where there is one; a browser has few of those, so that what is not seen has none.
  function draw(isSeen) {
    if (!isSeen || graphicsFail) {
      webgl?.dispose();
      webgl = undefined;
      return;
    }

    if (webgl) return;
    try {
      const addon = new WebglAddon();
      addon.onContextLoss(() => {
        addon.dispose();
        if (webgl === addon) webgl = undefined;
      });
      term.loadAddon(addon);
      webgl = addon;
    } catch {
      graphicsFail = true;
    }
  }

  function own() {
    const fits = fit.proposeDimensions();
    return fits && Number.isFinite(fits.cols) && Number.isFinite(fits.rows)
      ? { columns: Math.min(1000, fits.cols), rows: Math.min(1000, fits.rows) }
      : undefined;
  }

  function resize({ columns, rows }) {
    if (columns !== term.cols || rows !== term.rows) term.resize(columns, rows);
  }

  // Somebody else's size is shown whole by smaller letters, as far as they can be read; then by scrolling.
  function arrange() {
    if (room.clientWidth === 0) return;
    if (term.options.fontSize !== preferences.fontSize) term.options.fontSize = preferences.fontSize;
    const fits = own();
    if (!fits) return;
    if (!wanted) {
      resize(fits);
      host.removeAttribute("data-scaled");
      return;
    }

    resize(wanted);
    const ratio = Math.min(fits.columns / wanted.columns, fits.rows / wanted.rows);
    if (ratio < 1) term.options.fontSize = Math.max(smallest, Math.floor(preferences.fontSize * ratio * 4) / 4);
    host.toggleAttribute("data-scaled", ratio < 1);
  }

  const paint = () => host.style.setProperty("--screen", term.options.theme.background);
  paint();

  term.onData(data => on.typed(data, watch.isReply()));
  term.onBinary(data => on.typed(Uint8Array.from(data, c => c.charCodeAt(0)), watch.isReply()));
  term.onTitleChange(title => on.title(plain(title, 120)));
  term.onBell(() => { if (!watch.isQuiet()) on.bell(); });

  return {
    term,
    search,
    room,
    draw,
    arrange,
    /** Columns and rows that fit here. */
    own,
    size: () => ({ columns: term.cols, rows: term.rows }),
    /** From now on it has this size, which somebody else set; null for what fits. */
    want(size) {
      wanted = size;
      arrange();
    },
    get isWanted() { return wanted !== null; },
    write: (bytes, done) => term.write(bytes, done),
    /** Begins anew with this text, after all that was written before; nothing is answered until it has settled. */
    begin(text) {
      watch.quiet(true);
      beginning++;
      term.write(utf8.encode(`\u001bc${text}`));
    },
    /** What is written from here on is new. */
    settle() {
      const mine = beginning;
      term.write("", () => { if (mine === beginning) watch.quiet(false); });
    },
    /** Whether it is this page that answers what programs ask of a terminal: one at a terminal does. */
    answers: isMine => watch.answers(isMine),
    apply() {
      term.options.theme = colours(preferences.scheme);
      paint();
      term.options.screenReaderMode = preferences.screenReader;
      arrange();
    },
    dispose() {
      term.dispose();
      room.remove();
    },
  };
}
