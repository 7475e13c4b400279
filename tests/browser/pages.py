"""Every page there is, by name: the tests look at each of them, light and dark, wide and on a phone.

In an address {name} stands for an id of the seeded world (`tests/web/seed.py`).
"""

PAGES = {
    "overview": "/",
    "flags": "/flags",
    "flags-closed": "/flags?state=closed",
    "milestones": "/milestones",
    "milestone": "/milestones/{milestone}",
    "item": "/i/{item}",
    "rules": "/rules",
    "rule": "/rules/stalled-review",
    "rule-edit": "/rules/stalled-review/edit",
    "rule-edit-own": "/rules/custom/edit",
    "rule-mend": "/rules/broken-rule/edit",
    "rule-types": "/rules/new",
    "rule-new": "/rules/new?type=scope-growth",
    "rule-live": "/rules/stalled-work/live",
    "rule-remove": "/rules/scope-creep/remove",
    "rule-versions": "/rules/stalled-review/versions?from=1&to=2",
    "rules-import": "/rules/import",
    "packs": "/rules/packs",
    "pack": "/rules/packs/kanban",
    "projects": "/projects",
    "project": "/projects/{project}",
    "deliveries": "/deliveries",
    "delivery": "/deliveries/{aside}",
    "settings": "/settings",
    "find": "/find?q=curve",
}
