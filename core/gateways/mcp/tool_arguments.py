"""Whether a call's arguments fit a tool's flat JSON schema, answered with a correction that a reasoner can follow."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

_MAX_NAMES = 8


def validate_arguments(tool: str, schema: Mapping[str, Any], arguments: Mapping[str, Any]) -> str | None:
    """A one-sentence correction, or None when `arguments` fit; what was passed is never repeated."""
    properties: Mapping[str, Any] = schema.get("properties", {})
    unknown = [name for name in arguments if name not in properties]
    missing = [name for name in schema.get("required", ()) if name not in arguments]
    complaints = [f"{name} is missing" for name in missing]
    if unknown:
        complaints.append("it takes no other arguments" if properties else "it takes no arguments")
    for name, value in arguments.items():
        if name in properties and (wanted := _unmet(properties[name], value)):
            complaints.append(f"{name} must be {wanted}")
    if not complaints:
        return None
    return f"{tool} did not run: {'; '.join(complaints[:_MAX_NAMES])}. Call {signature(tool, schema)}."


def signature(tool: str, schema: Mapping[str, Any]) -> str:
    """How `tool` is called, on one line: `get_stacktrace(issue_id, event="recommended", page=1)`."""
    parts = [
        f'{name}="{spec["default"]}"'
        if isinstance(spec.get("default"), str)
        else f"{name}={spec['default']}"
        if "default" in spec
        else name
        for name, spec in schema.get("properties", {}).items()
    ]
    return f"{tool}({', '.join(parts)})"


def _unmet(spec: Mapping[str, Any], value: Any) -> str | None:
    """What `spec` asks for, when `value` is not that."""
    if choices := spec.get("enum"):
        return None if value in choices else "one of " + ", ".join(str(choice) for choice in choices)
    match spec.get("type"):
        case "string":
            return None if isinstance(value, str) and _text_fits(spec, value) else _text_wanted(spec)
        case "integer":
            low, high = spec.get("minimum", float("-inf")), spec.get("maximum", float("inf"))
            fits = isinstance(value, int) and not isinstance(value, bool) and low <= value <= high
            return None if fits else f"a whole number from {low} to {high}"
        case "boolean":
            return None if isinstance(value, bool) else "true or false"
        case "array":
            fits = isinstance(value, list) and len(value) <= spec.get("maxItems", len(value))
            return None if fits else f"a list of at most {spec.get('maxItems', 'any number of')} items"
        case _:
            return None


def _text_fits(spec: Mapping[str, Any], value: str) -> bool:
    if not spec.get("minLength", 0) <= len(value) <= spec.get("maxLength", len(value)):
        return False
    return "pattern" not in spec or re.search(spec["pattern"], value) is not None


def _text_wanted(spec: Mapping[str, Any]) -> str:
    if examples := spec.get("examples"):
        return "text such as " + " or ".join(str(example) for example in examples)
    if "maxLength" in spec:
        return f"text of {spec.get('minLength', 0)} to {spec['maxLength']} characters"
    return "text"
