// A session is bound to a key that this browser makes and cannot give away. The cookie is good for ten minutes, and is
// renewed here against a signature; a copied cookie has no key, and dies.
const every = 7 * 60 * 1000;
let renewing;

function open() {
  return new Promise((resolve, reject) => {
    const request = indexedDB.open("operone", 1);
    request.onupgradeneeded = () => request.result.createObjectStore("keys");
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });
}

async function store(mode, act) {
  const db = await open();
  try {
    return await new Promise((resolve, reject) => {
      const transaction = db.transaction("keys", mode);
      const request = act(transaction.objectStore("keys"));
      transaction.oncomplete = () => resolve(request.result);
      transaction.onerror = () => reject(transaction.error);
    });
  } finally {
    db.close();
  }
}

const base64 = bytes => btoa(String.fromCharCode(...new Uint8Array(bytes)));

// One key a browser: signing in again keeps it, so that two tabs that sign in at once do not take it from each other.
async function key() {
  let pair = await store("readonly", keys => keys.get("session"));
  if (!pair) {
    pair = await crypto.subtle.generateKey({ name: "ECDSA", namedCurve: "P-256" }, false, ["sign"]);
    await store("readwrite", keys => keys.put(pair, "session"));
  }

  return pair;
}

/** The public key, as SubjectPublicKeyInfo in base64. */
export async function publicKey() {
  return base64(await crypto.subtle.exportKey("spki", (await key()).publicKey));
}

const post = (path, body) => fetch(path, {
  method: "POST", headers: { "content-type": "application/json" }, body: JSON.stringify(body ?? {}), cache: "no-store", credentials: "same-origin",
});

async function renewOnce() {
  const asked = await post("session/nonce");
  if (!asked.ok) return asked.status === 401 ? "ended" : "away";
  const { nonce, binding, isGood } = await asked.json();
  // The browser looks after it by itself; where it does not, this is not the browser that signed in.
  if (binding === "device-bound" && isGood) return "good";
  const pair = binding === "web-crypto" ? await store("readonly", keys => keys.get("session")) : undefined;
  const signature = pair && base64(await crypto.subtle.sign(
    { name: "ECDSA", hash: "SHA-256" }, pair.privateKey, new TextEncoder().encode(`operone session ${nonce}`)));
  const renewed = await post("session/renew", { nonce, signature });
  if (renewed.ok) return "good";
  const problem = await renewed.json().catch(() => ({}));
  return problem.type?.endsWith("/nonce-stale") ? "again" : renewed.status === 401 ? "ended" : "away";
}

/** Renews the cookie: "good", "ended" where the session is over, "away" where the server is. Tabs take turns. */
export function renew() {
  return renewing ??= (async () => {
    try {
      for (let tries = 0; tries < 3; tries++) {
        const result = await (navigator.locks ? navigator.locks.request("operone-session", renewOnce) : renewOnce());
        if (result !== "again") return result;
      }

      return "away";
    } catch {
      return "away";
    } finally {
      renewing = undefined;
    }
  })();
}

// Scripts that are bundled apart ask by an event; the answer is a promise in its detail.
document.addEventListener("operone-renew", event => { event.detail.done = renew(); });

function toSignIn() {
  const here = location.pathname + location.search;
  location.replace(`${document.baseURI}sign-in?returnUrl=${encodeURIComponent(here)}`);
}

async function keepAlive() {
  if (await renew() === "ended") toSignIn();
}

for (const field of document.querySelectorAll("input[data-device-key]")) {
  try {
    field.value = await publicKey();
  } catch {
    // No WebCrypto (plain HTTP, not on localhost): the server says so when the form is sent.
  }

  const button = field.form?.querySelector("[data-waits-for-key]");
  if (button) button.disabled = false;
}

const waiting = document.querySelector("[data-renew]");
if (waiting) {
  const target = waiting.dataset.renew;
  for (;;) {
    const result = await renew();
    if (result === "good") {
      location.replace(target);
      break;
    }

    if (result === "ended") {
      location.replace(`${document.baseURI}sign-in?returnUrl=${encodeURIComponent(target)}`);
      break;
    }

    await new Promise(resolve => setTimeout(resolve, 1000));
  }
} else if (window.Blazor) {
  // At once too: a browser that has the cookie and not the key is found out when it opens the first page.
  keepAlive();
  setInterval(keepAlive, every);
  document.addEventListener("visibilitychange", () => {
    if (!document.hidden) keepAlive();
  });
}
