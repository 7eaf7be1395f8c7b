"""Log lines: a constant event name, and values beside it.

In: level and form from the settings. Out: structlog's configuration, and the standard library's loggers joined to it.
Rule: log lines go to standard error; standard output belongs to the command. No secret is ever a value.
"""

import logging
import sys

import structlog


def set_up_logs(level: str, form: str) -> None:
    """`level`: debug, info, warning, error; `form`: lines (for people) or json (for machines)."""
    threshold = logging.getLevelNamesMapping()[level.upper()]
    renderer: structlog.types.Processor = (
        structlog.processors.JSONRenderer()
        if form == "json"
        else structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty(), pad_event_to=28)
    )
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info,
            renderer,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(threshold),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
        cache_logger_on_first_use=False,
    )
    # Libraries speak through `logging`; of them only what worries is worth a line.
    logging.basicConfig(
        level=logging.WARNING,
        stream=sys.stderr,
        format="%(asctime)s [%(levelname)s] library logger=%(name)s %(message)s",
        force=True,
    )
