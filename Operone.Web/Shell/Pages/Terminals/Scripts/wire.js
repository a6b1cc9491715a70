// The wire of one terminal: bytes both ways over a WebSocket, which is opened again when it breaks. It says what it has
// shown, so that a program that prints without end waits for a reader that is slow, and not for one that looks away.
const windowBytes = 512 * 1024;
const ackEvery = 64 * 1024;
const keptUnseen = 1024 * 1024;
const chunk = 16 * 1024;
const silence = 5000;

const wait = ms => new Promise(resolve => setTimeout(resolve, ms));

/**
 * @param screen size(), write(bytes, done), begin(text), settle()
 * @param tell state(name, words), control(message), dropped()
 */
export function connect(id, screen, tell) {
  const address = new URL(`api/v1/terminals/${id}`, document.baseURI);
  let socket;
  let isOpen = false;
  let isOver = false;
  let received;      // the offset after the last byte that came
  let acked = 0;
  let replayed;      // up to here what comes was printed before
  let lost = false;  // something came that nobody saw, and was not kept
  let unseen = [];
  let unseenBytes = 0;
  let outgoing = [];
  let pumping = false;
  let failures = 0;
  let lostAt = 0;
  let counting = 0;
  let hearing = 0;

  function say(message) {
    if (isOpen) socket.send(JSON.stringify(message));
  }

  function acknowledge(offset, now = false) {
    if (offset - acked < (now ? 1 : ackEvery)) return;
    acked = offset;
    say({ type: "ack", offset });
  }

  // From where the bytes are new, the screen answers what programs ask.
  function put(bytes, upTo, done) {
    if (replayed !== undefined && upTo >= replayed) {
      const old = Math.max(0, bytes.length - (upTo - replayed));
      replayed = undefined;
      if (old > 0) screen.write(bytes.subarray(0, old));
      screen.settle();
      bytes = bytes.subarray(old);
    }

    screen.write(bytes, done);
  }

  function show(bytes) {
    const upTo = received;
    put(bytes, upTo, () => acknowledge(upTo));
  }

  // A browser hardly lets a hidden page work: what comes is acknowledged at once, and kept as far as it is little.
  function take(bytes) {
    received += bytes.length;
    if (!document.hidden) return show(bytes);
    acknowledge(received);
    if (lost) return;
    unseen.push([bytes, received]);
    unseenBytes += bytes.length;
    if (unseenBytes > keptUnseen) {
      lost = true;
      forget();
    }
  }

  function forget() {
    unseen = [];
    unseenBytes = 0;
  }

  function begin(message) {
    received = acked = message.offset ?? 0;
    if (message.text === undefined || message.text === null) return;
    lost = false;
    forget();
    replayed = undefined;
    screen.begin(message.text);
    if ((message.replayed ?? 0) > received) replayed = message.replayed;
    else screen.settle();
  }

  function turned() {
    if (document.hidden) {
      if (received !== undefined) acknowledge(received, true);
      return;
    }

    if (lost) {
      received = undefined;
      again();
    } else {
      const came = unseen;
      forget();
      for (const [bytes, upTo] of came) put(bytes, upTo);
    }

    if (isOpen) listen();
    else failures = 0;
  }

  // A network that is gone is noticed late, or never: after typing into silence the server is asked whether it is there.
  function listen() {
    if (hearing) return;
    hearing = setTimeout(async () => {
      const asked = socket;
      try {
        await fetch(new URL("health/live", document.baseURI), { cache: "no-store", signal: AbortSignal.timeout(silence) });
        hearing = 0;
      } catch {
        hearing = 0;
        if (asked === socket && isOpen) again();
      }
    }, silence);
  }

  function open() {
    const { columns, rows } = screen.size();
    const url = new URL(`${address}/attach`);
    url.protocol = url.protocol === "https:" ? "wss:" : "ws:";
    url.searchParams.set("columns", columns);
    url.searchParams.set("rows", rows);
    url.searchParams.set("window", windowBytes);
    if (received !== undefined && !lost) url.searchParams.set("offset", received);
    const mine = socket = new WebSocket(url);
    mine.binaryType = "arraybuffer";
    mine.onmessage = ({ data }) => {
      if (mine !== socket) return;
      clearTimeout(hearing);
      hearing = 0;
      if (typeof data !== "string") return take(new Uint8Array(data));
      const message = JSON.parse(data);
      switch (message.type) {
        case "attached":
          isOpen = true;
          live();
          begin(message);
          break;
        case "resync":
          begin(message);
          break;
        case "ended":
          isOver = true;
          break;
      }

      tell.control(message);
    };
    mine.onclose = event => {
      if (mine === socket) closed(event);
    };
  }

  function live() {
    failures = 0;
    lostAt = 0;
    clearInterval(counting);
    counting = 0;
    tell.state("live");
  }

  function count() {
    if (!lostAt) return;
    const seconds = Math.round((Date.now() - lostAt) / 1000);
    tell.state("lost", `Connection lost ${seconds} s ago. Trying again by itself; what you type now is not sent.`);
  }

  async function closed(event) {
    isOpen = false;
    outgoing = [];
    if (isOver) return stop();
    if (!lostAt) {
      lostAt = Date.now();
      counting = setInterval(count, 1000);
      // A blink is nothing to say.
      setTimeout(() => { if (lostAt && !isOver) count(); }, 400);
    }

    const mine = socket;
    const pause = Math.min(3000, 150 * 1.7 ** failures++) * (0.7 + Math.random() * 0.6);
    await wait(pause);
    if (isOver || mine !== socket) return;
    const verdict = await ask(event);
    if (isOver || mine !== socket) return;
    if (verdict) {
      tell.state(verdict.state, verdict.words);
      if (verdict.control) tell.control(verdict.control);
      stop();
    } else {
      open();
    }
  }

  // Why it was not let in, a WebSocket does not say: the terminal itself is asked. Nothing: try again.
  async function ask(event) {
    try {
      const answer = await fetch(address, { cache: "no-store", headers: { accept: "application/json" }, signal: AbortSignal.timeout(silence) });
      if (answer.status === 401) {
        const renewal = {};
        document.dispatchEvent(new CustomEvent("operone-renew", { detail: renewal }));
        return await renewal.done === "ended" ? { state: "refused", words: "You were signed out." } : undefined;
      }

      if (answer.status === 403 || answer.status === 404) {
        const problem = await answer.json().catch(() => ({}));
        return { state: "refused", words: problem.detail ?? event.reason ?? "You may not see this terminal." };
      }

      if (!answer.ok) return undefined;
      const terminal = await answer.json();
      return terminal.endedAt ? { state: "ended", control: { type: "ended", exitCode: terminal.exitCode, text: terminal.reason } } : undefined;
    } catch {
      return undefined;
    }
  }

  function again() {
    const old = socket;
    isOpen = false;
    outgoing = [];
    socket = undefined;
    old?.close();
    open();
  }

  async function pump() {
    if (pumping) return;
    pumping = true;
    while (outgoing.length > 0 && isOpen) {
      if (socket.bufferedAmount > 4 * chunk) {
        await wait(5);
        continue;
      }

      const next = outgoing[0];
      socket.send(next.subarray(0, chunk));
      if (next.length > chunk) outgoing[0] = next.subarray(chunk);
      else outgoing.shift();
    }

    pumping = false;
  }

  function stop() {
    isOver = true;
    isOpen = false;
    clearInterval(counting);
    clearTimeout(hearing);
    document.removeEventListener("visibilitychange", turned);
    window.removeEventListener("online", hurry);
    window.removeEventListener("offline", gone);
    const old = socket;
    socket = undefined;
    old?.close();
  }

  const hurry = () => { if (!isOpen && !isOver) again(); };
  const gone = () => { if (isOpen) again(); };
  document.addEventListener("visibilitychange", turned);
  window.addEventListener("online", hurry);
  window.addEventListener("offline", gone);
  lostAt = 0;
  open();

  return {
    get isOpen() { return isOpen; },
    /** How many bytes wait to be sent. */
    get waiting() { return outgoing.reduce((sum, bytes) => sum + bytes.length, 0) + (socket?.bufferedAmount ?? 0); },
    /** What was typed. Without a connection it is not kept: half a command, late, does harm. */
    send(bytes) {
      if (!isOpen) return tell.dropped();
      outgoing.push(bytes);
      pump();
      listen();
    },
    /** Forgets what of a long paste has not been sent. */
    cancel() { outgoing = []; },
    size(columns, rows) { say({ type: "size", columns, rows }); },
    stop,
  };
}
