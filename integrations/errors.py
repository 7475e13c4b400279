"""What an integration raises on purpose, and what each means for the work in hand."""

from __future__ import annotations


class IntegrationError(Exception):
    """Base of what an integration raises on purpose. The message is for people and holds no secret."""


class BadSignature(IntegrationError):
    """The delivery is not signed, or not by who it says."""


class BadPayload(IntegrationError):
    """A payload that cannot be read: names the field (dotted path), the value found and what would be right."""

    def __init__(self, path: str, value: object, expected: str) -> None:
        shown = repr(value)
        super().__init__(f"{path}: got {shown if len(shown) <= 80 else shown[:77] + '...'}; expected {expected}")
        self.path = path
        self.value = value
        self.expected = expected


class Ignored(IntegrationError):
    """A normal, recorded outcome: this delivery says nothing we keep. The message is the reason."""


class PermanentError(IntegrationError):
    """Trying again will not help: `code` is gone, locked, forbidden, withheld (for legal reasons), archived,
    moved, invalid or unauthorised.
    """

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


class TransientError(IntegrationError):
    """Worth another try, not before `retry_after` seconds (None: as the caller's backoff says). `uncertain`: the
    write may have happened.
    """

    def __init__(
        self, message: str, *, retry_after: float | None = None, uncertain: bool = False, limited: bool = False
    ) -> None:
        super().__init__(message)
        self.retry_after = retry_after
        self.uncertain = uncertain
        self.limited = limited
