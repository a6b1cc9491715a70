// Which language a file has, by its name or its first line, where Monaco itself does not know; and languages of our own.
import { editor, languages } from "monaco-editor/editor/editor.api.js";

const more = {
  ini: {
    extensions: [".conf", ".cfg", ".env", ".toml", ".service", ".socket", ".timer", ".mount", ".target", ".desktop", ".editorconfig", ".repo", ".network", ".netdev", ".link"],
    filenames: [".env", ".gitconfig", ".npmrc", ".editorconfig", ".pylintrc"],
  },
  shell: {
    extensions: [".zsh", ".ksh", ".bashrc", ".profile", ".ebuild"],
    filenames: [".bashrc", ".profile", ".bash_profile", ".bash_aliases", ".zshrc", "APKBUILD", "PKGBUILD"],
    firstLine: "^#!.*\\b(ba|z|k|da|a)?sh\\b",
  },
  xml: { extensions: [".plist", ".resx", ".nuspec", ".targets", ".slnx"] },
  javascript: { firstLine: "^#!.*\\bnode" },
  ruby: { filenames: ["Vagrantfile", "Brewfile"], firstLine: "^#!.*\\bruby" },
  perl: { firstLine: "^#!.*\\bperl" },
  php: { firstLine: "^#!.*\\bphp" },
  powershell: { firstLine: "^#!.*\\bpwsh" },
  java: { filenames: ["Jenkinsfile"] },
  yaml: { filenames: [".clang-format", ".clang-tidy", ".gemrc"] },
};
for (const [id, known] of Object.entries(more)) languages.register({ id, ...known });

// JSON, a value a line of it, and parts of it: its colours. Monaco's own brings all of its features along, which is half of it again.
languages.register({
  id: "json", aliases: ["JSON"], filenames: [".prettierrc", "composer.lock", "flake.lock", ".babelrc", ".eslintrc"],
  extensions: [".json", ".jsonc", ".jsonl", ".ndjson", ".json-seq", ".geojson", ".webmanifest", ".har", ".ipynb", ".code-workspace"],
});
languages.setMonarchTokensProvider("json", {
  tokenizer: {
    root: [
      [/"(?:[^"\\]|\\.)*"(?=\s*:)/, "string.key.json"],
      [/"(?:[^"\\]|\\.)*"?/, "string.value.json"],
      [/-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?/, "number.json"],
      [/\b(?:true|false|null)\b/, "keyword.json"],
      [/[{}[\]]/, "@brackets"],
      [/\/\/.*$/, "comment"],
      [/\/\*/, "comment", "@comment"],
    ],
    comment: [[/[^*]+/, "comment"], [/\*\//, "comment", "@pop"], [/\*/, "comment"]],
  },
});
languages.setLanguageConfiguration("json", {
  brackets: [["{", "}"], ["[", "]"]], comments: { lineComment: "//", blockComment: ["/*", "*/"] },
  autoClosingPairs: [{ open: "{", close: "}" }, { open: "[", close: "]" }, { open: '"', close: '"', notIn: ["string"] }],
});

// What programs write of themselves: how bad it is stands out, and what is indented beneath a line (a stack) folds.
languages.register({ id: "log", extensions: [".log", ".out", ".err"], filenames: ["syslog", "messages", "dmesg"] });
languages.setMonarchTokensProvider("log", {
  ignoreCase: true,
  tokenizer: {
    root: [
      [/^\s*(?:\d{4}-\d\d-\d\d[T ]\d\d:\d\d(?::\d\d)?(?:[.,]\d+)?(?:Z|[+-]\d\d:?\d\d)?|[A-Z][a-z]{2} [ \d]\d \d\d:\d\d:\d\d|\d\d:\d\d:\d\d(?:[.,]\d+)?)/, "log.time"],
      [/\b(?:fatal|crit(?:ical)?|emerg|alert|panic|error|err|fail(?:ed|ure)?|severe|crit)\b/, "log.error"],
      [/\b(?:warning|warn|wrn)\b/, "log.warning"],
      [/\b(?:information|info|inf|notice)\b/, "log.info"],
      [/\b(?:debug|dbg|trace|trc|verbose|vrb|fine)\b/, "log.debug"],
      [/"(?:[^"\\]|\\.)*"/, "string"],
      [/\b[A-Za-z_][\w.$]*(?:Exception|Error)\b/, "log.error"],
      [/\b(?:https?:\/\/\S+)/, "string.link"],
      [/\b\d+(?:\.\d+)*\b/, "number"],
      [/[A-Za-z_]\w*/, ""],
    ],
  },
});

/** The language of a name, and of what is on the first line. */
export function languageOf(name, first) {
  const lower = name.toLowerCase();
  let best = null;
  for (const known of languages.getLanguages()) {
    for (const file of known.filenames ?? []) if (file.toLowerCase() === lower) best = { id: known.id, length: 1000 };
    for (const ending of known.extensions ?? []) {
      if (lower.endsWith(ending.toLowerCase()) && (!best || ending.length > best.length)) best = { id: known.id, length: ending.length };
    }
  }

  if (!best && /^(docker|container)file(\.|$)/.test(lower)) best = { id: "dockerfile" };
  if (!best && /\.log[.-]\d/.test(lower)) best = { id: "log" };
  if (!best) {
    for (const known of languages.getLanguages()) {
      try {
        if (known.firstLine && new RegExp(known.firstLine).test(first.slice(0, 300))) best = { id: known.id };
      } catch {
        // an expression of another kind
      }
    }
  }

  if (!best && /^\s*[{[]\s*(["{[\]}]|$)/.test(first)) best = { id: "json" };
  return best?.id ?? "plaintext";
}

export const wordOf = id => languages.getLanguages().find(l => l.id === id && l.aliases?.length)?.aliases[0] ?? { log: "Log", plaintext: "Plain text" }[id] ?? id;

export const modelOf = (text, name) => editor.createModel(text, languageOf(name, text.slice(0, text.search(/[\r\n]|$/))));
