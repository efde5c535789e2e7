"""What Slack sends, as it sends it: shortened, with every field that matters and its neighbours."""

from __future__ import annotations

from typing import Any

Json = dict[str, Any]

BOT = "U0LOGSENSE"
ADA = "U0ADA"
BOB = "U0BOB"
CHANNEL = "C0INCIDENTS"
ROOT = "1763895154.000100"
REPLY = "1763895200.000200"
ISSUE_URL = "https://acme.sentry.io/issues/4500123/"

COMMAND: Json = {
    "token": "legacy",
    "team_id": "T0ACME",
    "team_domain": "acme",
    "channel_id": CHANNEL,
    "channel_name": "incidents",
    "user_id": ADA,
    "user_name": "ada",
    "command": "/logsense",
    "text": "investigate SHOP-1A2",
    "api_app_id": "A0LOGSENSE",
    "is_enterprise_install": "false",
    "response_url": "https://hooks.slack.com/commands/T0ACME/1/x",
    "trigger_id": "101.202.c0ffee",
}


def reply(text: str, **changes: Any) -> Json:
    """The inner event of a message in a thread."""
    return {
        "type": "message",
        "user": ADA,
        "client_msg_id": "3d1c5c0e-8b5f-4a36-9f0e-0d2b2a0a9d11",
        "text": text,
        "team": "T0ACME",
        "ts": REPLY,
        "thread_ts": ROOT,
        "parent_user_id": BOT,
        "channel": CHANNEL,
        "channel_type": "channel",
        "event_ts": REPLY,
        **changes,
    }


def event_callback(event: Json) -> Json:
    """An event in its envelope."""
    return {
        "token": "legacy",
        "team_id": "T0ACME",
        "api_app_id": "A0LOGSENSE",
        "event": event,
        "type": "event_callback",
        "event_id": "Ev0AAAA",
        "event_time": 1763895200,
        "authorizations": [{"enterprise_id": None, "team_id": "T0ACME", "user_id": BOT, "is_bot": True}],
        "is_ext_shared_channel": False,
        "event_context": "4-opaque",
    }


def reaction(name: str, **changes: Any) -> Json:
    """The inner event of a reaction; it knows neither thread nor text."""
    return {
        "type": "reaction_added",
        "user": ADA,
        "reaction": name,
        "item": {"type": "message", "channel": CHANNEL, "ts": REPLY},
        "item_user": BOT,
        "event_ts": "1763895300.000300",
        **changes,
    }


BUTTON: Json = {
    "type": "block_actions",
    "user": {"id": ADA, "username": "ada", "name": "ada", "team_id": "T0ACME"},
    "api_app_id": "A0LOGSENSE",
    "container": {"type": "message", "message_ts": REPLY, "channel_id": CHANNEL, "is_ephemeral": False},
    "trigger_id": "303.404.c0ffee",
    "team": {"id": "T0ACME", "domain": "acme"},
    "channel": {"id": CHANNEL, "name": "incidents"},
    "message": {"type": "message", "user": BOT, "bot_id": "B0LOGSENSE", "ts": REPLY, "thread_ts": ROOT, "text": "x"},
    "response_url": "https://hooks.slack.com/actions/T0ACME/1/x",
    "actions": [{"action_id": "stop_investigation", "block_id": "b", "value": "3f2a9c", "type": "button"}],
}

BUTTON_AT_HOME: Json = {
    "type": "block_actions",
    "user": {"id": ADA, "username": "ada", "name": "ada", "team_id": "T0ACME"},
    "container": {"type": "view", "view_id": "V0HOME"},
    "trigger_id": "505.606.c0ffee",
    "view": {"id": "V0HOME", "type": "home", "hash": "1.aa"},
    "actions": [{"action_id": "investigate_issue", "block_id": "b", "value": "4500123", "type": "button"}],
}

SHORTCUT: Json = {
    "type": "message_action",
    "token": "legacy",
    "action_ts": "1763895400.123456",
    "team": {"id": "T0ACME", "domain": "acme"},
    "user": {"id": ADA, "username": "ada", "team_id": "T0ACME", "name": "ada"},
    "channel": {"id": CHANNEL, "name": "incidents"},
    "is_enterprise_install": False,
    "callback_id": "investigate_message",
    "trigger_id": "707.808.c0ffee",
    "response_url": "https://hooks.slack.com/app/T0ACME/1/x",
    "message_ts": ROOT,
    "message": {"type": "message", "user": BOB, "text": "SHOP-1A2 again", "ts": ROOT},
}

SUBMISSION: Json = {
    "type": "view_submission",
    "user": {"id": ADA, "username": "ada", "name": "ada", "team_id": "T0ACME"},
    "trigger_id": "909.100.c0ffee",
    "view": {"id": "V0SENTRY", "hash": "1763.bb", "callback_id": "sentry_connection", "state": {"values": {}}},
    "response_urls": [],
}

