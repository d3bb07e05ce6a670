// Proves in the browser that an entry stands in a log, and that the log is still the one this browser saw before.
// It believes nothing that the server says: it takes bytes, computes and compares. Read it, and `tree.js`; that is all.
//   C2SP signed-note, tlog-checkpoint, tlog-cosignature, tlog-proof (c2sp.org), DSSE 1.0.2 (what a signature is over).
// `prove` takes what proof.json holds: {entry, index, size, hashes, checkpoint, vkey, witnesses, signers, leaf_sha256};
// bytes are base64, the checkpoint is the signed note as it is.

import { Unchecked, consistencyProof, demand, hex, inclusionRoot, isConsistent, join, leafHash } from "./tree.js";
import { same, sha256, text } from "./tree.js";

const MAX = 2n ** 63n - 1n; // of sizes and indices: what a signed 64-bit integer holds
const ED25519 = 1, COSIGNATURE = 4, ML_DSA_44 = 6; // types of keys (C2SP signed-note)

// ---- the atoms: one spelling of each value is accepted, and no other
export function bytesOf(given, what, length) {
  let binary = null;
  try { binary = atob(given); } catch { /* told below */ }
  demand(binary !== null && btoa(binary) === given, what, "base64 in its one spelling", JSON.stringify(given));
  demand(length === undefined || binary.length === length, what, `${length} bytes`, `${binary.length}`);
  return Uint8Array.from(binary, (letter) => letter.charCodeAt(0));
}
export function numberOf(given, what) {
  const right = /^(0|[1-9][0-9]{0,18})$/.test(`${given}`) && BigInt(given) <= MAX;
  demand(right, what, "a decimal number without leading zeros", JSON.stringify(`${given}`));
  return BigInt(given);
}

// ---- texts: verifier key, signed note, checkpoint, proof file
const NAME = "[^\\p{White_Space}\\x00-\\x1f+]+"; // of a key: no space, no +
export async function parseVkey(given) {
  const parts = new RegExp(`^(${NAME})\\+([^+]*)\\+(.+)$`, "u").exec(given);
  demand(parts, "verifier key", "<name>+<key ID>+<base64 key>", JSON.stringify(given));
  const [, name, printed, encoded] = parts, key = bytesOf(encoded, "verifier key"), type = key[0];
  const length = { [ED25519]: 32, [COSIGNATURE]: 32, [ML_DSA_44]: 1312 }[type];
  demand(length === key.length - 1, "verifier key", "an Ed25519 or ML-DSA-44 key", `type ${type}, ${key.length} bytes`);
  const id = hex((await sha256(join(`${name}\n`, key))).subarray(0, 4));
  demand(printed === id, "verifier key", `the key ID ${id} that belongs to name and key`, printed);
  return { name, id, type, key: key.subarray(1) };
}

export function parseNote(note) { // text, an empty line, signature lines
  const border = `${note}`.lastIndexOf("\n\n"), lines = `${note}`.slice(border + 2).split("\n");
  demand(!/[\x00-\x09\x0b-\x1f]/.test(note), "checkpoint", "no control character but the line feed", "one");
  demand(border >= 0 && lines.pop() === "", "checkpoint", "an empty line, and signature lines that end", "none");
  demand(lines.length > 0 && lines.length <= 100, "checkpoint", "1 to 100 signatures", `${lines.length}`);
  const signatures = lines.map((line) => {
    const parts = new RegExp(`^\u2014 (${NAME}) ([^ ]+)$`, "u").exec(line);
    demand(parts, "checkpoint", "a line '\u2014 <name> <signature>'", JSON.stringify(line));
    const content = bytesOf(parts[2], `signature by ${parts[1]}`);
    demand(content.length > 4, `signature by ${parts[1]}`, "key ID and signature", `${content.length} bytes`);
    return { name: parts[1], id: hex(content.subarray(0, 4)), body: content.subarray(4) };
  });
  return { text: note.slice(0, border + 1), signatures };
}

