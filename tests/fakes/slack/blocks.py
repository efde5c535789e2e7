"""What Slack accepts as blocks: each broken rule is one line, with a pointer to where, as Slack words it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

Json = Mapping[str, Any]
Complaints = Iterator[str]

TASK_STATUSES = frozenset({"pending", "in_progress", "complete", "error"})
_MOST_MARKDOWN = 12_000
_FIELDS: dict[str, tuple[frozenset[str], frozenset[str]]] = {
    name: (frozenset(required.split()), frozenset(optional.split()))
    for name, required, optional in (
        ("section", "", "text fields accessory expand"),
        ("divider", "", ""),
        ("header", "text", "level"),
        ("markdown", "text", ""),
        ("context", "elements", ""),
        ("actions", "elements", ""),
        ("context_actions", "elements", ""),
        ("image", "alt_text", "image_url slack_file title"),
        ("input", "label element", "hint optional dispatch_action"),
        ("plan", "title", "tasks"),
        ("task_card", "task_id title status", "details output sources"),
        ("rich_text", "elements", ""),
        ("alert", "text", "level"),
        ("file", "external_id source", ""),
        ("table", "rows", "column_settings"),
        (
            "video",
            "alt_text title thumbnail_url video_url",
            "title_url description provider_icon_url provider_name author_name",
        ),
        ("card", "", "title subtitle body icon hero_image actions slack_icon"),
        ("carousel", "elements", ""),
        ("container", "child_blocks", "title subtitle icon width is_collapsible default_collapsed"),
    )
}
_ONLY_IN_MESSAGES = frozenset({"markdown", "plan", "task_card", "table", "context_actions", "file"})


def complaints_about(blocks: Any, *, most: int = 50, in_view: bool = False) -> list[str]:
    """Every rule the blocks break; none when Slack takes them."""
    if not isinstance(blocks, list):
        return ["must be an array [json-pointer:/blocks]"]
    found = list(_list(blocks, "/blocks", most, in_view))
    named = [block["block_id"] for block in blocks if isinstance(block, dict) and block.get("block_id")]
    if len(set(named)) != len(named):
        found.append("block_id already exists [json-pointer:/blocks]")
    written = sum(len(str(each.get("text"))) for each in blocks if isinstance(each, dict) and _is(each, "markdown"))
    if written > _MOST_MARKDOWN:
        found.append(f"markdown blocks must be less than {_MOST_MARKDOWN + 1} characters [json-pointer:/blocks]")
    return found


def _list(blocks: list[Any], where: str, most: int, in_view: bool) -> Complaints:
    if len(blocks) > most:
        yield f"no more than {most} items allowed [json-pointer:{where}]"
    for number, block in enumerate(blocks):
        yield from _block(block, f"{where}/{number}", in_view)


def _block(block: Any, where: str, in_view: bool) -> Complaints:
    kind = block.get("type") if isinstance(block, dict) else None
    if kind not in _FIELDS or (in_view and kind in _ONLY_IN_MESSAGES):
        yield f"unsupported type: {kind} [json-pointer:{where}/type]"
        return
    required, optional = _FIELDS[str(kind)]
    for name in sorted(required - set(block)):
        yield f"missing required field: {name} [json-pointer:{where}]"
    for name in sorted(set(block) - required - optional - {"type", "block_id"}):
        yield f"no more fields allowed: {name} [json-pointer:{where}/{name}]"
    yield from _size(block.get("block_id", "-"), 255, f"{where}/block_id")
    if required <= set(block) and str(kind) in _RULES:
        yield from _RULES[str(kind)](block, where)


# ---- blocks ---------------------------------------------------------------------------------------------------------


def _section(block: Json, where: str) -> Complaints:
    if "text" not in block and "fields" not in block:
        yield f"missing required field: text or fields [json-pointer:{where}]"
    if "text" in block:
        yield from _text(block["text"], 3_000, f"{where}/text")
    if "fields" in block:
        yield from _count(block["fields"], 10, f"{where}/fields")
        for number, each in enumerate(block["fields"]):
            yield from _text(each, 2_000, f"{where}/fields/{number}")
    if "accessory" in block:
        yield from _element(block["accessory"], f"{where}/accessory")


def _header(block: Json, where: str) -> Complaints:
    yield from _text(block["text"], 150, f"{where}/text", plain=True)


def _markdown(block: Json, where: str) -> Complaints:
    yield from _size(block["text"], _MOST_MARKDOWN, f"{where}/text")


def _context(block: Json, where: str) -> Complaints:
    yield from _count(block["elements"], 10, f"{where}/elements")
    for number, each in enumerate(block["elements"]):
        if _is(each, "image"):
            yield from _size(each.get("alt_text"), 2_000, f"{where}/elements/{number}/alt_text")
        else:
            yield from _text(each, 2_000, f"{where}/elements/{number}")


def _actions(block: Json, where: str) -> Complaints:
    most = 5 if _is(block, "context_actions") else 25
    yield from _count(block["elements"], most, f"{where}/elements")
    for number, each in enumerate(block["elements"]):
        yield from _element(each, f"{where}/elements/{number}")
    named = [each.get("action_id") for each in block["elements"] if isinstance(each, dict) and each.get("action_id")]
    if len(set(named)) != len(named):
        yield f"action_id already exists [json-pointer:{where}/elements]"


def _image(block: Json, where: str) -> Complaints:
    if ("image_url" in block) == ("slack_file" in block):
        yield f"exactly one of image_url and slack_file is required [json-pointer:{where}]"
    yield from _size(block["alt_text"], 2_000, f"{where}/alt_text")
    if "title" in block:
        yield from _text(block["title"], 2_000, f"{where}/title", plain=True)


def _input(block: Json, where: str) -> Complaints:
    yield from _text(block["label"], 2_000, f"{where}/label", plain=True)
    if "hint" in block:
        yield from _text(block["hint"], 2_000, f"{where}/hint", plain=True)
    yield from _element(block["element"], f"{where}/element")


def _plan(block: Json, where: str) -> Complaints:
    yield from _size(block["title"], 3_000, f"{where}/title")
    tasks = block.get("tasks", [])
    if not isinstance(tasks, list):
        yield f"must be an array [json-pointer:{where}/tasks]"
        return
    yield from _list(tasks, f"{where}/tasks", 50, False)
    for number, each in enumerate(tasks):
        if not _is(each, "task_card"):
            yield f"must be a task_card [json-pointer:{where}/tasks/{number}/type]"
    ids = [each.get("task_id") for each in tasks if isinstance(each, dict)]
    if len(set(ids)) != len(ids):
        yield f"task_id already exists [json-pointer:{where}/tasks]"


def _task_card(block: Json, where: str) -> Complaints:
    yield from _size(block["task_id"], 255, f"{where}/task_id")
    yield from _size(block["title"], 3_000, f"{where}/title")
    if block["status"] not in TASK_STATUSES:
        yield f"must be one of {', '.join(sorted(TASK_STATUSES))} [json-pointer:{where}/status]"
    for name in ("details", "output"):
        if name in block and not _is(block[name], "rich_text"):
            yield f"must be a rich_text block [json-pointer:{where}/{name}]"
        elif name in block:
            yield from _block(block[name], f"{where}/{name}", False)
    for number, each in enumerate(block.get("sources", [])):
        if not _is(each, "url") or not {"url", "text"} <= set(each):
            yield f"must be a url with text [json-pointer:{where}/sources/{number}]"


_RICH = frozenset({"rich_text_section", "rich_text_list", "rich_text_preformatted", "rich_text_quote"})


def _rich_text(block: Json, where: str) -> Complaints:
    yield from _count(block["elements"], 1_000, f"{where}/elements")
    for number, each in enumerate(block["elements"]):
        if not isinstance(each, dict) or each.get("type") not in _RICH:
            yield f"unsupported element [json-pointer:{where}/elements/{number}/type]"
        else:
            yield from _rich_parts(each, f"{where}/elements/{number}")


def _rich_parts(element: Json, where: str) -> Complaints:
    for number, each in enumerate(element.get("elements", [])):
        if _is(each, "text"):
            yield from _size(each.get("text"), 40_000, f"{where}/elements/{number}/text")


def _alert(block: Json, where: str) -> Complaints:
    yield from _text(block["text"], 3_000, f"{where}/text")
    if block.get("level", "default") not in ("default", "info", "warning", "error", "success"):
        yield f"unsupported level [json-pointer:{where}/level]"


_RULES: dict[str, Callable[[Json, str], Complaints]] = {
    "section": _section,
    "header": _header,
    "markdown": _markdown,
    "context": _context,
    "actions": _actions,
    "context_actions": _actions,
    "image": _image,
    "input": _input,
    "plan": _plan,
    "task_card": _task_card,
    "rich_text": _rich_text,
    "alert": _alert,
}


# ---- elements and texts ---------------------------------------------------------------------------------------------

_ELEMENT_NAMES = (
    "button checkboxes datepicker datetimepicker email_text_input feedback_buttons file_input icon_button image "
    "number_input overflow plain_text_input radio_buttons rich_text_input static_select multi_static_select timepicker "
    "url_text_input workflow_button users_select multi_users_select conversations_select multi_conversations_select "
    "channels_select multi_channels_select external_select multi_external_select"
)
_ELEMENTS = frozenset(_ELEMENT_NAMES.split())


def _element(element: Any, where: str) -> Complaints:
    if not isinstance(element, dict) or element.get("type") not in _ELEMENTS:
        yield f"unsupported element [json-pointer:{where}/type]"
        return
    yield from _size(element.get("action_id", "-"), 255, f"{where}/action_id")
    if _is(element, "button"):
        yield from _button(element, where)
    if "placeholder" in element:
        yield from _text(element["placeholder"], 150, f"{where}/placeholder", plain=True)
    if len(element.get("initial_value", "")) > 3_000:
        yield f"must be less than 3001 characters [json-pointer:{where}/initial_value]"
    if "options" in element:
        most = 10 if element["type"] in ("checkboxes", "radio_buttons") else 5 if _is(element, "overflow") else 100
        yield from _count(element["options"], most, f"{where}/options")
        for number, each in enumerate(element["options"]):
            yield from _text(each.get("text"), 75, f"{where}/options/{number}/text")
            yield from _size(each.get("value"), 150, f"{where}/options/{number}/value")


def _button(button: Json, where: str) -> Complaints:
    yield from _text(button.get("text"), 75, f"{where}/text", plain=True)
    yield from _size(button.get("value", "-"), 2_000, f"{where}/value")
    yield from _size(button.get("url", "-"), 3_000, f"{where}/url")
    yield from _size(button.get("accessibility_label", "-"), 75, f"{where}/accessibility_label")
    if button.get("style", "primary") not in ("primary", "danger"):
        yield f"must be primary or danger [json-pointer:{where}/style]"
    if "confirm" in button:
        yield from _confirm(button["confirm"], f"{where}/confirm")


def _confirm(confirm: Json, where: str) -> Complaints:
    for name, most in (("title", 100), ("text", 300), ("confirm", 30), ("deny", 30)):
        yield from _text(confirm.get(name), most, f"{where}/{name}", plain=name != "text")


def _text(text: Any, most: int, where: str, *, plain: bool = False) -> Complaints:
    if not isinstance(text, dict) or text.get("type") not in ("plain_text", "mrkdwn"):
        yield f"must be a text object [json-pointer:{where}]"
    elif plain and text["type"] != "plain_text":
        yield f"must be plain_text [json-pointer:{where}/type]"
    else:
        yield from _size(text.get("text"), most, f"{where}/text")


def _size(text: Any, most: int, where: str) -> Complaints:
    if not isinstance(text, str):
        yield f"must be a string [json-pointer:{where}]"
    elif not text:
        yield f"must be more than 0 characters [json-pointer:{where}]"
    elif len(text) > most:
        yield f"must be less than {most + 1} characters [json-pointer:{where}]"


def _count(items: Sequence[Any], most: int, where: str) -> Complaints:
    if not isinstance(items, list) or not items:
        yield f"no fewer than 1 item allowed [json-pointer:{where}]"
    elif len(items) > most:
        yield f"no more than {most} items allowed [json-pointer:{where}]"


def _is(thing: Any, kind: str) -> bool:
    return isinstance(thing, dict) and thing.get("type") == kind
