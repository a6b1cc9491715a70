// Keys: Ctrl+K palette, / filter, j k in lists, Backspace a level up, g and a letter to jump, ? for help.
let jumping = 0;

const typing = element => element.closest?.("input, textarea, select, [contenteditable], [role=textbox]");
const inDialog = () => document.querySelector(".mud-dialog, dialog[open]");

function move(step) {
  const rows = [...document.querySelectorAll("a.row")].filter(r => r.offsetParent);
  if (rows.length === 0) return false;
  const at = rows.indexOf(document.activeElement);
  const next = rows[at < 0 ? (step > 0 ? 0 : rows.length - 1) : Math.min(rows.length - 1, Math.max(0, at + step))];
  next.focus();
  next.scrollIntoView({ block: "nearest" });
  return true;
}

function press(selector) {
  const element = document.querySelector(selector);
  element?.click();
  return !!element;
}

function act(event) {
  if (jumping && Date.now() - jumping < 1200) {
    jumping = 0;
    return press(`[data-jump="${CSS.escape(event.key)}"]`);
  }

  switch (event.key) {
    case "/": {
      const filter = document.querySelector("[data-filter]");
      filter?.focus();
      filter?.select();
      return !!filter;
    }
    case "j": return move(1);
    case "k": return move(-1);
    case "Backspace": return press("[data-up]");
    case "g": jumping = Date.now(); return true;
    case "?": document.getElementById("keys")?.showModal(); return true;
    default: return press(`[data-key="${CSS.escape(event.key)}"]:not([disabled])`);
  }
}

document.addEventListener("keydown", event => {
  // In a terminal Ctrl+K is the shell's; with Shift it is the palette's everywhere.
  if ((event.ctrlKey || event.metaKey) && event.key.toLowerCase() === "k" && (event.shiftKey || !event.target.closest?.("[data-terminal-input]"))) {
    event.preventDefault();
    press("[data-palette]");
    return;
  }

  if ((event.ctrlKey || event.metaKey) && event.key === "Enter") {
    // A field tells what was typed when it is left.
    event.target.dispatchEvent(new Event("change", { bubbles: true }));
    if (press("[data-submit]")) event.preventDefault();
    return;
  }

  if (event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented || inDialog()) return;
  if (typing(event.target)) {
    if (event.key === "Escape" && event.target.matches("[data-filter]")) event.target.blur();
    return;
  }

  if (act(event)) event.preventDefault();
});

// The palette's chosen item is drawn by the server a moment after the key; it has to be in sight then.
new MutationObserver(changes => {
  for (const { target } of changes) {
    if (target.getAttribute("role") === "option" && target.ariaSelected === "true") target.scrollIntoView({ block: "nearest" });
  }
}).observe(document.body, { subtree: true, attributes: true, attributeFilter: ["aria-selected"] });

document.addEventListener("click", event => {
  if (event.target.closest("[data-keys]")) document.getElementById("keys")?.showModal();
  if (event.target instanceof HTMLDialogElement) event.target.close();
});
