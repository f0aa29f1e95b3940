"""The one family of errors that clients can see (spec: realtime.md §2.3, http-api.md §1.4–1.6).

    InstantError
    ├── RecordNotFound          400  an app, token, user … does not exist
    ├── RecordExpired           400  a code or a request is too old
    ├── RecordNotUnique         400  a unique value or an attr name is taken
    ├── ValidationFailed        400  the input has the wrong shape or breaks a constraint
    ├── ParamMissing            400  an HTTP field or op field is absent
    ├── ParamMalformed          400  … is present but unusable
    ├── PermissionDenied        400  a rule answered no
    ├── PermissionEvaluationFailed 400  a rule could not be decided
    ├── SqlRaise                400  a step contradicts stored schema
    ├── AppReadOnly             400  the app takes no writes
    ├── AppDisabled             400  the app takes neither reads nor writes
    ├── SessionMissing          400  an SSE post names an unknown session
    ├── MemberMissing           400  an SSE post names an unknown server process
    ├── OAuthFailed             400  signing in with an identity provider did not work out
    ├── RateLimited             429  too many requests (400 on sockets)
    ├── QueryTimeout            429  PostgreSQL cancelled the statement (500 on sockets)
    ├── EmailSendFailed         500  the mail server did not take a mail
    └── OperationTimedOut       500  an op took longer than its limit

An error is raised where the fact is known and rendered in two places only: `wire.http` and
`realtime.protocol.outgoing`. Messages never carry a secret.
"""

from __future__ import annotations

from typing import Any, ClassVar


class InstantError(Exception):
    """A refusal that the client is told about; subclasses fix its wire type and status."""

    type: ClassVar[str]
    http_status: ClassVar[int] = 400
    socket_status: ClassVar[int] = 400

    def __init__(self, message: str, hint: dict[str, Any] | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.hint: dict[str, Any] = hint if hint is not None else {}

    def to_wire(self) -> dict[str, Any]:
        """The fields that HTTP bodies and socket errors share."""
        return {"type": self.type, "message": self.message, "hint": self.hint}


class RecordNotFound(InstantError):
    """A record the request names does not exist."""

    type = "record-not-found"

    def __init__(self, record_type: str, *, message: str | None = None) -> None:
        hint: dict[str, Any] = {"record-type": record_type}
        if message is not None:
            hint["message"] = message
        super().__init__(f"Record not found: {record_type}", hint)


class RecordExpired(InstantError):
    """A code or a request was good once and is too old now."""

    type = "record-expired"

    def __init__(self, record_type: str) -> None:
        super().__init__(f"Record expired: {record_type}", {"record-type": record_type})


class RecordNotUnique(InstantError):
    """A value or a name that must be unique is already taken."""

    type = "record-not-unique"


class ValidationFailed(InstantError):
    """The input has the wrong shape or breaks a constraint."""

    type = "validation-failed"

    @classmethod
    def of(cls, data_type: str, input: Any, errors: list[dict[str, Any]]) -> ValidationFailed:
        """The generic shape: `Validation failed for <data-type>: <messages>` and the hint.

        `errors` are hint errors (`message`, `in`, `expected` …, all optional); those with a
        message are joined into the top-level one.
        """
        messages = [error["message"] for error in errors if error.get("message")]
        message = f"Validation failed for {data_type}"
        if messages:
            message += ": " + ", ".join(messages)
        return cls(message, {"data-type": data_type, "input": input, "errors": errors})

    @classmethod
    def one(cls, data_type: str, input: Any, message: str) -> ValidationFailed:
        """The generic shape with a single message."""
        return cls.of(data_type, input, [{"message": message}])


class ParamMissing(InstantError):
    """A required field is absent; `path` is where it was looked for."""

    type = "param-missing"

    def __init__(self, path: list[str]) -> None:
        super().__init__(f"Missing parameter: {_path_text(path)}", {"in": path})


class ParamMalformed(InstantError):
    """A field is present but unusable; `path` is where it stands."""

    type = "param-malformed"

    def __init__(self, path: list[str], original: Any = None) -> None:
        hint: dict[str, Any] = {"in": path, "original-input": original}
        super().__init__(f"Malformed parameter: {_path_text(path)}", hint)


class UnknownOp(InstantError):
    """A socket message names an op that does not exist."""

    type = "param-malformed"

    def __init__(self, op: Any) -> None:
        super().__init__('Malformed parameter: ["op"]', {"op": op})


class PermissionDenied(InstantError):
    """A rule answered no."""

    type = "permission-denied"

    def __init__(self, input: Any, expected: str = "perms-pass?") -> None:
        super().__init__(
            f"Permission denied: not {expected}", {"input": input, "expected": expected}
        )


class PermissionEvaluationFailed(InstantError):
    """A rule could not be decided."""

    type = "permission-evaluation-failed"


class SqlRaise(InstantError):
    """A step contradicts the stored schema."""

    type = "sql-raise"

    def __init__(self, message: str, hint: dict[str, Any] | None = None) -> None:
        super().__init__(f"Raised Exception: {message}", hint)


class AppReadOnly(InstantError):
    """The app takes no writes."""

    type = "app-read-only"

    def __init__(self) -> None:
        super().__init__("This app is in read-only mode.", {"status": "read-only"})


class AppDisabled(InstantError):
    """The app takes neither reads nor writes."""

    type = "app-disabled"

    def __init__(self) -> None:
        super().__init__("This app is currently disabled.", {"status": "disabled"})


class SessionMissing(InstantError):
    """An SSE post names a session that is not here, or has the wrong token."""

    type = "session-missing"

    def __init__(self, session_id: str) -> None:
        super().__init__("Session is missing.", {"sess-id": session_id})


class MemberMissing(InstantError):
    """An SSE post names a server process that is not here."""

    type = "member-missing"

    def __init__(self, machine_id: str) -> None:
        super().__init__("Member is missing.", {"machine-id": machine_id})


class RateLimited(InstantError):
    """Too many requests."""

    type = "rate-limited"
    http_status = 429


class OAuthFailed(InstantError):
    """Signing in with an identity provider did not work out; on the wire it has another shape."""

    type = "oauth-error"

    def to_wire(self) -> dict[str, Any]:
        """The one error without `message` and `hint` (http-api.md §1.4)."""
        return {"type": self.type, "error": self.message}


class EmailSendFailed(InstantError):
    """The mail server, or the mail provider, did not take a mail."""

    type = "email-send-failed"
    http_status = 500
    socket_status = 500

    def __init__(self) -> None:
        super().__init__("The email could not be sent.")


class QueryTimeout(InstantError):
    """PostgreSQL cancelled the statement because it took too long."""

    type = "timeout"
    http_status = 429
    socket_status = 500

    def __init__(self) -> None:
        super().__init__("The query took too long to complete.")


class OperationTimedOut(InstantError):
    """A socket op took longer than its limit."""

    type = "operation-timed-out"
    http_status = 500
    socket_status = 500

    def __init__(self, timeout_ms: int) -> None:
        super().__init__("Operation timed out: handle-receive", {"timeout-ms": timeout_ms})


def _path_text(path: list[str]) -> str:
    return "[" + " ".join(f'"{part}"' for part in path) + "]"
