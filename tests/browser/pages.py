"""Every page there is, by name: the tests look at each of them, light and dark, wide and on a phone.

In an address {name} stands for an id of the seeded world (`tests/web/seed.py`).
"""

PAGES = {
    "overview": "/",
    "flags": "/flags",
    "flags-closed": "/flags?state=closed",
    "milestones": "/milestones",
    "milestone": "/milestones/{milestone}",
    "milestone-sprint": "/milestones/{sprint}",
    "milestone-likely": "/milestones/{likely}?since=plan",
    "item": "/i/{item}",
    "rules": "/rules",
    "rule": "/rules/stalled-review",
    "projects": "/projects",
    "project": "/projects/{project}",
    "workflow": "/projects/{project}/workflow",
    "workflow-empty": "/projects/{field}/workflow",
    "load": "/projects/{project}/load",
    "load-programme": "/programmes/{programme}/load",
    "deliveries": "/deliveries",
    "delivery": "/deliveries/{aside}",
    "settings": "/settings",
    "find": "/find?q=curve",
}
