"""Sentences: a code and its values become runs of text, ready for any tracker's markup and for pages."""

from __future__ import annotations

import re
from datetime import date, datetime

from rules.facts import Project, Ref, Step
from rules.intents import Line, Span
from rules.verdict import Days, Said, Value
from rules.wording.templates import resolve, sentences, template

TITLE_LENGTH = 80
WHOLE_LENGTH = 400
"""Characters of a text that stands whole: a rule's own words, in which what trackers sent is cut already."""
NAMED = 4
"""How many items a list names before it says how many more there are."""
TOKEN = re.compile(
    r"(?P<strong>\*\*)|(?P<code>`)|\[(?P<text>[^\]]*)\]\(\{(?P<url>\w+)\}\)|\{(?P<name>\w+)(?P<form>[:#~][^}]*)?\}"
)


def sentence(said: Said, *, project: Project, today: date | None = None, cut: int = TITLE_LENGTH) -> Line:
    """The sentence as runs of text, for readers of `project`.

    Dates carry their year where it is not that of `today` (None: never). Text from trackers is cut at `cut`
    characters. Items of other projects are named as that project's readers may see them. Raises KeyError where the
    sentence or one of its values is missing.
    """
    text = resolve(template(said.code, tracker=project.tracker), said.values)
    return _spans(text, said, project=project, today=today, cut=cut)


def plain(said: Said, *, project: Project, today: date | None = None) -> str:
    """The sentence as text, without links."""
    return text_of(sentence(said, project=project, today=today))


def text_of(line: Line) -> str:
    return "".join(span.text for span in line)


def _spans(text: str, said: Said, *, project: Project, today: date | None, cut: int) -> Line:
    spans: list[Span] = []
    strong = code = False
    position = 0

    def put(span: Span) -> None:
        if span.text:
            spans.append(span)

    for found in TOKEN.finditer(text):
        put(Span(text[position : found.start()], code=code, strong=strong))
        position = found.end()
        if found["strong"]:
            strong = not strong
        elif found["code"]:
            code = not code
        elif found["url"]:
            put(Span(found["text"], url=str(said.values[found["url"]])))
        else:
            value = said.values[found["name"]]
            for span in _filled(value, form=found["form"] or "", project=project, today=today, cut=cut):
                put(Span(span.text, url=None if code else span.url, code=code, strong=strong))
    put(Span(text[position:], code=code, strong=strong))
    return _tidy(_joined(spans))


def _joined(spans: list[Span]) -> list[Span]:
    """Neighbours that look the same become one."""
    out: list[Span] = []
    for span in spans:
        last = out[-1] if out else None
        if last and not last.url and not span.url and (last.code, last.strong) == (span.code, span.strong):
            out[-1] = Span(last.text + span.text, code=span.code, strong=span.strong)
        else:
            out.append(span)
    return out


def _tidy(spans: list[Span]) -> Line:
    """Without the separators that dropped parts left at the ends."""
    if spans and not spans[0].url and not spans[0].code:
        first = spans[0]
        spans[0] = Span(first.text.lstrip("; "), strong=first.strong)
    if spans and not spans[-1].url and not spans[-1].code:
        last = spans[-1]
        spans[-1] = Span(last.text.rstrip(" ;"), strong=last.strong)
    return tuple(span for span in spans if span.text)


def _filled(value: Value, *, form: str, project: Project, today: date | None, cut: int) -> tuple[Span, ...]:
    if form[:1] in ("#", "~"):
        return (Span(_plural(value, form)),)
    if form == ":word":
        return (Span(_number_word(value)),)
    if form == ":times":
        return (Span(_times(value)),)
    if isinstance(value, Ref):
        return (_ref(value, project),)
    if isinstance(value, tuple):
        said = [one for one in value if isinstance(one, Said)]
        if said:
            lines = [sentence(one, project=project, today=today, cut=cut) for one in said]
            return _listed(lines, between=form[1:])
        return _refs(tuple(one for one in value if isinstance(one, Ref)), project)
    if isinstance(value, Step):
        return (_step(value, project=project, today=today),)
    return (Span(_text(value, form=form, project=project, today=today, cut=cut)),)


