"""Comments as GitHub Markdown: worded as the model comments are, and safe whatever a title holds."""

from __future__ import annotations

import re

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from integrations.github import escape
from integrations.github.adapter import GitHubAdapter
from integrations.github.render import FOLD, LIMIT, hidden, render
from rules.intents import Note, Section, Span

MARKER = "plumbline:1:7f3c"
FOOTER = (
    Span("This note is edited in place and nothing gets closed. Answer with "),
    Span("/plumb snooze 2w reason", code=True),
    Span(", "),
    Span("/plumb wrong reason", code=True),
    Span(" or "),
    Span("/plumb help", code=True),
    Span(". "),
    Span("Why this note?", url="https://plumb.acme.example/i/482"),
)
STALLED = Note(
    sections=(
        Section(
            headline=(Span("Quiet for 14 days; it looks like the author's turn."),),
            lines=(
                (
                    Span("Last step: "),
                    Span("review comments of 24 Nov", url="https://github.com/acme/shop/pull/482#discussion_r1"),
                    Span(", not answered yet"),
                ),
                (Span("Checks are green, no conflicts"),),
            ),
        ),
    ),
    helps_lead="What helps:",
    helps=(Span("an answer, a push, or a word that it is on hold. Handing it over is fine too; just say so."),),
    small=(FOOTER,),
)
STALLED_TEXT = """\
**Quiet for 14 days; it looks like the author's turn.**

- Last step: [review comments of 24 Nov](https://github.com/acme/shop/pull/482#discussion_r1), not answered yet
- Checks are green, no conflicts

**What helps:** an answer, a push, or a word that it is on hold. Handing it over is fine too; just say so.

<sub>This note is edited in place and nothing gets closed. Answer with `/plumb snooze 2w reason`, `/plumb wrong reason` \
or `/plumb help`. [Why this note?](https://plumb.acme.example/i/482)</sub>
<!-- plumbline:1:7f3c -->"""


def cell(text: str, url: str | None = None):
    return (Span(text, url=url),)


SCOPE = Note(
    sections=(
        Section(
            headline=cell("2.4 has grown since it was planned: 18 items then, 24 now. It is due on Fri 11 Dec."),
            table=(
                (cell("added since 24 Nov"), cell("on"), cell("now")),
                (cell("#512 Export as CSV"), cell("27 Nov"), cell("in progress")),
                (cell("4 more"), (), cell("list", "https://plumb.acme.example/m/4")),
            ),
            below=(cell("Taken out: #488. Not counted: 3 that were done within a day."),),
        ),
    ),
    helps_lead="Pick one",
    helps=(
        Span("take something out · move the date · or call this the new plan with "),
        Span("/plumb baseline 2.4 reason", code=True),
    ),
)
SCOPE_TEXT = """\
**2.4 has grown since it was planned: 18 items then, 24 now. It is due on Fri 11 Dec.**

| added since 24 Nov | on | now |
| --- | --- | --- |
| #512 Export as CSV | 27 Nov | in progress |
| 4 more |  | [list](https://plumb.acme.example/m/4) |

Taken out: #488. Not counted: 3 that were done within a day.

**Pick one:** take something out · move the date · or call this the new plan with `/plumb baseline 2.4 reason`

<!-- plumbline:1:7f3c -->"""


@pytest.mark.parametrize(("note", "text"), [(STALLED, STALLED_TEXT), (SCOPE, SCOPE_TEXT)], ids=["stalled", "scope"])
def test_a_note_reads_as_the_model_comment(note, text):
    assert GitHubAdapter().render(note, MARKER).replace(escape.ZWSP, "") == text


def test_a_quiet_note_is_one_line_and_the_marker():
    line = (Span("All clear since Mon 14 Dec: reviewed. (Was quiet for 3 working days.)"),)
    found = render(Note((Section(line),), quiet=True), MARKER)
    assert found == f"All clear since Mon 14 Dec: reviewed. (Was quiet for 3 working days.)\n<!-- {MARKER} -->"


@pytest.mark.parametrize("marker", ["", "a--b", "a b", "-->", "a\n", "x" * 101, "a-->"])
def test_a_marker_that_could_end_its_comment_is_refused(marker):
    with pytest.raises(ValueError, match="is no marker"):
        hidden(marker)


def test_two_flags_stand_below_each_other_and_what_helps_once():
    two = Note((STALLED.sections[0], SCOPE.sections[0]), "What helps:", (Span("a word"),), (FOOTER,))
    found = render(two, MARKER)
    assert found.index("**Quiet") < found.index("**2.4 has grown")
    assert found.count("What helps") == 1


# --- lengths ---------------------------------------------------------------------------------------------------------------


