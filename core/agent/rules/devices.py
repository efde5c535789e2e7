"""On what the program ran: a phone or a browser, where nobody has a shell; anything else is a host."""

from __future__ import annotations

import re

from core.domain.tool_facts import IssueFacts, StackFacts

PHONE, BROWSER, HOST = "phone", "browser", "host"

_PHONE_PLATFORMS = frozenset({"cocoa", "objc", "swift", "android", "react-native", "reactnative", "flutter", "dart"})
_PHONE_SYSTEMS = re.compile(r"^(?:iOS|iPadOS|Android|tvOS|watchOS)\b", re.IGNORECASE)
_PHONE_CODE = re.compile(
    r"^(?:android|androidx|com\.android|dalvik|kotlinx\.coroutines\.android|UIKit\w*|package:flutter)\b"
)
_SERVER_CODE = re.compile(r"^(?:node:|internal/|/(?:srv|app|opt|home|var|usr)/)|node_modules")


def device_of(stack: StackFacts, issue: IssueFacts) -> str:
    """`phone`, `browser` or `host`, by the platform, the tags and the frames of the event."""
    tags = issue.get("tags", {})
    system = tags.get("os.name") or tags.get("os") or ""
    platform = (issue.get("platform") or "").lower()
    frames = [stack.get("frame", {}), stack.get("raised_in", {}), *stack.get("callers", [])]
    names = [name for frame in frames for name in (frame.get("module"), frame.get("file")) if name]
    if platform in _PHONE_PLATFORMS or _PHONE_SYSTEMS.match(system) or any(map(_PHONE_CODE.match, names)):
        return PHONE
    if platform.startswith("javascript") and not any(map(_SERVER_CODE.search, names)):
        return BROWSER
    return BROWSER if tags.get("browser") or tags.get("browser.name") else HOST
