"""The auditor bundle of version 0.1: every later version must verify it, and so must the verifier that is inside it.

``bundle-v1.zip`` is never made anew; a later format gets a file of its own beside it. It was written by::

    ASSAY_WRITE_GOLDEN=1 .venv/bin/python -m pytest tests/golden/auditor

and packed again with compression, which leaves every member and the manifest what they are.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import zipfile
from pathlib import Path

from assay.lifecycle.exporting import export_bundle, find_handover
from assay.verifier.bundle import check_bundle
from assay.verifier.members import read_members
from assay.verifier.note import parse_vkey
from assay.verifier.quorum import parse_policy
from assay.verifier.trust import parse_trust
from golden.auditor.golden_project import LOG, POLICY, make_project

BUNDLE = Path(__file__).parent / "bundle-v1.zip"
LARGEST = 60_000
DASH, ML_DSA_LINE = "\u2014 ".encode(), 3_000


def exported(root: Path) -> bytes:
    """Return the bundle of the golden project as it is written today."""
    state = make_project(root)
    return export_bundle([state / "releases/golden/1"], find_handover(state, policy=POLICY.encode())).content


def test_the_bundle_is_kept(tmp_path: Path) -> None:
    if "ASSAY_WRITE_GOLDEN" in os.environ and not BUNDLE.exists():
        (tmp_path / "new.zip").write_bytes(exported(tmp_path))
        with zipfile.ZipFile(BUNDLE, "w", zipfile.ZIP_DEFLATED) as packed:
            for name, content in read_members(tmp_path / "new.zip").items():
                packed.writestr(zipfile.ZipInfo(name, (1980, 1, 1, 0, 0, 0)), content, zipfile.ZIP_DEFLATED, 9)
    assert BUNDLE.is_file()
    assert BUNDLE.stat().st_size < LARGEST


def test_the_bundle_holds_under_trust_from_outside() -> None:
    members = read_members(BUNDLE)
    found = check_bundle(
        members,
        trust=parse_trust(members["trust.json"], "t"),
        logs=[parse_vkey(str(LOG.verifier))],
        policy=parse_policy(POLICY.encode(), "p"),
    )
    assert (found.problems, found.warnings) == ([], [])
    assert found.releases == [("golden", "1", "allow")]
    said = "\n".join(found.proven)
    for words in (
        "vera (validator;",
        "accepted the risk of gap as risk-owner until 2027-01-01",
        "cosigned by north.example.com",
        "cosigned by south.example.com at 2026-11-23T04:00:02Z",
        "entry 4 of the log logs.example.com/golden",
    ):
        assert words in said


def test_the_verifier_inside_still_runs_and_says_the_same(tmp_path: Path) -> None:
    with zipfile.ZipFile(BUNDLE) as packed:
        packed.extractall(tmp_path)
    done = subprocess.run(
        [sys.executable, "-I", "-S", "verify.pyz", "--json"], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stderr) == (0, "")
    document = json.loads(done.stdout)
    assert document["holds"] is True
    assert document["proven"] == check_bundle(read_members(BUNDLE)).proven


def settled(content: bytes) -> bytes:
    """Return a file without ML-DSA signatures, which differ each time that they are made."""
    return b"\n".join(line for line in content.split(b"\n") if not line.startswith(DASH) or len(line) < ML_DSA_LINE)


def test_what_is_exported_today_has_the_same_records(tmp_path: Path) -> None:
    """Only the verifier, what is said about it, and the manifest over both may differ from version to version."""
    (tmp_path / "new.zip").write_bytes(exported(tmp_path))
    then, now = read_members(BUNDLE), read_members(tmp_path / "new.zip")
    assert set(then) == set(now)
    differs = {name for name in then if settled(then[name]) != settled(now[name])}
    assert differs <= {"verify.pyz", "README.txt", "MANIFEST.json"}
