// Uploads by tus (https://tus.io): two at a time, resumed after any break; a file that is chosen again goes on where it stood.
import * as tus from "tus-js-client";
import { Panel } from "./panel.js";

const atOnce = 2;
const endpoint = "/uploads";
const queue = [];
const listeners = new Set();
const running = new Set();
let answerForAll = null;
const panel = new Panel(queue, act);

/** Tells when an upload into a folder has ended. Gives what ends the telling. */
export function onDone(listener) {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

/** Something that goes with no file. */
export function complain(text) {
  panel.show();
  panel.say(text);
}

/** Takes files to a folder; their paths are below it. */
export function upload(folder, files) {
  if (!queue.some(item => ["waiting", "running", "paused", "asking"].includes(item.state))) {
    answerForAll = null;
  }

  for (const { file, path } of files) {
    queue.push({ id: crypto.randomUUID(), folder, file, path, state: "waiting", sent: 0, size: file.size, speed: 0, overwrite: false, copy: 0, detail: "" });
  }

  panel.show();
  next();
}

function read(body) {
  try {
    return JSON.parse(body);
  } catch {
    return null;
  }
}

function words(body, status) {
  const problem = read(body);
  const field = problem?.errors && Object.values(problem.errors)[0]?.[0];
  return problem?.title ? `${problem.title} ${field ?? problem.detail ?? ""}`.trim() : `The server answered ${status}.`;
}

const kindOf = error => read(error.originalResponse?.getBody() ?? "")?.type?.split("/").at(-1);

// The session's cookie is renewed by the page's own script. One that is stale is led to a page, which is no answer of tus.
function renew() {
  document.dispatchEvent(new CustomEvent("operone-renew", { detail: {} }));
}

// "name (2).txt"
function nameOf(item) {
  if (!item.copy) return item.path;
  const [, stem, ending] = /^(.*?)((?:\.[^./]*)?)$/s.exec(item.path);
  return stem && !stem.endsWith("/") ? `${stem} (${item.copy + 1})${ending}` : `${item.path} (${item.copy + 1})`;
}

function retries(error) {
  const status = error.originalResponse?.getStatus() ?? 0;
  const isStale = status === 401 || status === 200;
  if (isStale) renew();
  return status === 0 || isStale || status === 423 || status === 429 || status >= 500 || kindOf(error) === "upload-offset" || kindOf(error) === "upload-busy";
}

function next() {
  for (const item of queue) {
    if (running.size >= atOnce) break;
    if (item.state === "waiting") begin(item);
  }

  panel.draw();
}

async function begin(item) {
  running.add(item);
  item.state = "running";
  item.detail = "";
  item.samples = [];
  item.shown = nameOf(item);
  try {
    item.upload = new tus.Upload(item.file, {
      endpoint,
      metadata: {
        folder: item.folder, filename: nameOf(item), overwrite: String(item.overwrite), modifiedAt: new Date(item.file.lastModified).toISOString(),
      },
      // The same file to the same place, with the same answer.
      fingerprint: async file => ["operone", item.folder, nameOf(item), item.overwrite, file.size, file.lastModified].join("|"),
      removeFingerprintOnSuccess: true,
      retryDelays: [0, 500, 1000, 2000, 4000, 8000, 15000, 30000, 30000, 30000, 30000, 30000],
      onShouldRetry: retries,
      onProgress: sent => progress(item, sent),
      onError: error => failed(item, error),
      onSuccess: () => {
        end(item, "done");
        tell(item.folder);
      },
    });
    const [before] = await item.upload.findPreviousUploads();
    if (item.state !== "running") return;
    if (before) {
      item.upload.resumeFromPreviousUpload(before);
      item.detail = "goes on where it stood";
    }

    item.upload.start();
  } catch (error) {
    end(item, "failed", error.message);
  }
}

function progress(item, sent) {
  const now = performance.now();
  item.samples.push([now, sent]);
  while (item.samples.length > 2 && now - item.samples[0][0] > 4000) item.samples.shift();
  const [at, from] = item.samples[0];
  item.speed = now > at ? Math.max(0, (sent - from) / (now - at) * 1000) : 0;
  item.sent = sent;
  panel.draw();
}

function failed(item, error) {
  if (kindOf(error) !== "file-exists") {
    const status = error.originalResponse?.getStatus();
    return end(item, "failed", status ? words(error.originalResponse.getBody(), status) : "The connection broke off. Try again: it goes on where it stood.");
  }

  if (item.copy) {
    item.copy++;
    return again(item);
  }

  end(item, "asking", "Something with that name is there already.");
  if (answerForAll) act(item, answerForAll);
}

function again(item) {
  running.delete(item);
  item.state = "waiting";
  next();
}

function end(item, state, detail = "") {
  running.delete(item);
  item.state = state;
  item.speed = 0;
  item.detail = detail;
  if (state === "done") item.sent = item.size;
  next();
}

const tell = folder => listeners.forEach(listener => listener(folder));

/** What somebody does with one: pause, resume, cancel, retry, replace, both, skip. */
function act(item, what, forAll = false) {
  if (forAll) {
    answerForAll = what;
    for (const other of queue.filter(i => i.state === "asking" && i !== item)) act(other, what);
  }

  switch (what) {
    case "pause":
      item.upload?.abort();
      return end(item, "paused");
    case "cancel": {
      // What is there of it on the device goes too.
      item.upload?.abort(true).catch(() => {});
      queue.splice(queue.indexOf(item), 1);
      running.delete(item);
      return next();
    }
    case "clear":
      queue.splice(0, queue.length, ...queue.filter(i => i.state !== "done"));
      return panel.draw();
    case "skip":
      queue.splice(queue.indexOf(item), 1);
      return next();
    case "replace":
      item.overwrite = true;
      return again(item);
    case "both":
      item.copy = 1;
      return again(item);
    default:
      return again(item);
  }
}
