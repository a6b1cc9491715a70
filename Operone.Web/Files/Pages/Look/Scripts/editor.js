// Texts of files in Monaco: looked at, changed, and two of them compared. The page's own element keeps the text: it shows where Monaco is not to be
// had, or where it is of no use, which is where one types with the thumbs. Nothing of a text is markup, and workers come from this place alone.
import { editor, KeyCode, KeyMod, Range } from "monaco-editor/editor/editor.api.js";
import "./editor.css";
import "./features.js";
import { modelOf, wordOf } from "./kinds.js";
import { follow } from "./looks.js";

self.MonacoEnvironment = { getWorker: () => new Worker(new URL("./editor.worker.js", import.meta.url), { type: "module", name: "editor" }) };

const usual = {
  automaticLayout: true, fontFamily: "'JetBrains Mono Variable', ui-monospace, monospace", fontLigatures: false, fontSize: 12.5, lineHeight: 19, tabSize: 4,
  minimap: { enabled: false }, scrollBeyondLastLine: false, padding: { top: 10, bottom: 10 }, unusualLineTerminators: "off", smoothScrolling: false, cursorBlinking: "solid",
  fixedOverflowWidgets: true, renderLineHighlight: "line", renderFinalNewline: "on", stickyScroll: { enabled: false }, occurrencesHighlight: "off", links: false, wordBasedSuggestions: "off", quickSuggestions: false,
  scrollbar: { alwaysConsumeMouseWheel: false, useShadows: false }, accessibilitySupport: "auto", lineNumbersMinChars: 3, foldingMaximumRegions: 20000, maxTokenizationLineLength: 20000,
  unicodeHighlight: { ambiguousCharacters: false, invisibleCharacters: true, nonBasicASCII: false },
};

// A module's styles are beside it.
const styled = new Promise(done => {
  const link = document.createElement("link");
  link.rel = "stylesheet";
  link.href = new URL("./editor.css", import.meta.url);
  link.onload = link.onerror = done;
  document.head.append(link);
});
follow();

/** Where one types with the thumbs a plain field is better: Monaco knows nothing of a phone's keyboard. */
export const isHandheld = () => matchMedia("(pointer: coarse)").matches;

const narrow = host => host.clientWidth < 520;

// The palette is the console's everywhere but in a terminal; Ctrl+Enter sends, as in every form.
function share(host, signal) {
  host.addEventListener("keydown", event => {
    if (!(event.ctrlKey || event.metaKey) || event.shiftKey || event.altKey) return;
    const to = { k: "[data-palette]", Enter: "[data-submit]" }[event.key];
    if (!to) return;
    event.preventDefault();
    event.stopPropagation();
    document.querySelector(to)?.click();
  }, { capture: true, signal });
}

function started(make) {
  try {
    return make();
  } catch (error) {
    console.error(error);
    throw error;
  }
}

class Shown {
  #host;
  #source;
  #editor;
  #found;
  #gone = new AbortController();

