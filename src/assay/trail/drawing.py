"""A lineage as a picture: SVG, in layers from left to right; no script, no font of its own, no request.

Layers are the longest way from a source; within a layer, nodes stand near the mean place of what leads to them (the
barycentre heuristic of K. Sugiyama, S. Tagawa and M. Toda, "Methods for visual understanding of hierarchical system
structures", IEEE Trans. Systems, Man and Cybernetics 11(2), 1981).
"""

from __future__ import annotations

from html import escape
from itertools import pairwise
from typing import TYPE_CHECKING, TypeAlias

from assay.records.canonical import canonical_json
from assay.trail.answers import logs_words

if TYPE_CHECKING:
    from collections.abc import Iterable

    from assay.trail.lineage import Lineage, Node

_WIDTH, _HEIGHT = 216, 58
_ACROSS, _DOWN = 76, 26
_MARGIN, _LEGEND = 28, 34
_BEND = 12
_LETTERS, _SMALL_LETTERS = 24, 31  # of DejaVu Sans, the widest that a browser may take, in the width of a box
_PASSES = 4

# Fill and edge of each kind. Kinds are told apart by their word too, so no reader depends on colour.
_COLOURS = {
    "source": ("#eef2f6", "#64748b"),
    "dataset": ("#e0f2fe", "#0369a1"),
    "transformation": ("#f5f5f4", "#57534e"),
    "job": ("#f5f5f4", "#57534e"),
    "sampling": ("#f5f5f4", "#57534e"),
    "quality-check": ("#ecfdf5", "#047857"),
    "training": ("#fef3c7", "#b45309"),
    "model-version": ("#fde68a", "#92400e"),
    "evaluation": ("#ecfdf5", "#047857"),
    "decision": ("#ede9fe", "#6d28d9"),
    "deployment": ("#fee2e2", "#b91c1c"),
    "inference": ("#fce7f3", "#be185d"),
}


_TIP = (
    '<defs><marker id="tip" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="8" markerHeight="8" orient="auto">'
    '<path d="M0 0 L8 4 L0 8 z" fill="#475569"/></marker></defs>'
)

Way: TypeAlias = list[str]


def layers(
    nodes: Iterable[str], edges: Iterable[tuple[str, str]]
) -> tuple[list[list[str]], dict[tuple[str, str], Way]]:
    """Return the nodes of each layer, in order, and the way of each edge.

    A way that crosses layers has a bend in each of them, which takes a place in the layer as a node does; a bend's name
    begins with a NUL. An edge that closes a circle goes straight back.
    """
    names = sorted(nodes)
    forward = _without_circles(names, sorted(edges))
    depth = _depths(names, forward)
    rows: list[list[str]] = [[] for _ in range(max(depth.values(), default=-1) + 1)]
    for name in names:
        rows[depth[name]].append(name)
    before: dict[str, list[str]] = {}
    after: dict[str, list[str]] = {}
    ways: dict[tuple[str, str], Way] = {edge: list(edge) for edge in edges}
    for number, (source, target) in enumerate(forward):
        bends = [f"\0{number}.{layer}" for layer in range(depth[source] + 1, depth[target])]
        for layer, bend in enumerate(bends, depth[source] + 1):
            rows[layer].append(bend)
        ways[source, target] = [source, *bends, target]
        for left, right in pairwise(ways[source, target]):
            before.setdefault(right, []).append(left)
            after.setdefault(left, []).append(right)
    for turn in range(_PASSES):
        _order(rows if turn % 2 == 0 else rows[::-1], before if turn % 2 == 0 else after)
    return rows, ways


def _depths(names: list[str], forward: list[tuple[str, str]]) -> dict[str, int]:
    """Return the length of the longest way to each node."""
    before: dict[str, list[str]] = {name: [] for name in names}
    after: dict[str, list[str]] = {name: [] for name in names}
    for source, target in forward:
        before[target].append(source)
        after[source].append(target)
    depth: dict[str, int] = {}
    for name in _sorted_by_edges(names, before, after):
        depth[name] = max((depth[one] + 1 for one in before[name]), default=0)
    return depth


def _without_circles(names: list[str], edges: list[tuple[str, str]]) -> list[tuple[str, str]]:
    """Return the edges but for those that lead back to a node on the way to it (depth-first, without recursion)."""
    ways: dict[str, list[str]] = {name: [] for name in names}
    for source, target in edges:
        ways[source].append(target)
    state = dict.fromkeys(names, 0)  # 0 not seen, 1 on the way, 2 done
    back: set[tuple[str, str]] = set()
    for start in names:
        if state[start]:
            continue
        state[start] = 1
        stack = [(start, iter(ways[start]))]
        while stack:
            name, rest = stack[-1]
            following = next(rest, None)
            if following is None:
                state[name] = 2
                stack.pop()
            elif state[following] == 1:
                back.add((name, following))
            elif state[following] == 0:
                state[following] = 1
                stack.append((following, iter(ways[following])))
    return [edge for edge in edges if edge not in back]


def _sorted_by_edges(names: list[str], before: dict[str, list[str]], after: dict[str, list[str]]) -> list[str]:
    left = {name: len(before[name]) for name in names}
    ready = [name for name in names if left[name] == 0]
    found: list[str] = []
    while ready:
        name = ready.pop()
        found.append(name)
        for target in after[name]:
            left[target] -= 1
            if left[target] == 0:
                ready.append(target)
    return found


def _order(rows: list[list[str]], neighbours: dict[str, list[str]]) -> None:
    place: dict[str, float] = {}
    for row in rows:
        means: dict[str, float] = {}
        for position, name in enumerate(row):
            known = [place[one] for one in neighbours.get(name, []) if one in place]
            means[name] = sum(known) / len(known) if known else position
        row.sort(key=lambda name: (means[name], name))
        place |= {name: float(position) for position, name in enumerate(row)}


