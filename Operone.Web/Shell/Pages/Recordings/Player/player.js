// The player of recordings, in a document of its own (RecordingPlayer.cs): what is played is what strangers' programs printed. It
// is read with no trust, one line at a time: a line that is no event is left out, sizes and times are bounded. The player's
// terminal has no title, no clipboard and no links.
import { create } from "asciinema-player";
import "asciinema-player/dist/bundle/asciinema-player.css";
import "./player.css";

const speeds = [0.5, 1, 2, 4, 8, 16];
const idleSeconds = 2;
const maxSide = 1000;
const host = document.getElementById("player");
const problem = document.getElementById("problem");
const idle = document.getElementById("idle");
const { recording: id, start } = document.body.dataset;

let cast;
let player;
let speed = 1;
let isPlaying = false;
// What is played, with idle time left out or not, and how its times and the recording's belong together.
let played;

function readCast(text) {
  const side = value => (Number.isInteger(value) && value > 0 ? Math.min(value, maxSide) : 0);
  const found = { cols: 80, rows: 24, events: [] };
  let at = 0;
  let isHeaderRead = false;
  for (let from = 0; from < text.length;) {
    let to = text.indexOf("\n", from);
    if (to < 0) to = text.length;
    const line = text.slice(from, to);
    from = to + 1;
    let json;
    try {
      json = JSON.parse(line);
    } catch {
      continue;
    }
    if (!isHeaderRead && json && typeof json === "object" && !Array.isArray(json)) {
      isHeaderRead = true;
      found.cols = side(json.width) || found.cols;
      found.rows = side(json.height) || found.rows;
      continue;
    }
    if (!Array.isArray(json) || json.length !== 3 || !Number.isFinite(json[0]) || typeof json[2] !== "string") continue;
    at = Math.max(at, Math.min(json[0], 315360000));
    if (json[1] === "o") {
      found.events.push([at, "o", json[2]]);
    } else if (json[1] === "r") {
      const size = /^(\d{1,4})x(\d{1,4})$/.exec(json[2]);
      if (size && side(+size[1]) && side(+size[2])) found.events.push([at, "r", `${side(+size[1])}x${side(+size[2])}`]);
    }
  }
  return found;
}

// Pauses longer than a limit become that long: the events with their new times.
function skipIdle(events, limit) {
  let left = 0;
  let before = 0;
  return events.map(([at, code, data]) => {
    left += Math.max(0, at - before - limit);
    before = at;
    return [at - left, code, data];
  });
}

function timeOf(times, value, others) {
  // The last event not after the value; between two events time goes on as it does in both.
  let low = 0;
  let high = times.length - 1;
  let last = -1;
  while (low <= high) {
    const middle = (low + high) >> 1;
    if (times[middle][0] <= value) { last = middle; low = middle + 1; } else { high = middle - 1; }
  }
  const base = last < 0 ? 0 : others[last][0];
  const next = last + 1 < others.length ? others[last + 1][0] : Infinity;
  return Math.min(next, base + value - (last < 0 ? 0 : times[last][0]));
}

// A moment later than asked for, so that what came at that very moment is there, however its time was rounded.
const toPlayed = seconds => timeOf(cast.events, seconds, played) + 0.005;
const toRecorded = seconds => timeOf(played, seconds, cast.events);

function show(at, play) {
  player?.dispose();
  played = idle.checked ? skipIdle(cast.events, idleSeconds) : cast.events;
  const startAt = toPlayed(at);
  player = create(
    // Times are in seconds, but for a parser's, which are in milliseconds.
    { data: { cols: cast.cols, rows: cast.rows, events: played.map(([when, code, data]) => [when * 1000, code, data]) }, parser: recorded => recorded },
    host,
    {
      speed, startAt, autoPlay: play, preload: true, fit: "both", controls: true, theme: `operone-${isDark() ? "dark" : "light"}`,
      poster: `npt:${startAt}`, terminalFontFamily: '"JetBrains Mono Variable", ui-monospace, monospace',
    });
  player.addEventListener("play", () => { isPlaying = true; });
  player.addEventListener("pause", () => { isPlaying = false; });
  player.addEventListener("ended", () => { isPlaying = false; });
}

// Speed and idle time are said to a player when it is made: another goes on where this one is.
async function change() {
  const at = toRecorded((await player.getCurrentTime()) ?? 0);
  show(at, isPlaying);
}

function fail(text) {
  problem.textContent = text;
  problem.hidden = false;
}

for (const one of speeds) {
  const button = document.createElement("button");
  button.type = "button";
  button.textContent = `${one}×`;
  button.setAttribute("aria-pressed", String(one === speed));
  button.addEventListener("click", () => {
    speed = one;
    for (const other of button.parentElement.children) other.setAttribute("aria-pressed", String(other === button));
    if (player) change();
  });
  document.querySelector(".speeds").append(button);
}

idle.addEventListener("change", () => { if (player) change(); });

// The page around jumps to moments.
addEventListener("message", event => {
  if (event.origin !== location.origin || event.source !== parent || typeof event.data?.seek !== "number" || !player) return;
  const at = Math.max(0, event.data.seek);
  if (Number.isFinite(at)) player.seek(toPlayed(at));
});

// The theme is the page's, as it is now.
const prefersDark = matchMedia("(prefers-color-scheme: dark)");
const page = parent === window ? null : parent.document.documentElement;
function isDark() {
  const theme = page?.dataset.theme;
  return theme ? theme === "dark" : prefersDark.matches;
}

function followTheme() {
  document.documentElement.dataset.theme = isDark() ? "dark" : "light";
  if (player) change();
}

if (page) new MutationObserver(followTheme).observe(page, { attributes: true, attributeFilter: ["data-theme"] });
prefersDark.addEventListener("change", followTheme);
followTheme();

try {
  const response = await fetch(`/api/v1/recordings/${id}/asciicast?play=true`, { credentials: "same-origin" });
  if (response.ok) {
    cast = readCast(await response.text());
    if (cast.events.length === 0) fail("There is nothing in this recording that can be played.");
    else show(Number(start) || 0, false);
  } else {
    fail(response.status === 404 ? "The recording is not there any more." : `The recording could not be read (${response.status}). Load the page again.`);
  }
} catch {
  fail("The recording could not be read: the connection broke. Load the page again.");
}
