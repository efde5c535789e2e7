"""The argument types of the tools, as the model sees them in their schemas."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

IssueId = Annotated[
    str,
    Field(
        pattern=r"^[A-Za-z0-9][\w.-]{0,99}$",
        examples=["SHOP-1A2", "4211"],
    ),
]
EventChoice = Annotated[
    str,
    Field(
        description="recommended, latest, oldest or an event id",
        pattern=r"^[A-Za-z0-9-]{4,36}$",
        examples=["recommended", "latest", "oldest"],
    ),
]
PageNumber = Annotated[int, Field(description="Only where a result says that it goes on", ge=1, le=50)]
Period = Literal["24h", "7d", "14d", "30d"]
Query = Annotated[str, Field(min_length=1, max_length=1000)]
Limit = Annotated[int, Field(ge=1, le=10)]
Note = Annotated[str, Field(description="The text of the note", min_length=1, max_length=8000)]
Search = Annotated[str, Field(description="A search in the tracker's own language", max_length=500)]
Count = Annotated[int, Field(ge=1, le=100)]
EventCount = Annotated[int, Field(ge=2, le=25)]
Hours = Annotated[int, Field(description="How far around the onset", ge=1, le=48)]
LogPlace = Annotated[
    str,
    Field(
        description="Where in the logs: file:line, a time in UTC, or the number of a template",
        pattern=r"^(?:[^\n]{1,200}:\d{1,12}|\d{4}-\d\d-\d\dT\d\d:\d\d(?::\d\d)?Z?|T\d{1,6})$",
        examples=["api.log:1204", "2026-11-20T10:17Z", "T12"],
    ),
]
LogTime = Annotated[
    str,
    Field(
        description="A time in UTC; empty: where the first burst of errors begins",
        pattern=r"^(?:\d{4}-\d\d-\d\dT\d\d:\d\d(?::\d\d)?Z?)?$",
        examples=["2026-11-20T10:17Z"],
    ),
]
Revision = Annotated[
    str,
    Field(
        description="A release or commit; empty: the one of the issue",
        pattern=r"^[^\s\x00-\x1f-][^\x00-\x1f]{0,199}$|^$",
        examples=["shop@4.2.0", "9f31c2ab"],
    ),
]
FileName = Annotated[str, Field(description="A path, or its end", max_length=300, pattern=r"^[^\x00-\x1f]*$")]
LineRange = Annotated[
    str,
    Field(description="Its function, or a range", pattern=r"^(?:\d{1,7}(?:-\d{1,7})?)?$", examples=["41", "30-60"]),
]
FunctionName = Annotated[str, Field(max_length=200, pattern=r"^[^\x00-\x1f]*$")]
CodePlace = Annotated[
    str,
    Field(
        description="file:line, to learn who wrote it",
        pattern=r"^$|^[^\x00-\x1f]{1,300}:\d{1,7}$",
        examples=["shop/cart.py:41"],
    ),
]
CodeText = Annotated[str, Field(min_length=2, max_length=200, pattern=r"^[^\x00-\x1f]+$")]
LineCount = Annotated[int, Field(ge=1, le=60)]
Minutes = Annotated[int, Field(ge=1, le=10_080)]
