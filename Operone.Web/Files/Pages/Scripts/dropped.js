// What was dropped: files, and folders with all that is in them.
export class Dropped {
  files = [];
  folders = [];

  /** The entries have to be asked for at once: afterwards the browser has forgotten them. */
  static async read(transfer) {
    const dropped = new Dropped();
    const entries = [...transfer.items].filter(i => i.kind === "file").map(i => i.webkitGetAsEntry?.() ?? i.getAsFile());
    for (const entry of entries) await dropped.#add(entry, "");
    return dropped;
  }

  async #add(entry, above) {
    if (!entry) return;
    if (entry instanceof File) {
      this.files.push({ file: entry, path: entry.name });
    } else if (entry.isFile) {
      const file = await new Promise((resolve, reject) => entry.file(resolve, reject));
      this.files.push({ file, path: above + entry.name });
    } else {
      this.folders.push(above + entry.name);
      const reader = entry.createReader();
      for (;;) {
        // It gives a hundred at a time, and none at the end.
        const some = await new Promise((resolve, reject) => reader.readEntries(resolve, reject));
        if (some.length === 0) break;
        for (const one of some) await this.#add(one, `${above}${entry.name}/`);
      }
    }
  }
}
