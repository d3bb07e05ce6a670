"""What all OSCAL files share: ids, UUIDs that follow from digests, metadata, properties of our own namespace.

Source: OSCAL 1.2.1, https://pages.nist.gov/OSCAL-Reference/models/v1.2.1/. A UUID is version 5 (RFC 9562, section 5.5)
of what it names and of the digest of what the file was made from, so the same records give the same bytes.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any
from uuid import NAMESPACE_URL, uuid5

from assay.records.canonical import canonical_json
from assay.reports.words import plain

if TYPE_CHECKING:
    from assay.reports.documents.material import Material

VERSION = "1.2.1"
NS = "https://assay/ns/oscal"
_NO_TOKEN = re.compile(r"[^\w.-]+")
_PARENTHESES = re.compile(r"\(([^()]*)\)")


def token(text: str) -> str:
    """Return an id that OSCAL takes: ``annex-iv(2)(g)`` becomes ``annex-iv.2.g``; what begins with a digit gets a c."""
    dotted = _NO_TOKEN.sub("-", _PARENTHESES.sub(r".\1", text)).strip("-.")
    return dotted if dotted[:1].isalpha() or dotted[:1] == "_" else f"c{dotted}"


def control_id(framework: str, clause: str) -> str:
    """Return the id of a framework's control in its catalogue."""
    return f"{token(framework)}_{token(clause).lstrip('c') if clause[:1].isdigit() else token(clause)}"


def uuid_of(material: Material, *names: str) -> str:
    """Return the UUID of something in a file about these records."""
    return str(uuid5(NAMESPACE_URL, "\n".join((NS, material.verdict_sha256, str(size_of(material)), *names))))


def size_of(material: Material) -> int | None:
    """Return how many entries of the log were looked at; None where there is no log."""
    return None if material.log is None else material.log.size


def prop(name: str, value: object) -> dict[str, str]:
    """Return a property in our namespace; OSCAL wants a value that is not blank."""
    return {"name": name, "ns": NS, "value": plain(value) or "none"}


def metadata(material: Material, title: str, mark: str) -> dict[str, Any]:
    """Return a file's metadata: the time is that of the last record."""
    verdict = material.verdict
    props = [
        prop("mark", mark),
        prop("system", verdict.system),
        prop("model", f"{verdict.model} {verdict.version}"),
        prop("model-sha256", verdict.model_sha256),
        prop("evidence-sha256", verdict.evidence_sha256),
        prop("verdict-sha256", material.verdict_sha256),
    ]
    if material.log is not None:
        props += [
            prop("log", material.log.origin),
            prop("log-size", material.log.size),
            prop("log-root", material.log.root),
        ]
    return {
        "title": plain(title),
        "last-modified": material.at.replace("Z", "+00:00"),
        "version": f"{plain(verdict.version)}+{material.verdict_sha256[:12]}",
        "oscal-version": VERSION,
        "props": props,
    }


def written(root: str, body: dict[str, Any]) -> bytes:
    """Return a file's bytes: canonical JSON, one line end."""
    return canonical_json({root: body}) + b"\n"
