"""Answers on whom it hits, its course over time, and the releases and changes around it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from typing import cast

from core.agent.rules.answer_parts import Known, Part, excerpt
from core.domain.tool_facts import CommitFacts, FrequencyFacts, ShareFacts

ONE_EVENT = "Only one event is known, so nothing says"
_ALL = 0.995
_MOST_COMMITS = 5
_NOW_INTERVALS = 2


def who(known: Known) -> Iterator[Part]:
    """Users, events, severity, and where they come from."""
    impact, impact_id = known.impact()
    if "users" in impact and "events" in impact and not impact.get("single_event"):
        users, events = _several(impact["users"], "user"), _several(impact["events"], "event")
        told = [f"{users} and {events}; severity {impact.get('severity', 'unknown')}."]
        told += [f"- {tag}: {'; '.join(map(_share, shares))}" for tag, shares in impact.get("shares", {}).items()]
        yield Part("\n".join(told), impact_id)
    elif item := known.one_of("get_user_impact"):
        yield excerpt(item)


def when(known: Known) -> Iterator[Part]:
    """Since when, how often, and its trend."""
    issue, details = known.issue()
    frequency, frequency_id = known.frequency()
    if "total" in frequency and not frequency.get("single_event"):
        yield Part(_course(frequency), frequency_id)
    elif item := known.one_of("analyze_error_frequency"):
        yield excerpt(item)
    if first := issue.get("first_seen"):
        yield Part(f"First seen {first}, last seen {issue.get('last_seen', 'unknown')}.", details)


def _course(facts: FrequencyFacts) -> str:
    """Its begin, its amount and its peak in a sentence or two."""
    within = f" in {facts['period']}" if facts.get("period") else ""
    trend = facts.get("trend", "unknown").replace("too_thin", "too few to name a trend")
    peak = f"; the peak was {facts['peak_count']:,} at {facts['peak_at']}" if facts.get("peak_at") else ""
    after = f", right after release {facts['onset_release']}" if facts.get("onset_release") else ""
    began = f"It began at {facts['onset']}{after}. " if facts.get("onset") else ""
    return f"{began}{_several(facts['total'], 'event')}{within}, {trend}{peak}."


def _several(count: int, noun: str) -> str:
    return f"{count:,} {noun}" if count == 1 else f"{count:,} {noun}s"


def still(known: Known) -> Iterator[Part]:
    """Whether events still come: by fresh counts, and by what the tracker says of the issue."""
    issue, details = known.issue()
    fresh = [item for item in known.all_of("analyze_error_frequency") if item.arguments.get("period") == "24h"]
    if issue.get("single_event"):
        yield Part(f"{ONE_EVENT} whether it still happens.", details)
        return
    if fresh:
        yield Part(_now(cast(FrequencyFacts, fresh[-1].facts)) or excerpt(fresh[-1]).text, (fresh[-1].id,))
    if last := issue.get("last_seen"):
        state = ", ".join(filter(None, (issue.get("status"), issue.get("substatus"))))
        yield Part(f"When the issue was read it was last seen {last}{f' and is {state}' if state else ''}.", details)


def _now(facts: FrequencyFacts) -> str | None:
    counts, starts_at, interval_s = facts.get("counts"), facts.get("starts_at"), facts.get("interval_s")
    if "total" in facts and not facts["total"]:
        return "No: there was no event in the last 24 hours."
    if not counts or not starts_at or not interval_s:
        return None
    last = max(index for index, count in enumerate(counts) if count)
    until = datetime.fromisoformat(starts_at) + timedelta(seconds=interval_s * (last + 1))
    course = f"{facts.get('total', sum(counts))} events in the last 24 hours, {facts.get('trend', 'unknown')}"
    if last >= len(counts) - _NOW_INTERVALS:
        recent = sum(counts[-_NOW_INTERVALS:])
        minutes = interval_s * _NOW_INTERVALS // 60
        return f"Yes: {recent} events in the last {minutes} minutes that were counted; {course}."
    return f"Not now: the last events came before {until:%Y-%m-%dT%H:%MZ}; {course}."


def release(known: Known) -> Iterator[Part]:
    """The release of the first event, the one at the onset, and each release's share of the events."""
    issue, details = known.issue()
    frequency, frequency_id = known.frequency()
    if first := issue.get("first_release"):
        at = f", released {issue['first_release_at']}" if issue.get("first_release_at") else ""
        last = issue.get("last_release")
        until = "" if last is None else " (also the last)" if last == first else f"; last seen in {last}"
        yield Part(f"First seen in release {first}{at}{until}.", details)
    elif version := issue.get("release"):
        yield Part(f"The event is of release {version}.", details)
    if onset := frequency.get("onset_release"):
        yield Part(f"It began at {frequency.get('onset')}, right after release {onset}.", frequency_id)
    yield from _shares(known, "release", "Events by release")
    if not issue.get("first_release") and not issue.get("release"):
        yield Part("The events name no release.", details)


