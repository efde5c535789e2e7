"""What is killed, hangs, fails or is called off in the middle of an investigation."""

from __future__ import annotations

import signal
from pathlib import Path
from typing import Any

import psutil
import pytest

from bot.demo.local_sentry import Fault, LocalSentry
from bot.demo.planted import PLANTED
from tests.fakes.openai_server import Calls, Fails, Hangs, Reply, ScriptedModel
from tests.scenarios.conftest import CommandLine, until

ISSUE = {"issue_id": "SHOP-1"}
READ = Calls([("get_sentry_issue_details", ISSUE), ("get_stacktrace", ISSUE)], text="Read the issue and its stack.")
SUBMIT = Calls(
    [
        (
            "submit_analysis",
            {
                "root_cause": "Bundle items carry `bundle_price` and no `unit_price`.",
                "cause": "missing_key",
                "culprit": {"file": "shop/pricing.py", "function": "line_total", "line": 9},
                "findings": [{"claim": "line_total reads `unit_price`.", "evidence": ["E2"]}],
                "fixes": [
                    {
                        "title": "Use bundle_price for bundles",
                        "steps": ["Change line_total."],
                        "risk": "low",
                        "effort": "low",
                        "confidence": 80,
                    }
                ],
                "confidence": 85,
            },
        )
    ]
)


@pytest.fixture
def logsense(tmp_path: Path) -> CommandLine:
    """Commands in interpreters of their own: what is killed here is exactly what people run."""
    return CommandLine(tmp_path / "home", is_fresh=True)


def with_model(shell: CommandLine, sentry: LocalSentry, model: ScriptedModel, **variables: str) -> CommandLine:
    keys = {"OPENAI_API_KEY": "sk-test", "OPENAI_BASE_URL": model.base_url, "LOGSENSE_MODEL": "scripted"}
    return shell.connected_to(sentry, **keys, **variables)


def tool_server_of(pid: int) -> psutil.Process | None:
    return next((child for child in psutil.Process(pid).children() if "core.mcp_server" in child.cmdline()), None)


async def test_a_model_investigates_and_its_report_is_checked(logsense: CommandLine, sentry: LocalSentry) -> None:
    async with ScriptedModel([READ, SUBMIT]) as model:
        document = (await with_model(logsense, sentry, model).run("investigate", "SHOP-1", "--json")).document
    assert document["reasoner"] == "scripted"
    assert document["usage"]["model_calls"] == 2
    assert document["culprit"]["function"] == "line_total"
    assert [step["thought"] for step in document["steps"]] == ["Read the issue and its stack.", ""]


async def test_a_killed_command_resumes_after_its_last_step_without_repeating_a_model_call(
    logsense: CommandLine, sentry: LocalSentry
) -> None:
    async with ScriptedModel([READ, Hangs(), SUBMIT]) as model:
        shell = with_model(logsense, sentry, model)
        first = await shell.start("investigate", "SHOP-1", "--json")
        await until(lambda: len(model.requests) == 2)
        first.send_signal(signal.SIGKILL)
        await first.wait()
        read_before = sentry.requests.count(("GET", "/api/0/organizations/acme/issues/SHOP-1/events/recommended/"))
        again = await shell.run("investigate", "SHOP-1", "--json")
    assert again.code == 0, again.stderr
    document = again.document
    assert document["status"] == "reported" and document["usage"]["model_calls"] == 2
    assert len(model.requests) == 3
    # The third request continues the second: the paid turn and both observations are in it.
    assert model.requests[2]["messages"] == model.requests[1]["messages"]
    read_after = sentry.requests.count(("GET", "/api/0/organizations/acme/issues/SHOP-1/events/recommended/"))
    assert read_after == read_before
    assert [step["tool"] for step in document["steps"]] == ["get_sentry_issue_details", "get_stacktrace"]


async def test_killing_the_tool_server_in_the_middle_of_a_call_does_not_lose_the_investigation(
    logsense: CommandLine, sentry: LocalSentry
) -> None:
    sentry.faults.append(Fault("events-timeseries", "hang"))
    process = await logsense.connected_to(sentry).start("investigate", "SHOP-1", "--json")
    await until(lambda: any("events-timeseries" in path for _, path in sentry.requests))
    server = tool_server_of(process.pid)
    assert server is not None
    server.kill()
    outcome = await logsense.finish(process)
    assert outcome.code == 0, outcome.stderr
    frequency = [step for step in outcome.document["steps"] if step["tool"] == "analyze_error_frequency"]
    assert [step["ok"] for step in frequency] == [True]


