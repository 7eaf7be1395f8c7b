"""How many requests a token may send: a bucket that fills steadily and holds a burst.

In: token ids, the monotonic time. Out: 0, or the seconds to wait. Rule: no clock is read here.
Source: the POS contract, rule 8.
"""

from collections import OrderedDict
from dataclasses import dataclass

from gateway.pos_api.limits import BUCKETS_REMEMBERED_MAX


@dataclass(slots=True)
class _Bucket:
    requests: float
    filled_at_s: float


class RateLimit:
    """A bucket a token."""

    def __init__(self, requests_per_s: float, burst_requests: int) -> None:
        self._per_s = requests_per_s
        self._burst = burst_requests
        self._buckets: OrderedDict[str, _Bucket] = OrderedDict()

    def take(self, token_id: str, now_s: float) -> float:
        """Take one request from the token's bucket: 0.0, or after how many seconds there is one."""
        bucket = self._buckets.get(token_id)
        if bucket is None:
            bucket = self._buckets[token_id] = _Bucket(float(self._burst), now_s)
            if len(self._buckets) > BUCKETS_REMEMBERED_MAX:
                self._buckets.popitem(last=False)  # the one that was used longest ago has filled up since
        self._buckets.move_to_end(token_id)
        bucket.requests = min(self._burst, bucket.requests + (now_s - bucket.filled_at_s) * self._per_s)
        bucket.filled_at_s = now_s
        if bucket.requests < 1:
            return (1 - bucket.requests) / self._per_s
        bucket.requests -= 1
        return 0.0
