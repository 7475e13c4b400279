"""What is made by hand here fits Atlassian's documents, and the examples in them can be read."""

from __future__ import annotations

import gzip
import json
from functools import cache
from typing import Any

import pytest

from integrations.jira import site as sites
from integrations.jira.decode.events import decode
from integrations.ports import HISTORY
from integrations.readings import Field
from tests.integrations.jira.payloads import (
    RECEIVED,
    SITE,
    ada,
    bob,
    comment,
    iso,
    issue,
    item,
    robot,
    sprint,
    told,
    version,
    worklog,
)
from tests.support import shared

EXAMPLE = "/rest/api/3/issue/{issueIdOrKey}"


@cache
def document(name: str = "jira-cloud-v3") -> dict[str, Any]:
    """One of Atlassian's OpenAPI documents; skips, saying so, where the shared data is absent."""
    whole: dict[str, Any] = json.loads(gzip.decompress(shared("specs", f"{name}.openapi.json.gz").read_bytes()))
    return whole


def example(path: str, name: str = "jira-cloud-v3") -> Any:
    answer = document(name)["paths"][path]["get"]["responses"]["200"]["content"]["application/json"]
    return json.loads(answer["example"])


@pytest.mark.parametrize(
    ("schema", "made"),
    [
        ("UserDetails", ada()),
        ("UserDetails", robot()),
        ("Version", version(projectId=10000, startDate="2026-11-01")),
        ("Worklog", worklog()),
        ("Comment", comment()),
        (
            "Changelog",
            {"id": "1", "created": iso(), "author": bob(), "items": [item("status", "1", "2", fieldId="status")]},
        ),
        ("Fields", {"summary": "x", "status": {"name": "To Do"}, "priority": {"name": "Medium"}}),
        ("TimeTrackingDetails", {"originalEstimateSeconds": 1, "remainingEstimateSeconds": 1, "timeSpentSeconds": 1}),
        ("IssueBean", issue()),
    ],
)
def test_what_is_made_by_hand_fits_the_document(schema, made):
    assert misfits(made, {"$ref": f"#/components/schemas/{schema}"}) == []


TYPES: dict[str, type | tuple[type, ...]] = {
    "string": str,
    "integer": int,
    "number": (int, float),
    "boolean": bool,
    "array": list,
    "object": dict,
}


def misfits(value: Any, schema: dict[str, Any], path: str = "") -> list[str]:
    """Where a value differs from a schema in type, or has a part that the schema does not name."""
    for ref in filter(None, (schema.get("$ref"), *(one.get("$ref") for one in schema.get("allOf", ())))):
        schema = document()["components"]["schemas"][ref.rpartition("/")[2]]
    if value is None or "type" not in schema:
        return []
    if not isinstance(value, TYPES[schema["type"]]):
        return [f"{path} is no {schema['type']}"]
    if isinstance(value, list):
        return [one for place, inner in enumerate(value) for one in misfits(inner, schema["items"], f"{path}.{place}")]
    known = schema.get("properties")
    if not isinstance(value, dict) or known is None:
        return []
    unknown = [f"{path}.{name} is not known" for name in value if name not in known]
    return unknown + [
        one for name in value if name in known for one in misfits(value[name], known[name], f"{path}.{name}")
    ]


def test_a_misfit_is_seen():
    ref = {"$ref": "#/components/schemas/Worklog"}
    assert misfits({"id": 1, "author": {"accountId": True}, "x": 1}, ref) == [
        ".x is not known",
        ".id is no string",
        ".author.accountId is no string",
    ]


def test_the_example_of_an_issue_with_its_comments_and_changelog_is_read():
    whole = example(EXAMPLE)  # which shows but some fields, and one of them as no Jira does
    whole["fields"] |= {"created": iso(), "updated": iso(), "summary": "Order", "status": {"name": "To Do"}}
    worklogs = [one | {"created": one["started"]} for one in example(f"{EXAMPLE}/worklog")["worklogs"]]
    answer = told(
        whole,
        histories=example(f"{EXAMPLE}/changelog")["values"],
        comments=example(f"{EXAMPLE}/comment")["comments"],
        worklogs=worklogs,
    )
    reading = decode(HISTORY, answer, RECEIVED, SITE)
    (seen,) = reading.items
    assert seen.key == whole["key"]
    assert seen.text is not None
    assert seen.text.body == "Main order flow broken"
    assert reading.comments[0].body.startswith("Lorem ipsum")
    assert {change.field for change in reading.changes} == {Field.STATE, Field.COMMENT, Field.WORKLOG}
    assert seen.edges is not None
    assert len(seen.edges) == len(whole["fields"]["issuelinks"])


def test_the_example_of_a_sprint_is_read():
    (path,) = (one for one in document("jira-software-cloud")["paths"] if one.endswith("/sprint/{sprintId}"))
    project = {"id": "1", "key": "EX"}
    answer = {
        "told": "milestones",
        "asked_at": iso(),
        "project": project,
        "sprints": [example(path, "jira-software-cloud")],
    }
    (seen,) = decode(HISTORY, answer, RECEIVED, SITE).milestones
    assert (seen.native_id, seen.title, seen.open, seen.board) == ("sprint/37", "sprint 1", False, "5")
    assert seen.closed_at is not None


def test_a_sprint_made_by_hand_has_no_part_that_the_document_does_not_know():
    (path,) = (one for one in document("jira-software-cloud")["paths"] if one.endswith("/sprint/{sprintId}"))
    known = set(example(path, "jira-software-cloud"))
    assert set(sprint(31, "closed")) - known == {"boardId"}  # so it is called in an issue, and originBoardId elsewhere


def test_the_examples_of_fields_statuses_and_the_server_are_read():
    found = sites.found(
        fields=example("/rest/api/3/field"),
        statuses=example("/rest/api/3/status"),
        server_info=example("/rest/api/3/serverInfo"),
    )
    assert found.base_url == "https://your-domain.atlassian.net"
    assert sites.read(found.dump()) == found
