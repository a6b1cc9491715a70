// The workspace: the terminals of a page, of which the page's markup says which there are and where. Typing to one or many.
import { createPane } from "./pane.js";
import { fontsReady } from "./screen.js";
import { bindForm, preferences } from "./preferences.js";
import { bindSplits } from "./splits.js";
import { bindKeyBar } from "./keybar.js";
import { onTheme } from "./themes.js";

export async function start(root, page) {
  const stopping = new AbortController();
  const signal = stopping.signal;
  const panes = new Map();
  const dialog = root.querySelector("[data-paste]");
  const broadcastBar = root.querySelector("[data-broadcast-bar]");
  const toPage = (method, ...args) => page.invokeMethodAsync(method, ...args);
  const quietly = promise => promise.catch(() => {});
  const handheld = matchMedia("(pointer: coarse)");
  let active = null;
  let broadcast = null;   // the ids of those that are typed to together
  let sound;

  await fontsReady();
  const keyBar = bindKeyBar(root.querySelector("[data-keybar]"), {
    pane: () => panes.get(active),
    type: (pane, text) => deliver(pane, text),
    paste: pane => pane.element.querySelector("[data-act=paste-button]")?.click(),
  }, signal);

  const receivers = pane => broadcast?.has(pane.id) ? [...broadcast].map(id => panes.get(id)).filter(p => p && (p === pane || p.mayType)) : [pane];

  function deliver(pane, data) {
    for (const receiver of receivers(pane)) receiver.type(data);
  }

  function setBroadcast(ids) {
    broadcast = ids && ids.length > 0 ? new Set(ids) : null;
    showBroadcast();
  }

  function showBroadcast() {
    if (broadcast) for (const id of broadcast) if (!panes.has(id)) broadcast.delete(id);
    root.toggleAttribute("data-broadcasting", !!broadcast);
    broadcastBar.hidden = !broadcast;
    for (const pane of panes.values()) {
      const isIn = !!broadcast?.has(pane.id);
      pane.element.toggleAttribute("data-in-broadcast", isIn);
      pane.element.querySelector("[data-act=broadcast-one]")?.setAttribute("aria-pressed", String(isIn));
    }

    root.querySelector("[data-act=broadcast]")?.setAttribute("aria-pressed", String(!!broadcast));
    if (broadcast) {
      broadcastBar.querySelector("[data-broadcast-count]").textContent =
        `What you type goes to ${broadcast.size} of ${panes.size} ${panes.size === 1 ? "terminal" : "terminals"}.`;
    }
  }

  const inSight = () => [...panes.values()].filter(p => p.element.dataset.seen === "true").map(p => p.id);

  function act(what, pane) {
    const tabs = [...root.querySelectorAll("[data-tab]")];
    const at = tabs.findIndex(t => t.getAttribute("aria-current") === "page");
    switch (what) {
      case "broadcast": setBroadcast(broadcast ? null : inSight()); break;
      case "broadcast-all": setBroadcast([...panes.keys()]); break;
      case "broadcast-sight": setBroadcast(inSight()); break;
      case "broadcast-stop": setBroadcast(null); break;
      case "broadcast-one": {
        const ids = new Set(broadcast ?? []);
        if (!ids.delete(pane.id)) ids.add(pane.id);
        setBroadcast([...ids]);
        break;
      }
      case "go-left": case "go-right": case "go-up": case "go-down": go(pane, what.slice(3)); return;
      case "pane-after": after(pane); return;
      case "tab-before": tabs[(at - 1 + tabs.length) % tabs.length]?.click(); return;
      case "tab-after": tabs[(at + 1) % tabs.length]?.click(); return;
      case "leave": tabs[Math.max(0, at)]?.focus(); return;
      default: quietly(toPage("ActAsync", what, pane?.id ?? null)); return;
    }

    if (!handheld.matches) panes.get(active)?.focus();
  }

  // The nearest pane on that side.
  function go(from, side) {
    const here = from.element.getBoundingClientRect();
    const [x, y] = [here.left + here.width / 2, here.top + here.height / 2];
    let best;
    for (const pane of panes.values()) {
      if (pane === from || pane.element.dataset.seen !== "true") continue;
      const there = pane.element.getBoundingClientRect();
      const isThere = { left: there.right <= here.left + 2, right: there.left >= here.right - 2, up: there.bottom <= here.top + 2, down: there.top >= here.bottom - 2 }[side];
      if (!isThere) continue;
      const distance = Math.hypot(there.left + there.width / 2 - x, there.top + there.height / 2 - y);
      if (!best || distance < best.distance) best = { pane, distance };
    }

    best?.pane.focus();
  }

  function after(from) {
    const seen = inSight();
    const next = panes.get(seen[(seen.indexOf(from?.id ?? active) + 1) % seen.length]);
    if (next) activate(next.id);
  }

  function activate(id) {
    if (id === active) return;
    active = id;
    quietly(toPage("FocusedAsync", id));
  }

  function ring() {
    if (!preferences.sound) return;
    try {
      sound ??= new AudioContext();
      const [tone, volume] = [sound.createOscillator(), sound.createGain()];
      tone.frequency.value = 660;
      volume.gain.setValueAtTime(0.08, sound.currentTime);
      volume.gain.exponentialRampToValueAtTime(0.0001, sound.currentTime + 0.15);
      tone.connect(volume).connect(sound.destination);
      tone.start();
      tone.stop(sound.currentTime + 0.15);
    } catch {
      // no sound here
    }
  }

  const tabOf = id => root.querySelector(`[data-tab~="${id}"]`);
  const workspace = {
    typed(pane, data) {
      deliver(pane, typeof data === "string" ? keyBar.apply(data) : data);
    },
    async paste(pane, text) {
      if (!text) return;
      const to = receivers(pane);
      const names = to.length === 1 ? pane.name : `${to.length} terminals`;
      const ready = await pane.readyToPaste(text, names, dialog);
      if (ready !== null) for (const receiver of to) receiver.pasteText(ready);
      pane.focus();
    },
    rang(id) {
      ring();
      if (id !== active && preferences.bell) tabOf(id)?.setAttribute("data-rang", "");
    },
    report: (id, state) => toPage("ReportAsync", id, state),
    act,
  };

  root.addEventListener("focusin", event => {
    const id = event.target.closest("[data-pane]")?.dataset.pane;
    if (id && panes.has(id)) activate(id);
  }, { signal });
  root.addEventListener("click", event => {
    const button = event.target.closest("[data-act]");
    if (button && !button.closest("[data-pane]")) act(button.dataset.act, panes.get(active));
  }, { signal });
  // Menus open beneath their button, as far as there is room.
  root.addEventListener("toggle", event => {
    if (!event.target.matches("[data-drop]") || event.newState !== "open") return;
    const button = root.querySelector(`[popovertarget="${event.target.id}"]`)?.getBoundingClientRect();
    if (!button) return;
    const { offsetWidth, offsetHeight, style } = event.target;
    style.left = `${Math.max(8, Math.min(button.right - offsetWidth, innerWidth - offsetWidth - 8))}px`;
    style.top = `${Math.max(8, Math.min(button.bottom + 4, innerHeight - offsetHeight - 8))}px`;
  }, { capture: true, signal });
  // One key leaves it, wherever the focus is.
  document.addEventListener("keydown", event => {
    if (broadcast && event.ctrlKey && event.shiftKey && event.code === "KeyB" && !event.defaultPrevented) {
      event.preventDefault();
      setBroadcast(null);
    }
  }, { signal });
  bindForm(root.querySelector("[data-preferences]"), signal);
  bindSplits(root, (name, percent) => quietly(toPage("ShareAsync", name, percent)), signal);
  onTheme(() => { for (const pane of panes.values()) pane.apply(); }, signal);

  return {
    /** The markup changed: terminals come, go, and move. */
    sync(now) {
      const there = new Map([...root.querySelectorAll("[data-pane][data-attach]")].map(e => [e.dataset.pane, e]));
      for (const [id, pane] of panes) {
        if (there.get(id) === pane.element) continue;
        pane.stop();
        panes.delete(id);
      }

      for (const [id, element] of there) if (!panes.has(id)) panes.set(id, createPane(element, workspace));
      for (const pane of panes.values()) pane.seen(pane.element.dataset.seen === "true");
      showBroadcast();
      if (now !== active) {
        active = now;
        if (!handheld.matches) panes.get(now)?.focus();
      }

      tabOf(now)?.removeAttribute("data-rang");
    },
    /** Back to the terminal in use, from a dialog. */
    focus() {
      if (!handheld.matches) panes.get(active)?.focus();
    },
    stop() {
      stopping.abort();
      for (const pane of panes.values()) pane.stop();
      panes.clear();
      sound?.close();
    },
  };
}
