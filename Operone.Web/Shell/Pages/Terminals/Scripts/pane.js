// One terminal in the workspace: its screen, its wire, the slim bar above it, and what the page is told of it.
import { createScreen } from "./screen.js";
import { connect } from "./wire.js";
import { actOf } from "./keys.js";
import { bindFind } from "./find.js";
import { readyToPaste, wrapped } from "./paste.js";
import { preferences, prefer, usualSize, onPreferences } from "./preferences.js";
import { plain } from "./words.js";

const settle = 80;
const muchWaiting = 128 * 1024;
const utf8 = new TextEncoder();

export function createPane(element, workspace) {
  const id = element.dataset.pane;
  const name = element.dataset.name;
  const stopping = new AbortController();
  const signal = stopping.signal;
  const bar = element.querySelector("[data-bar]");
  const state = {
    title: null, state: "connecting", mayType: element.dataset.mayType === "true", people: null, exitCode: null, reason: null,
  };
  let told = 0;
  let resizing = 0;
  let sent = null;
  let pasting = null;
  let mirrored;

  const screen = createScreen(element.querySelector("[data-screen]"), `Terminal ${name}`, {
    typed: (data, isReply) => isReply ? send(data) : workspace.typed(pane, data),
    title: title => change({ title }),
    bell,
    say: words => say("notice", words, 8000),
  });
  const find = bindFind(element.querySelector("[data-find-bar]"), screen, signal);

  function say(kind, words, ms = 0) {
    clearTimeout(told);
    told = 0;
    if (kind) bar.dataset.bar = kind;
    bar.textContent = words ?? "";
    bar.hidden = !words;
    if (ms) told = setTimeout(() => say(null, null), ms);
  }

  // What belongs to the connection stays until that changes; other words do not push it away.
  const isStanding = () => !bar.hidden && ["lost", "ended", "refused"].includes(bar.dataset.bar);
  const remark = (words, ms = 4000) => { if (!isStanding()) say("notice", words, ms); };

  function change(changes) {
    Object.assign(state, changes);
    element.toggleAttribute("data-watching", !state.mayType);
    element.dataset.state = state.state;
    clearTimeout(mirrored);
    mirrored = setTimeout(mirror, 60);
  }

  // The page may be without its server for a while: told again until it hears.
  async function mirror() {
    try {
      await workspace.report(id, state);
      if (state.state === "ended" && bar.dataset.bar === "ended") say(null, null);
    } catch {
      if (!signal.aborted) mirrored = setTimeout(mirror, 2000);
    }
  }

  function send(data) {
    wire.send(typeof data === "string" ? utf8.encode(data) : data);
  }

  function type(data) {
    if (!state.mayType) return remark("You are watching. The owner can let you type.");
    if (screen.isWanted) {
      screen.want(null);
      tellSize();
    }

    send(data);
  }

  function bell() {
    if (preferences.bell) {
      element.dataset.bell = "";
      setTimeout(() => { delete element.dataset.bell; }, 400);
    }

    workspace.rang(id);
  }

  // The size is that of whoever types last. A storm of changes is told once it has settled.
  function tellSize() {
    clearTimeout(resizing);
    resizing = setTimeout(() => {
      if (!state.mayType || screen.isWanted || !wire.isOpen) return;
      sent = { ...screen.size(), at: Date.now() };
      wire.size(sent.columns, sent.rows);
    }, settle);
  }

  function fit() {
    const before = screen.size();
    screen.arrange();
    const after = screen.size();
    if (!screen.isWanted && (before.columns !== after.columns || before.rows !== after.rows)) tellSize();
  }

  function sized({ columns, rows }) {
    if (!columns || !rows) return;
    const isMine = sent && sent.columns === columns && sent.rows === rows;
    // An answer to what was told before the last change of size.
    if (sent && !isMine && Date.now() - sent.at < 1000) return;
    sent = null;
    const fits = screen.own();
    if (state.mayType && (isMine || (fits?.columns === columns && fits?.rows === rows))) screen.want(null);
    else screen.want({ columns, rows });
  }

  // One at a terminal answers what programs ask of it: the owner where they are in, else who came first.
  function people(viewers) {
    const able = viewers.filter(v => v.mayType)
      .sort((a, b) => Number(b.isOwner) - Number(a.isOwner) || a.since.localeCompare(b.since) || a.id.localeCompare(b.id));
    screen.answers(able.length === 0 ? state.mayType : able[0].isYou);
    change({ people: viewers });
  }

  function mode(mayType) {
    if (mayType === state.mayType) return;
    change({ mayType });
    remark(mayType ? "You may type now." : "You are watching from now on.");
    if (!mayType) screen.want(screen.size());
  }

  const wire = connect(id, {
    size: () => screen.own() ?? screen.size(),
    write: (bytes, done) => screen.write(bytes, done),
    begin: text => screen.begin(text),
    settle: () => screen.settle(),
  }, {
    state(now, words) {
      if (now === "live") {
        if (isStanding()) say(null, null);
        change({ state: "live" });
      } else {
        say(now, plain(words, 200));
        change({ state: now });
      }
    },
    dropped() {
      bar.dataset.flash = "";
      setTimeout(() => { delete bar.dataset.flash; }, 400);
    },
    control(message) {
      if (typeof message.mayType === "boolean" && message.type !== "ended") mode(message.mayType);
      switch (message.type) {
        case "attached": case "resync": case "size": sized(message); break;
        case "notice": say("notice", plain(message.text, 300), 12000); break;
        case "people": people(message.people ?? []); break;
        case "ended": ended(message); break;
      }
    },
  });

  function ended({ exitCode, text }) {
    const why = plain(text, 300);
    const isSaid = exitCode === undefined || exitCode === null || why.includes(`code ${exitCode}`);
    say("ended", [isSaid ? "Ended." : `Ended with exit code ${exitCode}.`, why].filter(Boolean).join(" "));
    screen.term.options.cursorBlink = false;
    screen.term.options.disableStdin = true;
    change({ state: "ended", exitCode: exitCode ?? null, reason: why });
  }

  function copy() {
    const text = screen.term.getSelection();
    if (!text) return;
    if (navigator.clipboard) navigator.clipboard.writeText(text).catch(() => document.execCommand("copy"));
    else document.execCommand("copy");
  }

  // The browser pastes by itself; only a button has to ask for the clipboard.
  async function pasteButton() {
    try {
      await workspace.paste(pane, await navigator.clipboard.readText());
    } catch {
      remark("The browser does not give the clipboard to a button here. Ctrl+Shift+V pastes.");
    }
  }

  function pasteText(text) {
    if (!state.mayType) return type("");
    const bracketed = screen.term.modes.bracketedPasteMode;
    type(wrapped(text, bracketed));
    if (wire.waiting > muchWaiting) watchPaste(wire.waiting, bracketed);
  }

  function watchPaste(all, bracketed) {
    clearInterval(pasting?.timer);
    const timer = setInterval(() => {
      const left = wire.waiting;
      if (left < 1024) {
        clearInterval(timer);
        pasting = null;
        if (!isStanding()) say(null, null);
      } else if (!isStanding()) {
        say("notice", `Pasting: ${Math.floor(100 * (1 - left / all))} % sent. Esc stops it.`);
      }
    }, 100);
    pasting = { timer, bracketed };
  }

  function stopPaste() {
    wire.cancel();
    if (pasting.bracketed) send("\u001b[201~");
    clearInterval(pasting.timer);
    pasting = null;
    remark("Pasting was stopped.");
  }

  function act(what) {
    switch (what) {
      case "copy": copy(); break;
      case "paste-button": pasteButton(); break;
      case "find": find.open(); break;
      case "larger": prefer({ fontSize: preferences.fontSize + 1 }); break;
      case "smaller": prefer({ fontSize: preferences.fontSize - 1 }); break;
      case "usual-size": usualSize(); break;
      default: workspace.act(what, pane);
    }
  }

  screen.term.attachCustomKeyEventHandler(event => {
    if (event.type === "keydown" && event.key === "Escape" && pasting) {
      event.preventDefault();
      stopPaste();
      return false;
    }

    const what = actOf(event);
    if (!what) return true;
    // The palette's key goes on to the page; pasting is what the browser does by itself.
    if (event.type === "keydown" && what !== "palette" && what !== "paste") {
      event.preventDefault();
      event.stopPropagation();
      act(what);
    }

    return false;
  });

  element.addEventListener("paste", event => {
    if (!event.target.matches?.("[data-terminal-input]")) return;
    event.preventDefault();
    event.stopImmediatePropagation();
    workspace.paste(pane, event.clipboardData.getData("text/plain"));
  }, { capture: true, signal });
  element.addEventListener("click", event => {
    const button = event.target.closest("[data-act]");
    if (button) act(button.dataset.act);
  }, { signal });
  onPreferences(() => {
    screen.apply();
    fit();
  }, signal);
  const watcher = new ResizeObserver(fit);
  watcher.observe(screen.room);

  const pane = {
    id, name, element, screen,
    get mayType() { return state.mayType && state.state === "live"; },
    type,
    pasteText,
    readyToPaste: (text, names, dialog) => readyToPaste(text, dialog, { bracketed: screen.term.modes.bracketedPasteMode, names }),
    focus: () => screen.term.focus(),
    apply: () => screen.apply(),
    seen(isSeen) {
      screen.draw(isSeen);
      if (isSeen) fit();
    },
    stop() {
      stopping.abort();
      watcher.disconnect();
      clearTimeout(mirrored);
      clearTimeout(told);
      clearInterval(pasting?.timer);
      wire.stop();
      screen.dispose();
    },
  };
  element.dataset.state = state.state;
  element.toggleAttribute("data-watching", !state.mayType);
  return pane;
}
