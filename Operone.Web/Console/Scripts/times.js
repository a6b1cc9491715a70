// <time data-ago> counts on, <time data-since> shows how long something takes; both tell the exact time in the person's zone.
const exact = new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeStyle: "long" });
const units = [["d", 86400], ["h", 3600], ["m", 60], ["s", 1]];

function largest(seconds, count) {
  const parts = [];
  for (let i = 0; i < units.length && parts.length < count; i++) {
    const amount = Math.floor(seconds / units[i][1]);
    if (amount > 0) parts.push(`${amount}${units[i][0]}`);
    else if (parts.length > 0) break;
    seconds -= amount * units[i][1];
  }

  return parts.join(" ") || "0s";
}

function ago(at, now) {
  const distance = Math.abs(now - at) / 1000;
  if (distance >= 30 * 86400) return at.toLocaleDateString("sv");
  if (distance < 5) return "just now";
  return now > at ? `${largest(distance, 1)} ago` : `in ${largest(distance, 1)}`;
}

// The text node is changed, never replaced: Blazor holds on to it.
function write(element, text) {
  if (element.firstChild && element.firstChild.data !== text) element.firstChild.data = text;
}

function tick() {
  const now = Date.now();
  for (const element of document.getElementsByTagName("time")) {
    const at = new Date(element.dateTime);
    if (element._shown !== element.dateTime) {
      element._shown = element.dateTime;
      element.title = exact.format(at);
      if ("clock" in element.dataset) write(element, at.toLocaleTimeString("sv"));
    }

    if ("ago" in element.dataset) write(element, ago(at, now));
    else if ("since" in element.dataset) write(element, largest(Math.max(0, now - at) / 1000, 2));
  }
}

setInterval(() => { if (!document.hidden) tick(); }, 1000);
document.addEventListener("visibilitychange", tick);
new MutationObserver(() => {
  if (!tick.due) tick.due = requestAnimationFrame(() => { tick.due = 0; tick(); });
}).observe(document.body, { childList: true, subtree: true });
tick();
