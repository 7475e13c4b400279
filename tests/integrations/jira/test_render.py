"""Comments as Jira wiki markup: worded as the model comments are, and safe whatever a title holds."""

from __future__ import annotations

import re

import pytest
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st

from integrations.jira import escape
from integrations.jira.adapter import JiraAdapter
from integrations.jira.render import CUT_OFF, LIMIT, carries, marker_in, render
from integrations.text import ZWSP, one_line
from rules.intents import Note, Section, Span

MARKER = "plumbline:1:7f3c"
PAGE = "https://plumb.acme.example/i/PAY-231"


def footer(page: str = PAGE) -> tuple[Span, ...]:
    return (
        Span("This note is edited in place and nothing gets closed. Answer with "),
        Span("/plumb snooze 5d reason", code=True),
        Span(", "),
        Span("/plumb wrong reason", code=True),
        Span(" or "),
        Span("/plumb help", code=True),
        Span(". "),
        Span("Why this note?", url=page),
    )


FOOTER_TEXT = (
    "This note is edited in place and nothing gets closed. Answer with {{/plumb snooze 5d reason}}, "
    f"{{{{/plumb wrong reason}}}} or {{{{/plumb help}}}}. [Why this note?|{PAGE}#{MARKER}]"
)


def line(text: str, url: str | None = None) -> tuple[Span, ...]:
    return (Span(text, url=url),)


STALLED = Note(
    sections=(
        Section(
            headline=line("Quiet for 4 working days (since Tue 24 Nov). Sprint 31 ends on Fri 4 Dec."),
            lines=(
                (
                    Span("It waits for a review: "),
                    Span("shop-api #482", url="https://github.com/acme/shop-api/pull/482"),
                    Span(", open since 20 Nov, checks green, nobody asked yet"),
                ),
                line("3 points of the 36 in the sprint"),
            ),
        ),
    ),
    helps_lead="What helps:",
    helps=line(
        "a reviewer for the pull request, or a word here about what is in the way. If something blocks it, link it or "
        "set the flag, and this note goes quiet."
    ),
    small=(footer(),),
)
STALLED_TEXT = f"""\
*Quiet for 4 working days (since Tue 24 Nov). Sprint 31 ends on Fri 4 Dec.*

* It waits for a review: [shop-api #482|https://github.com/acme/shop-api/pull/482], open since 20 Nov, checks green, \
nobody asked yet
* 3 points of the 36 in the sprint

*What helps:* a reviewer for the pull request, or a word here about what is in the way. If something blocks it, link \
it or set the flag, and this note goes quiet.

{FOOTER_TEXT}"""

SCOPE = Note(
    sections=(
        Section(
            headline=line(
                "Mobile 5.2 has grown since it was planned on 2 Nov: 21 items then, 28 now (64 points then, 83 now). "
                "Release: Fri 18 Dec."
            ),
            lines=(
                line(
                    "Added, not done: MOB-401, MOB-407, MOB-411, MOB-415 and 2 more; 3 added ones are done; 3 of the 9 "
                    "are bugs found in this release"
                ),
                line("Taken out: MOB-322, MOB-340. Carried over from 5.1, not counted: 6"),
            ),
        ),
    ),
    helps_lead="Pick one:",
    helps=(
        Span("take something out, move the date, or call this the new plan with "),
        Span("/plumb baseline 5.2 reason", code=True),
        Span("."),
    ),
    small=(footer(),),
)
SCOPE_TEXT = f"""\
*Mobile 5.2 has grown since it was planned on 2 Nov: 21 items then, 28 now (64 points then, 83 now). \
Release: Fri 18 Dec.*

* Added, not done: MOB-401, MOB-407, MOB-411, MOB-415 and 2 more; 3 added ones are done; 3 of the 9 are bugs found in \
this release
* Taken out: MOB-322, MOB-340. Carried over from 5.1, not counted: 6

*Pick one:* take something out, move the date, or call this the new plan with {{{{/plumb baseline 5.2 reason}}}}.

{FOOTER_TEXT}"""

MISSED = Note(
    sections=(
        Section(
            headline=line("Mobile 5.2 was due on Fri 18 Dec; 4 of 28 issues are open."),
            lines=(
                line(
                    "MOB-401: in review since 15 Dec · MOB-407: in progress · MOB-411: blocked by PLAT-77 · "
                    "MOB-415: not started"
                ),
                line("The date moved once before (from 4 Dec)"),
            ),
        ),
    ),
    helps_lead="Pick one:",
    helps=line("set a new date, move these four to another version, or release without them."),
    small=(footer(),),
)
MISSED_TEXT = f"""\
*Mobile 5.2 was due on Fri 18 Dec; 4 of 28 issues are open.*

* MOB-401: in review since 15 Dec · MOB-407: in progress · MOB-411: blocked by PLAT-77 · MOB-415: not started
* The date moved once before (from 4 Dec)

*Pick one:* set a new date, move these four to another version, or release without them.

{FOOTER_TEXT}"""


