"""The public vectors that fit the browser's verifier, as cases; read in place."""

from __future__ import annotations

import hashlib
from base64 import b64decode
from typing import Any

from cryptography.hazmat.primitives.asymmetric import ec, utils
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from assay.tlog.growth import Edge, grow
from assay.tlog.merkle import hash_leaf
from assay.tlog.note import MAX_SIGNATURES
from assay.tlog.tile import ENTRIES, tile_path
from assay.tlog.tree import MemoryTree, inclusion_proof
from conformance.trail_vectors import group
from proof_cases import REFUTED, Case, b64

_ROOT = "CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I="


def _hexes(texts: list[str] | None) -> list[str]:
    return [b64decode(one or "").hex() for one in texts or []]


def tree_cases() -> list[Case]:
    """RFC 6962 roots, inclusion and consistency proofs, tile paths, and a whole public proof of Rekor's."""
    found = []
    roots = group("rfc6962_roots")
    tree = MemoryTree(hash_leaf(bytes.fromhex(leaf)) for leaf in roots["leaf_inputs_hex"])
    for index, entry in enumerate(roots["leaf_inputs_hex"]):
        found.append(Case(f"leaf {index}", {"call": "leaf", "entry": entry}, tree.node(0, index).hex()))
        for size in range(index + 1, 9):
            call = {"call": "inclusion", "index": index, "size": size, "leaf": tree.node(0, index).hex(),
                    "hashes": [one.hex() for one in inclusion_proof(index, size, tree.node)]}  # fmt: skip
            found.append(Case(f"root {index} of {size}", call, roots["root_hex_by_size"][size]))
    for one in group("merkle_consistency")["vectors"]:
        call = {"call": "consistent", "size1": one["size1"], "size2": one["size2"], "hashes": _hexes(one["proof"]),
                "root1": _hexes([one["root1"]])[0], "root2": _hexes([one["root2"]])[0]}  # fmt: skip
        found.append(Case(f"consistency {one['id']}", call, not one["want_error"]))
    for one in group("tile_paths")["tile_path"]:
        call = {"call": "tilePath", "level": one["level"], "tile": one["tile"], "width": one["width"] or 256}
        found.append(Case(f"path {one['path']}", call, one["path"]))
    rekor = group("sigstore_rekor2")["inclusion"]
    entry, lines = b64decode(rekor["canonicalized_body_b64"]), rekor["checkpoint"].split("\n")
    call = {"call": "inclusion", "index": rekor["log_index"], "size": lines[1], "leaf": hash_leaf(entry).hex(),
            "hashes": _hexes(rekor["hashes"])}  # fmt: skip
    return [*found, Case("rekor", call, b64decode(lines[2]).hex())]


def inclusion_calls() -> list[tuple[dict[str, Any], str, bool]]:
    """Return each inclusion vector as a call, with the root that it must give, and whether it must."""
    return [
        (
            {"call": "inclusion", "index": one["leafIdx"], "size": one["treeSize"], "hashes": _hexes(one["proof"]),
             "leaf": _hexes([one["leafHash"]])[0]},
            _hexes([one["root"]])[0], not one["want_error"],
        )
        for one in group("merkle_inclusion")["vectors"]
    ]  # fmt: skip


