// The Files page in the browser: keys on its rows, files that are chosen or dropped, downloads, and the texts that are looked at.
import { Dropped } from "./dropped.js";
import { complain, onDone, upload } from "./uploads.js";

const typing = element => element.closest?.("input:not([type=checkbox]), textarea, select, [contenteditable]");
const inDialog = () => document.querySelector(".mud-dialog, dialog[open]");

class Folder {
  #root;
  #self;
  #here = null;
  #inside = 0;
  #listening = new AbortController();
  #forget;
  #telling = 0;

  constructor(root, self) {
    this.#root = root;
    this.#self = self;
    const { signal } = this.#listening;
    document.addEventListener("keydown", e => this.#key(e), { signal });
    document.addEventListener("click", e => this.#pick(e), { signal });
    root.addEventListener("change", e => this.#chosen(e), { signal });
    root.addEventListener("dragenter", e => this.#drag(e, 1), { signal });
    root.addEventListener("dragleave", e => this.#drag(e, -1), { signal });
    root.addEventListener("dragover", e => this.#over(e), { signal });
    root.addEventListener("drop", e => this.#drop(e), { signal });
    this.#forget = onDone(folder => this.#done(folder));
  }

  /** Where uploads go; null where nothing may be put. */
  here(folder) {
    this.#here = folder;
    this.#root.toggleAttribute("data-takes-files", folder !== null);
  }

  stop() {
    this.#listening.abort();
    this.#forget();
    clearTimeout(this.#telling);
  }

  #key(event) {
    if (event.ctrlKey || event.metaKey || event.altKey || typing(event.target) || inDialog()) return;
    if (event.key === "l") {
      document.querySelector("[data-path-edit]")?.click();
      event.preventDefault();
    } else if (["x", "Delete", "F2"].includes(event.key)) {
      event.preventDefault();
      this.#self.invokeMethodAsync("PressAsync", event.key, document.activeElement?.closest("[data-path]")?.dataset.path ?? null);
    }
  }

  #pick(event) {
    const kind = event.target.closest("[data-pick]")?.dataset.pick;
    if (kind) this.#root.querySelector(`#upload-${kind}`)?.click();
  }

  #chosen(event) {
    if (!event.target.matches("#upload-files, #upload-folder")) return;
    const files = [...event.target.files].map(file => ({ file, path: file.webkitRelativePath || file.name }));
    event.target.value = "";
    if (this.#here) this.#send(this.#here, files, []);
  }

  #drag(event, step) {
    if (!event.dataTransfer?.types.includes("Files")) return;
    event.preventDefault();
    this.#inside += step;
    this.#root.classList.toggle("dropping", this.#inside > 0);
  }

  #over(event) {
    if (!event.dataTransfer?.types.includes("Files")) return;
    event.preventDefault();
    event.dataTransfer.dropEffect = this.#here ? "copy" : "none";
  }

  async #drop(event) {
    if (!event.dataTransfer?.types.includes("Files")) return;
    event.preventDefault();
    this.#inside = 0;
    this.#root.classList.remove("dropping");
    const to = this.#here;
    if (!to) return;
    const dropped = await Dropped.read(event.dataTransfer);
    await this.#send(to, dropped.files, dropped.folders);
  }

  // Folders first, those that are empty too; by way of the page, a hundred at a time.
  async #send(to, files, folders) {
    const all = new Set(folders);
    for (const { path } of files) if (path.includes("/")) all.add(path.slice(0, path.lastIndexOf("/")));
    const list = [...all];
    for (let at = 0; at < list.length; at += 100) {
      const problem = await this.#self.invokeMethodAsync("MakeFoldersAsync", to, list.slice(at, at + 100));
      if (problem) return complain(problem);
    }

    if (files.length) upload(to, files);
  }

  // Where the folder is watched it shows by itself; where it is not, it shows this way.
  #done(folder) {
    if (folder !== this.#here || this.#telling) return;
    this.#telling = setTimeout(() => {
      this.#telling = 0;
      this.#self.invokeMethodAsync("UploadedAsync").catch(() => {});
    }, 700);
  }
}

export const start = (root, self) => new Folder(root, self);

/** Downloads files one after the other: a browser that gets many at once takes only the last. */
export async function download(sources) {
  for (const source of sources) {
    const link = document.createElement("a");
    link.href = source;
    link.download = "";
    document.body.append(link);
    link.click();
    link.remove();
    await new Promise(resolve => setTimeout(resolve, 600));
  }
}

/** Stays at the end of a text that grows, while one is there. */
export function stick(element) {
  let isAtEnd = true;
  element.addEventListener("scroll", () => { isAtEnd = element.scrollHeight - element.scrollTop - element.clientHeight < 40; });
  new MutationObserver(() => { if (isAtEnd) element.scrollTop = element.scrollHeight; }).observe(element, { childList: true, subtree: true, characterData: true });
  element.scrollTop = element.scrollHeight;
}
