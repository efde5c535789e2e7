"""What each class of cause means, in a few words: what a model reads beside the list that it chooses from."""

from __future__ import annotations

from collections.abc import Mapping

from core.domain.causes import Cause

MEANINGS: Mapping[Cause, str] = {
    Cause.NULL_VALUE: "null or undefined used",
    Cause.MISSING_KEY: "a mapping lacks a key",
    Cause.TYPE_ERROR: "wrong type of value",
    Cause.INDEX_ERROR: "beyond the end",
    Cause.ARITHMETIC: "division by zero, overflow",
    Cause.PARSE_ERROR: "unreadable text",
    Cause.SCHEMA_ERROR: "readable, wrong fields",
    Cause.TIMEOUT: "answer too late",
    Cause.CONNECTION_REFUSED: "nothing listens, or it broke",
    Cause.POOL_EXHAUSTED: "all slots in use",
    Cause.DNS: "name does not resolve",
    Cause.TLS: "certificate, handshake",
    Cause.RATE_LIMITED: "429, quota",
    Cause.UPSTREAM_FAILURE: "another service answered 5xx",
    Cause.PERMISSION: "access refused",
    Cause.MISSING_FILE: "no such path",
    Cause.CONFIGURATION: "setting missing or wrong",
    Cause.PORT_IN_USE: "already bound",
    Cause.DISK_FULL: "no space",
    Cause.OUT_OF_MEMORY: "memory ran out",
    Cause.RECURSION: "calls or data without end",
    Cause.CONCURRENCY: "race, deadlock, lock",
    Cause.DATABASE_CONSTRAINT: "unique, foreign key, not null",
    Cause.ABORTED_TRANSACTION: "echo of an earlier error",
    Cause.VERSION_SKEW: "versions that do not fit",
    Cause.CODE_LOADING: "module or chunk not loaded",
    Cause.N_PLUS_ONE: "one query a row",
    Cause.LATENCY_REGRESSION: "works, slower than before",
    Cause.DELIBERATE: "raised on purpose: test, assertion",
    Cause.PLATFORM: "device or browser lacks a feature",
    Cause.INVALID_INPUT: "a caller sent what is not allowed",
    Cause.INVALID_STATE: "wrong moment, or twice",
    Cause.BAD_DATA: "stored data is wrong",
    Cause.RESOURCE_LEAK: "not given back",
    Cause.CLOCK_OR_SIGNATURE: "clocks, keys, signed bytes differ",
    Cause.BLOCKED_BY_POLICY: "CSP, CORS, firewall",
    Cause.NO_RESPONSE: "request taken, no answer",
    Cause.CORRUPT_DATA: "damaged bytes",
    Cause.API_MISUSE: "call against a contract",
    Cause.THREADING: "wrong thread",
    Cause.NATIVE_CRASH: "signal in native code",
    Cause.NOTHING_FAILED: "only a log line",
    Cause.UNKNOWN: "the evidence does not show it",
}
