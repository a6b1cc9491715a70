// Starts Blazor, so that a lost circuit is tried again for ever, and shows a slim bar meanwhile.
import { renew } from "./session.js";

const bar = document.getElementById("connection");
const kept = "operone-typed";
const patience = 60_000;
const lasting = new Set(["file-tag", "file-text"]);
let waiting = {};
let lostAt = 0;
let counting = 0;

function say() {
  const seconds = Math.round((Date.now() - lostAt) / 1000);
  bar.querySelector("span").textContent = `Connection lost ${seconds} s ago. Trying again by itself; what you typed is kept.`;
}

// A page with something in it that lives on by itself stays, and is loaded again when the rest of it is used.
function stay() {
  clearInterval(counting);
  lostAt = 0;
  bar.querySelector("span").textContent = "The server was started anew. What runs here goes on; the rest of the page is loaded again when you use it.";
  setTimeout(() => { bar.hidden = true; }, 6000);
  addEventListener("click", event => {
    const link = event.target.closest("a[href]");
    if (event.target.closest("[data-lives-on], [data-act], [data-split]") || !(link || event.target.closest("button")) || link?.target) return;
    event.preventDefault();
    event.stopImmediatePropagation();
    if (link) location.assign(link.href);
    else location.reload();
  }, { capture: true });
}

// A server that was started anew does not know this page's circuit: the page is loaded again, with what was typed.
async function reload() {
  if (document.querySelector("[data-lives-on]")) return stay();
  for (;;) {
    try {
      if ((await fetch("health/live", { cache: "no-store" })).status < 500) break;
    } catch {
      // not yet
    }

    await new Promise(resolve => setTimeout(resolve, 1000));
  }

  // What waits for its field still is kept along.
  const typed = { ...waiting };
  for (const field of document.querySelectorAll("input[id]:not([type=password]), textarea[id], select[id]")) {
    typed[field.id] = field.type === "checkbox" || field.type === "radio" ? field.checked : field.value;
  }

  sessionStorage.setItem(kept, JSON.stringify({ path: location.pathname, typed }));
  location.reload();
}

function put(field, value) {
  const name = typeof value === "boolean" ? "checked" : "value";
  if (field[name] === value) return;
  field[name] = value;
  field.dispatchEvent(new Event("input", { bubbles: true }));
  field.dispatchEvent(new Event("change", { bubbles: true }));
}

async function restore() {
  // What is put into a field before the page is live, nobody hears.
  while (!document.querySelector("[data-interactive]")) await new Promise(resolve => setTimeout(resolve, 50));
  await new Promise(resolve => setTimeout(resolve, 100));
  const { path, typed } = JSON.parse(sessionStorage.getItem(kept) ?? "{}");
  sessionStorage.removeItem(kept);
  waiting = typed ?? {};
  const since = Date.now();

  // Some fields come later, as a file's text when its device is back: that one is waited for as long as one stays on the page.
  while (path === location.pathname && Object.keys(waiting).length > 0) {
    for (const [id, value] of Object.entries(waiting)) {
      const field = document.getElementById(id);
      if (field) put(field, value);
      if (field || (Date.now() - since > patience && !lasting.has(id))) delete waiting[id];
    }

    await new Promise(resolve => setTimeout(resolve, 250));
  }

  waiting = {};
}

const handler = {
  onConnectionDown() {
    if (lostAt) return;
    lostAt = Date.now();
    bar.hidden = false;
    say();
    counting = setInterval(say, 1000);
    retry();
  },
  onConnectionUp() {
    clearInterval(counting);
    lostAt = 0;
    bar.hidden = true;
  },
};

async function retry() {
  for (let wait = 500; lostAt; wait = Math.min(wait * 1.6, 5000)) {
    await new Promise(resolve => setTimeout(resolve, wait * (0.8 + Math.random() * 0.4)));
    try {
      // A laptop that slept has a cookie that wants renewing first.
      if (await renew() === "ended") return location.reload();
      if (await Blazor.reconnect()) return handler.onConnectionUp();
      return reload();
    } catch {
      // the server is away: again, a little later
    }
  }
}

if (window.Blazor) {
  await Blazor.start({ circuit: { reconnectionHandler: handler } });
  if (sessionStorage.getItem(kept)) restore();
}
