"""Kinds of agents: their canonical names, and the registry of labels and colours.

Any name is accepted: an unknown kind is shown under its own name in a colour derived from it, so
that it looks the same everywhere and for ever. Names are matched without regard to case, spaces,
`/` and `_`, so that `UI/UX`, `ui_ux` and `UiUx` are one kind.
"""

import colorsys
import hashlib
import unicodedata
from dataclasses import dataclass

from models.event import UNATTRIBUTED

# A derived colour has a hue of its own and the registry's middling saturation and lightness.
_SATURATION = 0.5
_LIGHTNESS = 0.45
_SEPARATORS = frozenset("/_-")


@dataclass(frozen=True, slots=True)
class AgentType:
    """A kind of agent: canonical name, label to show, colour as `#rrggbb`."""

    name: str
    label: str
    color: str
    is_known: bool


_REGISTRY = {
    name: AgentType(name, label, color, is_known=True)
    for name, label, color in (
        ("implementation", "Implementation", "#2563eb"),
        ("research", "Research", "#7c3aed"),
        ("testing", "Testing", "#16a34a"),
        ("release", "Release", "#ea580c"),
        ("security", "Security", "#dc2626"),
        ("documentation", "Documentation", "#0891b2"),
        ("design", "Design", "#db2777"),
        ("marketing", "Marketing", "#ca8a04"),
        ("ui-ux", "UI/UX", "#c026d3"),
        ("performance", "Performance", "#0d9488"),
        ("compliance", "Compliance", "#4f46e5"),
        ("revenue", "Revenue", "#65a30d"),
        ("dependency", "Dependency", "#92400e"),
    )
}
_UNATTRIBUTED = AgentType(UNATTRIBUTED, "Unattributed", "#6b7280", is_known=False)
_BY_LETTERS = {name.replace("-", ""): name for name in _REGISTRY}


def canonical(name: str) -> str:
    """The canonical form of a name: lower case, words joined by hyphens (`ui-ux`).

    A name without a single letter, digit or sign says nothing: it is `unattributed`.
    """
    folded = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", name).casefold())
    spaced = "".join(" " if _is_separator(character) else character for character in folded)
    words = spaced.split()
    return _BY_LETTERS.get("".join(words)) or "-".join(words) or UNATTRIBUTED


def agent_type(name: str) -> AgentType:
    """The kind of a canonical name: from the registry, or derived from the name."""
    if name == UNATTRIBUTED:
        return _UNATTRIBUTED
    known = _REGISTRY.get(name)
    return known or AgentType(name, _derived_label(name), _derived_color(name), is_known=False)


def registry() -> tuple[AgentType, ...]:
    """The known kinds, by label."""
    return tuple(sorted(_REGISTRY.values(), key=lambda known: known.label.casefold()))


def _is_separator(character: str) -> bool:
    return character in _SEPARATORS or unicodedata.category(character)[0] in "CZ"


def _derived_label(name: str) -> str:
    return " ".join(word[:1].upper() + word[1:] for word in name.split("-"))


def _derived_color(name: str) -> str:
    hue = int.from_bytes(hashlib.sha256(name.encode()).digest()[:2]) / 65536
    channels = colorsys.hls_to_rgb(hue, _LIGHTNESS, _SATURATION)
    return "#" + "".join(f"{round(channel * 255):02x}" for channel in channels)
