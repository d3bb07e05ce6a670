// Draws what `proof.js` finds: the steps of an entry's proof, live, and of a proof file that somebody has kept.
// What this browser has seen of a log is kept in localStorage, by the log's name; it never leaves the browser.

import { bytesOf, parseProofFile, prove } from "./proof.js";

const WORDS = {
  proven: "Proven here, in this browser",
  refuted: "Refuted: what the server shows does not hold",
  unchecked: "Could not be checked here",
  note: "To be known",
};
const MARKS = { proven: "\u2713", refuted: "\u2717", unchecked: "?", note: "\u2013" };

function element(name, content, attributes = {}) {
  const made = Object.assign(document.createElement(name), attributes);
  made.append(...[content].flat());
  return made;
}

const seenKey = (vkey) => `assay log ${`${vkey}`.split("+")[0]}`;
function seenBefore(vkey) {
  return JSON.parse(localStorage.getItem(seenKey(vkey)) ?? "null");
}
function remember(vkey, before, pin) {
  const now = seenBefore(vkey); // another tab may have seen more since
  const grown = !now || BigInt(now.size) < BigInt(pin?.size ?? 0);
  if (pin && pin !== before && grown) localStorage.setItem(seenKey(vkey), JSON.stringify(pin));
}

const bytes = async (address) => {
  const answer = await fetch(address, { cache: "no-store", credentials: "same-origin" });
  if (answer.status === 404) return null;
  if (!answer.ok) throw new Error(`${address} was answered with ${answer.status}`);
  return new Uint8Array(await answer.arrayBuffer());
};

function drawn(step) {
  const label = { proven: "proven", refuted: "refuted", unchecked: "not checked", note: "note" }[step.state];
  const mark = element("span", MARKS[step.state], { className: "mark", ariaHidden: "true" });
  const head = element("p", [mark, element("strong", step.title), " ", element("span", label, { className: "label" })]);
  const told = [element("p", step.words)];
  if (step.expected) {
    const pairs = [["expected", step.expected], ["found", step.found]];
    told.splice(0, 1, element("dl", pairs.flatMap(([name, said]) => [element("dt", name), element("dd", said)])));
  }
  return element("li", [head, ...told], { className: `step ${step.state}` });
}

function show(section, { state, steps }, vkey) {
  const number = steps.filter((step) => step.state === "proven").length;
  const which = steps.find((step) => step.state === state && state !== "proven");
  const more = which ? `${which.title}: ${which.words}` : `${number} steps were computed and compared.`;
  section.dataset.state = state;
  section.querySelector(".outcome").replaceChildren(element("strong", `${WORDS[state]}.`), ` ${more}`);
  section.querySelector(".steps").replaceChildren(...steps.map(drawn));
  const help = section.querySelector(".otherwise");
  if (help) help.open = state === "unchecked";
  const forget = section.querySelector(".forget");
  if (!forget) return;
  forget.hidden = !seenBefore(vkey);
  forget.querySelector("button").onclick = () => {
    localStorage.removeItem(seenKey(vkey));
    location.reload();
  };
}

// What the page shows a person must be what the proven bytes say.
function shownStep(section, given) {
  const shown = document.getElementById(section.dataset.statement)?.textContent;
  if (shown === undefined) return [];
  const read = (content) => new TextDecoder().decode(bytesOf(content, "entry"));
  let signed = read(given.entry);
  try {
    signed = read(JSON.parse(signed).payload.replaceAll("-", "+").replaceAll("_", "/"));
  } catch { /* no envelope: the entry itself is shown */ }
  const plain = (content) => content.replace(/\r\n?/g, "\n").replace(/^\n/, ""); // as HTML reads a text
  const title = "This page shows what was signed", words = "the statement below is, letter by letter, the signed one";
  if (plain(shown) === plain(signed)) return [{ title, state: "proven", words }];
  return [{ title, state: "refuted", words: "the statement below is another", expected: signed, found: shown }];
}

async function proveLive(section) {
  try {
    const before = seenBefore(section.dataset.vkey); // read first: what is fetched after it must not be older
    const given = JSON.parse(new TextDecoder().decode((await bytes(section.dataset.proof)) ?? new Uint8Array()));
    const log = section.dataset.log, fetchTile = (path) => bytes(`${log}${path}`);
    const found = await prove({ ...given, vkey: section.dataset.vkey }, { pin: before, fetchTile });
    const more = found.state === "refuted" ? [] : shownStep(section, given);
    const refuted = more.some((step) => step.state === "refuted");
    if (!refuted) remember(section.dataset.vkey, before, found.pin);
    show(section, { state: refuted ? "refuted" : found.state, steps: [...found.steps, ...more] }, section.dataset.vkey);
  } catch (error) {
    const step = { title: "The proof was fetched", state: "unchecked", words: error.message };
    show(section, { state: "unchecked", steps: [step] }, section.dataset.vkey);
  }
}

const base64 = (content) => btoa(Array.from(content, (byte) => String.fromCharCode(byte)).join(""));

async function proveFile(section, form) {
  const [file, entry] = ["proof", "entry"].map((name) => form.elements[name].files[0]);
  const vkey = form.elements.vkey.value.trim();
  try {
    const content = new TextDecoder("utf-8", { fatal: true }).decode(await file.arrayBuffer());
    const given = { ...parseProofFile(content), entry: base64(new Uint8Array(await entry.arrayBuffer())), vkey };
    const fetchTile = (path) => bytes(`${section.dataset.log}${path}`).catch(() => null); // offline it is not compared
    show(section, await prove({ ...given, signers: null }, { pin: seenBefore(vkey), live: false, fetchTile }), vkey);
  } catch (error) {
    const step = { title: "The proof file can be read", state: "refuted", words: error.message };
    show(section, { state: "refuted", steps: [step] }, vkey);
  }
}

for (const section of document.querySelectorAll("[data-proof]")) proveLive(section);
for (const form of document.querySelectorAll("form[data-proof-file]")) {
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    proveFile(form.closest("section"), form);
  });
}
