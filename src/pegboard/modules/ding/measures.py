"""What the operator sees of the scheduler."""

from prometheus_client import Counter, Histogram

from pegboard.kernel.metrics import REGISTRY

LATENESS = Histogram(
    "pegboard_ding_lateness_seconds",
    "From when a step was due to when it was done and committed (quiet hours are not lateness).",
    buckets=(0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 60.0),
    registry=REGISTRY,
)
STEPS = Counter(
    "pegboard_ding_steps_total",
    "Steps by channel (app, sms, phone) and outcome (done, accepted, failed, refused: the lease was somebody else's).",
    ("channel", "outcome"),
    registry=REGISTRY,
)