def _shares(known: Known, tag: str, label: str) -> Iterator[Part]:
    impact, impact_id = known.impact()
    if shares := impact.get("shares", {}).get(tag):
        yield Part(f"{label}: {'; '.join(_share(share) for share in shares)}.", impact_id)


def _share(share: ShareFacts) -> str:
    usual = f", {share['usual']:.0%} of the project's other events" if "usual" in share else ""
    return f"{share.get('value')} {share.get('count')} ({share.get('share', 0.0):.0%}{usual})"


def changed(known: Known) -> Iterator[Part]:
    """Suspect commits, what the introducing release brought, and whether it was released at the onset."""
    issue, details = known.issue()
    frequency, frequency_id = known.frequency()
    if first := issue.get("first_release"):
        at = f" at {issue['first_release_at']}" if issue.get("first_release_at") else ""
        yield Part(f"Release {first} was shipped{at}; the error was first seen in it.", details)
    if suspects := issue.get("suspects"):
        yield Part(_listed("Suspect commit", suspects), details)
    if others := _others(issue.get("release_commits", []), suspects or []):
        yield Part(_listed("Also in that release", others), details)
    if onset := frequency.get("onset_release"):
        yield Part(f"The errors began at {frequency.get('onset')}, right after release {onset}.", frequency_id)
    if not issue.get("first_release") and not suspects:
        yield Part("The tracker knows neither a release nor a commit for it, so nothing says what changed.", details)


def _others(commits: Sequence[CommitFacts], told: Sequence[CommitFacts]) -> list[CommitFacts]:
    ids = {commit.get("id") for commit in told}
    return [commit for commit in commits if commit.get("id") not in ids]


def _listed(label: str, commits: Sequence[CommitFacts]) -> str:
    return "\n".join(f"{label}: {commit_words(commit)}" for commit in commits[:_MOST_COMMITS])


def commit_words(commit: CommitFacts) -> str:
    """A commit in a line: id, author, time and message."""
    by = f" by {commit['author']}" if commit.get("author") else ""
    at = f" at {commit['at']}" if commit.get("at") else ""
    return f"{commit.get('id', '')[:8]}{by}{at}: {commit.get('message', '')}"


def rollback(known: Known) -> Iterator[Part]:
    """What speaks for a rollback, what against, and what it would take back; whether it is safe nobody has tried."""
    issue, details = known.issue()
    impact, impact_id = known.impact()
    first = issue.get("first_release")
    if first is None:
        yield Part("No release is known for it, so nothing says that a rollback would help.", details)
        return
    yield Part("Whether a rollback is safe was not tried; this is what the evidence says of it.")
    yield Part(f"- For it: the error was first seen in release {first}.", details)
    shares = {share.get("value"): share.get("share", 0.0) for share in impact.get("shares", {}).get("release", [])}
    if shares.get(first, 0.0) >= _ALL:
        yield Part(f"- For it: all events are of release {first}.", impact_id)
    elif shares:
        named = ", ".join(f"{value} {share:.0%}" for value, share in shares.items())
        yield Part(f"- Against it: events come from several releases ({named}), so it may not end them.", impact_id)
    frequency, frequency_id = known.frequency()
    if onset := frequency.get("onset_release"):
        yield Part(f"- For it: the errors began right after release {onset}.", frequency_id)
    if commits := issue.get("release_commits"):
        yield Part(_listed("- It takes back", commits), details)
        yield Part("Check these for migrations and changes of data that older code cannot read before you roll back.")
    else:
        yield Part("Which commits it would take back is not known: check for migrations before you roll back.", details)
