"""Every error that crosses a port.

LogSenseError
├── Refusal                 the person can mend it; shown as written, exit 2
│   ├── NotFound
│   ├── InvalidInput
│   ├── NotConnected        the organization has not said how its tracker is reached; each channel says where to do so
│   └── NotAllowed          this person may not do that here
├── Ignored                 nothing of ours: no answer, no trace
├── ServiceFailed           something we depend on did not do its part; shown with the service's name, exit 3
│   ├── ServiceUnavailable  down, too slow, or failing: trying later may help
│   │   └── OperatorNeeded  only the operator of the machine or the database can repair it; work waits for that
│   ├── AccessDenied        our credentials were refused
│   ├── MessageGone         the platform has no such message any more, so it cannot be edited
│   └── RateLimited         asked to wait; `retry_after_s`
├── ToolRejected            the call itself was wrong; the text tells the reasoner how to correct it
├── ReasonerFailed          this reasoner cannot go on; another may
├── LeaseLost               another worker owns this run now: stop, and touch nothing
└── WrongTransition         a state change that the domain forbids
"""

from __future__ import annotations

import copyreg
from typing import Any

DATABASE = "the database"
"""The service whose failure is nobody's fault but ours: work waits for it instead of failing."""


class LogSenseError(Exception):
    """The root of all errors that LogSense raises on purpose; its text is fit for a person."""

    def __reduce__(self) -> tuple[Any, ...]:
        """Pickle without calling the constructors, which take more than the text."""
        return copyreg.__newobj__, (type(self), *self.args), self.__dict__  # type: ignore[attr-defined]


class Refusal(LogSenseError):
    """The request cannot be served as asked; the text says what to do instead."""


class NotFound(Refusal):
    """What was asked for does not exist, or is not this organization's."""


class InvalidInput(Refusal):
    """What was given cannot be read; the text says what would be accepted."""


class NotConnected(Refusal):
    """The organization has no connection to `service` yet."""

    def __init__(self, service: str) -> None:
        """Name the service; how to connect it depends on where people are."""
        super().__init__(f"{service} is not connected yet.")
        self.service = service


class NotAllowed(Refusal):
    """The person lacks the role for it; the text says who has it."""


class Ignored(LogSenseError):
    """What was said or done does not concern LogSense: nothing is kept and nobody is answered."""


class ServiceFailed(LogSenseError):
    """A service we depend on failed; `service` is its name as people know it."""

    def __init__(self, service: str, message: str) -> None:
        """Keep the service's name beside the sentence that is shown."""
        super().__init__(message)
        self.service = service


class ServiceUnavailable(ServiceFailed):
    """The service is down, too slow or failing: a later try may work."""


class OperatorNeeded(ServiceUnavailable):
    """The operator of the machine has to act: free space, raise a limit, restore a file. Work goes on afterwards."""

    def __init__(self, service: str, message: str, *, problem: str) -> None:
        """Keep `problem`, a few words without a path: for labels of metrics and for pages that anybody may read."""
        super().__init__(service, message)
        self.problem = problem


class AccessDenied(ServiceFailed):
    """The service refused our credentials: somebody has to change them."""


class MessageGone(ServiceFailed):
    """The platform has no such message any more: a fresh one may stand in its place."""


class RateLimited(ServiceFailed):
    """The service asked us to wait `retry_after_s` seconds."""

    def __init__(self, service: str, message: str, *, retry_after_s: float) -> None:
        """Keep how long the service wants us to wait."""
        super().__init__(service, message)
        self.retry_after_s = retry_after_s


class ToolRejected(LogSenseError):
    """The call named an unknown tool or did not fit its arguments; nothing was run."""


class ReasonerFailed(LogSenseError):
    """The reasoner gave up after its own retries; the text says why in a few words."""


class LeaseLost(LogSenseError):
    """The run belongs to another worker, or was cancelled: nothing more may be written or posted for it."""


class WrongTransition(LogSenseError):
    """An investigation was asked to go where its state does not lead."""
