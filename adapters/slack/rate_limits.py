"""How often Slack lets us call each method."""

from __future__ import annotations

from adapters.common.rate_limits import Budget


def budget_of(method: str) -> Budget:
    """Just below the tier that Slack publishes for the method; a post's is for one channel."""
    if method == "chat.update":
        return Budget(per_minute=43, burst=2)
    if method == "chat.postMessage":
        return Budget(per_minute=57, burst=1)
    return Budget(per_minute=40, burst=10)
