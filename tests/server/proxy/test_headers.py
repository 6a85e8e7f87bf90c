from kpl.server.proxy.headers import is_same_origin, to_caller, to_service


def test_hop_by_hop_headers_end_at_the_proxy() -> None:
    given = [
        ("Connection", "close, X-Mine"),
        ("X-Mine", "1"),
        ("Transfer-Encoding", "chunked"),
        ("Accept", "*/*"),
    ]
    assert to_service(given, prefix="/p", client="c")[0] == ("Accept", "*/*")
    assert [name for name, _ in to_caller(given)] == ["Accept", "Cache-Control", "Content-Security-Policy"]


def test_answer_may_say_how_long_it_is_kept_but_not_loosen_the_policy() -> None:
    headers = dict(to_caller([("cache-control", "max-age=1"), ("Content-Security-Policy", "default-src *")]))
    assert headers == {
        "cache-control": "max-age=1",
        "Content-Security-Policy": "sandbox allow-scripts allow-forms",
    }


def test_only_a_browser_on_a_page_of_this_server_counts_as_same_origin() -> None:
    assert is_same_origin({"sec-fetch-site": "same-origin"})
    assert is_same_origin({"origin": "http://kpl:1", "host": "kpl:1"})
    assert not is_same_origin({"sec-fetch-site": "same-site", "origin": "http://kpl:1", "host": "kpl:1"})
    assert not is_same_origin({"origin": "null", "host": "kpl:1"})
    assert not is_same_origin({"host": "kpl:1"})
