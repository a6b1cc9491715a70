// What goes on, in a corner of the console: it stays while one goes from page to page. Everything is text; nothing of a name is markup.
const icons = {
  close: '<path d="M18 6 6 18"/><path d="m6 6 12 12"/>',
  pause: '<rect x="14" y="3" width="5" height="18" rx="1"/><rect x="5" y="3" width="5" height="18" rx="1"/>',
  play: '<path d="M5 5a2 2 0 0 1 3.008-1.728l11.997 6.998a2 2 0 0 1 .003 3.458l-12 7A2 2 0 0 1 5 19z"/>',
  again: '<path d="M3 12a9 9 0 0 1 9-9 9.75 9.75 0 0 1 6.74 2.74L21 8"/><path d="M21 3v5h-5"/><path d="M21 12a9 9 0 0 1-9 9 9.75 9.75 0 0 1-6.74-2.74L3 16"/><path d="M8 16H3v5"/>',
  fold: '<path d="m6 9 6 6 6-6"/>',
  done: '<path d="M20 6 9 17l-5-5"/>',
  bad: '<path d="m21.73 18-8-14a2 2 0 0 0-3.48 0l-8 14A2 2 0 0 0 4 21h16a2 2 0 0 0 1.73-3"/><path d="M12 9v4"/><path d="M12 17h.01"/>',
};
const most = 60;
const weight = { asking: 0, failed: 1, running: 2, paused: 3, waiting: 4, done: 5 };

export function size(bytes) {
  const units = ["B", "KiB", "MiB", "GiB", "TiB"];
  const at = bytes < 1 ? 0 : Math.min(units.length - 1, Math.floor(Math.log2(bytes) / 10));
  const value = bytes / 1024 ** at;
  return `${at === 0 || value >= 100 ? Math.round(value) : value.toFixed(1)} ${units[at]}`;
}

export function time(seconds) {
  if (!Number.isFinite(seconds)) return "";
  const s = Math.ceil(seconds);
  return s < 60 ? `${s}s` : s < 3600 ? `${Math.floor(s / 60)}m ${s % 60}s` : `${Math.floor(s / 3600)}h ${Math.floor(s % 3600 / 60)}m`;
}

function make(name, className, text) {
  const element = document.createElement(name);
  if (className) element.className = className;
  if (text !== undefined) element.textContent = text;
  return element;
}

function icon(name) {
  const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  svg.setAttribute("class", "icon");
  svg.setAttribute("viewBox", "0 0 24 24");
  svg.setAttribute("aria-hidden", "true");
  svg.innerHTML = icons[name];
  return svg;
}

function iconButton(name, label, act) {
  const button = make("button", "btn quiet small icon-only");
  button.type = "button";
  button.append(icon(name));
  button.setAttribute("aria-label", label);
  button.title = label;
  button.addEventListener("click", act);
  return button;
}

function textButton(text, act) {
  const button = make("button", "btn small", text);
  button.type = "button";
  button.addEventListener("click", act);
  return button;
}

export class Panel {
  #queue;
  #act;
  #root;
  #title;
  #list;
  #more;
  #note;
  #clear;
  #rows = new Map();
  #drawing = 0;

  constructor(queue, act) {
    this.#queue = queue;
    this.#act = act;
  }

  show() {
    if (!this.#root) this.#make();
    this.#note.hidden = true;
    this.draw();
  }

  /** Something that goes with no file. */
  say(text) {
    this.#note.textContent = text;
    this.#note.hidden = false;
  }

  /** A few times a second, however often it is called. */
  draw() {
    if (!this.#root || this.#drawing) return;
    this.#drawing = setTimeout(() => {
      this.#drawing = 0;
      this.#draw();
    }, 120);
  }

