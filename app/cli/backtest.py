"""`plumbline backtest`: what rules would have done over the past, before they do it."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from app.cli.output import installation, json_option, print_json, print_table
from app.errors import UserError

if TYPE_CHECKING:
    from app.services.backtest.run import Answer, Progress, Question
    from rules.backtest.report import Report, RuleReport, Scored, Share

NAMED = 10
STEPS = 1000
_FILE = click.Path(exists=True, dir_okay=False, path_type=Path)
_DAY = click.DateTime(formats=["%Y-%m-%d"])


@click.command("backtest")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, allow_dash=True, path_type=Path))
@click.option("--history", type=_FILE, help="Play this history instead of the watched projects' own.")
@click.option("--project", "projects", multiple=True, metavar="KEY", help="Only this project (may be given again).")
@click.option("--since", type=_DAY, help="First day, as 2026-03-01 (default: 180 days before the last).")
@click.option("--until", type=_DAY, help="Last day (default: today).")
@click.option(
    "--against", type=click.Path(exists=True, dir_okay=False, path_type=Path), help="Compare with these rules."
)
@click.option("--against-in-force", is_flag=True, help="Compare with the rules in force.")
@click.option("--named", type=click.IntRange(0, 1000), default=NAMED, help="How many flags of each rule are named.")
@json_option
def command(
    *,
    file: Path,
    history: Path | None,
    projects: tuple[str, ...],
    since: datetime | None,
    until: datetime | None,
    against: Path | None,
    against_in_force: bool,
    named: int,
    as_json: bool,
) -> int:
    """Play the past of the watched projects and say what the rules of FILE would have flagged, and how right that was.

    The very evaluator that runs live judges facts as they were, at the instants at which it would have. Nothing is
    written anywhere. Every rule that is not off is taken as if it were live.

    \b
    Examples:
      plumbline backtest rules.yaml
      plumbline backtest rules.yaml --project acme/shop --since 2026-01-01
      plumbline backtest rules.yaml --against-in-force
      plumbline backtest rules.yaml --history history.jsonl.gz
    """
    from app.services.backtest import run
    from rules.rulefile import RuleFileError

    if against is not None and against_in_force:
        raise UserError("Compare with a file or with the rules in force, not with both.")
    try:
        rules = _rules(file)
        before = _rules(against) if against is not None else None
    except RuleFileError as error:
        for mistake in error.mistakes:
            click.echo(str(mistake), err=True)
        return 1
    if history is not None and against_in_force:
        raise UserError("A history is played without this installation: compare with a file.")
    first = since.replace(tzinfo=UTC) if since is not None else None
    last = until.replace(tzinfo=UTC) + timedelta(days=1) if until is not None else None
    question = run.Question(rules, first, last, against=before, projects=frozenset(projects) or None)
    with click.progressbar(length=STEPS, label="Playing", hidden=as_json) as bar:

        def played(part: float) -> None:
            bar.update(max(int(part * STEPS) - bar.pos, 0))

        if history is not None:
            answer = _over_file(history, question, played)
        else:
            answer = _here(question, played, in_force=against_in_force)
    if as_json:
        print_json(as_data(answer))
    else:
        _say(answer, named=named)
    return 0


def _here(question: Question, played: Progress, *, in_force: bool) -> Answer:
    """Over the past of this installation's projects, as far as the world's clock has come."""
    from app.services.backtest import run

    runtime = installation()
    now = runtime.world().now()
    until = now if question.until is None else min(question.until, now)
    before = run.in_force(runtime.db) if in_force else question.against
    return run.over_database(runtime.db, replace(question, until=until, against=before), progress=played)


def _over_file(file: Path, question: Question, played: Progress) -> Answer:
    from app.services.backtest import run
    from app.services.history.files import lines_of
    from app.services.history.load import load
    from app.services.history.mistakes import HistoryError

    try:
        return run.over_tables(load(lines_of(file), source=str(file)), question, progress=played)
    except HistoryError as error:
        raise UserError("\n".join([*map(str, error.mistakes), "Nothing was played."])) from None


def _rules(file: Path) -> list[Any]:
    from app.cli.rules import read_drafts

    return [replace(draft.as_rule(), id=number) for number, draft in enumerate(read_drafts(file, None), start=1)]


# --- words


def _say(answer: Answer, *, named: int) -> None:
    told = answer.report
    click.echo(
        f"{told.began:%Y-%m-%d} to {told.ended:%Y-%m-%d}, {told.subjects} subjects, {told.verdicts} verdicts. "
        "Going live writes nothing about what stands at that time."
    )
    click.echo()
    print_table(
        ("rule", "flags", "at start", "now", "days", "right", "found", "needless", "lead", "comments", "a week/50"),
        [_row(one) for one in told.rules],
        empty="The file holds no rule that is on.",
    )
    click.echo()
    click.echo(
        "right: ended late, left behind, unmerged or long open, of those whose end is known. found: of what ended so, "
        "flagged before.\nneedless: moved by itself within 3 days. lead: working days from flag to that end, median."
    )
    for one in told.rules:
        _say_flags(one, named=named)
    _say_noise(told)
    _say_differences(answer, named=named)


def _row(one: RuleReport) -> tuple[object, ...]:
    return (
        one.rule,
        len(one.flags),
        one.at_start,
        one.standing,
        _number(one.stood),
        _share(one.precision),
        _share(one.recall),
        _share(one.needless),
        _number(one.lead),
        one.noise.comments,
        f"{one.noise.comments_a_week:.2f}",
    )


def _number(value: float | None) -> str:
    return "-" if value is None else f"{value:.0f}"


def _share(share: Share) -> str:
    if share.part is None:
        return f"{share.some} of {share.of}"
    low, high = share.interval
    return f"{share.part:.0%} ({low:.0%}-{high:.0%})"


def _say_flags(one: RuleReport, *, named: int) -> None:
    shown = sorted(one.flags, key=lambda scored: scored.flag.opened_at, reverse=True)[:named]
    if not shown:
        return
    click.echo(f"\n{one.rule} ({one.type})" + (f", {one.errors} errors" if one.errors else ""))
    print_table(("opened", "closed", "item", "what", "in the end"), [_flag(scored) for scored in shown], empty="")
    if len(one.flags) > len(shown):
        click.echo(f"and {len(one.flags) - len(shown)} more")


def _flag(scored: Scored) -> tuple[object, ...]:
    flag = scored.flag
    closed = f"{flag.closed_at:%Y-%m-%d}" if flag.closed_at is not None else "stands"
    needless = ", needless" if scored.is_needless else ""
    return (
        f"{flag.opened_at:%Y-%m-%d %H:%M}",
        closed,
        f"{flag.name} {flag.title}"[:50],
        flag.code,
        f"{scored.end.became.value}{needless}",
    )


def _say_noise(told: Report) -> None:
    noise = told.noise
    click.echo(
        f"\nAll together: {noise.comments} items would carry a comment ({noise.comments_a_week:.2f} a week for 50 open "
        f"items, at most {noise.most_in_a_day} on one day), {noise.label_changes} label changes (at most "
        f"{noise.most_on_one_item} on one item in a week), {noise.flip_flops} labels off and on again within 3 days."
    )


def _say_differences(answer: Answer, *, named: int) -> None:
    if answer.before is None:
        return
    click.echo("\nAgainst the other version:")
    rows = [(one.type, len(one.new), len(one.gone), one.both, one.earlier, one.later) for one in answer.differences]
    print_table(("type", "new", "gone", "both", "earlier", "later"), rows, empty="Neither flags anything.")
    for one in answer.differences:
        for word, flags in (("new", one.new), ("gone", one.gone)):
            for flag in flags[:named]:
                click.echo(f"  {word:4}  {one.type}: {flag.name} {flag.title[:50]}, {flag.opened_at:%Y-%m-%d}")


# --- data


def as_data(answer: Answer) -> dict[str, Any]:
    """An answer as plain data, for programs."""
    before = answer.before
    return {
        "report": _data(answer.report),
        "before": _data(before) if before is not None else None,
        "differences": [
            {
                "type": one.type,
                "new": [_brief(flag) for flag in one.new],
                "gone": [_brief(flag) for flag in one.gone],
                "both": one.both,
                "earlier": one.earlier,
                "later": one.later,
            }
            for one in answer.differences
        ],
    }


def _data(told: Report) -> dict[str, Any]:
    return {
        "began": told.began,
        "ended": told.ended,
        "subjects": told.subjects,
        "verdicts": told.verdicts,
        "noise": told.noise,
        "rules": [
            {
                "rule": one.rule,
                "type": one.type,
                "at_start": one.at_start,
                "standing": one.standing,
                "days_stood": one.stood,
                "outcomes": {became.value: number for became, number in sorted(one.outcomes.items())},
                "precision": _part(one.precision),
                "recall": _part(one.recall),
                "needless": _part(one.needless),
                "lead_days": one.lead,
                "noise": one.noise,
                "errors": one.errors,
                "weeks": [
                    {"monday": week.monday.isoformat(), "standing": week.standing, "opened": week.opened}
                    for week in one.weeks
                ],
                "flags": [{**_brief(one_.flag), "became": one_.end.became.value} for one_ in one.flags],
            }
            for one in told.rules
        ],
    }


def _part(share: Share) -> dict[str, Any]:
    return {"some": share.some, "of": share.of, "part": share.part, "interval": list(share.interval)}


def _brief(flag: Any) -> dict[str, Any]:
    return {
        "project": flag.project,
        "subject": flag.subject[0],
        "name": flag.name,
        "title": flag.title,
        "url": flag.url,
        "opened_at": flag.opened_at,
        "closed_at": flag.closed_at,
        "code": flag.code,
        "reach": flag.loudest.value,
    }