  constructor(source, host, { name, wraps, from, length, first }) {
    this.#host = host;
    this.#source = source;
    const model = modelOf(source.textContent, name);
    host.hidden = false;
    source.hidden = true;
    this.#editor = editor.create(host, {
      ...usual, model, readOnly: true, domReadOnly: true, ariaLabel: `Content of ${name}`, wordWrap: wraps || narrow(host) ? "on" : "off", folding: true,
      lineNumbers: first === null ? "off" : first === 1 ? "on" : line => String(line + first - 1), glyphMargin: false, readOnlyMessage: { value: "Press Edit to change it." },
    });
    host.dataset.language = wordOf(model.getLanguageId());
    share(host, this.#gone.signal);
    this.#editor.onDidContentSizeChange(() => this.#fit());
    this.#fit();
    if (length > 0) this.#reveal(from, length);
    host.dataset.ready = "";
  }

  #fit() {
    this.#host.style.height = `${Math.max(120, this.#editor.getContentHeight() + 2)}px`;
  }

  #reveal(from, length) {
    const model = this.#editor.getModel();
    const [a, b] = [model.getPositionAt(from), model.getPositionAt(from + length)];
    const range = new Range(a.lineNumber, a.column, b.lineNumber, b.column);
    this.#found = this.#editor.createDecorationsCollection([{ range, options: { inlineClassName: "found-here", overviewRuler: { color: "#f0b340", position: 7 } } }]);
    this.#editor.setSelection(new Range(a.lineNumber, a.column, a.lineNumber, a.column));
    this.#editor.revealRangeInCenter(range);
    this.#host.scrollIntoView({ block: "nearest" });
    this.#editor.focus();
  }

  language() {
    return this.#host.dataset.language;
  }

  wrap(wraps) {
    this.#editor.updateOptions({ wordWrap: wraps ? "on" : "off" });
  }

  stop() {
    this.#gone.abort();
    this.#found?.clear();
    this.#editor.getModel()?.dispose();
    this.#editor.dispose();
    this.#source.hidden = false;
    this.#host.hidden = true;
    delete this.#host.dataset.ready;
  }
}

/** Shows what an element has as text. */
export async function show(source, host, options) {
  await styled;
  return started(() => new Shown(source, host, options));
}

class Changed {
  #field;
  #host;
  #page;
  #name;
  #editor;
  #model;
  #saved;
  #isDirty = false;
  #writing = 0;
  #sent = "";
  #compared;
  #tells;
  #marks;
  #gone = new AbortController();