@pytest.mark.parametrize(
    ("note", "text"),
    [(STALLED, STALLED_TEXT), (SCOPE, SCOPE_TEXT), (MISSED, MISSED_TEXT)],
    ids=["stalled", "scope", "missed"],
)
def test_a_note_reads_as_the_model_comment(note, text):
    assert JiraAdapter().render(note, MARKER) == text


def test_the_marker_is_the_fragment_of_the_last_link_and_found_again():
    found = render(STALLED, MARKER)
    assert carries(found, MARKER)
    assert not carries(found, "plumbline:1:7f3")
    assert not carries(found, "plumbline:1:7f3c:1")
    assert marker_in(found) == MARKER


def test_a_quiet_note_is_one_line_with_an_anchor_that_is_not_shown():
    said = "All clear since Mon 14 Dec: reviewed. (Was quiet for 3 working days.)"
    found = render(Note((Section(line(said)),), quiet=True), MARKER)
    assert found == f"{said} {{anchor:{MARKER}}}"
    assert carries(found, MARKER)
    assert marker_in(found) == MARKER


def test_a_fragment_of_the_page_gives_way_to_the_marker():
    found = render(Note((), small=(footer(f"{PAGE}#top"),)), MARKER)
    assert f"|{PAGE}#{MARKER}]" in found


def test_a_table_becomes_a_list():
    rows = (
        (line("added since 24 Nov"), line("on"), line("now")),
        (line("PAY-1 Export"), line("27 Nov"), line("in progress")),
    )
    found = render(
        Note(
            (
                Section(
                    line("Grown."),
                    table=(*rows, (line("4 more"), (), line("list", PAGE))),
                ),
            )
        ),
        MARKER,
    )
    assert found.startswith(
        f"*Grown.*\n\nadded since 24 Nov:\n\n* PAY-1 Export, 27 Nov, in progress\n* 4 more, [list|{PAGE}]\n\n"
    )


def test_a_reply_stands_below_a_rule():
    found = render(Note(STALLED.sections, small=(footer(),), reply=(line("Silent until Mon 21 Dec."),)), MARKER)
    assert "in the sprint\n\n----\n\nSilent until Mon 21 Dec.\n\nThis note" in found
    alone = render(Note((), reply=(line("One."), line("Two."))), MARKER)
    assert alone == f"One.\n\nTwo.\n\n{{anchor:{MARKER}}}"
    quiet = render(Note((Section(line("Known.")),), quiet=True, reply=(line("One."),)), MARKER)
    assert quiet == f"Known.\n\nOne. {{anchor:{MARKER}}}"


@pytest.mark.parametrize("marker", ["", "a b", "x}", "a|b", "a]", "x" * 101, "a\n", "a~b"])
def test_a_marker_that_could_be_markup_is_refused(marker):
    with pytest.raises(ValueError, match="is no marker"):
        render(STALLED, marker)


# --- lengths ---------------------------------------------------------------------------------------------------------------


def test_a_note_too_long_loses_its_last_lines_and_never_its_own():
    lines = tuple(line(f"line {place} " + "x" * 380) for place in range(200))
    found = render(Note((Section(line("Head."), lines),), "What helps:", line("a word"), (footer(),)), MARKER)
    assert len(found) <= LIMIT
    assert found.startswith("*Head.*\n\n* line 0 ")
    assert "line 199" not in found
    assert found.endswith(FOOTER_TEXT)


def test_a_note_too_long_in_itself_is_cut():
    long = tuple(line("y" * 400) for _ in range(100))
    found = render(Note((Section(line("Head.")),), small=(footer(),), reply=long), MARKER)
    assert found == f"*Head.*\n\n{CUT_OFF}\n\n{FOOTER_TEXT}"
    small = render(Note((Section(line("Head.")),), small=(*long, footer())), MARKER)
    assert small == f"*Head.*\n\n{CUT_OFF}\n\n{{anchor:{MARKER}}}"


# --- what was text stays text ------------------------------------------------------------------------------------------------

