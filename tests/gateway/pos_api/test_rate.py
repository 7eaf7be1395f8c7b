"""How many requests a token may send, and what it is told when it sent more."""

from collections.abc import Callable
from typing import Any

from gateway.pos_api import PosSettings
from gateway.pos_api.rate import RateLimit

Till = Callable[..., Any]


def test_a_burst_passes_and_then_the_bucket_fills_at_its_rate() -> None:
    limit = RateLimit(requests_per_s=1_000, burst_requests=2_000)
    assert [limit.take("a", 0.0) for _ in range(2_000)] == [0.0] * 2_000
    assert limit.take("a", 0.0) == 0.001
    assert [limit.take("a", 0.5) for _ in range(500)] == [0.0] * 500
    assert limit.take("a", 0.5) > 0
    assert limit.take("b", 0.5) == 0.0


def test_a_bucket_never_holds_more_than_its_burst() -> None:
    limit = RateLimit(requests_per_s=10, burst_requests=2)
    limit.take("a", 0.0)
    assert [limit.take("a", 1_000.0) > 0 for _ in range(3)] == [False, False, True]


def test_past_the_rate_a_token_is_told_when_to_come_again_and_others_are_not_disturbed(at_the_till: Till) -> None:
    async def scenario(pos: Any) -> None:
        assert [(await pos.get("/store")).status_code for _ in range(4)] == [200, 200, 200, 429]
        refused = await pos.get("/store")
        assert (refused.headers["retry-after"], refused.json()["code"]) == ("2", "rate_limited")
        assert refused.headers["x-esl-environment"] == "sandbox"
        _, other = await pos.gateway.open_store()
        assert (await pos.get("/store", headers={"Authorization": f"Bearer {other}"})).status_code == 200
        pos.gateway.clock.move(2)
        assert (await pos.get("/store")).status_code == 200

    at_the_till(scenario, settings=PosSettings(requests_per_s=0.5, burst_requests=3))


def test_polling_a_status_never_counts(at_the_till: Till) -> None:
    async def scenario(pos: Any) -> None:
        session_id = (await pos.post("/batch/start")).json()["sessionId"]
        for _ in range(5):
            assert (await pos.get(f"/batch/{session_id}/status")).status_code == 200

    at_the_till(scenario, settings=PosSettings(requests_per_s=0.5, burst_requests=1))
