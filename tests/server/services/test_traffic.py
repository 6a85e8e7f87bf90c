from kpl.server.services.traffic import Traffic, TrafficSummary


def test_traffic_counts_requests_errors_and_latencies() -> None:
    traffic = Traffic()
    for number in range(100):
        traffic.count("p", "e", status=500 if number < 3 else 200, duration_s=number / 100, now_s=1000.0)
    summary = traffic.summary("p", "e", 1000.0)
    assert (summary.num_requests, summary.num_errors) == (100, 3)
    assert (summary.p50_s, summary.p99_s) == (0.49, 0.98)
    assert summary.requests_per_s == round(100 / 60, 3)


def test_requests_per_second_forget_what_is_older_than_a_minute() -> None:
    traffic = Traffic()
    traffic.count("p", "e", status=200, duration_s=0.1, now_s=1000.0)
    summary = traffic.summary("p", "e", 1061.0)
    assert (summary.num_requests, summary.requests_per_s) == (1, 0.0)


def test_endpoint_that_nobody_called_has_no_traffic() -> None:
    assert Traffic().summary("p", "e", 1000.0) == TrafficSummary()
