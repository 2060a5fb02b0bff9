"""The fast publisher against a real Mosquitto: order, a broker that restarts, one that is not there."""

from __future__ import annotations

import pytest

from simulators.broker import Broker, BrokerError
from simulators.publisher import OrderedPublisher
from tests.simulators.broker_ear import Ear
from tests.support.mosquitto import Mosquitto
from tests.support.net import free_port

pytestmark = pytest.mark.mosquitto


def test_messages_arrive_in_order_and_flush_waits_for_every_answer(mosquitto: Mosquitto) -> None:
    with Ear(mosquitto.port) as ear:
        with OrderedPublisher(mosquitto.url, None, client_id="p", window=100) as publisher:
            for number in range(5_000):
                publisher.publish("t", b'{"n":%d}' % number)
            publisher.flush()
            assert publisher.unanswered == 0
        heard = ear.wait_for(5_000, "t")
    assert [document["n"] for document in heard] == list(range(5_000))


def test_never_more_under_way_than_the_window(mosquitto: Mosquitto) -> None:
    with OrderedPublisher(mosquitto.url, None, client_id="p", window=50) as publisher:
        most = 0
        for number in range(1_000):
            publisher.publish("t", b"%d" % number)
            most = max(most, publisher.unanswered)
    assert most <= 50


def test_a_broker_that_restarts_loses_nothing_of_what_was_not_answered(mosquitto: Mosquitto) -> None:
    with Ear(mosquitto.port) as ear:
        with OrderedPublisher(mosquitto.url, None, client_id="p", window=1_000) as publisher:
            publisher.publish("t", b'{"n":0}')
            publisher.flush()
            ear.wait_for(1, "t")
            ear.renewed()
            mosquitto.stop()
            for number in range(1, 500):
                publisher.publish("t", b'{"n":%d}' % number)
            mosquitto.start()
            ear.subscribed()
            publisher.flush()
        heard = ear.wait_for(500, "t")
    assert [document["n"] for document in heard] == list(range(500))


def test_a_broker_that_is_not_there_or_stays_away_is_told(mosquitto: Mosquitto) -> None:
    with pytest.raises(BrokerError, match="no broker at"):
        OrderedPublisher(f"mqtt://127.0.0.1:{free_port()}", None, client_id="p")
    with OrderedPublisher(mosquitto.url, None, client_id="p", away_s_max=0.3) as publisher:
        mosquitto.stop()
        publisher.publish("t", b"x")
        with pytest.raises(BrokerError, match="stayed away"):
            publisher.flush()


@pytest.mark.parametrize("url", ["127.0.0.1:1883", "http://here", "mqtt://", ""])
def test_what_is_no_brokers_address_is_refused(url: str) -> None:
    with pytest.raises(ValueError, match="mqtt://host:port"):
        Broker.of(url)


def test_an_address_may_carry_user_and_password() -> None:
    assert Broker.of("mqtts://a%40b:p%3Aq@host") == Broker("host", 8883, True, "a@b", "p:q")
    assert Broker.of("mqtt://host:77") == Broker("host", 77)
