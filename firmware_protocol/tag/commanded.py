"""What commands left in a tag's RAM: LEDs, pictures that wait for their time, the need of service.

In: accepted commands, the site's time. Out: which pictures' time has come, the flags of Basic State. Rule: none of it
survives a power cut, and none of it says what a glass shall show: that is the manifest's alone.
"""

from __future__ import annotations

from collections.abc import Sequence

from msgspec import Struct

from firmware_protocol.service.absolute_time import ahead_ms, has_come
from firmware_protocol.tag.led import Led
from firmware_protocol.tlv import BasicStateFlags


class TimedImage(Struct, frozen=True):
    t_ms: int
    image_index: int


class Commanded:
    def __init__(self, leds: int, *, service_needed: bool = False) -> None:
        self.leds: Sequence[Led] = [Led() for _ in range(leds)]
        self.timed_images: dict[int, TimedImage] = {}  # of each display
        self.service_needed = service_needed

    def pending_image_ms(self, display: int) -> int | None:
        timed = self.timed_images.get(display)
        return None if timed is None else timed.t_ms

    def time_is(self, now_ms: int) -> list[tuple[int, int]]:
        """Display and image of each picture whose time has come."""
        for led in self.leds:
            led.time_is(now_ms)
        come = [(display, timed) for display, timed in self.timed_images.items() if has_come(timed.t_ms, now_ms)]
        for display, _ in come:
            del self.timed_images[display]
        return [(display, timed.image_index) for display, timed in come]

    def wake_at(self, now_ms: int) -> int | None:
        """The next Absolute Time at which `time_is` has something to do; None = not before it is told more."""
        times = [t_ms for led in self.leds for t_ms in led.wake_at()]
        times += [timed.t_ms for timed in self.timed_images.values()]
        return min(times, key=lambda t_ms: ahead_ms(t_ms, now_ms), default=None)

    def flags(self) -> BasicStateFlags:
        flags = BasicStateFlags.SERVICE_NEEDED if self.service_needed else BasicStateFlags(0)
        if any(led.is_active for led in self.leds):
            flags |= BasicStateFlags.ACTIVE_LED
        if any(led.pending is not None for led in self.leds):
            flags |= BasicStateFlags.PENDING_LED_UPDATE
        if self.timed_images:
            flags |= BasicStateFlags.PENDING_DISPLAY_UPDATE
        return flags
