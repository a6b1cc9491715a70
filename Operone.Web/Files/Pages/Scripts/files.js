// The Files page in the browser: files that are chosen or dropped, downloads, and the texts that are looked at.
import { Dropped } from "./dropped.js";
import { Rows } from "./rows.js";
import { complain, onDone, upload } from "./uploads.js";

class Folder {
  #root;
  #self;
  #rows;
  #here = null;
  #inside = 0;
  #listening = new AbortController();
  #forget;
  #telling = 0;

  constructor(root, self) {
    this.#root = root;
    this.#self = self;
    this.#rows = new Rows(root, self);
    const { signal } = this.#listening;
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
    this.#rows.refresh();
  }

  /** Back to the row where one was. */
  focus() {
    this.#rows.focus();
  }

  /** To the beginning: it is another list now. */
  top() {
    this.#rows.top();
  }

  stop() {
    this.#listening.abort();
    this.#rows.stop();
    this.#forget();
    clearTimeout(this.#telling);
  }

  // The page's own buttons are the left pane's.
  #pick(event) {
    const button = event.target.closest("[data-pick]");
    if (!button || (button.closest("[data-files]") ?? document.querySelector("[data-files]:not([data-beside])")) !== this.#root) return;
    this.#root.querySelector(`[data-upload=${button.dataset.pick}]`)?.click();
  }

  #chosen(event) {
    if (!event.target.matches("[data-upload]")) return;
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
