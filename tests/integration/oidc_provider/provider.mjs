// A certified OpenID provider (https://github.com/panva/node-oidc-provider) with the people and clients of a test.
// node provider.mjs ENTRY PORT CALLBACK: prints "ready" when it listens. Whoever signs in says who they are.
import { generateKeyPairSync } from "node:crypto";
import { pathToFileURL } from "node:url";

const [entry, port, callback] = process.argv.slice(2);
const { Provider } = await import(pathToFileURL(entry));

const GROUPS = { vera: ["ml-validators", "lunch"], rosa: ["ml-audit"], nils: [] };
const KEYS = {
  RS256: ["rsa", { modulusLength: 2048 }], PS384: ["rsa", { modulusLength: 2048 }],
  ES256: ["ec", { namedCurve: "P-256" }], ES384: ["ec", { namedCurve: "P-384" }], Ed25519: ["ed25519", {}],
};
const secret = "a secret with + and % and :";
const made = ([kind, how]) => generateKeyPairSync(kind, how).privateKey.export({ format: "jwk" });

const provider = new Provider(`http://127.0.0.1:${port}`, {
  clients: Object.keys(KEYS).map((alg) => ({
    client_id: `assay-${alg}`, client_secret: secret, redirect_uris: [callback], id_token_signed_response_alg: alg,
  })),
  jwks: { keys: Object.entries(KEYS).map(([alg, how]) => ({ ...made(how), alg, use: "sig", kid: alg })) },
  enabledJWA: { idTokenSigningAlgValues: Object.keys(KEYS) },
  claims: { openid: ["sub"], profile: ["preferred_username", "groups"] },
  pkce: { required: () => true },
  findAccount: (_, id) => ({
    accountId: id, claims: () => ({ sub: id, preferred_username: id, groups: GROUPS[id] ?? [] }),
  }),
  cookies: { keys: ["of this test"] },
});
provider.on("server_error", (_, error) => console.error(error));
provider.listen(Number(port), "127.0.0.1", () => console.log("ready"));