MARKUP = re.compile(
    r"""(?<!\\)[{}\[\]|*_^~]            # macros, links, cells, bold, emphasis, above, below
    | (?<!\\)(?<![^\W_])[-+](?=\S)      # struck out, underlined: they begin after no letter
    | (?<!\\)! | (?<!\\)\?\?      # images, citations
    | \\\\                              # a line break
    | &\#?\w+;                          # an entity
    | (?i:\b(?:https?|ftp|file|mailto):(?=\S)) | :// | (?i:www\.)
    | @(?=\w)
    | (?<!\\)\((?:[/x!?iyn*+-]|on|off|flag|flagoff)\) | (?<![\\\w])[:;]-?[()DPp]
    """,
    re.VERBOSE,
)
START = re.compile(r"(?:h[1-6]|bq)\.|[#>*|-]+\s", re.IGNORECASE)
HOSTILE = st.text(st.sampled_from("ab1 -+*_~^{}[]|!?()\\:;/&#<>@.\n\t\u200b=$xynhDP"), max_size=30) | st.sampled_from(
    ["{code}", "{html}<script>{html}", "[~accountid:1]", "[x|http://evil.example]", "!http://evil.example/x.png!", "h1. Big",
     "bq. said", "||a||b||", "----", "\\\\", "(/)", "(x)", ":)", "??me??", "-gone-", "{{x}}", "{anchor:plumbline:1:7f3c}", "* x", "# x",
     "http://evil.example", "www.evil.example", "mailto:a@b.example", "&lt;b&gt;", "a\\*b*", "{*}b{*}", "@ada", "C++ - C--", "a - b"]
)  # fmt: skip


def shown(markup: str) -> str:
    """The text that Jira shows for escaped text: a backslash before a sign is dropped, zero-width spaces are not seen."""
    kept = markup.replace(f"\\{ZWSP}", "\x00")
    return re.sub(r"\\([^A-Za-z0-9\s])", r"\1", kept).replace(ZWSP, "").replace("\x00", "\\")


@given(HOSTILE)
@settings(max_examples=400, deadline=None)
def test_escaped_text_holds_no_markup_and_is_shown_as_it_was(text):
    found = escape.plain(text)
    assert MARKUP.search(found) is None
    assert shown(found) == one_line(text)
    assert START.match(escape.line_start(found)) is None


@given(HOSTILE)
@settings(max_examples=200, deadline=None)
def test_the_words_of_a_link_cannot_end_it(text):
    found = escape.words(text)
    assert not set(found) & set("[]|")
    assert MARKUP.search(found) is None


@given(st.lists(st.tuples(HOSTILE, st.sampled_from(["text", "code", "strong", "link"])), min_size=1, max_size=4))
@example([("-", "text"), ("x", "code"), ("-", "text")])
@example([("a", "strong"), ("b", "strong"), ("c", "text")])
@settings(max_examples=300, deadline=None)
def test_no_text_adds_markup_to_a_note(spans):
    """However hostile the words, the note has the markup it has with tame ones."""
    assume(all(escape.plain(text).strip() for text, _kind in spans))

    def note(tame: bool) -> str:
        made = tuple(_span("word" if tame else text, kind) for text, kind in spans)
        section = Section(line("Head."), (made,), table=((line("t"),), (made, made)), below=(made,))
        return render(Note((section,), "Do:", made, (footer(),), reply=(made,)), MARKER)

    # Neighbouring plain spans become one before they are escaped; their number is the same either way.
    assert _markup(note(tame=False)) == _markup(note(tame=True))


def _span(text: str, kind: str) -> Span:
    return Span(
        text, url="https://acme.example/x" if kind == "link" else None, code=kind == "code", strong=kind == "strong"
    )


def _markup(text: str) -> list[str]:
    return [one for row in text.splitlines() for one in MARKUP.findall(row)]


@pytest.mark.parametrize(
    "address", ["javascript:alert(1)", "//x", "http://a b", "https://u:p@x.example/", "ftp://x.example"]
)
def test_an_address_that_is_not_of_the_web_is_not_linked(address):
    assert render(Note((Section(line("Head."), (line("here", address),)),)), MARKER).startswith("*Head.*\n\n* here\n")


def test_an_address_cannot_end_its_link():
    found = escape.url("https://x.example/a|b]c{d}!e~f*g^h?i=1&j=[k]")
    assert found is not None
    assert not set(found) & set("|[]{}!~*^")
    assert found.startswith("https://x.example/a%7Cb%5Dc%7Bd%7D%21e%7Ef%2Ag%5Eh?i=1&j=%5Bk%5D")