def test_what_is_beyond_the_fold_goes_into_details():
    lines = tuple((Span(f"line {place} " + "x" * 80),) for place in range(40))
    found = render(Note((Section(cell("Head."), lines),), "What helps:", cell("a word"), (FOOTER,)), MARKER)
    above = found.split("<details>")[0]
    assert len(above) <= FOLD
    assert "line 39" in found
    assert found.index("line 3 ") < found.index("<details>") < found.index("line 39") < found.index("</details>")
    assert found.index("</details>") < found.index("What helps")
    assert found.endswith(f"<!-- {MARKER} -->")


def test_a_table_goes_on_below_the_fold_with_its_headings():
    rows = tuple((cell(f"#{place} Title " + "x" * 60), cell("27 Nov")) for place in range(40))
    found = render(Note((Section(cell("Head."), table=((cell("added"), cell("on")), *rows)),)), MARKER)
    assert found.count("| added | on |") == 2
    assert found.count("Title") == 40


def test_no_comment_is_longer_than_github_takes_and_the_end_stays():
    lines = tuple((Span("&" * 399),) for _ in range(400))
    found = render(Note((Section(cell("Head."), lines),), "What helps:", cell("a word"), (FOOTER,)), MARKER)
    assert LIMIT / 4 < len(found) <= LIMIT
    assert "left out here" in found
    assert found.count("</details>") == 1
    assert found.endswith(f"</sub>\n<!-- {MARKER} -->")


def test_a_note_that_is_all_headlines_still_fits():
    sections = tuple(Section((Span("&" * 399), Span("&" * 399, strong=True))) for _ in range(100))
    found = render(Note(sections), MARKER)
    assert len(found) <= LIMIT
    assert found.endswith(f"<!-- {MARKER} -->")


def test_a_small_print_too_long_gives_way():
    found = render(Note((Section(cell("Head.")),), small=tuple(cell("&" * 400) for _ in range(200))), MARKER)
    assert len(found) <= LIMIT
    assert found.startswith("**Head.**")
    assert found.endswith(f"<!-- {MARKER} -->")


# --- safety ----------------------------------------------------------------------------------------------------------------

PARSER = MarkdownIt("commonmark", {"html": True}).enable(["table", "strikethrough"])
# What GitHub looks for in the text it has rendered, code aside.
ALIVE = [
    re.compile(r"@[A-Za-z0-9]"),
    re.compile(r"#\d"),
    re.compile(r"(?i)\bGH-\d"),
    re.compile(r"://"),
    re.compile(r"(?i)www\."),
    re.compile(r"(?i)(mailto|xmpp|https?|ftp):"),
    re.compile(r"[A-Za-z0-9._+-]+@[A-Za-z0-9-]"),
    re.compile(r"(?i)(?<![0-9a-z])[0-9a-f]{7,40}(?![0-9a-z])"),
    re.compile(r"(?i):[a-z0-9_+-]{1,40}:"),
]
OUR_HTML = {"<sub>", "</sub>", "<strong>", "</strong>"}
NASTY = [
    "@acme/core please", "see #12 and acme/store#3", "<img src=x onerror=alert(1)>", "[x](https://evil.example)", "![x](//e)",
    "https://evil.example www.evil.example a@b.example", "a\n\n# heading", "a\r\n- list", "| a | b |", "--- ", "# x", "- [ ] task",
    "1. one", "```\ncode", "`x`", "**bold** __b__ ~~s~~", "&#64;ada &lt;b&gt;", "\\", "a\\", "$x$", "> quote", "[^1]: x", "[x]: http://e",
    "<!-- x", "-->", "</sub>", "</details>", "\u2028x\u2029y\x0bz\x85", "\u202eevil", "da39a3ee5e6b4b0d3255bfef95601890afd80709",
    "+ x", "=", "===", "    code", "\tcode", ":tada:", "::", "GH-12", "a_b_c", "@\u200bx", "<https://e>", "<a@b.c>", "~~~", "-", "0)", "", " ",
]  # fmt: skip
TEXT = st.one_of(
    st.sampled_from(NASTY),
    st.text(max_size=40),
    st.text(alphabet="@#*_`~[]()<>!|\\&$-+=.:/1aGHw \n\t\r\"'", max_size=30),
    st.lists(st.sampled_from(NASTY), min_size=2, max_size=4).map("".join),
)
URLS = [
    None,
    None,
    None,
    "https://github.com/acme/shop/issues/1",
    "javascript:alert(1)",
    "https://e\n",
    "//e",
    "http://a@b",
    "https://x/)[a](b",
]
SPAN = st.builds(Span, TEXT, url=st.sampled_from(URLS), code=st.booleans(), strong=st.booleans())
PLAIN = st.builds(Span, TEXT, strong=st.booleans())
LINE = st.lists(SPAN, max_size=4).map(tuple)
PLAIN_LINE = st.lists(PLAIN, max_size=4).map(tuple)


