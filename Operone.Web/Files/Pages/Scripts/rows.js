// The rows of a folder in the browser: keys on them, in a list or a grid, however many are out of sight; and dragging them from pane to pane.
const kind = "application/x-operone-files";
const typing = element => element.closest?.("input:not([type=checkbox]), textarea, select, [contenteditable]");
const inDialog = () => document.querySelector(".mud-dialog, dialog[open]");
const panes = new Set();
let active = null;
let dragged = null;
let jumping = 0;

export class Rows {
  #root;
  #self;
  #listening = new AbortController();
  #sizes;
  #at = 0;
  #turn = 0;
  #across = 0;
  #typed = null;

  constructor(root, self) {
    this.#root = root;
    this.#self = self;
    panes.add(this);
    const { signal } = this.#listening;
    // Before the console's own keys: those that a folder takes are no others'.
    document.addEventListener("keydown", e => this.#key(e), { signal, capture: true });
    root.addEventListener("focusin", e => this.#enter(e), { signal });
    root.addEventListener("pointerdown", () => { active = this; }, { signal });
    root.addEventListener("dragstart", e => this.#lift(e), { signal });
    root.addEventListener("dragend", () => this.#letGo(), { signal });
    root.addEventListener("dragover", e => this.#over(e), { signal });
    root.addEventListener("dragleave", e => { if (!root.contains(e.relatedTarget)) this.#mark(null); }, { signal });
    root.addEventListener("drop", e => this.#drop(e), { signal });
    this.#sizes = new ResizeObserver(() => this.refresh());
    this.#sizes.observe(root);
  }

  stop() {
    this.#listening.abort();
    this.#sizes.disconnect();
    this.#turn++;
    panes.delete(this);
    if (active === this) active = null;
  }

  /** Counts how many tiles fit beside each other. */
  refresh() {
    const tiles = this.#root.querySelector(".tiles");
    const across = tiles ? Math.max(1, Math.floor((tiles.clientWidth - 8) / 148)) : 0;
    if (across && across !== this.#across) this.#self.invokeMethodAsync("SizeAsync", across).catch(() => {});
    this.#across = across;
  }

  focus() {
    this.#go(this.#at);
  }

  top() {
    this.#turn++;
    this.#at = 0;
    this.#scroller.scrollTop = 0;
  }

  get #count() { return Number(this.#root.dataset.count); }

  get #isShown() { return this.#root.offsetParent !== null; }

  // What scrolls: the list itself beside another, else the page.
  get #scroller() {
    const list = this.#root.querySelector("[data-list]");
    return list && getComputedStyle(list).overflowY !== "visible" ? list : document.scrollingElement;
  }

  #row(index) { return this.#root.querySelector(`[data-index="${index}"]`); }

  #current() {
    const row = document.activeElement?.closest("[data-index]");
    return row && this.#root.contains(row) ? row : null;
  }

  #enter(event) {
    active = this;
    const row = event.target.closest("[data-index]");
    if (row) this.#at = Number(row.dataset.index);
  }

  #height() {
    const row = this.#root.querySelector("[data-index]");
    return (row?.closest(".line") ?? row)?.getBoundingClientRect().height || 37;
  }

  // The place of the first row in the scroller: there are others before it, however few of them are drawn.
  #top() {
    const scroller = this.#scroller;
    const body = this.#root.querySelector("[data-list] tbody") ?? this.#root.querySelector("[data-list]");
    const origin = scroller === document.scrollingElement ? 0 : scroller.getBoundingClientRect().top;
    return body.getBoundingClientRect().top - origin + scroller.scrollTop;
  }

  /** Goes to a row: scrolls there, waits until it is drawn, and gives it the focus. */
  async #go(index) {
    const count = this.#count;
    if (!count) return;
    index = Math.max(0, Math.min(count - 1, index));
    this.#at = index;
    const turn = ++this.#turn;
    let row = this.#row(index);
    if (!row) {
      const scroller = this.#scroller;
      const line = Math.floor(index / (this.#across || 1));
      scroller.scrollTop = index === count - 1 ? scroller.scrollHeight : this.#top() + line * this.#height() - scroller.clientHeight / 2;
    }

    for (let tries = 0; !row && tries < 100; tries++) {
      await new Promise(resolve => setTimeout(resolve, 30));
      if (turn !== this.#turn) return;
      row = this.#row(index);
    }

    const link = row?.querySelector("a.row");
    link?.focus({ preventScroll: true });
    row?.scrollIntoView({ block: "nearest" });
  }

  // From where one is; where one is nowhere, from the first row in sight.
  #from() {
    if (this.#current() || this.#row(this.#at)) return this.#at;
    const top = this.#scroller === document.scrollingElement ? 0 : this.#scroller.getBoundingClientRect().top;
    const seen = [...this.#root.querySelectorAll("[data-index]")].find(r => r.getBoundingClientRect().top >= top);
    return seen ? Number(seen.dataset.index) : 0;
  }

  #steps(event) {
    const across = this.#across || 1;
    const page = Math.max(1, Math.floor((this.#scroller.clientHeight || 600) / this.#height()) - 2) * across;
    switch (event.key) {
      case "ArrowDown": case "j": return across;
      case "ArrowUp": case "k": return -across;
      case "ArrowRight": return this.#across ? 1 : 0;
      case "ArrowLeft": return this.#across ? -1 : 0;
      case "PageDown": return page;
      case "PageUp": return -page;
      case "Home": return -Infinity;
      case "End": return Infinity;
      default: return 0;
    }
  }

  #key(event) {
    if (event.defaultPrevented || inDialog() || this.#menu(event)) return;
    const first = [...panes].find(p => p.#isShown);
    if ((active?.#isShown ? active : first) !== this || typing(event.target)) return;
    if (this.#typed !== null) return this.#jump(event);
    if ((event.ctrlKey || event.metaKey) && !event.altKey && !event.shiftKey && event.key.toLowerCase() === "a") {
      event.preventDefault();
      return this.#press("all");
    }

    if (event.ctrlKey || event.metaKey || event.altKey || event.target.closest?.("[role=menu], .columns[open]")) return;
    // "g" and a letter goes to another page: the letter is the console's.
    const isJump = Date.now() - jumping < 1200;
    jumping = event.key === "g" && !isJump ? Date.now() : 0;
    if (isJump) return;
    const row = this.#current();
    const step = this.#steps(event);
    // Whoever is on something else that takes keys keeps them; in the folder itself nothing but a row takes these.
    const others = this.#root.contains(event.target) ? "select, summary" : "a, button, input, select, summary, pre, [tabindex]:not([tabindex='-1'])";
    const isFree = !event.target.closest?.(others);
    if (step && (row || isFree || event.key === "j" || event.key === "k") && this.#count) {
      event.preventDefault();
      const from = this.#from();
      const to = !row && Math.abs(step) === (this.#across || 1) ? from : from + step;
      if (event.shiftKey && row) this.#range(row, to);
      else this.#go(to);
      return;
    }

    if (this.#act(event, row)) event.preventDefault();
  }

  #act(event, row) {
    switch (event.key) {
      case "Tab": return !event.shiftKey && !!row && this.#cross();
      case " ": case "x": case "Insert":
        if (!row || (event.key === " " && event.target.matches("input, button, summary"))) return false;
        this.#press("x", row);
        if (event.key === "Insert") this.#go(this.#at + 1);
        return true;
      case "Escape": this.#press("none"); return false;
      case "Delete": case "F8": this.#press("Delete", row); return true;
      case "F2": case "F5": case "F6": case "F7":
        if ((event.key === "F5" || event.key === "F6") && !row && !this.#root.querySelector(".chosen")) return false;
        this.#press(event.key, row);
        return true;
      case "F10":
        if (!event.shiftKey || !row) return false;
        this.#press("menu", row);
        return true;
      case "ContextMenu": if (row) this.#press("menu", row); return !!row;
      case "f": this.#type(""); return true;
      case "2": document.querySelector("[data-two]")?.click(); return true;
      case "/": return this.#find("[data-filter]", f => { f.focus(); f.select(); });
      case "l": return this.#find("[data-path-edit]", b => b.click());
      case "Backspace": return this.#find("[data-up]", a => a.click());
      default: return false;
    }
  }

  // In this pane: in the folder itself, or in what is around it.
  #find(selector, act) {
    const element = this.#root.querySelector(selector) ?? this.#root.closest(".pane")?.querySelector(selector) ?? document.querySelector(selector);
    if (element) act(element);
    return !!element;
  }

  #press(key, row) {
    const at = row?.querySelector("a.row")?.getBoundingClientRect();
    this.#self.invokeMethodAsync("PressAsync", key, row?.dataset.path ?? null, at ? at.left + 24 : 0, at ? at.bottom : 0).catch(() => {});
  }

  async #range(row, to) {
    if (!row.querySelector("input:checked")) await this.#self.invokeMethodAsync("PressAsync", "x", row.dataset.path, 0, 0);
    await this.#go(to);
    const now = this.#current();
    if (now && !now.querySelector("input:checked")) this.#press("range", now);
  }

  #cross() {
    const other = [...panes].find(p => p !== this && p.#isShown);
    if (!other) return false;
    active = other;
    other.#root.closest(".pane")?.scrollIntoView({ block: "nearest" });
    if (other.#count) other.#go(other.#from());
    else other.#root.querySelector("[data-filter]")?.focus();
    return true;
  }

  // A menu's own keys.
  #menu(event) {
    const menu = document.querySelector(".menu[role=menu]");
    if (!menu) return false;
    if (event.key === "Escape") document.querySelector(".backdrop")?.click();
    const items = [...menu.querySelectorAll("[role=menuitem]:not(:disabled)")];
    const at = items.indexOf(document.activeElement);
    const to = { ArrowDown: at + 1, ArrowUp: at < 0 ? items.length - 1 : at - 1, Home: 0, End: items.length - 1, Tab: event.shiftKey ? at - 1 : at + 1 }[event.key];
    if (to !== undefined) {
      event.preventDefault();
      items.at(to % items.length)?.focus();
    }

    return true;
  }

  // "f" and the first letters of a name: to where it stands, in the whole folder.
  #type(text) {
    this.#typed = text;
    this.#show(text ? `Jump to “${text}”` : "Jump to: type the beginning of a name");
  }

  #show(text) {
    const shown = this.#root.querySelector("[data-jump-text]");
    shown.hidden = text === null;
    shown.textContent = text ?? "";
  }

  async #jump(event) {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.key.length > 1 && event.key !== "Backspace") {
      if (["Shift", "CapsLock", "AltGraph", "Dead"].includes(event.key)) return;
      this.#typed = null;
      this.#show(null);
      if (event.key === "Escape" || (event.key === "Enter" && !this.#current())) event.preventDefault();
      else if (event.key !== "Enter") this.#key(event);
      return;
    }

    event.preventDefault();
    this.#type(event.key === "Backspace" ? this.#typed.slice(0, -1) : this.#typed + event.key);
    const asked = this.#typed;
    if (!asked) return;
    const found = await this.#self.invokeMethodAsync("FindAsync", asked).catch(() => null);
    if (this.#typed !== asked) return;
    if (found === null) this.#show(`No name begins with “${asked}”`);
    else await this.#go(found);
  }

  #lift(event) {
    const row = event.target.closest?.("[data-path]");
    if (!row || !this.#root.contains(row)) return;
    dragged = { pane: this, path: row.dataset.path };
    event.dataTransfer.setData(kind, row.dataset.path);
    event.dataTransfer.effectAllowed = "copyMove";
  }

  #letGo() {
    dragged = null;
    for (const pane of panes) pane.#mark(null);
  }

  // Upon a folder in either pane, or anywhere in the other one.
  #target(event) {
    if (!dragged || !event.dataTransfer?.types.includes(kind)) return null;
    const row = event.target.closest?.("[data-folder]");
    if (row && row.dataset.path !== dragged.path) return row;
    return dragged.pane !== this ? this.#root : null;
  }

  #over(event) {
    const target = this.#target(event);
    this.#mark(target);
    if (!target) return;
    event.preventDefault();
    event.dataTransfer.dropEffect = event.shiftKey ? "move" : "copy";
  }

  #mark(target) {
    for (const marked of this.#root.parentElement?.querySelectorAll(".takes") ?? []) if (marked !== target) marked.classList.remove("takes");
    target?.classList.add("takes");
  }

  #drop(event) {
    const target = this.#target(event);
    if (!target) return;
    event.preventDefault();
    const { pane, path } = dragged;
    pane.#self.invokeMethodAsync("HandAsync", path, target === this.#root ? null : target.dataset.path, event.shiftKey).catch(() => {});
    this.#letGo();
  }
}
