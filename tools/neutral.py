"""Made-up prose for a recording: titles, texts, names and paths that say nothing of the original.

Kept of a text: how long it was (roughly), its checklist boxes and which are ticked, and the items it names or closes.
Everything is a function of its arguments, so the same source gives the same recording.
"""

import re
from collections.abc import Iterable
from hashlib import sha256

# Titles the pages of the product's documentation speak of, by item number.
KNOWN_TITLES = {
    1175: "Signed release archives",
    1566: "Half aggregation of signatures",
    1648: "Handle appended compiler flags",
    1709: "Describe signing of archives",
    1714: "Example for key recovery",
    1754: "Full aggregation module",
    1789: "Replace the scratch space",
    1791: "Option to generate tables at build time",
    1808: "Shorten the wide test",
    1817: "Check the table on start",
    1831: "Drop an unused macro",
    1840: "Simplify the build matrix",
    1844: "Split the context header",
    1852: "Explain the nonce interface",
    1859: "Move the header guard",
    1863: "Keep the seed out of the hash buffer",
    1874: "Name the oldest supported toolchain",
    1878: "Say that the half result is not normalised",
    1885: "Wipe temporary scalars",
    1899: "Release notes: two missing entries",
    1900: "Use the hash override in helper functions",
    1901: "Release note: constant-time copy",
    1902: "Release note: header change",
    1903: "Release note for the hash override",
}

_VERBS = {
    "feature": ("Add", "Offer", "Allow", "Support", "Expose", "Introduce"),
    "bug": ("Fix", "Correct", "Guard", "Repair", "Stop misreading", "Handle the empty case of"),
    "build": ("Build without", "Detect", "Simplify", "Pin", "Add an option for", "Drop"),
    "ci": ("Rework", "Speed up", "Split", "Cache", "Retry", "Extend"),
    "user-documentation": ("Explain", "Document", "Add an example for", "Describe", "Reword", "Clarify"),
    "performance": ("Speed up", "Unroll", "Precompute", "Avoid copying", "Measure", "Batch"),
    "release": ("Release note for", "Prepare", "List", "Announce", "Mention", "Date"),
    "assurance": ("Test", "Check", "Fuzz", "Assert", "Cover the edges of", "Verify"),
    "side-channel": ("Wipe leftovers of", "Blind", "Clear", "Harden", "Review"),
    "": (
        "Tidy", "Rename", "Move", "Split", "Simplify", "Remove", "Merge", "Rework", "Shorten", "Extract", "Replace",
        "Inline",
    ),
}  # fmt: skip
_THINGS = {
    "build": (
        "the static library", "the cross compiler", "optional modules", "the install target", "linker flags",
        "the config header", "warnings", "the package file", "the shared object name", "the table generator",
        "position-independent code", "the minimum build tool",
    ),
    "ci": (
        "the sanitizer job", "the big-endian job", "the wide matrix", "compiler images", "the memory checker",
        "the 32-bit job", "slow tests", "the coverage report", "the lint step", "artifact upload", "the arm job",
        "the snapshot compiler",
    ),
    "release": (
        "the change log", "the new option", "the header change", "the next version", "the version bump",
        "deprecated calls", "the tarball", "the upgrade steps", "module defaults", "the support table",
        "the error codes", "known limits",
    ),
    "": (
        "the field reduction", "scalar inverse", "point addition", "the nonce function", "context creation",
        "key parsing", "the signature cache", "the hash midstate", "batch verification", "the window table",
        "error callbacks", "the random source", "public headers", "the recovery module", "tweak functions",
        "the test runner", "group constants", "the scratch arena", "key serialization", "the ladder step",
        "the generator table", "session objects", "the byte order helpers", "magnitude limits", "the benchmark",
        "aggregate keys", "the shared secret", "vector files", "stack clearing", "the integer helpers",
        "return values", "the example program", "module registration", "the comparison helper", "ordering of keys",
        "the multiplier",
    ),
}  # fmt: skip
_CONTEXTS = (
    "", " in tests", " for small inputs", " on 32-bit targets", " in the module", " before use",
    " where it is unused", " on start", " for embedded use", " once more", " in headers", " by default",
    " when it is missing", " for new callers",
)  # fmt: skip
SENTENCES = (
    "This keeps the behaviour as it is.", "The change is small and stands alone.", "Tested on both word sizes.",
    "The numbers are within noise.", "A later step can build on this.", "The second commit is only a move.",
    "This is easier to review commit by commit.", "The case came up while reading the tests.",
    "It needs a decision before more work goes in.", "The old way stays available.", "Rebased on the main branch.",
    "That reads well now.", "One more place has the same pattern.", "Could this be split?", "Agreed.",
    "The comment above should say why.", "Measured again with the larger table.", "That is a good point.",
    "Looks right after the last push.", "Let us leave this for a follow-up.", "Done.", "I would keep the name.",
    "The range is checked one level up.", "This also covers the empty input.",
)  # fmt: skip
PATHS = (
    "src/field.c", "src/scalar.c", "src/group.c", "src/hash.c", "src/tests.c", "include/curve.h", "README.md",
    "build/options.txt", "src/bench.c", "doc/notes.md",
)  # fmt: skip

