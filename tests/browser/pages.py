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
    "projects": "/projects",
    "project": "/projects/{project}",
    "deliveries": "/deliveries",
    "delivery": "/deliveries/{aside}",
    "deliveries-ignored": "/deliveries?status=ignored&q=ping",
    "out": "/deliveries/out",
    "out-all": "/deliveries/out?status=all",
    "out-one": "/deliveries/out/{refused}",
    "written": "/deliveries/written",
    "take-back": "/deliveries/written/take-back",
    "settings": "/settings",
    "settings-projects": "/settings/projects",
    "settings-calendar": "/settings/projects/{field}/calendar",
    "settings-states": "/settings/projects/{project}/states",
    "settings-labels": "/settings/projects/{project}/labels",
    "settings-writing": "/settings/projects/{project}/writing",
    "settings-reading": "/settings/projects/{project}/reading",
    "settings-versions": "/settings/projects/{field}/versions",
    "messages": "/settings/messages",
    "audit": "/settings/audit",
    "find": "/find?q=curve",
}
