// The screen of one execution's output: keeps the last lines, follows the newest, searches in what it has.
const found = "output-found";
const here = "output-here";

export function start(root, maxLines) {
  const screen = root.querySelector("[data-screen]");
  const find = root.querySelector("[data-find]");
  const count = root.querySelector("[data-count]");
  const stopping = new AbortController();
  const on = (target, type, act) => target.addEventListener(type, act, { signal: stopping.signal });
  let lines = 0;
  let following = true;
  let matches = [];
  let at = -1;
  let searching = 0;

  const followButton = () => root.querySelector("[data-follow]");

  function follow(now) {
    following = now;
    followButton()?.setAttribute("aria-pressed", String(now));
    if (now) screen.scrollTop = screen.scrollHeight;
  }

  // Whoever scrolls up wants to read; whoever comes back to the end wants to follow.
  let touchedAt = 0;
  for (const type of ["wheel", "touchmove", "keydown", "pointerdown"]) {
    screen.addEventListener(type, () => { touchedAt = Date.now(); }, { passive: true, signal: stopping.signal });
  }

  on(screen, "scroll", () => {
    const atEnd = screen.scrollHeight - screen.scrollTop - screen.clientHeight < 24;
    if (atEnd !== following && (atEnd || Date.now() - touchedAt < 1000)) {
      following = atEnd;
      followButton()?.setAttribute("aria-pressed", String(atEnd));
    }
  });

  on(root, "click", event => {
    if (event.target.closest("[data-follow]")) follow(!following);
    const wrap = event.target.closest("[data-wrap]");
    if (wrap) wrap.setAttribute("aria-pressed", String(screen.classList.toggle("wrapped")));
    const step = event.target.closest("[data-step]");
    if (step) go(Number(step.dataset.step));
  });

  on(find, "input", () => search(true));
  on(find, "keydown", event => {
    if (event.key === "Enter") go(event.shiftKey ? -1 : 1);
    if (event.key === "Escape") { find.value = ""; search(true); screen.focus(); }
  });

  function rangeIn(line, from, to) {
    const range = document.createRange();
    const walker = document.createTreeWalker(line, NodeFilter.SHOW_TEXT);
    let passed = 0;
    for (let node = walker.nextNode(); node; node = walker.nextNode()) {
      const next = passed + node.data.length;
      if (from >= passed && from < next) range.setStart(node, from - passed);
      if (to > passed && to <= next) { range.setEnd(node, to - passed); break; }
      passed = next;
    }

    return range;
  }

  function search(jump) {
    const wanted = find.value.toLowerCase();
    matches = [];
    if (wanted) {
      for (const line of screen.getElementsByClassName("l")) {
        const text = line.textContent.toLowerCase();
        for (let i = text.indexOf(wanted); i >= 0 && matches.length < 10000; i = text.indexOf(wanted, i + wanted.length)) {
          matches.push(rangeIn(line, i, i + wanted.length));
        }
      }
    }

    CSS.highlights?.set(found, new Highlight(...matches));
    at = Math.min(at, matches.length - 1);
    if (jump) {
      // From what is in sight on; else from the beginning.
      const top = screen.getBoundingClientRect().top;
      at = Math.max(0, matches.findIndex(m => m.getBoundingClientRect().top >= top)) - 1;
      go(1);
    } else {
      tell();
    }
  }

  function go(step) {
    if (matches.length === 0) { at = -1; tell(); return; }
    at = (at + step + matches.length) % matches.length;
    const line = matches[at].startContainer.parentElement.closest(".l");
    follow(false);
    const [view, place] = [screen.getBoundingClientRect(), line.getBoundingClientRect()];
    if (place.top < view.top || place.bottom > view.bottom) {
      screen.scrollTop += place.top - view.top - view.height / 2;
    }

    tell();
  }

  function tell() {
    CSS.highlights?.set(here, at >= 0 ? new Highlight(matches[at]) : new Highlight());
    count.textContent = !find.value ? "" : matches.length === 0 ? "none" : `${at + 1} of ${matches.length}`;
  }

  function blockOf({ lines: amount, html }) {
    const block = document.createElement("div");
    block.className = "block";
    block.innerHTML = html;
    block._lines = amount;
    block.style.containIntrinsicBlockSize = `${amount * 19}px`;
    return block;
  }

  return {
    append(clear, blocks, openHtml) {
      if (clear) {
        screen.replaceChildren();
        lines = 0;
      }

      let open = screen.lastElementChild;
      if (!open?.classList.contains("open")) {
        open = document.createElement("div");
        open.className = "open";
        screen.append(open);
      }

      for (const block of blocks) {
        const last = open.previousElementSibling;
        if (last?._lines + block.lines <= 100) {
          last.insertAdjacentHTML("beforeend", block.html);
          last._lines += block.lines;
          last.style.containIntrinsicBlockSize = `${last._lines * 19}px`;
        } else {
          open.before(blockOf(block));
        }

        lines += block.lines;
      }

      open.innerHTML = openHtml;
      while (screen.firstElementChild._lines && lines - screen.firstElementChild._lines >= maxLines) {
        lines -= screen.firstElementChild._lines;
        screen.firstElementChild.remove();
      }

      if (following) screen.scrollTop = screen.scrollHeight;
      if (find.value && !searching) {
        searching = setTimeout(() => { searching = 0; search(false); }, 400);
      }
    },
    stop() {
      stopping.abort();
      clearTimeout(searching);
      CSS.highlights?.delete(found);
      CSS.highlights?.delete(here);
    },
  };
}
