"""What each class of cause means, in a few words: what a model reads beside the list that it chooses from."""

from __future__ import annotations

from collections.abc import Mapping

from core.domain.causes import Cause

MEANINGS: Mapping[Cause, str] = {
    Cause.NULL_VALUE: "null or undefined used as a value",
    Cause.MISSING_KEY: "a mapping lacks the key that is read",
    Cause.TYPE_ERROR: "a value of another type than the code expects",
    Cause.INDEX_ERROR: "position beyond the end",
    Cause.ARITHMETIC: "division by zero, overflow",
    Cause.PARSE_ERROR: "text that cannot be parsed",
    Cause.SCHEMA_ERROR: "parsed, but fields or shape are not as agreed",
    Cause.TIMEOUT: "an answer came too late",
    Cause.CONNECTION_REFUSED: "nothing listens, or the connection broke",
    Cause.POOL_EXHAUSTED: "all connections, threads or slots in use",
    Cause.DNS: "a host name does not resolve",
    Cause.TLS: "certificate or handshake failed",
    Cause.RATE_LIMITED: "429 or quota",
    Cause.UPSTREAM_FAILURE: "another service answered with an error, 5xx",
    Cause.PERMISSION: "access refused to a known caller",
    Cause.MISSING_FILE: "a file or path is not there",
    Cause.CONFIGURATION: "a setting is missing or wrong",
    Cause.PORT_IN_USE: "address already bound",
    Cause.DISK_FULL: "no space left",
    Cause.OUT_OF_MEMORY: "memory ran out",
    Cause.RECURSION: "calls or data without an end",
    Cause.CONCURRENCY: "race, deadlock or lock conflict",
    Cause.DATABASE_CONSTRAINT: "unique, foreign key or not-null rule broken",
    Cause.ABORTED_TRANSACTION: "echo of an earlier error in the transaction",
    Cause.VERSION_SKEW: "code, library or schema of different versions meet",
    Cause.CODE_LOADING: "module, class or chunk cannot be loaded",
    Cause.N_PLUS_ONE: "one query for each row",
    Cause.LATENCY_REGRESSION: "works, but slower than before",
    Cause.DELIBERATE: "raised on purpose: test, assertion, feature off",
    Cause.PLATFORM: "the device, browser or system lacks a feature",
    Cause.INVALID_INPUT: "a user or caller sent a value that is not allowed",
    Cause.INVALID_STATE: "right call, wrong moment, or done twice",
    Cause.BAD_DATA: "stored data that is wrong",
    Cause.RESOURCE_LEAK: "handles or connections not given back",
    Cause.CLOCK_OR_SIGNATURE: "clocks, keys or signed bytes differ",
    Cause.BLOCKED_BY_POLICY: "CSP, CORS, firewall or store rule",
    Cause.NO_RESPONSE: "the request was taken, no answer came",
    Cause.CORRUPT_DATA: "damaged bytes",
    Cause.API_MISUSE: "call against the contract of a library",
    Cause.THREADING: "called from the wrong thread",
    Cause.NATIVE_CRASH: "signal or crash outside managed code",
    Cause.NOTHING_FAILED: "a log line, no failure",
    Cause.UNKNOWN: "the evidence does not show it",
}