def _text(value: Value, *, form: str, project: Project, today: date | None, cut: int) -> str:
    if value is None:
        return ""
    if isinstance(value, date | datetime):
        return day_text(value, project=project, today=today, short=form == ":short")
    if isinstance(value, Days):
        return days_text(value)
    if isinstance(value, float):
        return f"{value:g}"
    return cut_text(str(value), WHOLE_LENGTH if form == ":whole" else cut)


def cut_text(text: str, length: int = TITLE_LENGTH) -> str:
    """One line of text of at most `length` characters."""
    line = " ".join(text.split())
    return line if len(line) <= length else line[: length - 1].rstrip() + "…"


def day_text(value: date | datetime, *, project: Project, today: date | None = None, short: bool = False) -> str:
    """ "Fri 11 Dec", or "11 Dec" when short; an instant is worded as its date in the project's zone."""
    day = project.calendar.local_date(value) if isinstance(value, datetime) else value
    words = sentences()["words"]
    text = f"{day.day} {words['months'][day.month - 1]}"
    if not short:
        text = f"{words['weekdays'][day.weekday()]} {text}"
    return text if today is None or day.year == today.year else f"{text} {day.year}"


def days_text(days: Days) -> str:
    """ "14 days", "3 working days", "1 day"; whole days only."""
    one, many = sentences()["words"]["working_day" if days.working else "day"]
    count = int(days.count)
    return f"{count} {one if count == 1 else many}"


def _plural(value: Value, form: str) -> str:
    one, many = form[1:].split("|")
    word = one if value == 1 else many
    number = f"{value:g}" if isinstance(value, float) else str(value)
    return word if form[0] == "~" else f"{number} {word}"


def _number_word(value: Value) -> str:
    numbers = sentences()["words"]["numbers"]
    return str(numbers[value]) if isinstance(value, int) and 0 <= value < len(numbers) else str(value)


def _times(value: Value) -> str:
    words = sentences()["words"]
    few = words["times"]
    return str(few[value]) if isinstance(value, int) and value < len(few) else str(words["more_times"]).format(n=value)


def _listed(lines: list[Line], *, between: str) -> tuple[Span, ...]:
    """Sentences one after the other, the text between them as the template gives it."""
    spans: list[Span] = []
    for line in lines:
        spans.extend([Span(between)] if spans else [])
        spans.extend(line)
    return tuple(spans)


def _ref(ref: Ref, project: Project) -> Span:
    """A link with the item's key; an item of another project by project and key, or not at all where readers may not
    know of it.
    """
    if not project.may_name(ref):
        own = ref.project == project.key
        return Span(str(sentences()["words"]["unnamed" if own else "elsewhere"]))
    if ref.project == project.key:
        return Span(ref.key, url=ref.url)
    name = f"{ref.project.rsplit('/', 1)[-1]} {ref.key}" if ref.key.startswith("#") else ref.key
    return Span(name, url=ref.url)


def _refs(refs: tuple[Ref, ...], project: Project) -> tuple[Span, ...]:
    shown = refs if len(refs) <= NAMED + 1 else refs[:NAMED]
    spans: list[Span] = []
    for ref in shown:
        spans.extend([Span(", ")] if spans else [])
        spans.append(_ref(ref, project))
    if len(shown) < len(refs):
        spans.append(Span(" " + str(sentences()["words"]["and_more"]).format(n=len(refs) - len(shown))))
    return tuple(spans)


def _step(step: Step, *, project: Project, today: date | None) -> Span:
    steps = sentences()["steps"]
    if step.of is not None and not project.may_tell(step.of):
        return Span(str(steps["elsewhere"]))
    text = str(steps.get(step.kind, steps["other"]))
    short = "{on:short}" in text
    on = day_text(step.at, project=project, today=today, short=short)
    return Span(text.replace("{on:short}" if short else "{on}", on), url=step.url)


def outline(said: Said, *, tracker: str) -> str:
    """The sentence without what it is filled with, "…" in place of each value: what many of its kind have in common,
    and nothing that a tracker sent.
    """
    text = resolve(template(said.code, tracker=tracker), said.values)

    def bare(found: re.Match[str]) -> str:
        if found["strong"] or found["code"]:
            return ""
        return found["text"] if found["url"] else "…"

    return TOKEN.sub(bare, text).strip(" ;")
