// Passkeys in the browser (https://www.w3.org/TR/webauthn-2/): a challenge is fetched, the device answers it, the answer
// is sent back. Nothing is decided here.
const problem = document.getElementById("problem");

const bytes = (text) => Uint8Array.from(atob(text.replaceAll("-", "+").replaceAll("_", "/")), (c) => c.charCodeAt(0));
const text = (buffer) => btoa(String.fromCharCode(...new Uint8Array(buffer)))
  .replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");

async function ask(place, token, content) {
  const answer = await fetch(place, {
    method: "POST",
    headers: { "content-type": "application/json", "accept": "application/json", "x-csrf-token": token },
    body: content === undefined ? undefined : JSON.stringify(content),
  });
  const said = await answer.json();
  if (!answer.ok) throw new Error(said.error?.message ?? "The server did not take it. Open the page again");
  return said;
}

const ids = (list) => (list ?? []).map((one) => ({ ...one, id: bytes(one.id) }));

async function signIn(token) {
  const options = await ask("/sign-in/passkey/options", token);
  const got = await navigator.credentials.get({
    publicKey: { ...options, challenge: bytes(options.challenge), allowCredentials: ids(options.allowCredentials) },
  });
  const { to } = await ask("/sign-in/passkey", token, {
    id: got.id, rawId: text(got.rawId), type: got.type,
    response: {
      clientDataJSON: text(got.response.clientDataJSON),
      authenticatorData: text(got.response.authenticatorData),
      signature: text(got.response.signature),
      userHandle: got.response.userHandle ? text(got.response.userHandle) : null,
    },
  });
  location.assign(to);
}

async function register(token, label) {
  const options = await ask("/account/passkeys/options", token);
  const made = await navigator.credentials.create({
    publicKey: {
      ...options, challenge: bytes(options.challenge), user: { ...options.user, id: bytes(options.user.id) },
      excludeCredentials: ids(options.excludeCredentials),
    },
  });
  await ask("/account/passkeys", token, {
    label,
    answer: {
      id: made.id, rawId: text(made.rawId), type: made.type,
      response: {
        clientDataJSON: text(made.response.clientDataJSON),
        attestationObject: text(made.response.attestationObject),
        transports: made.response.getTransports?.() ?? [],
      },
    },
  });
  location.reload();
}

async function tried(work) {
  problem.hidden = true;
  try {
    await work();
  } catch (error) {
    problem.textContent = error.name === "NotAllowedError" ? "No passkey answered. Try again." : error.message;
    problem.hidden = false;
  }
}

for (const part of document.querySelectorAll("[data-passkey]")) {
  if (!window.PublicKeyCredential) part.hidden = true;
  if (part.dataset.passkey === "sign-in") {
    part.addEventListener("click", () => tried(() => signIn(part.dataset.token)));
  } else {
    part.addEventListener("submit", (event) => {
      event.preventDefault();
      tried(() => register(part.dataset.token, part.elements.label.value));
    });
  }
}
