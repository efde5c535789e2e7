"""Activities as Teams sends them, and what hypothesis makes of them."""

from __future__ import annotations

from typing import Any

Json = dict[str, Any]

APP = "28:11111111-2222-3333-4444-555555555555"
ADA, BOB = "29:1ada-AAAA_bbbb", "29:1bob-CCCC_dddd"
TENANT = "0F3C1E52-9a4f-4d55-8a5e-5d4f0a6f2b11"
CHANNEL = "19:abcdef0123456789@thread.tacv2"
GROUP = "19:meeting_abc@thread.v2"
ROOT, REPLY = "1764000000001", "1764000000002"
ISSUE_URL = "https://acme.sentry.io/issues/4500123/?project=3"


def mention(id: str, name: str) -> Json:
    return {"type": "mention", "text": f"<at>{name}</at>", "mentioned": {"id": id, "name": name}}


US, TO_BOB = mention(APP, "LogSense"), mention(BOB, "Bob")


def _activity(kind: str, conversation: Json, **more: Any) -> Json:
    return {
        "type": kind,
        "id": REPLY,
        "channelId": "msteams",
        "serviceUrl": "https://smba.trafficmanager.net/emea/",
        "from": {"id": ADA, "name": "Ada Lovelace", "aadObjectId": "6e8f0f6a-0000-4000-8000-000000000001"},
        "recipient": {"id": APP, "name": "LogSense"},
        "conversation": {"tenantId": TENANT, **conversation},
        "channelData": {"tenant": {"id": TENANT}},
        **more,
    }


def thread(root: str = ROOT) -> Json:
    return {"id": f"{CHANNEL};messageid={root}", "conversationType": "channel", "isGroup": True}


PERSONAL = {"id": "a:1personal", "conversationType": "personal"}
IN_GROUP = {"id": GROUP, "conversationType": "groupChat", "isGroup": True}


def message(text: str, *entities: Json, where: Json | None = None, **more: Any) -> Json:
    return _activity("message", where or thread(), text=text, textFormat="plain", entities=list(entities), **more)


def written(markup: str, *entities: Json, where: Json | None = None, text: str = "") -> Json:
    """A message with the HTML that Teams sends beside its text."""
    attachments = [{"contentType": "text/html", "content": markup}]
    return message(text, *entities, where=where, attachments=attachments)


def span(name: str, number: int = 0) -> str:
    return f'<span itemscope="" itemtype="http://schema.skype.com/Mention" itemid="{number}" dir="auto">{name}</span>'


def executed(verb: str, value: str, **inputs: str) -> Json:
    data = {"logsense": verb, "value": value, **inputs}
    action = {"type": "Action.Execute", "verb": verb, "data": data}
    value_given = {"action": action, "trigger": "manual"}
    return _activity("invoke", thread(), name="adaptiveCard/action", value=value_given, replyToId=REPLY)


def submitted(verb: str, value: str, **inputs: str) -> Json:
    return _activity("message", thread(), value={"logsense": verb, "value": value, **inputs}, replyToId=REPLY)


def reacted(added: tuple[str, ...] = (), removed: tuple[str, ...] = (), **more: Any) -> Json:
    return _activity(
        "messageReaction",
        thread(),
        replyToId=REPLY,
        reactionsAdded=[{"type": kind} for kind in added],
        reactionsRemoved=[{"type": kind} for kind in removed],
        **more,
    )