_BOX = re.compile(r"^\s*[-*+]\s+\[([ xX])\]", re.MULTILINE)
_CODE = re.compile(r"```.*?```|`[^`\n]*`", re.DOTALL)
_CLOSES = r"\b(?:close[sd]?|fix(?:e[sd])?|resolve[sd]?)\s*:?\s+"
_OWN_ITEM = r"(?:(?<![\w/#&])#|https://github\.com/bitcoin-core/secp256k1/(?:issues|pull)/)(\d{1,5})\b"
_REFERENCE = re.compile(rf"({_CLOSES})?{_OWN_ITEM}", re.IGNORECASE)


class Titles:
    """Gives each item a title of its own; remembers what it gave, so ask in one fixed order."""

    def __init__(self) -> None:
        self._taken = set(KNOWN_TITLES.values())

    def title(self, number: int, labels: Iterable[str], *, version: int = 0, unfinished: bool = False) -> str:
        """A title for the item; `version` counts renamings back from the last (0), `unfinished` keeps a WIP mark."""
        prefix = "WIP: " if unfinished else ""
        if version == 0 and number in KNOWN_TITLES:
            return prefix + KNOWN_TITLES[number]
        wanted = set(labels)
        topic = next((name for name in _VERBS if name in wanted), "")
        verbs, things = _VERBS[topic], _THINGS.get(topic, _THINGS[""])
        for attempt in range(1000):
            draw = _draw(number, version, attempt)
            words = (verbs[draw % len(verbs)], things[draw // 97 % len(things)])
            title = " ".join(words) + _CONTEXTS[draw // 9973 % len(_CONTEXTS) if attempt > 2 else 0]
            if title not in self._taken:
                self._taken.add(title)
                return prefix + title
        raise RuntimeError("no title is left; add words")


def is_unfinished(title: str) -> bool:
    """Whether the original title says that the work is not ready."""
    return bool(re.match(r"\W*(wip|poc|draft)\b", title, re.IGNORECASE))


def neutral_text(original: str, *, seed: int, length: int | None = None, most: int = 6) -> str:
    """A text of made-up sentences with the checklist, the references and about the weight of the original.

    `length` is that of the whole original in characters, where `original` is cut short; `most` is the number of
    sentences at most. An empty original stays empty.
    """
    if not original.strip():
        return ""
    text = _CODE.sub(" ", original)
    count = max(1, min(most, (len(original) if length is None else length) // 250))
    # A stride with no factor in common with the number of sentences: none comes twice.
    first, stride = _draw(seed), (5, 7, 11, 13)[_draw(seed, 1) % 4]
    parts = [" ".join(SENTENCES[(first + nth * stride) % len(SENTENCES)] for nth in range(count))]
    boxes = [mark.lower() for mark in _BOX.findall(text)]
    if boxes:
        steps = (_THINGS[""][_draw(seed, nth, 7) % len(_THINGS[""])] for nth in range(len(boxes)))
        parts.append("\n".join(f"- [{mark}] {step}" for mark, step in zip(boxes, steps, strict=True)))
    closes = dict.fromkeys(int(number) for word, number in _REFERENCE.findall(text) if word)
    names = dict.fromkeys(int(number) for word, number in _REFERENCE.findall(text) if not word)
    parts += [f"Closes #{number}." for number in closes]
    if others := [f"#{number}" for number in names if number not in closes]:
        parts.append("See " + ", ".join(others) + ".")
    return "\n\n".join(parts)


def neutral_path(original: str) -> str:
    """One of a few made-up paths; the same original always gives the same."""
    return PATHS[int.from_bytes(sha256(original.encode()).digest()[:4]) % len(PATHS)]


def made_up_sha(*parts: object) -> str:
    """Twelve hex digits that look like a commit and are none."""
    return sha256("/".join(map(str, ("plumbline", *parts))).encode()).hexdigest()[:12]


def _draw(*parts: int) -> int:
    return int.from_bytes(sha256(repr(parts).encode()).digest()[:6])
