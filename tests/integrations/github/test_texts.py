"""Which items a text names."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from integrations.github.decode.texts import LIMIT, branch_links, links, prose

HOME = "https://github.com/"


def named(body: str, *, title: str = "", closing: bool = True):
    found = links(title, body, number=1, repository="77", key="acme/shop", url=f"{HOME}acme/shop", closing=closing)
    return found.closes, found.mentions


@pytest.mark.parametrize(
    ("title", "body", "implements", "mentions"),
    [
        ("PAY-7: export as CSV", "", ("PAY-7",), ()),
        ("Export", "Fixes PAY-7", ("PAY-7",), ()),
        ("Export", "resolves: MOB_2-401 and PAY-8", ("MOB_2-401",), ("PAY-8",)),
        ("Export", "see PAY-7", (), ("PAY-7",)),
        ("PAY-7: export", "see PAY-7", ("PAY-7",), ()),
        ("Hash with SHA-256", "", ("SHA-256",), ()),  # whether that is a project is not known here
    ],
)
def test_a_pull_request_implements_the_issues_of_its_title_and_after_a_closing_word(title, body, implements, mentions):
    found = links(title, body, number=1, repository="77", key="acme/shop", url=f"{HOME}acme/shop", closing=True)
    assert (found.implements, found.mentions, found.closes) == (implements, mentions, ())


def test_an_issue_implements_nothing():
    found = links(
        "PAY-7", "fixes PAY-8", number=1, repository="77", key="acme/shop", url=f"{HOME}acme/shop", closing=False
    )
    assert (found.implements, set(found.mentions)) == ((), {"PAY-7", "PAY-8"})


@pytest.mark.parametrize(
    ("branch", "keys"),
    [
        ("feature/PAY-7-export", ("PAY-7",)),
        ("pay-7", ("PAY-7",)),
        ("ada/pay-7_and_MOB-12", ("PAY-7", "MOB-12")),
        ("main", ()),
        ("release-2.4", ("RELEASE-2",)),  # no known project is called so
        ("xPAY-0", ()),
        ("dependabot/npm-7a", ()),
    ],
)
def test_a_branch_says_what_it_implements(branch, keys):
    found = branch_links(branch, source="77/1")
    assert (found.implements, found.origin, found.closes, found.mentions) == (keys, "branch", (), ())


CLOSING = [
    "close",
    "closes",
    "closed",
    "fix",
    "fixes",
    "fixed",
    "resolve",
    "resolves",
    "resolved",
    "Fixes",
    "CLOSES",
    "Fixes:",
]


@pytest.mark.parametrize("word", CLOSING)
def test_every_keyword_closes(word):
    assert named(f"{word} #12") == (("77/12",), ())


@pytest.mark.parametrize(
    ("body", "closes", "mentions"),
    [
        ("See #12.", (), ("77/12",)),
        ("closes other/repo#3", ("other/repo#3",), ()),
        ("closes Acme/Shop#3", ("77/3",), ()),
        (f"Fixes {HOME}acme/shop/issues/12", ("77/12",), ()),
        (f"Fixes {HOME}other/repo/pull/3#issuecomment-1", ("other/repo#3",), ()),
        ("fixes GH-12", ("77/12",), ()),
        ("fixes #12, resolves #13 and #14", ("77/12", "77/13"), ("77/14",)),
        ("fixes #12, see #12", ("77/12",), ()),
        ("Part of PAY-7 and UTF-8x", (), ("PAY-7",)),
        ("fixes #1", (), ()),
        ("prefixes #12", (), ("77/12",)),
        ("fixes#12", (), ()),
        ("fixes\n#12", (), ("77/12",)),
        ("`fixes #12`", (), ()),
        ("``a ` fixes #12`` and #13", (), ("77/13",)),
        ("a ` b fixes #12", ("77/12",), ()),
        ("> fixes #12", (), ()),
        ("```\nfixes #12\n```\nfixes #13", ("77/13",), ()),
        ("~~~\n```\nfixes #12\n~~~\nfixes #13", ("77/13",), ()),
        ("```\nfixes #12", (), ()),
        ("    fixes #12", (), ()),
        ("- a\n    - fixes #12", ("77/12",), ()),
        ("<!-- Fixes #12 -->\nFixes #13", ("77/13",), ()),
        ("<!-- Fixes #12", (), ()),
        ("&#123; a#12 x/#12 #12a", (), ()),
        ("https://evil.example/acme/shop/issues/12", (), ()),
        ("", (), ()),
    ],
)
def test_prose_names_items(body, closes, mentions):
    assert named(body) == (closes, mentions)


def test_an_issue_closes_nothing():
    assert named("fixes #12", closing=False) == ((), ("77/12",))


def test_a_title_counts():
    assert named("", title="Fix #12: crash") == (("77/12",), ())


def test_so_many_are_kept_and_no_more():
    closes, mentions = named(" ".join(f"#{n} fixes #{n + 1000}" for n in range(2, 300)))
    assert (len(closes), len(mentions)) == (LIMIT, LIMIT)


@pytest.mark.parametrize(
    "nasty",
    [
        "<!--" * 16_000,
        "`" * 65_000,
        "` `` " * 13_000,
        "a/" * 32_000,
        "#1" * 32_000,
        "fixes " * 10_000,
        "a-" * 32_000,
        "A1" * 32_000,
        "https://a/b/" * 5_000,
        "- " * 30_000,
        "x" * 65_000 + "#",
    ],
)
def test_a_nasty_text_takes_no_long_time(nasty):
    began = time.monotonic()
    named(nasty)
    assert time.monotonic() - began < 0.5


@given(st.text(alphabet="`~> \n#1fixes<!->-\t*a/", max_size=300))
def test_any_text_is_read(body):
    named(body)
    list(prose(body))
