"""The figures of /metrics: each name with its sentence. docs/operating.md lists them; a test compares."""

from gateway.app.services import Services
from gateway.delivery import FIGURES, Rejection
from gateway.links import AllCarriers, SerialCarrier
from gateway.telemetry import Metrics


def declare_figures(metrics: Metrics, services: Services, carrier: AllCarriers) -> None:
    delivery, sync = services.delivery, services.sync
    metrics.counted("esl_labels_drawn_total", "Labels drawn since the start.", lambda: sync.drawn)
    metrics.counted(
        "esl_link_payloads_sent_total", "Payloads handed to bridges since the start.", lambda: delivery.payloads_sent
    )
    metrics.counted(
        "esl_link_octets_sent_total", "Octets handed to bridges since the start.", lambda: delivery.octets_sent
    )
    metrics.counted(
        "esl_link_payloads_without_way_total",
        "Payloads for bridges that no carrier could reach, since the start.",
        lambda: carrier.without_way,
    )
    for reason, sentence in FIGURES.items():
        _declare_rejection(metrics, services, reason, sentence)
    metrics.gauge(
        "esl_tags_with_twin",
        "Tags to which nothing is sent until somebody has chosen, because two have their id.",
        lambda: len(delivery.shop.twins),
    )
    metrics.gauge("esl_bridges_open", "Bridges that a carrier reaches now.", lambda: carrier.open_bridges)
    metrics.gauge(
        "esl_bridges_airtime_seconds",
        "Seconds on the air, each bridge since it started, all together.",
        lambda: sum(one.airtime_s for one in delivery.standings().values()),
    )
    metrics.gauge(
        "esl_bridge_airtime_share_max",
        "Share of its time (0 to 1) for which the busiest bridge was on the air lately.",
        lambda: max((one.airtime_share for one in delivery.standings().values()), default=0.0),
    )
    metrics.counted(
        "esl_link_messages_unknown_total",
        "Messages of kinds that a newer bridge knows and this gateway does not, since the start.",
        lambda: delivery.ear.unknown,
    )


def declare_serial_figures(metrics: Metrics, serial: SerialCarrier) -> None:
    metrics.counted(
        "esl_serial_frames_sent_total",
        "Data frames sent over serial lines since the start, each time they were sent.",
        lambda: serial.frames_sent,
    )
    metrics.counted(
        "esl_serial_frames_repeated_total",
        "Of these, frames that were sent again: what a line loses.",
        lambda: serial.frames_repeated,
    )
    metrics.counted(
        "esl_serial_frames_bad_total",
        "What came over serial lines and was no frame: noise, or a line that changes octets.",
        lambda: serial.frames_bad,
    )


def _declare_rejection(metrics: Metrics, services: Services, reason: Rejection, sentence: str) -> None:
    counted = services.delivery
    metrics.counted(f"esl_rejected_{reason}_total", sentence, lambda: counted.shop.rejections.by_reason[reason])
