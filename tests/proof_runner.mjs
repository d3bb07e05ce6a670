// Runs cases against static/tree.js and static/proof.js: in Node (cases on standard input), or in a page that imports
// this module. A case is {call, ...}; its outcome {value}, {refuted} or {unchecked}.

const hex = (bytes) => Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
const raw = (text) => Uint8Array.from(text.match(/../g) ?? [], (pair) => parseInt(pair, 16));
const all = (texts) => texts.map(raw);

export async function load(folder) {
  return { tree: await import(`${folder}/tree.js`), proof: await import(`${folder}/proof.js`) };
}

const calls = {
  leaf: ({ tree }, one) => tree.leafHash(raw(one.entry)).then(hex),
  inclusion: ({ tree }, one) =>
    tree.inclusionRoot(BigInt(one.index), BigInt(one.size), raw(one.leaf), all(one.hashes)).then(hex),
  consistent: ({ tree }, one) =>
    tree.isConsistent(BigInt(one.size1), BigInt(one.size2), raw(one.root1), raw(one.root2), all(one.hashes)),
  tilePath: ({ tree }, one) => tree.tilePath(one.level, one.tile, BigInt(one.width)),
  consistencyProof: async ({ tree }, one) => {
    const tiles = async (path) => (path in one.tiles ? raw(one.tiles[path]) : null);
    return (await tree.consistencyProof(BigInt(one.old), BigInt(one.size), tiles)).map(hex);
  },
  vkey: ({ proof }, one) => proof.parseVkey(one.text).then((key) => ({ ...key, key: hex(key.key) })),
  note: ({ proof }, one) => {
    const found = proof.parseNote(one.text);
    return { ...found, signatures: found.signatures.map((each) => ({ ...each, body: hex(each.body) })) };
  },
  checkpoint: ({ proof }, one) => {
    const found = proof.parseCheckpoint(one.text);
    return { ...found, size: `${found.size}`, root: hex(found.root) };
  },
  signedNote: async ({ proof }, one) => `${await proof.signed(proof.parseNote(one.text), await proof.parseVkey(one.vkey))}`,
  proofFile: ({ proof }, one) => proof.parseProofFile(one.text),
  pae: ({ proof }, one) => hex(proof.pae(one.type, raw(one.body))),
  signedBy: ({ proof }, one) => proof.isSignedBy(raw(one.key), raw(one.signature), raw(one.message)),
  prove: ({ proof }, one) => {
    const fetchTile = async (path) => (path in (one.tiles ?? {}) ? raw(one.tiles[path]) : null);
    return proof.prove(one.given, { pin: one.pin ?? null, live: one.live ?? true, fetchTile });
  },
};

export async function run(modules, cases) {
  const outcomes = [];
  for (const one of cases) {
    try {
      outcomes.push({ value: await calls[one.call](modules, one) });
    } catch (error) {
      if (error instanceof modules.tree.Unchecked) outcomes.push({ unchecked: error.message });
      else if (error instanceof modules.tree.Refuted) outcomes.push({ refuted: error.message });
      else throw error;
    }
  }
  return outcomes;
}

if (globalThis.process?.argv?.[2]) {
  const chunks = [];
  for await (const chunk of process.stdin) chunks.push(chunk);
  const outcomes = await run(await load(process.argv[2]), JSON.parse(Buffer.concat(chunks).toString()));
  process.stdout.write(JSON.stringify(outcomes));
}
