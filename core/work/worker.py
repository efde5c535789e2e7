"""Claims runs, keeps their leases, and sees each to an end: done, failed, cancelled, or handed back."""

from __future__ import annotations

import asyncio
import logging
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

from core.domain.errors import DATABASE, LeaseLost, LogSenseError, OperatorNeeded, ServiceFailed, ServiceUnavailable
from core.ports import Run, Runs
from core.telemetry import RUNS, TAKEN_OVER, count
from core.work.backoff import FIRST_S, LONGEST_S, Backoff, Trouble

logger = logging.getLogger("logsense.worker")

MAX_CRASHES = 3
_MOST_AT_ONCE = 8
"""Runs begun in one go: more would make the event loop stand still, and leave nothing to other replicas."""
_PAUSES_S = (0.5, 1.0, 2.0, 4.0)


class Job(Protocol):
    """How one kind of run is worked on. Each method may be called again after a crash and must not mind."""

    async def work(self, run: Run) -> None:
        """Do it; an exception fails the run."""
        ...

    async def fail(self, run: Run, error: Exception, text: str) -> None:
        """Tell people that it failed; `text` is fit to be shown."""
        ...

    async def cancelled(self, run: Run) -> None:
        """Tell people that it was cancelled."""
        ...


@dataclass(slots=True)
class _Running:
    run: Run
    task: asyncio.Task[None]
    cancel_wanted: bool = False
    lost: bool = False
    is_ending: bool = False

    def stop(self, *, cancel_wanted: bool) -> None:
        """The task is cancelled, once: how it tells people of its end is not to be cut short."""
        if not self.is_ending:
            self.is_ending, self.cancel_wanted, self.lost = True, cancel_wanted, not cancel_wanted
            self.task.cancel()