def lineage_svg(lineage: Lineage) -> str:
    """Return the picture; the same lineage is the same bytes."""
    nodes = {node.id: node for node in lineage.nodes}
    edges = [(edge.source, edge.target) for edge in lineage.edges if edge.source in nodes and edge.target in nodes]
    rows, ways = layers(nodes, edges)
    inner = max((_height(row) for row in rows), default=_HEIGHT)
    width = max(len(rows), 2) * (_WIDTH + _ACROSS) - _ACROSS + 2 * _MARGIN
    height = inner + 2 * _MARGIN + _LEGEND
    places: dict[str, tuple[float, float]] = {}
    for column, row in enumerate(rows):
        top = _MARGIN + (inner - _height(row)) / 2
        for name in row:
            places[name] = (_MARGIN + column * (_WIDTH + _ACROSS), top)
            top += _tall(name) + _DOWN
    told = f"{logs_words(lineage.shards)}. Dashed: imported, a claim."
    parts = [
        _opening(lineage, width, height),
        _TIP,
        f'<rect width="{width:g}" height="{height:g}" fill="#ffffff"/>',
        *(_line([(*places[name], _tall(name)) for name in ways[edge]]) for edge in edges),
        *(_box(nodes[name], *places[name]) for row in rows for name in row if name in nodes),
        f'<text x="{_MARGIN}" y="{height - 16:g}" font-size="12" fill="#475569">{escape(told)}</text>',
        "</svg>",
    ]
    return "\n".join(parts) + "\n"


def _opening(lineage: Lineage, width: float, height: float) -> str:
    size = f'viewBox="0 0 {width:g} {height:g}" width="{width:g}" height="{height:g}"'
    label = f'role="img" aria-label="{escape(_summary(lineage))}"'
    return f'<svg xmlns="http://www.w3.org/2000/svg" {size} font-family="system-ui, sans-serif" {label}>'


def _tall(name: str) -> float:
    """Return the height of a node, or of a bend, which needs less."""
    return _BEND if name.startswith("\0") else _HEIGHT


def _height(row: list[str]) -> float:
    return sum(_tall(name) + _DOWN for name in row) - _DOWN


def _summary(lineage: Lineage) -> str:
    return f"Lineage: {len(lineage.nodes)} things, {len(lineage.edges)} ways between them"


def _line(way: list[tuple[float, float, float]]) -> str:
    """Return the line through some places, each (left, top, height); a curve between layers, straight through one."""
    path = ""
    for (x1, y1, tall), (x2, y2, tall2) in pairwise(way):
        start, end, half = (x1 + _WIDTH, y1 + tall / 2), (x2, y2 + tall2 / 2), _ACROSS / 2
        path += f"{'L' if path else 'M'}{start[0]:g} {start[1]:g} "
        path += f"C{start[0] + half:g} {start[1]:g} {end[0] - half:g} {end[1]:g} {end[0]:g} {end[1]:g} "
    return f'<path d="{path.strip()}" fill="none" stroke="#475569" stroke-width="1.4" marker-end="url(#tip)"/>'


def _box(node: Node, x: float, y: float) -> str:
    fill, edge = _COLOURS[node.kind]
    dashes = ' stroke-dasharray="5 3"' if node.imported else ""
    entries = f" (entries {', '.join(map(str, node.entries))})" if node.entries else ""
    title = f"{node.kind}: {node.label}. {node.detail}{entries}"
    return (
        f"<g><title>{escape(title)}</title>"
        f'<rect x="{x:g}" y="{y:g}" width="{_WIDTH}" height="{_HEIGHT}" rx="6" fill="{fill}" stroke="{edge}"{dashes}/>'
        f'<text x="{x + 10:g}" y="{y + 16:g}" font-size="10" fill="{edge}">{escape(node.kind.replace("-", " "))}</text>'
        f'<text x="{x + 10:g}" y="{y + 33:g}" font-size="13" font-weight="600" fill="#0f172a">'
        f"{escape(_cut(node.label, _LETTERS))}</text>"
        f'<text x="{x + 10:g}" y="{y + 49:g}" font-size="10" fill="#334155">'
        f"{escape(_cut(node.detail, _SMALL_LETTERS))}</text></g>"
    )


def _cut(text: str, letters: int) -> str:
    return text if len(text) <= letters else f"{text[: letters - 1]}\u2026"


def lineage_json(lineage: Lineage) -> str:
    """Return a lineage as canonical JSON: the same lineage is the same bytes."""
    return canonical_json(lineage).decode()


def lineage_text(lineage: Lineage) -> str:
    """Return a lineage as lines: each thing with what it leads to, in the order of the layers."""
    nodes = {node.id: node for node in lineage.nodes}
    edges = [(edge.source, edge.target) for edge in lineage.edges]
    lines = []
    for row in layers(nodes, edges)[0]:
        for name in (one for one in row if one in nodes):
            node = nodes[name]
            claimed = ", imported" if node.imported else ""
            detail = f" ({node.detail})" if node.detail else ""
            lines.append(
                f"{node.kind} {node.label}{detail} [entries {', '.join(map(str, node.entries)) or 'none'}{claimed}]"
            )
            lines += [f"  -> {nodes[to].kind} {nodes[to].label}" for source, to in edges if source == name]
    lines = lines or ["The log tells of no lineage."]
    lines += (
        ["", "Not in the trail, or not counted:", *(f"- {one}" for one in lineage.missing)] if lineage.missing else []
    )
    return "\n".join(lines)