def note_cases() -> list[Case]:
    """Signed notes, verifier keys, cosignatures and the checkpoints of two public logs."""
    vectors = group("signed_note")
    text, line, vkey, second = vectors["text"], vectors["sig_line"], vectors["vkey"], vectors["second"]
    whole, changed = f"{text}\n{line}", line[:-6] + ("A" if line[-6] != "A" else "B") + line[-5:]
    many = "".join(f"\u2014 other{i} AAAAAAAA\n" for i in range(MAX_SIGNATURES))

    def opened(name: str, note: str, key: str, outcome: Any = "0") -> Case:  # noqa: ANN401 - a value
        return Case(name, {"call": "signedNote", "text": note, "vkey": key}, outcome)

    refused = {
        "no blank line": text, "text and a line feed": f"{text}\n", "no final line feed": whole[:-1],
        "a control character": f"\x01{whole}", "carriage returns": whole.replace("\n", "\r\n"),
        "a space in the name": f"{text}\n{line.replace('PeterNeumann', 'Peter Neumann')}",
        "a plus in the name": f"{text}\n{line.replace('PeterNeumann', 'Peter+Neumann')}",
        "something after the signatures": f"{whole}end\n", "too many signatures": f"{text}\n{many}{line}",
        "a signature that fails": f"{text}\n{changed}", "beside one that holds": f"{whole}{changed}",
        "a hyphen for the dash": f"{text}\n-{line[1:]}", "another text": f"X{whole}",
    }  # fmt: skip
    sunlight, example, other = group("sunlight_mirror_300"), vectors["c2sp_example"], group("other_note_algs")
    stamped = f"{int.from_bytes(b64decode(sunlight['checkpoint'].split()[-1])[4:12], 'big')}"
    steps = group("witness_add_checkpoint")
    reference = group("tessera_testdata_log")
    return [
        opened("first", whole, vkey),
        opened("second", f"{whole}{second['sig_line']}", second["vkey"]),
        opened("repeated, and unknown beside it", f"{text}\n{many[: many.index('other15') - 2]}{line}{line}", vkey),
        opened("of the specification", example["note"], example["vkey"]),
        opened("a mirror's cosignature", sunlight["checkpoint"], sunlight["cosigner_vkey"], stamped),
        opened(
            "a witness's beside a tree head",
            sunlight["witness_checkpoint"]["text"],
            sunlight["witness_checkpoint"]["witness_vkey"],
            f"{_time_of(sunlight['witness_checkpoint']['text'], 'witness.example.org')}",
        ),
        *(
            opened(f"reference log at {n}", reference["files"][f"checkpoint.{n}"], reference["vkey"])
            for n in range(16)
        ),
        *(opened(name, note, vkey, REFUTED) for name, note in refused.items()),
        *(
            opened(
                f"witness step {n}", one["request_body"].partition("\n\n")[2], steps["log_vkey"],
                REFUTED if one["status"] == 403 else "0",
            )
            for n, one in enumerate(steps["steps"]) if one["status"] != 404
        ),
        *(
            Case(f"bad key {n}", {"call": "vkey", "text": one}, REFUTED)
            for n, one in enumerate([
                *vectors["bad_vkeys"], group("mldsa44_vkey")["vkey"],
                *(vkey[:i] for i in range(len(vkey))), *(vkey[i:] for i in range(1, len(vkey))),
                *(vkey[:i] + chr(ord(vkey[i]) + 1) + vkey[i + 1 :] for i in range(len(vkey))),
            ])
        ),
        _key_case(other["cosig_ed25519_0x04_vkey"]),
        _key_case(
            group("mldsa44_vkey")["vkey"].replace(
                group("mldsa44_vkey")["printed_key_id"], group("mldsa44_vkey")["computed_key_id"], 1
            )
        ),
    ]  # fmt: skip


def _time_of(note: str, name: str) -> int:
    (line,) = [one for one in note.split("\n") if one.startswith(f"\u2014 {name} ")]
    return int.from_bytes(b64decode(line.split()[-1])[4:12], "big")


def _key_case(vkey: str) -> Case:
    name, printed, encoded = vkey.split("+", 2)
    key = b64decode(encoded)
    expected = {"name": name, "id": printed, "type": key[0], "key": key[1:].hex()}
    return Case(f"key of {name}", {"call": "vkey", "text": vkey}, expected)