class Worker:
    """Runs until cancelled, then hands back what it holds. One a process.

    What only the operator can repair (a full disk, say) is waited for, or with `gives_up` raised: a command at the
    terminal has somebody who reads it.
    """

    def __init__(
        self, runs: Runs, jobs: Mapping[str, Job], *, slots: int = 20, lease_s: float = 10.0, gives_up: bool = False
    ) -> None:
        self._runs = runs
        self._gives_up = gives_up
        self._backoff = Backoff()
        self._jobs = jobs
        self._slots = slots
        self._lease_s = lease_s
        self._running: dict[str, _Running] = {}

    @property
    def trouble(self) -> Trouble | None:
        """Why no work is done just now; None when it is."""
        return self._backoff.trouble

    async def run(self) -> None:
        """Work until cancelled.

        Raises:
            OperatorNeeded: within an exception group, and only if it gives up.
        """
        try:
            async with asyncio.TaskGroup() as group:
                group.create_task(self._keep_leases(), name="leases")
                await self._claim_for_ever(group)
        finally:
            await self._hand_back()

    async def _claim_for_ever(self, group: asyncio.TaskGroup) -> None:
        while True:
            free = self._slots - len(self._running)
            claimed = await self._claim(min(free, _MOST_AT_ONCE)) if free else ()
            for run in claimed:
                if (former := self._running.get(run.id)) is not None:
                    # Our own lease ran out: the database was away for longer than it lasts.
                    former.stop(cancel_wanted=False)
                task = group.create_task(self._see_through(run), name=f"{run.kind} {run.subject_id}")
                self._running[run.id] = _Running(run, task)
                if run.crashes:
                    count(TAKEN_OVER, kind=run.kind)
            if not claimed:
                await self._runs.wait()

    async def _claim(self, free: int) -> tuple[Run, ...]:
        try:
            if self.trouble is not None:
                # Before others are asked for: what is held must not look abandoned, to ourselves least of all.
                await self._renew()
            claimed = tuple(await self._runs.claim(free, self._jobs.keys()))
        except Exception as error:
            # The database may be restarting: the worker outlives that, and every run is safe in its row.
            self._raise_if_giving_up(error)
            await self._backoff.wait(error)
            return ()
        self._backoff.over()
        return claimed

    def _raise_if_giving_up(self, error: Exception) -> None:
        if self._gives_up and isinstance(error, OperatorNeeded):
            raise error

    # ---- one run ----------------------------------------------------------------------------------------------------

    async def _see_through(self, run: Run) -> None:
        """The run ended; only a worker that shuts down leaves it in hand, to be handed back."""
        held = self._running[run.id]
        job = self._jobs[run.kind]
        try:
            await self._attempt(run, job)
        except asyncio.CancelledError:
            if not (held.cancel_wanted or held.lost):
                raise
            await self._conclude_cancelled(run, job)
        except LeaseLost:
            held.is_ending = True
            await self._conclude_cancelled(run, job)
        except Exception as error:
            held.is_ending = True
            self._raise_if_giving_up(error)
            await self._conclude_failed(run, job, error)
        if self._running.get(run.id) is held:
            del self._running[run.id]

    async def _attempt(self, run: Run, job: Job) -> None:
        if run.crashes >= MAX_CRASHES:
            raise LogSenseError(f"It was given up: its worker died {run.crashes} times while working on it.")
        pauses_s = iter(_PAUSES_S)
        longer_s = FIRST_S
        while True:
            try:
                return await self._finish(run, job)
            except OperatorNeeded as needed:
                # However long it takes, the run goes on from its journal, unless another worker has it by then.
                self._raise_if_giving_up(needed)
                self._backoff.note(needed)
                pause_s, longer_s = longer_s, min(longer_s * 2, LONGEST_S)
            except ServiceUnavailable as failure:
                # No fault of the work either, but somebody waits for an answer.
                pause_s = next(pauses_s, 0.0)
                if failure.service != DATABASE or not pause_s:
                    raise
                logger.warning("%s %s goes on in %.1f s: %s", run.kind, run.subject_id, pause_s, failure)
            await asyncio.sleep(pause_s)

    async def _finish(self, run: Run, job: Job) -> None:
        await job.work(run)
        await self._runs.finish(run, "done")
        count(RUNS, kind=run.kind, state="done")

    async def _conclude_cancelled(self, run: Run, job: Job) -> None:
        """Told as cancelled if the run is still ours; another worker's run is left alone.

        Told first, then closed: a crash in between leaves an open run, whose next worker finds it over and closes it.
        """
        try:
            ours, _ = await self._runs.renew([run])
            if run.id in ours:
                await job.cancelled(run)
                await self._runs.finish(run, "cancelled")
                count(RUNS, kind=run.kind, state="cancelled")
        except Exception:
            logger.exception("cancelling %s %s failed; its lease will run out", run.kind, run.subject_id)

    async def _conclude_failed(self, run: Run, job: Job, error: Exception) -> None:
        text = str(error)
        if not isinstance(error, LogSenseError):
            error_id = secrets.token_hex(4)
            logger.error("error %s in %s %s", error_id, run.kind, run.subject_id, exc_info=error)
            text = f"LogSense itself failed (error id {error_id}); the log has the details."
        try:
            await job.fail(run, error, text)
            await self._runs.finish(run, "failed")
            count(RUNS, kind=run.kind, state="failed")
        except LeaseLost:
            await self._conclude_cancelled(run, job)
        except Exception:
            logger.exception("failing %s %s failed; its lease will run out", run.kind, run.subject_id)

    # ---- leases -----------------------------------------------------------------------------------------------------

    async def _keep_leases(self) -> None:
        while True:
            # Cancel requests are seen here too, so this is also how soon a long model call stops.
            await asyncio.sleep(min(0.5, self._lease_s / 4))
            try:
                await self._renew()
            except OperatorNeeded as needed:
                self._raise_if_giving_up(needed)
                self._backoff.note(needed)
            except ServiceUnavailable as failure:
                logger.warning("leases could not be renewed: %s", failure)
            except Exception:
                logger.exception("renewing leases failed")

    async def _renew(self) -> None:
        """Keep what is held; stop what somebody wants cancelled and what is no longer ours."""
        held = dict(self._running)
        if not held:
            return
        ours, cancel_wanted = await self._runs.renew([entry.run for entry in held.values()])
        for run_id, entry in held.items():
            if run_id in cancel_wanted or run_id not in ours:
                entry.stop(cancel_wanted=run_id in cancel_wanted)

    async def _hand_back(self) -> None:
        held = [entry.run for entry in self._running.values()]
        if not held:
            return
        try:
            await asyncio.shield(self._runs.hand_back(held))
        except OperatorNeeded as needed:
            # Said by whoever met it first; the next owner of the runs goes on where their journals end.
            logger.debug("what runs could not be handed back: %s", needed)
        except ServiceFailed as failure:
            logger.error("what runs could not be handed back, so its leases have to run out: %s", failure)
