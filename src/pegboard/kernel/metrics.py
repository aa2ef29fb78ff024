"""What the operator's Prometheus reads. Labels are bounded: route templates, names of ours, never ids or
organisations.
"""

from collections.abc import Callable, Iterable

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    GCCollector,
    Histogram,
    Metric,
    PlatformCollector,
    ProcessCollector,
    generate_latest,
)

REGISTRY = CollectorRegistry()
ProcessCollector(registry=REGISTRY)
PlatformCollector(registry=REGISTRY)
GCCollector(registry=REGISTRY)

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"

_SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)

HTTP_REQUESTS = Counter(
    "pegboard_http_requests_total",
    "Requests answered, by method, route template and status (0: the connection broke off).",
    ("method", "route", "status"),
    registry=REGISTRY,
)
HTTP_SECONDS = Histogram(
    "pegboard_http_request_seconds",
    "Time from the head of the request to the end of the answer.",
    ("method", "route"),
    buckets=_SECONDS,
    registry=REGISTRY,
)
REALTIME_CONNECTIONS = Gauge("pegboard_realtime_connections", "Open sockets of signed-in devices.", registry=REGISTRY)
REALTIME_RESYNCS = Counter(
    "pegboard_realtime_resyncs_total", "Sockets closed because their reader was too slow.", registry=REGISTRY
)
BUS_SENT = Counter("pegboard_bus_sent_total", "Messages and ticks sent to the other processes.", registry=REGISTRY)
BUS_HEARD = Counter("pegboard_bus_heard_total", "Messages and ticks of other processes.", registry=REGISTRY)
BUS_GAPS = Counter(
    "pegboard_bus_gaps_total",
    "Times that messages of another process were missed, so that all sockets had to catch up.",
    registry=REGISTRY,
)
BUS_CONNECTED = Gauge("pegboard_bus_connected", "1 while the bus between processes carries.", registry=REGISTRY)
GROUP_COMMIT_BATCH = Histogram(
    "pegboard_group_commit_batch_size",
    "Requests that shared one commit.",
    buckets=(1, 2, 4, 8, 16, 32, 64, 128, 256),
    registry=REGISTRY,
)
GROUP_COMMIT_SECONDS = Histogram(
    "pegboard_group_commit_seconds", "Time of one shared commit.", buckets=_SECONDS, registry=REGISTRY
)
OUTBOX_TOLD = Counter("pegboard_outbox_told_total", "Facts handed to their handlers.", registry=REGISTRY)
OUTBOX_LAG = Gauge("pegboard_outbox_lag_seconds", "Age of the oldest fact that is not told yet.", registry=REGISTRY)
JOBS = Gauge("pegboard_jobs", "Jobs in the queue by state; `dead` ones need a person.", ("state",), registry=REGISTRY)
JOBS_RUN = Counter(
    "pegboard_jobs_run_total",
    "Runs by job and outcome (done, failed, dead, lease_lost, lease_expired, handed_back).",
    ("job", "outcome"),
    registry=REGISTRY,
)
POOL_CONNECTIONS = Gauge(
    "pegboard_pool_connections",
    "Connections to PostgreSQL by role and state (idle, used).",
    ("role", "state"),
    registry=REGISTRY,
)
UPLOADED_BYTES = Counter("pegboard_files_uploaded_bytes_total", "Bytes of file content stored.", registry=REGISTRY)

_before_render: list[Callable[[], None]] = []


def before_render(measure: Callable[[], None]) -> None:
    """Have `measure` set its gauges each time that the figures are read (pool usage, queue lengths)."""
    _before_render.append(measure)


def observe_request(method: str, route: str, status: int, seconds: float) -> None:
    """Count one answered request. `route` is the template (`/files/{file_id:uuid}`), never the path."""
    HTTP_REQUESTS.labels(method, route, str(status)).inc()
    HTTP_SECONDS.labels(method, route).observe(seconds)


def observe_pool(role: str, *, size: int, idle: int) -> None:
    """How many connections a pool has, and how many of them nobody uses."""
    POOL_CONNECTIONS.labels(role, "idle").set(idle)
    POOL_CONNECTIONS.labels(role, "used").set(size - idle)


def render() -> bytes:
    """The body of `/metrics`, of the type `CONTENT_TYPE`."""
    return text_of(collect())


def collect() -> list[Metric]:
    """Every figure of this process, as it is now."""
    for measure in _before_render:
        measure()
    return list(REGISTRY.collect())


def text_of(figures: Iterable[Metric]) -> bytes:
    """Figures, of whichever process, as Prometheus reads them."""
    return generate_latest(_Collected(figures))


class _Collected(CollectorRegistry):
    """Figures that are collected already."""

    def __init__(self, figures: Iterable[Metric]) -> None:
        super().__init__()
        self._figures = figures

    def collect(self) -> Iterable[Metric]:
        """Them."""
        return self._figures
