"""Every setting of the gateway, once: its name, its default and its sentence.

Rule: a setting without a sentence does not exist; docs/operating.md prints these very sentences, and a test compares.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Annotated, get_type_hints

from gateway.settings.listen import Listen


@dataclass(frozen=True, slots=True)
class About:
    """`read` takes what stood in a file, the environment or the command line; it raises ValueError with the words."""

    sentence: str
    read: Callable[[object], object]


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise ValueError(f"{value!r} is no text")
    return value


def _path(value: object) -> Path:
    return Path(_text(str(value) if isinstance(value, Path) else value)).expanduser()


def _optional_path(value: object) -> Path | None:
    return _path(value) if value not in (None, "") else None


def _optional_text(value: object) -> str | None:
    return _text(value) if value not in (None, "") else None


def _listen(value: object) -> Listen:
    return value if isinstance(value, Listen) else Listen.parse(_text(value))


def _words(value: object) -> tuple[str, ...]:
    """A list, or words separated by commas; an empty word is one too (`,/v1` = the root and /v1)."""
    if isinstance(value, str):
        return tuple(word.strip() for word in value.split(",")) if value else ()
    if isinstance(value, list | tuple) and all(isinstance(word, str) for word in value):
        return tuple(value)
    raise ValueError(f"{value!r} is no list of texts")


def _count(value: object) -> int:
    number = int(value) if isinstance(value, str) and value.isdecimal() else value
    if not isinstance(number, int) or isinstance(number, bool) or number < 0:
        raise ValueError(f"{value!r} is no whole number, 0 or more")
    return number


def _one_of(*choices: str) -> Callable[[object], str]:
    def read(value: object) -> str:
        if value not in choices:
            raise ValueError(f"{value!r} is none of {', '.join(choices)}")
        return _text(value)

    return read


DATA = Path("esl-data")
HTTP = Listen("127.0.0.1", 8080)
MQTT = Listen("127.0.0.1", 1883)


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """One gateway's configuration."""

    data: Annotated[Path, About("The folder that holds the database, the keys and the broker's files.", _path)] = DATA
    http: Annotated[
        Listen,
        About(
            "Where the POS API, the console and the admin API listen; port 0 takes any free one, the last run's first.",
            _listen,
        ),
    ] = HTTP
    mqtt: Annotated[
        Listen,
        About(
            "Where the gateway's own broker listens for bridges; any address but this machine's own needs TLS.", _listen
        ),
    ] = MQTT
    mqtt_certificate: Annotated[
        Path | None,
        About(
            "The certificate (PEM) that the gateway's own broker shows to bridges; with it the broker speaks only TLS.",
            _optional_path,
        ),
    ] = None
    mqtt_key: Annotated[Path | None, About("The private key (PEM) of `mqtt_certificate`.", _optional_path)] = None
    broker: Annotated[
        str | None,
        About(
            "The MQTT broker to use instead of the gateway's own: mqtt://user:password@host:1883, or mqtts:// for TLS.",
            _optional_text,
        ),
    ] = None
    broker_certificate: Annotated[
        Path | None,
        About(
            "The certificate (PEM) to trust when `broker` speaks TLS and no public authority has signed it.",
            _optional_path,
        ),
    ] = None
    broker_binary: Annotated[
        Path | None,
        About(
            "The nats-server to run as the gateway's own broker instead of the one that was installed with it.",
            _optional_path,
        ),
    ] = None
    workers: Annotated[int, About("How many processes draw labels; 0 takes one for each core, at most 8.", _count)] = 0
    path_prefixes: Annotated[
        tuple[str, ...],
        About("The paths below which the POS API answers, for a POS whose base path is fixed.", _words),
    ] = ("", "/v1", "/api", "/api/v1")
    cors_origins: Annotated[
        tuple[str, ...],
        About(
            "The origins (https://till.example) from which a browser may call the POS API; none unless named.", _words
        ),
    ] = ()
    rate_per_s: Annotated[
        int, About("How many requests a second one token may make before it is told to wait (429).", _count)
    ] = 1_000
    rate_burst: Annotated[
        int, About("How many requests one token may make at once before `rate_per_s` holds.", _count)
    ] = 2_000
    log_level: Annotated[
        str,
        About(
            "The least weighty log lines that are written: debug, info, warning or error.",
            _one_of("debug", "info", "warning", "error"),
        ),
    ] = "info"
    log_format: Annotated[
        str,
        About(
            "How log lines are written to standard error: lines for people, json for machines.",
            _one_of("lines", "json"),
        ),
    ] = "lines"
    record: Annotated[
        Path | None,
        About(
            "The file to which everything that bridges and POS systems say is added; none unless named.", _optional_path
        ),
    ] = None
    demo_control: Annotated[
        str | None,
        About("Where `esl demo` serves the buttons that the shelf wall then shows; for nothing else.", _optional_text),
    ] = None


@dataclass(frozen=True, slots=True)
class SettingSpec:
    """What is known of a setting. `environment` is the variable that sets it."""

    name: str
    default: object
    sentence: str
    read: Callable[[object], object]

    @property
    def environment(self) -> str:
        return f"ESL_{self.name.upper()}"


def all_settings() -> Iterator[SettingSpec]:
    hints = get_type_hints(Settings, include_extras=True)
    for one in fields(Settings):
        about: About = hints[one.name].__metadata__[0]
        yield SettingSpec(one.name, one.default, about.sentence, about.read)
