"""What Prometheus reads."""

from pegboard.kernel import metrics


def test_requests_and_pools_are_counted_by_bounded_labels() -> None:
    metrics.observe_request("GET", "/things/{id}", 200, 0.003)
    metrics.observe_pool("test", size=5, idle=3)
    text = metrics.render().decode()
    assert 'pegboard_http_requests_total{method="GET",route="/things/{id}",status="200"} 1.0' in text
    assert 'pegboard_http_request_seconds_bucket{le="0.005",method="GET",route="/things/{id}"} 1.0' in text
    assert 'pegboard_pool_connections{role="test",state="used"} 2.0' in text
    assert "process_cpu_seconds_total" in text


def test_gauges_are_set_when_they_are_read() -> None:
    def measure() -> None:
        metrics.OUTBOX_LAG.set(7)

    metrics.before_render(measure)
    assert "pegboard_outbox_lag_seconds 7.0" in metrics.render().decode()