export function parseCheckpoint(content) { // origin, size, root, each on its line
  const lines = content.split("\n");
  demand(lines.pop() === "" && lines.length > 2 && lines.every(Boolean), "checkpoint", "the lines origin, size, root", "others");
  return { origin: lines[0], size: numberOf(lines[1], "checkpoint size"), root: bytesOf(lines[2], "root", 32) };
}

export function parseProofFile(content) { // c2sp.org/tlog-proof@v1; returns {index, hashes, checkpoint}
  const border = content.indexOf("\n\n"), lines = content.slice(0, Math.max(border, 0)).split("\n");
  const whole = border > 0 && border + 2 < content.length && lines.shift() === "c2sp.org/tlog-proof@v1";
  const start = JSON.stringify(content.slice(0, 60));
  demand(whole, "proof file", "the line c2sp.org/tlog-proof@v1 and a checkpoint", start);
  if (lines[0]?.startsWith("extra ")) bytesOf(lines.shift().slice(6), "proof file, extra"); // nothing rests on it
  demand(lines[0]?.startsWith("index "), "proof file", "a line 'index <number>'", JSON.stringify(lines[0] ?? ""));
  const index = `${numberOf(lines.shift().slice(6), "proof file, index")}`;
  demand(lines.length <= 63, "proof file", "at most 63 hashes", `${lines.length}`);
  lines.forEach((line) => bytesOf(line, "proof file, hash", 32));
  return { index, hashes: lines, checkpoint: content.slice(border + 2) };
}

// ---- signatures
async function holds(format, key, algorithm, signature, message) {
  try {
    const imported = await crypto.subtle.importKey(format, key, algorithm, false, ["verify"]);
    return await crypto.subtle.verify(algorithm, imported, signature, message);
  } catch (error) {
    if (error.name !== "NotSupportedError") return false; // not a key, not a signature
    throw new Unchecked(`this browser cannot verify ${algorithm.name} signatures`);
  }
}

export async function signed(note, key) { // the seconds that a cosignature states; 0 for a log's own
  const found = note.signatures.filter((one) => one.name === key.name && one.id === key.id);
  demand(found.length, "checkpoint", `a signature by ${key.name}+${key.id}`, "none");
  let seconds = 0n;
  for (const { body } of found) { // every one by a known key must hold
    const cosigned = key.type === COSIGNATURE;
    demand(body.length === (cosigned ? 72 : 64), `signature by ${key.name}`, "64 bytes of Ed25519", `${body.length}`);
    if (cosigned) seconds = BigInt(`0x${hex(body.subarray(0, 8))}`);
    demand(!cosigned || (seconds > 0n && seconds <= MAX), `cosignature by ${key.name}`, "a time", `${seconds}`);
    const message = text((cosigned ? `cosignature/v1\ntime ${seconds}\n` : "") + note.text);
    const right = await holds("raw", key.key, { name: "Ed25519" }, body.subarray(cosigned ? 8 : 0), message);
    demand(right, `signature by ${key.name}`, "one over this checkpoint", "one that does not match it");
  }
  return seconds;
}

export const pae = (type, body) => join(`DSSEv1 ${text(type).length} ${type} ${body.length} `, body);

const CURVES = { 91: ["P-256", 32, "SHA-256"], 120: ["P-384", 48, "SHA-384"], 158: ["P-521", 66, "SHA-512"] };
export async function isSignedBy(spki, signature, message) { // Ed25519, or ECDSA whose signature is in DER
  const [namedCurve, width, hash] = CURVES[spki.length] ?? [];
  if (!namedCurve) return holds("spki", spki, { name: "Ed25519" }, signature, message);
  const numbers = new Uint8Array(2 * width);
  for (let at = signature[1] > 128 ? 3 : 2, end = width; end <= 2 * width; end += width) { // r and s
    const length = signature[at + 1], number = signature.subarray(at + 2, at + 2 + length);
    const digits = number.subarray(Math.max(number.length - width, 0));
    numbers.set(digits, end - digits.length);
    at += 2 + length;
  }
  return holds("spki", spki, { name: "ECDSA", namedCurve, hash }, numbers, message);
}

