"""The console's pages under /console, and one glass full screen under /glass. Start at `console_router`."""

from gateway.console.pages.router import ConsoleServices, console_router

__all__ = ["ConsoleServices", "console_router"]