  #make() {
    this.#root = make("section", "uploads");
    this.#root.setAttribute("aria-label", "Uploads");
    const head = make("div", "head");
    this.#title = make("strong", "grow");
    this.#title.setAttribute("role", "status");
    this.#clear = textButton("Clear", () => this.#act(null, "clear"));
    const fold = iconButton("fold", "Fold the list", () => {
      const folded = this.#root.toggleAttribute("data-folded");
      fold.setAttribute("aria-expanded", String(!folded));
    });
    fold.setAttribute("aria-expanded", "true");
    head.append(this.#title, this.#clear, fold);
    this.#note = make("p", "note bad");
    this.#list = make("ul");
    this.#more = make("p", "muted more");
    this.#root.append(head, this.#note, this.#list, this.#more);
    document.body.append(this.#root);
  }

  #draw() {
    const all = this.#queue;
    const active = all.filter(i => ["running", "waiting", "paused", "asking"].includes(i.state));
    this.#root.hidden = all.length === 0 && this.#note.hidden;
    // What is under way outlasts a server that was started anew: the page is not loaded again meanwhile.
    this.#root.toggleAttribute("data-lives-on", active.length > 0);
    const done = all.filter(i => i.state === "done").length;
    const speed = all.reduce((sum, i) => sum + i.speed, 0);
    const left = active.reduce((sum, i) => sum + i.size - i.sent, 0);
    const asks = all.filter(i => i.state === "asking").length;
    const failed = all.filter(i => i.state === "failed").length;
    this.#title.textContent = [
      active.length ? `Uploading, ${done} of ${all.length} done` : `${done} of ${all.length} uploaded`,
      failed && `${failed} failed`, asks && `${asks} wait for you`,
      speed > 0 && `${size(speed)}/s`, speed > 0 && active.length > 0 && `${time(left / speed)} left`,
    ].filter(Boolean).join(" · ");
    this.#clear.hidden = done === 0;
    const shown = [...all].sort((a, b) => weight[a.state] - weight[b.state]).slice(0, most);
    const keep = new Set(shown.map(i => i.id));
    for (const [id, row] of this.#rows) {
      if (!keep.has(id)) {
        row.root.remove();
        this.#rows.delete(id);
      }
    }

    shown.forEach((item, at) => {
      const row = this.#rows.get(item.id) ?? this.#row(item);
      this.#fill(row, item, asks);
      if (this.#list.children[at] !== row.root) this.#list.insertBefore(row.root, this.#list.children[at] ?? null);
    });
    this.#more.hidden = all.length <= most;
    this.#more.textContent = `and ${all.length - most} more`;
  }

  #row(item) {
    const row = { root: make("li"), name: make("span", "name"), detail: make("span", "muted detail"), bar: make("progress"), acts: make("span", "acts"), state: "" };
    row.bar.max = 1;
    row.bar.setAttribute("aria-label", item.path);
    row.root.append(row.name, row.acts, row.bar, row.detail);
    this.#rows.set(item.id, row);
    return row;
  }

  #fill(row, item, asks) {
    row.name.textContent = item.shown ?? item.path;
    row.name.title = row.name.textContent;
    row.bar.value = item.size ? item.sent / item.size : item.state === "done" ? 1 : 0;
    row.bar.hidden = item.state === "done" || item.state === "asking";
    row.detail.textContent = item.state === "running"
      ? [`${size(item.sent)} of ${size(item.size)}`, item.speed > 0 && `${size(item.speed)}/s`, item.speed > 0 && `${time((item.size - item.sent) / item.speed)} left`, item.detail].filter(Boolean).join(" · ")
      : item.state === "done" ? size(item.size)
        : item.state === "paused" ? `paused at ${size(item.sent)} of ${size(item.size)}`
          : item.state === "waiting" ? "waits for its turn" : item.detail;
    row.detail.classList.toggle("bad", item.state === "failed");
    row.root.dataset.state = item.state;
    const state = `${item.state} ${asks > 1}`;
    if (row.state === state) return;
    row.state = state;
    const act = what => () => this.#act(item, what, row.acts.querySelector("input")?.checked ?? false);
    const cancel = iconButton("close", `Cancel ${item.path}`, act("cancel"));
    switch (item.state) {
      case "running":
        row.acts.replaceChildren(iconButton("pause", `Pause ${item.path}`, act("pause")), cancel);
        break;
      case "paused":
        row.acts.replaceChildren(iconButton("play", `Resume ${item.path}`, act("resume")), cancel);
        break;
      case "failed":
        row.acts.replaceChildren(iconButton("again", `Try ${item.path} again`, act("retry")), cancel);
        break;
      case "asking": {
        const all = make("label", "check");
        const box = make("input");
        box.type = "checkbox";
        all.append(box, "for all");
        row.acts.replaceChildren(textButton("Replace", act("replace")), textButton("Keep both", act("both")), textButton("Skip", act("skip")), ...(asks > 1 ? [all] : []));
        break;
      }
      case "done":
        row.acts.replaceChildren(icon("done"));
        break;
      default:
        row.acts.replaceChildren(cancel);
    }
  }
}