export async function whoSigned(entry, signers) { // names of those whose signatures hold; null: no signed statement
  let envelope = null;
  try { envelope = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(entry)); } catch { /* no envelope */ }
  if (typeof envelope?.payload !== "string" || !Array.isArray(envelope.signatures)) return null;
  const plain = (given) => bytesOf(`${given}`.replaceAll("-", "+").replaceAll("_", "/"), "envelope");
  const message = pae(envelope.payloadType, plain(envelope.payload));
  for (const signer of signers) {
    const key = bytesOf(signer.key, `key of ${signer.name}`), id = hex(await sha256(key));
    demand(id === signer.key_id, `key of ${signer.name}`, `the id ${id} that belongs to it`, signer.key_id);
    const each = await Promise.all(envelope.signatures.map((one) => isSignedBy(key, plain(one.sig), message)));
    demand(each.includes(true), "the entry's signature", `one by the key ${id}`, "none that matches what it says");
  }
  if (!signers.length) throw new Unchecked("it is signed by a key that this page was given no name for");
  return signers.map((one) => `${one.name} (key ${one.key_id.slice(0, 16)}...)`);
}

// ---- history: what this browser saw before, {vkey, size, root}, against what it is shown now
async function sameHistory(pin, now, vkey, { live, fetchTile }) {
  demand(pin.vkey === vkey, "the log's key", `${pin.vkey}, which this browser saw before`, vkey);
  const before = { size: numberOf(pin.size, "size seen before"), root: bytesOf(pin.root, "root seen before", 32) };
  const cut = live && now.size < before.size;
  demand(!cut, "truncated", `at least the ${before.size} entries that this browser saw before`, `${now.size}`);
  const [old, late] = now.size < before.size ? [now, before] : [before, now];
  if (old.size === 0n) return "this browser saw the log empty; whatever it holds now goes on from there";
  const hashes = old.size === late.size ? [] : await consistencyProof(old.size, late.size, fetchTile);
  demand(
    await isConsistent(old.size, late.size, old.root, late.root, hashes),
    "split view",
    `one history: the tree of ${before.size} entries with the root ${hex(before.root)}, which this browser saw before`,
    `a tree of ${now.size} entries with the root ${hex(now.root)} of another. Keep both: they convict the log`,
  );
  if (old.size === late.size) return `this browser saw this very checkpoint before, root ${hex(late.root)}`;
  const joined = `${hashes.length} hashes from the log's tiles join their roots`;
  return `the tree of ${old.size} entries is the start of the tree of ${late.size}: ${joined}`;
}

// ---- the steps: each returns what was found, in words, and "note" where there was nothing to check
async function leafStep(given, held) {
  held.entry = bytesOf(given.entry, "entry");
  held.leaf = await leafHash(held.entry);
  const expected = given.leaf_sha256 ?? hex(held.leaf);
  demand(hex(held.leaf) === expected, "leaf hash", expected, hex(held.leaf));
  return [`SHA-256 over a zero byte and the ${held.entry.length} bytes of the entry is ${expected}`];
}

async function checkpointStep(given, held) {
  held.key = await parseVkey(given.vkey);
  held.note = parseNote(given.checkpoint);
  held.now = parseCheckpoint(held.note.text);
  const { origin, size, root } = held.now, { name, id, type } = held.key;
  demand(type === ED25519, "the log's key", "type 1, Ed25519", `type ${type}`);
  demand(origin === name, "origin", `${name}, as the key says`, origin);
  demand(`${given.size ?? size}` === `${size}`, "size", `${given.size}`, `${size}`);
  const key = `its key's ID ${id} was computed again from name and key`;
  return [`the log ${origin} states ${size} entries with the root ${hex(root)}; ${key}`];
}

async function inclusionStep(given, held) {
  const index = numberOf(given.index, "index"), hashes = given.hashes.map((one) => bytesOf(one, "hash", 32));
  const root = await inclusionRoot(index, held.now.size, held.leaf, hashes);
  demand(same(root, held.now.root), "root", `${hex(held.now.root)}, as the checkpoint states`, hex(root));
  return [`the leaf at index ${index} and ${hashes.length} hashes give ${hex(root)}, as the checkpoint states`];
}

