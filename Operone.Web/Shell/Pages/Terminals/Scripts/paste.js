// Pasting: much is asked about first, with a look at it. A line that is pasted may run at once.
import { sizeOf, typed } from "./words.js";

const askLines = 5;
const askBytes = 5 * 1024;
const shown = 2000;

const visible = text => text.replace(/[\u0000-\u0008\u000b-\u001f]/g, c => String.fromCharCode(0x2400 + c.charCodeAt(0))).replace(/\u007f/g, "\u2421");

/** Asks where there is something to ask. Gives what is to be typed, or null. */
export async function readyToPaste(text, dialog, { bracketed, names }) {
  const lines = text.replace(/\r?\n$/, "").split(/\r?\n|\r/).length;
  if (lines > askLines || text.length > askBytes) {
    dialog.querySelector("[data-paste-what]").textContent =
      `${lines} ${lines === 1 ? "line" : "lines"}, ${sizeOf(new TextEncoder().encode(text).length)}, into ${names}.`;
    dialog.querySelector("[data-paste-how]").textContent = bracketed
      ? "The program is told that it is pasted, and may wait for Enter."
      : "The program takes it as typed: each line may run at once.";
    dialog.querySelector("[data-paste-text]").textContent = visible(text.slice(0, shown)) + (text.length > shown ? "\n…" : "");
    dialog.returnValue = "";
    dialog.showModal();
    dialog.querySelector("[value=paste]").focus();
    await new Promise(resolve => dialog.addEventListener("close", resolve, { once: true }));
    if (dialog.returnValue !== "paste") return null;
  }

  return typed(text);
}

export const wrapped = (text, bracketed) => bracketed ? `\u001b[200~${text}\u001b[201~` : text;
