import pytest

from gateway.links import BrokerAddress, BrokerUrlWrong


def test_a_url_gives_host_port_and_login() -> None:
    address = BrokerAddress.parse("mqtts://esl:p%40ss@broker.example")
    assert (address.host, address.port, address.tls) == ("broker.example", 8883, True)
    assert (address.username, address.password) == ("esl", "p@ss")


def test_a_password_is_never_written_out() -> None:
    address = BrokerAddress.parse("mqtt://esl:geheim@broker.example:1884")
    assert "geheim" not in f"{address} {address!r}"
    assert str(address) == "mqtt://broker.example:1884"


@pytest.mark.parametrize("url", ["broker.example:1883", "http://esl:geheim@broker.example", "mqtt://", "mqtt://h:x"])
def test_what_is_no_broker_address_is_refused_with_the_form_that_is_wanted(url: str) -> None:
    with pytest.raises(BrokerUrlWrong) as refused:
        BrokerAddress.parse(url)
    assert "is no broker address" in str(refused.value)
    assert "geheim" not in str(refused.value)
