// What programs may ask of a terminal. Answers go back as if they had been typed: of several people at one terminal only
// one may give them, and never while an old screen is drawn again. The clipboard is written only where that was allowed.
import { preferences } from "./preferences.js";
import { sizeOf } from "./words.js";

const clipboardBytes = 1024 * 1024;

export function guard(term, on) {
  let mine = true;
  let quiet = false;
  let replying = false;
  let told = false;

  // True: that was all; nothing is answered. False: xterm goes on, and what it sends now is an answer.
  const asked = () => {
    if (!mine || quiet) return true;
    replying = true;
    queueMicrotask(() => { replying = false; });
    return false;
  };
  const question = data => data.includes("?") ? asked() : false;

  const parser = term.parser;
  for (const id of [
    { final: "c" }, { prefix: ">", final: "c" }, { prefix: "=", final: "c" }, { final: "n" }, { prefix: "?", final: "n" },
    { intermediates: "$", final: "p" }, { prefix: "?", intermediates: "$", final: "p" }, { prefix: ">", final: "q" },
  ]) {
    parser.registerCsiHandler(id, asked);
  }

  // Windows are nobody's business: no report of them, no moving.
  parser.registerCsiHandler({ final: "t" }, () => true);
  parser.registerDcsHandler({ intermediates: "$", final: "q" }, asked);
  for (const code of [4, 10, 11, 12]) parser.registerOscHandler(code, question);

  parser.registerOscHandler(52, data => {
    const payload = data.slice(data.indexOf(";") + 1);
    // What is in the clipboard is told to no program.
    if (quiet || payload === "?" || payload.length === 0) return true;
    if (preferences.clipboard) {
      copyFor(payload);
    } else if (!told) {
      told = true;
      on.say("A program wanted to write to the clipboard. That is off; the settings can allow it.");
    }

    return true;
  });

  async function copyFor(payload) {
    try {
      if (payload.length > clipboardBytes * 4 / 3) throw new Error("too long");
      const text = new TextDecoder().decode(Uint8Array.from(atob(payload), c => c.charCodeAt(0)));
      await navigator.clipboard.writeText(text);
      on.say(`A program put ${sizeOf(text.length)} on the clipboard.`);
    } catch {
      on.say("A program wanted to write to the clipboard, and the browser did not let it.");
    }
  }

  return {
    isReply: () => replying,
    quiet: now => { quiet = now; },
    isQuiet: () => quiet,
    answers: isMine => { mine = isMine; },
  };
}