def inline(markdown: str):
    return [one for block in PARSER.parse(markdown) for one in block.children or ()]


def text_nodes(markdown: str):
    """Runs of text as a browser would hold them: text tokens side by side, in one block, are one."""
    for block in PARSER.parse(markdown):
        run = ""
        for one in block.children or ():
            if one.type in ("text", "text_special"):
                run += one.content
            elif one.type == "softbreak":
                run += "\n"
            else:
                yield run
                run = ""
        yield run


def assert_safe(markdown: str, *, links: set[str]) -> None:
    for run in text_nodes(markdown):
        for pattern in ALIVE:
            assert pattern.search(run) is None, (pattern.pattern, run, markdown)
    for one in inline(markdown):
        assert one.type != "image"
        if one.type == "html_inline":
            assert one.content in OUR_HTML or one.content == hidden(MARKER), markdown
        if one.type == "link_open":
            assert one.attrs["href"] in links, markdown
    for block in PARSER.parse(markdown):
        assert block.type not in (
            "heading_open",
            "hr",
            "code_block",
            "fence",
            "blockquote_open",
            "ordered_list_open",
        ), markdown
        if block.type == "html_block":
            assert re.fullmatch(
                r"(<details><summary>More</summary>|</details>|<!-- plumbline:1:7f3c -->)\n?", block.content
            ), markdown


@settings(max_examples=400, deadline=None)
@given(PLAIN_LINE)
@example((Span("@"), Span("ada")))
@example((Span("www"), Span(".evil.example", url="javascript:x")))
@example((Span("a"), Span("www", strong=True), Span(".evil.example")))
def test_no_text_makes_a_mention_a_link_html_or_another_line(line):
    for note in (
        Note((Section(line),), quiet=True),
        Note((Section(line, (line,)),)),
    ):
        found = render(note, MARKER)
        assert_safe(found, links=set())
        assert len(found.splitlines()) <= (2 if note.quiet else 5), "no text makes another line"


@settings(max_examples=300, deadline=None)
@given(LINE, LINE, LINE, LINE)
@example((), (), (), (Span("a", code=True), Span("`#0", code=True)))
@example((), (), (), (Span("!"), Span("x", url="https://github.com/acme/shop/issues/1")))
def test_a_whole_note_of_anything_is_safe(headline, line, row, small):
    section = Section(headline, (line, line), ((cell("a"), cell("b"), cell("c")), (row, line, small), (row,)), (line,))
    note = Note((section, section), "What helps:", line, (small,))
    found = render(note, MARKER)
    assert_safe(found, links={"https://github.com/acme/shop/issues/1", "https://x/%29%5Ba%5D%28b"})
    assert found.endswith(hidden(MARKER))
    assert found.count(hidden(MARKER)) == 1
    tables = [one for one in PARSER.parse(found) if one.type == "tr_open"]
    assert len(tables) in (6, 7), "two tables of two rows and headings, of which the fold may split one"


@given(TEXT)
def test_a_title_keeps_its_words(text):
    shown = (
        "".join(text_nodes(render(Note((Section((Span(text),)),), quiet=True), MARKER)))
        .replace(escape.ZWSP, "")
        .strip()
    )
    words = " ".join(escape.one_line(text).split())
    assert " ".join(shown.split()) == words


@pytest.mark.parametrize(
    "address",
    [
        "javascript:alert(1)",
        "data:text/html,x",
        "//evil.example",
        "https://",
        "https://a b",
        "https://a\nb",
        "http://u:p@h/x",
        "https://h\\x",
        "https://[::1",
        "ftp://h/x",
        "https://h:99999999/",
        "https://ex\u202eample/",
        "",
        "x" * 3000,
    ],
)
def test_only_plain_web_addresses_are_linked(address):
    assert escape.url(address) is None


@pytest.mark.parametrize(
    ("address", "target"),
    [
        ("https://github.com/acme/shop/pull/482#discussion_r1", "https://github.com/acme/shop/pull/482#discussion_r1"),
        ("http://127.0.0.1:8000/i/4?a=1&copy;=2", "http://127.0.0.1:8000/i/4?a=1&amp;copy;=2"),
        ("https://h/a(b)<c>[d]\"'`*", "https://h/a%28b%29%3Cc%3E%5Bd%5D%22%27%60%2A"),
        ("https://h/%20", "https://h/%20"),
    ],
)
def test_an_address_cannot_leave_its_brackets(address, target):
    assert escape.url(address) == target