SENTRY_ALERT: Json = {
    "type": "message",
    "subtype": "bot_message",
    "bot_id": "B0SENTRY",
    "ts": ROOT,
    "text": "[shop] KeyError: 'id'",
    "attachments": [
        {
            "color": "#E03E2F",
            "blocks": [
                {
                    "type": "section",
                    "block_id": '{"issue":4500123,"rule":77}',
                    "text": {
                        "type": "mrkdwn",
                        "text": ":red_circle: <https://acme.sentry.io/issues/4500123/?referrer=slack&amp;rule=77|*KeyError*>",
                    },
                },
                {"type": "section", "text": {"type": "mrkdwn", "text": "```'id'```"}},
                {
                    "type": "actions",
                    "elements": [
                        {
                            "type": "button",
                            "action_id": "resolve_dialog",
                            "text": {"type": "plain_text", "text": "Resolve"},
                        },
                        {
                            "type": "button",
                            "action_id": "archive_dialog",
                            "text": {"type": "plain_text", "text": "Archive"},
                        },
                    ],
                },
                {
                    "type": "context",
                    "elements": [
                        {
                            "type": "mrkdwn",
                            "text": "Project: <https://acme.sentry.io/issues/?project=3|shop>  Alert: "
                            "<https://acme.sentry.io/organizations/acme/alerts/rules/shop/77/details/|Errors>    "
                            "Short ID: SHOP-1A2",
                        }
                    ],
                },
            ],
            "fallback": "[shop] KeyError: 'id'",
        }
    ],
}

OLD_SENTRY_ALERT: Json = {
    "type": "message",
    "subtype": "bot_message",
    "bot_id": "B0SENTRY",
    "ts": ROOT,
    "text": "",
    "attachments": [
        {
            "fallback": "[shop] KeyError: 'id'",
            "title": "KeyError",
            "title_link": "https://sentry.example.com/organizations/acme/issues/12/?referrer=slack",
            "text": "'id'",
            "footer": "SHOP-C via Errors",
            "callback_id": '{"issue":12}',
        }
    ],
}

PAGERDUTY_ALERT: Json = {
    "type": "message",
    "subtype": "bot_message",
    "bot_id": "B0PAGER",
    "ts": ROOT,
    "text": "Triggered #4711 KeyError in shop",
    "blocks": [
        {
            "type": "section",
            "text": {"type": "mrkdwn", "text": "*<https://acme.pagerduty.com/incidents/Q1ABC|#4711 KeyError in shop>*"},
            "accessory": {"type": "overflow", "options": [{"text": {"type": "plain_text", "text": "x"}, "value": "x"}]},
        },
        {
            "type": "actions",
            "elements": [
                {"type": "button", "text": {"type": "plain_text", "text": "Acknowledge"}, "value": "ack"},
                {
                    "type": "button",
                    "text": {"type": "plain_text", "text": "View in Sentry"},
                    "url": "https://acme.sentry.io/organizations/acme/issues/4500123/",
                },
            ],
        },
    ],
}

WEBHOOK_ALERT: Json = {
    "type": "message",
    "subtype": "bot_message",
    "bot_id": "B0HOOK",
    "username": "alerts",
    "ts": ROOT,
    "text": "error rate of checkout above 5 %",
    "attachments": [{"fields": [{"title": "Service", "value": "shop"}, {"title": "Issue", "value": "SHOP-1A2"}]}],
}

UNFURLED: Json = {
    "type": "message",
    "user": BOB,
    "ts": ROOT,
    "text": "what is this?",
    "attachments": [{"from_url": ISSUE_URL, "original_url": ISSUE_URL, "title": "KeyError: 'id'", "id": 1}],
}

ALERTS = {
    "sentry": (SENTRY_ALERT, "https://acme.sentry.io/issues/4500123/?referrer=slack&rule=77"),
    "older-sentry": (OLD_SENTRY_ALERT, "https://sentry.example.com/organizations/acme/issues/12/?referrer=slack"),
    "pagerduty": (PAGERDUTY_ALERT, "https://acme.sentry.io/organizations/acme/issues/4500123/"),
    "webhook": (WEBHOOK_ALERT, "SHOP-1A2"),
    "unfurled": (UNFURLED, ISSUE_URL),
}

PYTHON = """Traceback (most recent call last):
  File "/srv/shop/worker.py", line 12, in <module>
    run(job)
  File "/srv/shop/jobs.py", line 40, in run
    return job["id"]
KeyError: 'id'"""
JAVA = """java.lang.IllegalStateException: no cart
    at com.acme.shop.Cart.<init>(Cart.java:41)
    at java.base/java.lang.Thread.run(Thread.java:840)"""
NODE = """TypeError: Cannot read properties of undefined (reading 'id')
    at total (/srv/shop/cart.js:41:7)
    at async Object.checkout (/srv/shop/checkout.js:9:3)
    at Object.<anonymous> (/srv/shop/index.js:3:1)"""
