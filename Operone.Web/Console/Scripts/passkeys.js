// Passkeys (WebAuthn level 3): sign in by a button or by the browser's autofill, sign up, add one, step up. The server makes each
// challenge and checks each answer; nothing here is believed.
import { publicKey, renew } from "./session.js";

const restartEvery = 4 * 60 * 1000;
const isSupported = !!window.PublicKeyCredential;
let autofill;

const toBytes = text => Uint8Array.from(atob(text.replaceAll("-", "+").replaceAll("_", "/")), c => c.charCodeAt(0));
const toText = bytes => btoa(String.fromCharCode(...new Uint8Array(bytes))).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
const descriptors = list => (list ?? []).map(c => ({ ...c, id: toBytes(c.id) }));

class Refusal extends Error {
  constructor(problem, status) {
    super(problem.detail ?? problem.title ?? "The server could not be reached. Try again.");
    this.code = problem.type?.split("/").pop();
    this.status = status;
  }
}

async function post(path, body, again = true) {
  const answer = await fetch(path, {
    method: "POST", headers: { "content-type": "application/json" }, body: JSON.stringify(body ?? {}), cache: "no-store", credentials: "same-origin",
  });
  if (answer.ok) return answer.status === 204 ? undefined : answer.json();
  const problem = await answer.json().catch(() => ({}));
  // The session's cookie is good for ten minutes: a page that slept renews it first.
  if (again && problem.type?.endsWith("/session-stale") && await renew() === "good") return post(path, body, false);
  throw new Refusal(problem, answer.status);
}

// As the specification's toJSON and parse...FromJSON, which not every browser has yet.
const creation = options => ({
  ...options,
  challenge: toBytes(options.challenge),
  user: { ...options.user, id: toBytes(options.user.id) },
  excludeCredentials: descriptors(options.excludeCredentials),
});
const request = options => ({ ...options, challenge: toBytes(options.challenge), allowCredentials: descriptors(options.allowCredentials) });

function toJson(credential) {
  const { response } = credential;
  const common = {
    id: credential.id, rawId: toText(credential.rawId), type: credential.type,
    authenticatorAttachment: credential.authenticatorAttachment ?? undefined, clientExtensionResults: credential.getClientExtensionResults(),
  };
  return response.attestationObject
    ? { ...common, response: {
      clientDataJSON: toText(response.clientDataJSON), attestationObject: toText(response.attestationObject), transports: response.getTransports?.() ?? [] } }
    : { ...common, response: {
      clientDataJSON: toText(response.clientDataJSON), authenticatorData: toText(response.authenticatorData), signature: toText(response.signature),
      userHandle: response.userHandle ? toText(response.userHandle) : undefined } };
}

const make = async options => toJson(await navigator.credentials.create({ publicKey: creation(options) }));
const touch = async options => toJson(await navigator.credentials.get({ publicKey: request(options) }));

function explain(error) {
  switch (error.name) {
    case "NotAllowedError": return "No passkey was used: the request was cancelled, or took too long.";
    case "InvalidStateError": return "This device or key has a passkey of this account already.";
    case "SecurityError": return "The browser has no passkeys at this address. Open the page by the name that the server is known by, over HTTPS, or on localhost.";
    case "NotSupportedError": case "ConstraintError": return "This device or key cannot make a passkey that asks for a PIN, a fingerprint or a face.";
    default: return error.message;
  }
}

function show(part, error) {
  const notice = part?.querySelector("[data-passkey-problem]");
  if (!notice) return;
  notice.querySelector("p").textContent = error ? explain(error) : "";
  notice.hidden = !error;
}

// Signing in

async function signIn(credential, part) {
  const { returnUrl } = await post("session/passkey/sign-in", {
    credential, deviceKey: await publicKey(), remember: document.querySelector("input[name=Remember]")?.checked ?? false,
    returnUrl: part.querySelector("[data-passkey-sign-in]").dataset.passkeySignIn,
  });
  location.replace(returnUrl);
}

async function stopAutofill() {
  autofill?.abort();
  autofill = undefined;
}

async function offerAutofill(part) {
  // At an address of numbers browsers have no passkeys; who presses the button is told so.
  if (/^[\d.]+$|^\[/.test(location.hostname)) return;
  if (!await PublicKeyCredential.isConditionalMediationAvailable?.()) return;
  await stopAutofill();
  const mine = autofill = new AbortController();
  // A challenge grows old: the offer begins anew with another before that.
  const restart = setTimeout(() => { if (autofill === mine) offerAutofill(part); }, restartEvery);
  try {
    const options = await post("session/passkey/sign-in/options");
    if (mine.signal.aborted) return;
    const credential = await navigator.credentials.get({ publicKey: request(options), mediation: "conditional", signal: mine.signal });
    clearTimeout(restart);
    await signIn(toJson(credential), part);
  } catch (error) {
    // Aborted, or no passkeys at this address: the rest of the page works. A passkey that was refused is worth a word.
    if (error instanceof Refusal && error.status !== 422) {
      show(part, error);
      if (error.status === 401) offerAutofill(part);
    }
  }
}

// What pages ask for by their buttons. Each throws what went wrong.
const acts = {
  async passkeySignIn(button, part) {
    await stopAutofill();
    try {
      await signIn(await touch(await post("session/passkey/sign-in/options")), part);
    } catch (error) {
      offerAutofill(part);
      throw error;
    }
  },
  async passkeySignUp(button, part) {
    const { form } = part.querySelector("[data-passkey-credential]");
    const email = document.getElementById(button.dataset.passkeySignUp);
    if (!email.reportValidity()) return;
    const credential = await make(await post("session/passkey/sign-up/options", { email: email.value }));
    part.querySelector("[data-passkey-credential]").value = JSON.stringify(credential);
    // The password's field is empty, and may be.
    form.noValidate = true;
    form.requestSubmit();
  },
  async passkeyAdd(button, part) {
    const credential = await make(await post("session/passkey/add/options"));
    const name = part.querySelector("[data-passkey-name]")?.value;
    tell(part, await post("session/passkey/add", { credential, name }));
  },
  async passkeyTouch(button, part) {
    await post("session/step-up", { credential: await touch(await post("session/step-up/options")) });
    tell(part, {});
  },
};

/** Tells the page on the server that it is done. */
function tell(part, value) {
  const field = part.querySelector("[data-passkey-done]");
  field.value = JSON.stringify(value);
  field.dispatchEvent(new Event("change", { bubbles: true }));
}

document.addEventListener("click", async event => {
  const button = event.target.closest("button");
  const act = button && Object.keys(acts).find(name => name in button.dataset);
  if (!act) return;
  const part = button.closest("[data-passkey], .mud-dialog");
  show(part);
  button.disabled = true;
  try {
    if (!isSupported) throw new Error("This browser has no passkeys. Use another, or open the page over HTTPS or on localhost.");
    await acts[act](button, part);
  } catch (error) {
    show(part, error);
  } finally {
    button.disabled = false;
  }
});

if (isSupported) {
  for (const shown of document.querySelectorAll("[data-passkey-sign-in], [data-passkey-sign-up], [data-passkey-or]")) shown.hidden = false;
  const part = document.querySelector("[data-passkey-sign-in]")?.closest("[data-passkey]");
  if (part) offerAutofill(part);
}
