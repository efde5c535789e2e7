"""Processor time for hostile input: fair between organizations, in processes that can be killed."""

from core.gateways.process_pool.pool import CPU_S, NoWorker, ProcessPool, WorkerFailed

__all__ = ["CPU_S", "NoWorker", "ProcessPool", "WorkerFailed"]
