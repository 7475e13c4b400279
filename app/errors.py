"""Errors that are for people: the message is shown as it is, never with a trace."""

from __future__ import annotations


class UserError(Exception):
    """Something the person at the keyboard can put right; the message says how. Exit code 2."""

    exit_code = 2


class UnavailableError(UserError):
    """Something Plumbline needs (database, broker, network) does not answer. Exit code 3."""

    exit_code = 3