async function logStep(given, held) {
  await signed(held.note, held.key);
  return [`the Ed25519 signature by ${given.vkey} holds over origin, size and root`];
}

async function cosignatureStep(vkey, held) {
  const key = await parseVkey(vkey), named = `${key.name}+${key.id}`;
  held.known.push(named);
  if (key.type !== ML_DSA_44) {
    const seconds = Number(await signed(held.note, key)), known = seconds < 253402300800; // the year 10000
    const at = known ? new Date(seconds * 1000).toISOString() : `${seconds} s after 1970`;
    return [`the witness ${named} states that it had seen no larger tree of this log at ${at}; its signature holds`];
  }
  const there = held.note.signatures.some((one) => `${one.name}+${one.id}` === named);
  demand(there, "checkpoint", `a signature by ${named}`, "none");
  return [`${named} signs with ML-DSA-44, which is not checked by this page`, "note"];
}

async function othersStep(held) {
  const names = held.note.signatures.map((one) => `${one.name}+${one.id}`);
  const others = names.filter((one) => ![`${held.key.name}+${held.key.id}`, ...held.known].includes(one));
  if (!others.length) return null;
  return [`${others.join(", ")}: not known here, so not checked, and nothing rests on it`, "note"];
}

async function signerStep(given, held) {
  if (given.signers === null) return ["no key of who acted was given, so that signature is not checked", "note"];
  const names = await whoSigned(held.entry, given.signers ?? []);
  if (names) return [`the signature over type and payload (DSSE) holds for ${names.join(", ")}`];
  return ["this entry is no signed statement, but, say, the digest of a consent: nothing in it to check", "note"];
}

async function historyStep(given, held, { pin, ...how }) {
  if (!pin) return ["this browser sees this log for the first time, and has nothing to compare it with", "note"];
  try {
    return [await sameHistory(pin, held.now, given.vkey, how)];
  } catch (error) {
    if (how.live || !(error instanceof Unchecked)) throw error;
    return [`not compared with what this browser saw before: ${error.message}`, "note"]; // a file, read offline
  }
}

// Returns {state, steps, pin}: state is proven, refuted or unchecked; it stops at the first step that is refuted.
//   pin: what was seen before, or null; live: whether it was fetched now, so that it must not be older than the pin;
//   fetchTile: takes a path below the log, gives its bytes, or null where there is no such file.
export async function prove(given, { pin = null, live = true, fetchTile = async () => null } = {}) {
  const steps = [], held = { known: [] };
  const all = [
    ["The entry's bytes give its leaf hash", () => leafStep(given, held)],
    ["The checkpoint is this log's", () => checkpointStep(given, held)],
    ["The inclusion proof gives the checkpoint's root", () => inclusionStep(given, held)],
    ["The log has signed the checkpoint", () => logStep(given, held)],
    ...(given.witnesses ?? []).map((vkey) => ["Another key has signed it, too", () => cosignatureStep(vkey, held)]),
    ["Others have signed it", () => othersStep(held)],
    ["Who acted has signed the entry", () => signerStep(given, held)],
    ["The log goes on from what this browser saw before", () => historyStep(given, held, { pin, live, fetchTile })],
  ];
  for (const [title, check] of globalThis.crypto?.subtle ? all : []) {
    try {
      const [words, state = "proven"] = (await check()) ?? [];
      if (words) steps.push({ title, state, words });
    } catch (error) {
      const state = error instanceof Unchecked ? "unchecked" : "refuted";
      steps.push({ title, state, words: error.message, expected: error.expected, found: error.found });
      if (state === "refuted") return { state, steps, pin };
    }
  }
  const lacking = "this page has no WebCrypto: it did not come over https, or the browser is too old";
  if (!steps.length) steps.push({ title: "The browser can compute", state: "unchecked", words: lacking });
  if (steps.some((one) => one.state === "unchecked")) return { state: "unchecked", steps, pin };
  const { size, root } = held.now, newer = !pin || size >= BigInt(pin.size);
  const seen = { vkey: given.vkey, size: `${size}`, root: btoa(String.fromCharCode(...root)) };
  return { state: "proven", steps, pin: newer ? seen : pin };
}