def text_cases() -> list[Case]:
    """Checkpoints and proof files, right and wrong; DSSE."""
    checkpoints, files, envelope = group("checkpoint_parse"), group("tlog_proof"), group("dsse")
    wrong = [f"Log\n01\n{_ROOT}\n", f"Log\n+1\n{_ROOT}\n", f"Log\n1\n{_ROOT[:-1]}\n", f"Log\n1\n{_ROOT}\n\n",
             f"Log\n1\n{_ROOT}\n\nextension\n", f"Log\n{2**63}\n{_ROOT}\n", f"Log\r\n1\r\n{_ROOT}\r\n"]  # fmt: skip
    key = ec.EllipticCurvePublicNumbers(
        int(envelope["ecdsa_p256"]["x"]), int(envelope["ecdsa_p256"]["y"]), ec.SECP256R1()
    ).public_key()
    pair = b64decode(envelope["ecdsa_p256"]["sig_raw_r_s_b64"])
    der = utils.encode_dss_signature(int.from_bytes(pair[:32], "big"), int.from_bytes(pair[32:], "big"))
    spki = key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo).hex()
    signed = {"call": "signedBy", "key": spki, "signature": der.hex(), "message": envelope["pae"].encode().hex()}
    found = [
        *(
            Case(f"wrong checkpoint {n}", {"call": "checkpoint", "text": one}, REFUTED)
            for n, one in enumerate([*checkpoints["reject"], *checkpoints["accept"], *wrong])
        ),
        *(
            Case(f"wrong proof file {n}", {"call": "proofFile", "text": one}, REFUTED)
            for n, one in enumerate(files["reject"])
        ),
        *(
            Case(
                f"proof file {n}", {"call": "proofFile", "text": one["want"]},
                {"index": str(one["index"]), "hashes": one["hashes_b64"], "checkpoint": one["checkpoint"]},
            )
            for n, one in enumerate(files["marshal"])
        ),
        Case(
            "PAE", {"call": "pae", "type": envelope["payload_type"], "body": envelope["payload"].encode().hex()},
            envelope["pae"].encode().hex(),
        ),
        Case("ECDSA", signed, True),
        Case("ECDSA over another text", signed | {"message": b"DSSEv1".hex()}, False),
        Case("ECDSA changed", signed | {"signature": (der[:-1] + bytes([der[-1] ^ 1])).hex()}, False),
    ]  # fmt: skip
    lines = checkpoints["accept"][0].split("\n")
    right = "\n".join([*lines[:2], _ROOT, *lines[3:]])
    expected = {"origin": lines[0], "size": lines[1], "root": b64decode(_ROOT).hex()}
    return [*found, Case("checkpoint", {"call": "checkpoint", "text": right}, expected)]


def whole_cases() -> list[Case]:
    """Every entry of the reference log at every size, proven, and each size from every earlier one by its tiles."""
    vectors = group("tessera_testdata_log")
    entries = [one.encode() for one in vectors["entries"]]
    tree = MemoryTree(map(hash_leaf, entries))
    found = []
    for size in range(1, 16):
        note = vectors["files"][f"checkpoint.{size}"]
        growth = grow(Edge(), entries[:size])
        tiles = {tile_path(tile): content.hex() for tile, content in growth.files if tile.level != ENTRIES}
        for index in range(size):
            given = {
                "entry": b64(entries[index]), "index": index, "size": size, "checkpoint": note,
                "hashes": [b64(one) for one in inclusion_proof(index, size, tree.node)],
                "vkey": vectors["vkey"], "leaf_sha256": hashlib.sha256(b"\x00" + entries[index]).hexdigest(),
            }  # fmt: skip
            before = vectors["files"][f"checkpoint.{index}"].split("\n")
            pin = {"vkey": vectors["vkey"], "size": before[1], "root": before[2]}
            call = {"call": "prove", "given": given, "pin": pin, "tiles": tiles}
            words = "is the start of the tree" if index else "saw the log empty"
            found.append(Case(f"reference log, {index} in {size}", call, ("proven", words)))
    return found
