from pathlib import Path

import pytest

from gateway.settings import Listen, SettingSpec, SettingWrong, all_settings, load_settings

PAGE = Path(__file__).parents[3] / "docs" / "operating.md"


@pytest.mark.parametrize("setting", list(all_settings()), ids=lambda setting: setting.name)
def test_every_setting_has_its_sentence_on_the_page(setting: SettingSpec) -> None:
    (line,) = [one for one in PAGE.read_text(encoding="utf-8").splitlines() if one.startswith(f"| `{setting.name}` |")]
    assert setting.sentence in line
    assert setting.sentence.endswith(".")


def test_the_command_line_wins_over_the_environment_and_that_over_the_file(tmp_path: Path) -> None:
    (tmp_path / "settings.toml").write_text('http = "127.0.0.1:1"\nmqtt = "127.0.0.1:2"\nrate_per_s = 3\n')
    environment = {"ESL_DATA": str(tmp_path), "ESL_HTTP": "127.0.0.1:10", "ESL_MQTT": "127.0.0.1:20"}
    settings = load_settings({"http": "127.0.0.1:100", "mqtt": None}, environment)
    assert (settings.http.port, settings.mqtt.port, settings.rate_per_s) == (100, 20, 3)
    assert settings.data == tmp_path


def test_what_is_not_said_has_its_default(tmp_path: Path) -> None:
    settings = load_settings({"data": tmp_path}, {})
    assert (str(settings.http), settings.path_prefixes) == ("127.0.0.1:8080", ("", "/v1", "/api", "/api/v1"))


def test_a_list_is_written_with_commas_or_as_a_list(tmp_path: Path) -> None:
    (tmp_path / "settings.toml").write_text('cors_origins = ["https://till.example"]\n')
    settings = load_settings({"data": tmp_path}, {"ESL_PATH_PREFIXES": ",/shop"})
    assert (settings.cors_origins, settings.path_prefixes) == (("https://till.example",), ("", "/shop"))


@pytest.mark.parametrize(
    ("file", "words"),
    [
        ("no_such = 1", "there is no setting no_such"),
        ('http = "8080"', "http: '8080' is not HOST:PORT"),
        ("workers = -1", "workers: -1 is no whole number"),
        ("workers = true", "workers: True is no whole number"),
        ('log_format = "xml"', "'xml' is none of lines, json"),
        ('data = "/elsewhere"', "the folder this file stands in"),
        ("http = ", "cannot be read"),
        ("broker = 5", "broker: 5 is no text"),
    ],
)
def test_a_wrong_setting_is_said_with_its_place(tmp_path: Path, file: str, words: str) -> None:
    (tmp_path / "settings.toml").write_text(file)
    with pytest.raises(SettingWrong) as refused:
        load_settings({"data": tmp_path}, {})
    assert words in str(refused.value)
    assert str(tmp_path / "settings.toml") in str(refused.value)


def test_a_wrong_value_names_the_option_or_the_variable() -> None:
    with pytest.raises(SettingWrong, match="the command line: --log-level: 'loud'"):
        load_settings({"log_level": "loud"}, {})
    with pytest.raises(SettingWrong, match="the environment: ESL_HTTP: 'x'"):
        load_settings({}, {"ESL_HTTP": "x"})


@pytest.mark.parametrize(
    ("text", "host", "port", "is_loopback"),
    [
        ("127.0.0.1:8080", "127.0.0.1", 8080, True),
        ("[::1]:0", "::1", 0, True),
        (":80", "127.0.0.1", 80, True),
        ("0.0.0.0:1883", "0.0.0.0", 1883, False),
        ("shop.example:65535", "shop.example", 65535, False),
        ("localhost:1", "localhost", 1, True),
    ],
)
def test_a_place_to_listen_at_is_host_and_port(text: str, host: str, port: int, is_loopback: bool) -> None:
    listen = Listen.parse(text)
    assert (listen.host, listen.port, listen.is_loopback) == (host, port, is_loopback)
    assert Listen.parse(str(listen)) == listen


@pytest.mark.parametrize("text", ["8080", "host", "host:65536", "::1:80", "host:-1", ""])
def test_what_is_no_place_to_listen_at_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="is not HOST:PORT"):
        Listen.parse(text)
