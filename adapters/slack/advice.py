"""What a person can do about each error code of Slack's reference, in one or two sentences."""

from __future__ import annotations

_AGAIN = "Ask again in a minute."
_REINSTALL = "A workspace admin can install LogSense again."
_OPERATOR = "Nobody in the channel can repair that: tell whoever runs LogSense."
_ELSEWHERE = "Ask in another channel, or in a direct message to LogSense."
_SLACK_ADMIN = "A workspace admin can change that in Slack's settings."

INVITE = "LogSense cannot write in that channel. Invite it there: /invite @LogSense, then ask again."
NOT_OURS = "LogSense is not part of that direct message. Ask in a channel, or write to LogSense itself."

_UNREACHABLE = {
    ("channel_not_found", "not_in_channel"): INVITE,
    ("is_archived",): f"That channel is archived, so nobody can write there. Unarchive it, or: {_ELSEWHERE}",
    ("restricted_action_read_only_channel",): f"Only some people may write in that channel. {_ELSEWHERE}",
    ("restricted_action_thread_only_channel",): "That channel takes replies alone. Mention LogSense in a thread there.",
    ("restricted_action_thread_locked",): f"That thread is locked. Ask in another thread, or: {_ELSEWHERE}",
    ("restricted_action_non_threadable_channel", "cannot_reply_to_message"): (
        f"Slack allows no thread there, and a report needs one. {_ELSEWHERE}"
    ),
    ("restricted_action", "no_permission", "posting_to_channel_denied", "channel_is_limited_access"): (
        "A setting of the workspace or channel keeps LogSense from writing there. "
        f"{_SLACK_ADMIN} Until then: {_ELSEWHERE}"
    ),
    ("is_inactive",): f"That message cannot be changed any more, since its channel or author is inactive. {_ELSEWHERE}",
    ("method_not_supported_for_channel_type", "invalid_channel", "external_channel_migrating"): (
        f"Slack does not allow that in this kind of conversation. {_ELSEWHERE}"
    ),
    ("messages_tab_disabled",): f"Direct messages to LogSense are switched off. {_SLACK_ADMIN}",
    ("user_not_in_channel",): "The person is not in that channel. Join it, then ask again.",
    ("user_not_found", "user_not_visible"): f"Slack does not show LogSense that person. {_REINSTALL}",
}
_NO_ACCESS = {
    ("missing_scope",): f"LogSense was installed without a permission that it needs. {_REINSTALL}",
    ("invalid_auth", "not_authed", "token_revoked", "token_expired", "account_inactive", "not_allowed_token_type"): (
        f"Slack refused LogSense's token. {_REINSTALL}"
    ),
    (
        "access_denied",
        "ekm_access_denied",
        "org_login_required",
        "two_factor_setup_required",
        "app_access_restricted",
    ): (f"The workspace's security settings keep LogSense out. {_SLACK_ADMIN}"),
    ("accesslimited", "enterprise_is_restricted", "team_not_found", "team_access_not_granted"): (
        f"LogSense may not act in this workspace of the organization. {_SLACK_ADMIN}"
    ),
}
_FAILED = {
    ("message_limit_exceeded", "storage_limit_reached", "file_share_limit_reached", "max_file_sharing_exceeded"): (
        f"The workspace has reached a limit of its Slack plan. {_SLACK_ADMIN}"
    ),
    ("file_uploads_disabled", "file_uploads_except_images_disabled", "file_type_not_allowed", "blocked_file_type"): (
        f"The workspace does not take files from apps. {_SLACK_ADMIN}"
    ),
    ("trigger_expired", "expired_trigger_id", "trigger_exchanged", "exchanged_trigger_id", "invalid_trigger_id"): (
        "Slack waited too long to open that. Press it once more."
    ),
    ("hash_conflict", "view_closed", "view_not_found", "not_found", "push_limit_reached"): (
        "The window had changed meanwhile. Close it and open it again."
    ),
    ("update_failed", "streaming_state_conflict", "edit_window_closed", "cant_update_message"): (
        f"Slack did not change the message. {_AGAIN}"
    ),
}


def _by_code(groups: dict[tuple[str, ...], str]) -> dict[str, str]:
    return {code: advice for codes, advice in groups.items() for code in codes}


UNREACHABLE, NO_ACCESS, _OTHERS = _by_code(_UNREACHABLE), _by_code(_NO_ACCESS), _by_code(_FAILED)


def advice_for(code: str) -> str:
    """What to do about a code; of one that only a change of LogSense can mend, who should hear of it."""
    known = UNREACHABLE.get(code) or NO_ACCESS.get(code) or _OTHERS.get(code)
    return known or f"Slack refused the call. {_OPERATOR}"
