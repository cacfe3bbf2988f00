"""The log: one JSON object a line on standard error, or lines for people.

Everything goes through it, the libraries' records too. Refused: query texts, variables, headers
and URLs with their query part; uvicorn's own access log, which prints URLs, is off.
"""

import logging
import logging.config
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any, TextIO

import orjson
import structlog
from structlog.typing import EventDict, Processor, WrappedLogger

from api.request_id import current_id
from api.settings import Settings

# Libraries that log every statement, every URL or every client's mistake below this level.
_QUIET = {
    "asyncio": "WARNING",
    "httpx": "WARNING",
    "strawberry": "CRITICAL",
    "tortoise": "WARNING",
}
# What uvicorn says of exceptions that `ErrorMiddleware` logged, and of requests that are no HTTP.
_NO_NEWS = (
    "Exception in ASGI application",
    "Invalid HTTP request received",
    "Unsupported upgrade request",
    "No supported WebSocket library",
)

_LINE = orjson.OPT_APPEND_NEWLINE | orjson.OPT_UTC_Z


def configure(settings: Settings, stream: TextIO | None = None) -> None:
    """Sets up structlog and the standard library's logging alike; may be called again."""
    level = settings.log_level.upper()
    stamp: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        _name_request,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True, key="time"),
    ]
    end: list[Processor]
    if settings.log_format == "json":
        end = [structlog.processors.format_exc_info, _name_first, _to_json]
    else:
        # The pretty formatter would print local variables, and with them secrets.
        plain = structlog.dev.plain_traceback
        end = [
            structlog.dev.ConsoleRenderer(
                colors=False, timestamp_key="time", exception_formatter=plain
            )
        ]
    output = stream or sys.stderr
    structlog.configure(
        processors=[*stamp, *end],
        wrapper_class=structlog.make_filtering_bound_logger(logging.getLevelName(level)),
        # In one piece, line break included: a system call less for each line.
        logger_factory=structlog.WriteLoggerFactory(output),
        cache_logger_on_first_use=False,
    )
    is_quick = settings.log_format == "json"
    _Requests.write = _quick_writer(output, logging.getLevelName(level)) if is_quick else None
    handler = logging.StreamHandler(output)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=stamp,
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, *end],
        )
    )
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(level)
    for name, quiet_level in _QUIET.items():
        logging.getLogger(name).setLevel(quiet_level)
    uvicorn_log = logging.getLogger("uvicorn.error")
    uvicorn_log.filters = [_is_news]


def log_request(**said: Any) -> None:
    """The line of one answered request: what structlog would write, at a fifth of its price."""
    if _Requests.write is None:
        structlog.get_logger("aicost.request").info("request", **said)
    else:
        _Requests.write(said)


class _Requests:
    """Where the lines of requests go without asking structlog; None where it has to be asked."""

    write: Callable[[dict[str, Any]], None] | None = None


def _quick_writer(output: TextIO, level: int) -> Callable[[dict[str, Any]], None]:
    if level > logging.INFO:
        return lambda said: None

    def write(said: dict[str, Any]) -> None:
        head = {"time": datetime.now(UTC), "level": "info", "event": "request"}
        output.write(orjson.dumps({**head, **said}, default=_plain, option=_LINE).decode())

    return write


def _name_request(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    """Whatever is logged on the way to an answer bears the request's id."""
    id = current_id.get()
    if id is not None:
        event.setdefault("request_id", id)
    return event


def _is_news(record: logging.LogRecord) -> bool:
    """Drops uvicorn's lines on clients' mistakes, and on exceptions that are logged already."""
    return not str(record.msg).startswith(_NO_NEWS)


def _name_first(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    """Time, level and event lead the line, for eyes that skim it."""
    return {
        "time": event.pop("time", None),
        "level": event.pop("level", None),
        "event": event.pop("event", None),
        **event,
    }


def _to_json(_logger: WrappedLogger, _method: str, event: EventDict) -> str:
    return orjson.dumps(event, default=_plain, option=orjson.OPT_NON_STR_KEYS).decode()


def _plain(value: Any) -> str:
    return str(value)
