// The hash tree of a log, its two proofs, and its tiles, computed in the browser; `proof.js` says what they are for.
//   RFC 6962 section 2.1 (tree), RFC 9162 sections 2.1.3.2 and 2.1.4.2 (proofs), C2SP tlog-tiles (c2sp.org).
// Sizes and indices are BigInt, hashes Uint8Array of 32 bytes.

export class Refuted extends Error {} // what was compared differs: `expected` and `found` say how
export class Unchecked extends Error {} // something is missing here, so nothing is said either way
export function demand(holds, what, expected, found) {
  if (!holds) throw Object.assign(new Refuted(`${what}: expected ${expected}, found ${found}`), { expected, found });
}

export const text = (content) => new TextEncoder().encode(content);
export const hex = (bytes) => Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
export const same = (a, b) => hex(a) === hex(b);
export const join = (...parts) =>
  Uint8Array.from(parts.flatMap((part) => [...(typeof part === "string" ? text(part) : part)]));
export const sha256 = async (bytes) => new Uint8Array(await crypto.subtle.digest("SHA-256", bytes));

// ---- a leaf is H(0 || entry), a node H(1 || left || right)
export const leafHash = (entry) => sha256(join([0], entry));
const nodeHash = (left, right) => sha256(join([1], left, right));

// Returns the root that a leaf and its proof give.
export async function inclusionRoot(index, size, leaf, hashes) {
  demand(index < size, "inclusion proof", `an index below the size ${size}`, `${index}`);
  demand([leaf, ...hashes].every((one) => one.length === 32), "inclusion proof", "hashes of 32 bytes", "others");
  let node = index, last = size - 1n, root = leaf;
  for (const hash of hashes) {
    demand(last > 0n, "inclusion proof", `as many hashes as a tree of ${size} asks for`, `${hashes.length}`);
    if (node & 1n || node === last) {
      root = await nodeHash(hash, root);
      while (node && !(node & 1n)) { node >>= 1n; last >>= 1n; }
    } else root = await nodeHash(root, hash);
    node >>= 1n; last >>= 1n;
  }
  demand(last === 0n, "inclusion proof", `as many hashes as a tree of ${size} asks for`, `${hashes.length}`);
  return root;
}

// Returns whether the tree (size1, root1) is the start of the tree (size2, root2).
export async function isConsistent(size1, size2, root1, root2, hashes) {
  if (size1 === size2) return size1 > 0n && !hashes.length && same(root1, root2);
  if (!(size1 > 0n && size1 < size2) || !hashes.length) return false;
  if (![root1, root2, ...hashes].every((one) => one.length === 32)) return false;
  const [first, ...rest] = size1 & (size1 - 1n) ? hashes : [root1, ...hashes];
  let node = size1 - 1n, last = size2 - 1n, older = first, newer = first;
  while (node & 1n) { node >>= 1n; last >>= 1n; }
  for (const hash of rest) {
    if (!last) return false;
    if (node & 1n || node === last) {
      older = await nodeHash(hash, older);
      newer = await nodeHash(hash, newer);
      while (node && !(node & 1n)) { node >>= 1n; last >>= 1n; }
    } else newer = await nodeHash(newer, hash);
    node >>= 1n; last >>= 1n;
  }
  return last === 0n && same(older, root1) && same(newer, root2);
}

// ---- the consistency proof, made from the log's tiles, which are plain files of 256 hashes each
export function tilePath(level, index, width) {
  const groups = `${index}`.padStart(Math.ceil(`${index}`.length / 3) * 3, "0").match(/.{3}/g);
  const path = groups.map((group, at) => (at < groups.length - 1 ? `x${group}` : group)).join("/");
  return `tile/${level}/${path}${width < 256n ? `.p/${width}` : ""}`;
}

// Returns the hash over the leaves from index << height up to (index + 1) << height.
async function nodeOf(height, index, size, fetchTile) {
  const level = height >> 3n, within = height & 7n, first = index << within, tile = first >> 8n;
  const there = (size >> (8n * level)) - tile * 256n, width = there < 256n ? there : 256n;
  const path = tilePath(level, tile, width);
  const content = (await fetchTile(path)) ?? (await fetchTile(tilePath(level, tile, 256n))); // where it is full by now
  if (!content) throw new Unchecked(`the server does not give ${path} of its log`);
  const at = Number(first & 255n);
  let row = Array.from({ length: 2 ** Number(within) }, (_, i) => content.slice((at + i) * 32, (at + i + 1) * 32));
  while (row.length > 1) {
    const lefts = row.filter((_, i) => i % 2 === 0);
    row = await Promise.all(lefts.map((left, i) => nodeHash(left, row[2 * i + 1])));
  }
  return row[0];
}

const log2 = (number) => BigInt(number.toString(2).length - 1); // rounded down

// Returns the hash over a range of leaves: whole subtrees from its left end on, joined from the right.
async function rangeHash(from, to, size, fetchTile) {
  const parts = [];
  for (let low = from; low < to; low += 1n << log2(to - low)) {
    parts.push(await nodeOf(log2(to - low), low >> log2(to - low), size, fetchTile));
  }
  let hash = parts.pop();
  while (parts.length) hash = await nodeHash(parts.pop(), hash);
  return hash;
}

// Returns the hashes that join the tree of the first `old` leaves to the tree of `size`; fetchTile gives bytes or null.
export async function consistencyProof(old, size, fetchTile) {
  const ranges = [];
  let low = 0n, high = size;
  while (old < high) {
    const border = low + (1n << log2(high - low - 1n));
    if (old <= border) {
      ranges.unshift([border, high]);
      high = border;
    } else {
      ranges.unshift([low, border]);
      low = border;
    }
  }
  if (low) ranges.unshift([low, high]);
  return Promise.all(ranges.map(([from, to]) => rangeHash(from, to, size, fetchTile)));
}
