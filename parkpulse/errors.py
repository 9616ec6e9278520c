"""The error tree of Parkpulse.

ParkpulseError
|__ConfigError              process must not start
|__ServiceError             a private server could not be fetched or started
|__DecodeError              a message that cannot be read; goes to quarantine
|__IllegalTransitionError   alert life cycle; HTTP 409
|__InvalidRequestError      a caller's value is not acceptable; HTTP 422
|__NotFoundError            HTTP 404
|__ForbiddenError           the caller may not do this; HTTP 403
|__UnauthenticatedError     nobody has logged in; HTTP 401
|__TooManyAttemptsError     logins; HTTP 429
|__BusyError                enough is under way: try again; HTTP 503
|__StoreError               database; __cause__ has the driver's error
|   |__StoreUnavailableError  the server is away: try again
|   |__StoreDataError       the server refuses these rows: bisect
|   |__ConflictError        lost an optimistic-locking race; retry or 409
|__GrafanaError             Grafana refuses, is too old or away
|__BrokerError              the MQTT broker is away or refuses
|__DeliveryError            webhook; try again
    |__PermanentDeliveryError   give up and say so
"""

from __future__ import annotations


class ParkpulseError(Exception):
    """Something in Parkpulse went wrong."""

    def __init__(self, message: str | None = None) -> None:
        super().__init__(message or (type(self).__doc__ or "").strip())


class ConfigError(ParkpulseError):
    """The configuration does not allow this process to start."""


class ServiceError(ParkpulseError):
    """A private server could not be fetched, started or stopped."""


class DecodeError(ParkpulseError):
    """The message cannot be read.

    Parameters
    ----------
    reason
        Code of the reason, as the quarantine lists it: `not_json`, `wrong_type`.
    detail
        What is wrong and where, for the person who looks at the quarantine.
    """

    def __init__(self, reason: str, detail: str) -> None:
        super().__init__(f"{reason}: {detail}")
        self.reason = reason
        self.detail = detail


class IllegalTransitionError(ParkpulseError):
    """The alert's state does not allow this action."""

    def __init__(self, current: str, wanted: str) -> None:
        super().__init__(f"an alert in state {current} cannot take {wanted}")
        self.current = current
        self.wanted = wanted


class InvalidRequestError(ParkpulseError):
    """A value of the request is not acceptable.

    Parameters
    ----------
    code
        Stable code of the error, translated at the edge.
    message
        What is wrong, in English, for logs.
    pointer
        JSON pointer or parameter name of the offending value.
    """

    def __init__(self, code: str, message: str, pointer: str) -> None:
        super().__init__(message)
        self.code = code
        self.pointer = pointer


class NotFoundError(ParkpulseError):
    """There is no such thing."""

    def __init__(self, kind: str, key: str) -> None:
        super().__init__(f"there is no {kind} {key!r}")
        self.kind = kind
        self.key = key


class ForbiddenError(ParkpulseError):
    """The caller may not do this.

    Parameters
    ----------
    code
        Code of the reason, translated at the edge.
    role
        First role that may.
    """

    def __init__(self, code: str, role: str = "") -> None:
        super().__init__(f"not allowed: {code} {role}".rstrip())
        self.code = code
        self.role = role


class UnauthenticatedError(ParkpulseError):
    """Nobody has logged in, or name and password do not match.

    Parameters
    ----------
    code
        Code of the reason, translated at the edge.
    """

    def __init__(self, code: str = "login_required") -> None:
        super().__init__(f"not logged in: {code}")
        self.code = code


class TooManyAttemptsError(ParkpulseError):
    """Too many logins have failed.

    Parameters
    ----------
    wait_s
        After this time one may try again. [s]
    """

    def __init__(self, wait_s: float) -> None:
        super().__init__(f"too many attempts: wait {wait_s:.0f} s")
        self.wait_s = wait_s


class BusyError(ParkpulseError):
    """Enough of this is under way: try again shortly."""


class StoreError(ParkpulseError):
    """The database did not do what it was asked."""


class StoreUnavailableError(StoreError):
    """The database cannot be reached; try again."""


class StoreDataError(StoreError):
    """The database refuses these rows for their content."""


class ConflictError(StoreError):
    """Somebody else changed the same thing first."""


class GrafanaError(ParkpulseError):
    """Grafana does not do what it is asked.

    Parameters
    ----------
    message
        What, and what a person can do about it.
    status
        HTTP status of its answer; 0 without one.
    """

    def __init__(self, message: str, status: int = 0) -> None:
        super().__init__(message)
        self.status = status


class BrokerError(ParkpulseError):
    """The MQTT broker is away or refuses."""


class DeliveryError(ParkpulseError):
    """A message was not delivered; try again."""


class PermanentDeliveryError(DeliveryError):
    """A message will never be delivered to this end-point."""