  constructor(field, host, button, page, { name, tells }) {
    this.#tells = tells;
    this.#field = field;
    this.#host = host;
    this.#page = page;
    this.#name = name;
    // not its value: that may be what was typed before the server was started anew
    this.#saved = field.defaultValue.replace(/\r\n?/g, "\n");
    const { signal } = this.#gone;
    addEventListener("beforeunload", event => { if (this.#isDirty && !sessionStorage.getItem("operone-typed")) event.preventDefault(); }, { signal });
    if (isHandheld()) {
      field.addEventListener("keydown", event => {
        if ((event.ctrlKey || event.metaKey) && event.key === "s") {
          event.preventDefault();
          button.click();
        }
      }, { signal });
      field.addEventListener("input", () => {
        this.#look();
        clearTimeout(this.#writing);
        this.#writing = setTimeout(() => this.#tell(), 250);
      }, { signal });
      this.#resume();
      return;
    }

    this.#model = modelOf(field.value, name);
    host.hidden = false;
    field.hidden = true;
    this.#editor = editor.create(host, { ...usual, model: this.#model, ariaLabel: `Content of ${name}`, wordWrap: narrow(host) ? "on" : "off", folding: true, glyphMargin: false });
    host.dataset.language = wordOf(this.#model.getLanguageId());
    this.#editor.addCommand(KeyMod.CtrlCmd | KeyCode.KeyS, () => button.click());
    share(host, signal);
    this.#model.onDidChangeContent(() => this.#changed());
    // what was typed before the server was started anew is put into the field
    field.addEventListener("input", () => { if (field.value !== this.text()) this.#editor.setValue(field.value); }, { signal });
    this.#editor.focus();
    host.dataset.ready = "";
    this.#resume();
  }

  // what was typed before the server was started anew is there already
  #resume() {
    this.#look();
    if (this.#isDirty) this.#tell();
  }

  language() {
    return this.#host.dataset.language ?? null;
  }

  text() {
    return this.#model ? this.#model.getValue(1) : this.#field.value;
  }

  #changed() {
    clearTimeout(this.#writing);
    this.#writing = setTimeout(() => {
      this.#field.value = this.text();
      this.#look();
      this.#tell();
    }, 250);
    if (!this.#isDirty) this.#look();
  }

  // for pages that check what is typed
  #tell() {
    if (this.#tells) this.#page.invokeMethodAsync("ChangedAsync").catch(() => {});
  }

  /** Lines on which something is wrong. */
  mark(problems) {
    if (!this.#editor) return;
    const lines = this.#model.getLineCount();
    this.#marks ??= this.#editor.createDecorationsCollection();
    this.#marks.set(problems.filter(p => p.line >= 1 && p.line <= lines).map(p => ({
      range: new Range(p.line, p.column, p.line, this.#model.getLineMaxColumn(p.line)),
      options: { isWholeLine: true, className: "wrong-line", inlineClassName: "wrong-here", hoverMessage: { value: p.message.replace(/[\\`*_{}[\]()#+\-.!<>|]/g, "\\$&") }, overviewRuler: { color: "#e5484d", position: 7 } },
    })));
  }

  /** Brings a line into sight, and the cursor there. */
  goTo(line, column) {
    if (!this.#editor) return;
    this.#editor.setPosition({ lineNumber: line, column });
    this.#editor.revealLineInCenterIfOutsideViewport(line);
    this.#editor.focus();
  }

  #look() {
    const isDirty = this.text() !== this.#saved;
    if (isDirty === this.#isDirty) return;
    this.#isDirty = isDirty;
    this.#page.invokeMethodAsync("DirtyAsync", isDirty).catch(() => {});
  }

  /** What there is, as UTF-8: it may be longer than a message of the circuit. */
  typed() {
    this.#sent = this.text();
    return new TextEncoder().encode(this.#sent);
  }

  /** It lies on the device as it was sent. */
  saved() {
    this.#saved = this.#sent;
    this.#look();
  }

  /** What is on the device on the left, what was typed on the right, where one goes on typing. */
  async compare(host, stream) {
    const theirs = new TextDecoder().decode(await stream.arrayBuffer());
    this.uncompare();
    const mine = this.#model ?? modelOf(this.#field.value, this.#name);
    const original = editor.createModel(theirs.replaceAll("\r\n", "\n"), mine.getLanguageId());
    host.hidden = false;
    if (this.#editor) this.#host.hidden = true;
    else this.#field.hidden = true;
    const two = editor.createDiffEditor(host, {
      ...usual, originalEditable: false, readOnly: isHandheld(), renderSideBySide: host.clientWidth > 760, useInlineViewWhenSpaceIsLimited: false, ignoreTrimWhitespace: false,
      renderOverviewRuler: false, wordWrap: host.clientWidth > 760 ? "off" : "on",
      hideUnchangedRegions: { enabled: original.getLineCount() > 60 }, glyphMargin: false, lineNumbersMinChars: 3,
    });
    two.setModel({ original, modified: mine });
    two.getOriginalEditor().updateOptions({ ariaLabel: "On the device now" });
    two.getModifiedEditor().updateOptions({ ariaLabel: "What you have typed" });
    const signal = new AbortController();
    share(host, signal.signal);
    two.onDidUpdateDiff(() => {
      host.dataset.differences = String(two.getLineChanges()?.length ?? 0);
      if (!host.dataset.ready) two.revealFirstDiff();
      host.dataset.ready = "true";
    });
    this.#compared = { two, original, host, own: this.#model ? null : mine, signal };
  }

  uncompare() {
    if (!this.#compared) return;
    const { two, original, host, own, signal } = this.#compared;
    this.#compared = null;
    signal.abort();
    two.setModel(null);
    two.dispose();
    original.dispose();
    own?.dispose();
    host.hidden = true;
    delete host.dataset.ready;
    delete host.dataset.differences;
    if (this.#editor) this.#host.hidden = false;
    else this.#field.hidden = false;
    this.#editor?.focus();
  }

  stop() {
    this.#gone.abort();
    clearTimeout(this.#writing);
    this.uncompare();
    this.#editor?.dispose();
    this.#model?.dispose();
    this.#host.hidden = true;
    this.#field.hidden = false;
  }
}

/** Changes what a field has; a button saves it. */
export async function edit(field, host, button, page, options) {
  await styled;
  return started(() => new Changed(field, host, button, page, options));
}
