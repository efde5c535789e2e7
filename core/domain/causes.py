"""The closed list of cause classes; an investigation names exactly one."""

from __future__ import annotations

from enum import StrEnum


class Cause(StrEnum):
    """What kind of thing went wrong. Recognition rules and fixes live in `core/agent/causes.toml`."""

    NULL_VALUE = "null_value"
    MISSING_KEY = "missing_key"
    TYPE_ERROR = "type_error"
    INDEX_ERROR = "index_error"
    ARITHMETIC = "arithmetic"
    PARSE_ERROR = "parse_error"
    SCHEMA_ERROR = "schema_error"
    TIMEOUT = "timeout"
    CONNECTION_REFUSED = "connection_refused"
    POOL_EXHAUSTED = "pool_exhausted"
    DNS = "dns"
    TLS = "tls"
    RATE_LIMITED = "rate_limited"
    UPSTREAM_FAILURE = "upstream_failure"
    PERMISSION = "permission"
    MISSING_FILE = "missing_file"
    CONFIGURATION = "configuration"
    PORT_IN_USE = "port_in_use"
    DISK_FULL = "disk_full"
    OUT_OF_MEMORY = "out_of_memory"
    RECURSION = "recursion"
    CONCURRENCY = "concurrency"
    DATABASE_CONSTRAINT = "database_constraint"
    ABORTED_TRANSACTION = "aborted_transaction"
    VERSION_SKEW = "version_skew"
    CODE_LOADING = "code_loading"
    N_PLUS_ONE = "n_plus_one"
    LATENCY_REGRESSION = "latency_regression"
    DELIBERATE = "deliberate"
    PLATFORM = "platform"
    UNKNOWN = "unknown"