async def test_two_commands_at_once_on_one_data_directory_both_work(logsense: CommandLine, sentry: LocalSentry) -> None:
    shell = logsense.connected_to(sentry)
    one = await shell.start("investigate", "SHOP-1", "--json")
    other = await shell.start("investigate", "SHOP-2", "--json")
    outcomes = [await shell.finish(one), await shell.finish(other)]
    assert [outcome.code for outcome in outcomes] == [0, 0], [outcome.stderr for outcome in outcomes]
    assert [outcome.document["cause"] for outcome in outcomes] == ["missing_key", "pool_exhausted"]


async def test_a_command_whose_work_another_does_takes_over_when_that_one_dies(
    logsense: CommandLine, sentry: LocalSentry
) -> None:
    async with ScriptedModel(Hangs()) as model:
        owner = await with_model(logsense, sentry, model).start("investigate", "SHOP-1", "--json")
        await model.asked.wait()
        follower = await logsense.connected_to(sentry).start("investigate", "SHOP-2", "--json")
        await until(lambda: len(model.requests) == 2)
        owner.send_signal(signal.SIGKILL)
        await owner.wait()
        outcome = await logsense.finish(follower)
    assert outcome.code == 0, outcome.stderr
    assert outcome.document["reasoner"] == "rules"


async def test_ctrl_c_cancels_also_inside_a_long_model_call(logsense: CommandLine, sentry: LocalSentry) -> None:
    async with ScriptedModel([READ, Hangs()]) as model:
        process = await with_model(logsense, sentry, model).start("investigate", "SHOP-1", "--json")
        await until(lambda: len(model.requests) == 2)
        process.send_signal(signal.SIGINT)
        outcome = await logsense.finish(process)
        await model.hung_up.wait()
    assert outcome.code == 4, outcome.stderr
    assert outcome.document["status"] == "cancelled"
    assert len(outcome.document["evidence"]) == 2


@pytest.mark.parametrize("failure", [Fails(500), Fails(401, code="invalid_api_key"), Fails(429)])
async def test_rules_take_over_in_the_middle_when_the_model_fails(
    logsense: CommandLine, sentry: LocalSentry, failure: Reply
) -> None:
    async with ScriptedModel([READ, failure]) as model:
        outcome = await with_model(logsense, sentry, model).run("investigate", "SHOP-1", "--json")
    document = outcome.document
    assert outcome.code == 0, outcome.stderr
    assert document["reasoner"] == "rules" and document["usage"]["model_calls"] == 1
    assert document["cause"] == "missing_key"
    assert [step["tool"] for step in document["steps"]].count("get_stacktrace") == 1


async def test_what_a_model_is_sent_holds_no_planted_secret(logsense: CommandLine, sentry: LocalSentry) -> None:
    issue = {"issue_id": "SHOP-6"}
    tools: list[tuple[str, Any]] = [
        (name, issue)
        for name in ("get_sentry_issue_details", "get_stacktrace", "analyze_error_frequency", "get_user_impact")
    ]
    everything = Calls([*tools, ("search_knowledge_base", {"query": "ValueError"}), ("resolve_issue", issue)])
    async with ScriptedModel([everything, SUBMIT]) as model:
        shell = with_model(logsense, sentry, model, LOGSENSE_SENTRY_WRITES="true")
        outcome = await shell.run("investigate", "SHOP-6", "--json")
    assert outcome.code == 0, outcome.stderr
    assert len(model.requests) == 2
    for secret in (*PLANTED, sentry.token):
        assert secret not in model.everything_sent
    assert [method for method, _ in sentry.requests if method != "GET"] == []
    offers = [{tool["function"]["name"] for tool in request["tools"]} for request in model.requests]
    assert [len(offer) for offer in offers] == [9, 9]
    assert offers[0] == offers[1]
    assert all("resolve_issue" not in offer for offer in offers)


async def test_a_follow_up_has_the_evidence_and_may_call_tools_again(
    logsense: CommandLine, sentry: LocalSentry
) -> None:
    answer = Calls([("submit_answer", {"text": "127 events so far.", "evidence": ["E3"]})])
    frequency = Calls([("analyze_error_frequency", ISSUE)])
    async with ScriptedModel([READ, SUBMIT, frequency, answer]) as model:
        shell = with_model(logsense, sentry, model)
        await shell.run("investigate", "SHOP-1")
        outcome = await shell.run("ask", "how often?", "--json")
    assert outcome.code == 0, outcome.stderr
    assert outcome.document["answer"] == "127 events so far." and outcome.document["evidence"] == ["E3"]
    assert "unit_price" in str(model.requests[2]["messages"])
