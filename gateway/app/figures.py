"""The figures of /metrics: each name with its sentence. docs/operating.md lists them; a test compares."""

from gateway.app.services import Services
from gateway.delivery import FIGURES, Rejection
from gateway.links import AllCarriers
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


def _declare_rejection(metrics: Metrics, services: Services, reason: Rejection, sentence: str) -> None:
    counted = services.delivery
    metrics.counted(f"esl_rejected_{reason}_total", sentence, lambda: counted.shop.rejections.by_reason[reason])
