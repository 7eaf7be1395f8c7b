import pickle

from firmware_protocol import FieldError, PeerError, ProtocolError, Replayed, SealBroken


def test_every_fault_of_a_peer_is_caught_by_one_name() -> None:
    assert all(issubclass(error, PeerError) for error in (FieldError, SealBroken, Replayed))
    assert issubclass(PeerError, ProtocolError)


def test_a_field_error_says_field_value_rule_and_place() -> None:
    error = FieldError("manifest.codec", 9, "a codec this version knows", offset=2)
    assert str(error) == "manifest.codec is 9 at byte 2: a codec this version knows"
    assert (error.field, error.value, error.rule, error.offset) == (
        "manifest.codec",
        9,
        "a codec this version knows",
        2,
    )


def test_errors_come_back_whole_from_a_worker_process() -> None:
    error = pickle.loads(pickle.dumps(FieldError("field", b"\x01", "rule", offset=3)))
    assert (error.field, error.value, error.rule, error.offset) == ("field", b"\x01", "rule", 3)
    assert pickle.loads(pickle.dumps(Replayed(7))).counter == 7
