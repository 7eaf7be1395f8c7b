"""A label as a shopper sees it, and the shelf on which labels hang.

In: a label's name. Out: its price, its picture, whether it is proved. Rule: what is on a glass is read off its pixels;
a glass that nobody could read is an error that says why, and what to do next.
"""

from collections.abc import Mapping
from decimal import Decimal

from PIL import Image

from firmware_protocol import split_display_id
from simulator import picture
from simulator.world.testing.life import Life, Sight
from simulator.world.testing.reading import is_picture_of, prices_on
from simulator.world.testing.stage import Stage


class NoPrice(AssertionError):
    """No price can be read on this glass. The message says what is there instead, and what to do next."""


class Glass:
    """One label. `display_id`: its name in the API."""

    def __init__(self, stage: Stage[Life], label: str) -> None:
        self.display_id = stage.cast.display_of(label)
        self.label = stage.cast.names[self.display_id]
        self._stage = stage

    def __repr__(self) -> str:
        return f"<glass {self.label}>"

    def price(self) -> Decimal:
        """The price that can be read on the glass now. Raises `NoPrice`."""
        prices = self.prices()
        if len(prices) > 1:
            raise NoPrice(f"{self.label} shows {len(prices)} prices, {_list(prices)}: ask for prices()")
        return prices[0]

    def prices(self) -> list[Decimal]:
        """Of a label of several products, from top to bottom. Raises `NoPrice`."""
        sight = self._sight()
        self._check_readable(sight)
        store = self._stage.cast.settings
        prices = prices_on(sight.planes, sight.panel.name, store["locale"], store["currency"])
        if not prices:
            raise NoPrice(f"{self.label} ({self.display_id}) {self._instead(sight)}")
        return prices

    def picture(self) -> Image.Image:
        """What is on the glass, upright, a pixel a pixel, in its inks."""
        sight = self._sight()
        return picture.image(sight.planes, sight.panel).convert("RGB")

    def is_proved(self) -> bool:
        """Whether its tag has proved what it should show now, and the glass does show it."""
        return self._sight().is_proved

    def _sight(self) -> Sight:
        return self._stage.do(lambda: self._stage.cast.sight(self.label))

    def _check_readable(self, sight: Sight) -> None:
        if sight.is_being_drawn:
            why = (
                "is being redrawn at this moment: wait with until_proved(), or for some seconds with sleep(seconds=60)"
            )
        elif not sight.was_refreshed:
            why = f"was never refreshed; it is white, as from the factory. {_why_not(self.label, sight)}"
        elif not sight.is_whole:
            why = (
                "is half-drawn: a refresh was cut off, by a fault or because its tag died. Its picture() shows it; "
                "until_proved() waits until it is mended"
            )
        else:
            return
        raise NoPrice(f"{self.label} ({self.display_id}) {why}")

    def _instead(self, sight: Sight) -> str:
        locale = self._stage.cast.settings["locale"]
        tag_code = str(split_display_id(self.display_id)[0])
        if is_picture_of(sight.planes, sight.panel.name, "unbound", tag_code, locale):
            return f"shows the picture of a label without a product. {_why_not(self.label, sight)}"
        if is_picture_of(sight.planes, sight.panel.name, "till", tag_code, locale):
            return (
                "shows *Price at the till*: the gateway could not draw a price. GET /products?barcode=... says what "
                "it keeps of the product, docs/labels.md what can be drawn"
            )
        return "shows a picture on which no price can be read: look at picture().save('glass.png')"


class Shelf:
    """The fleet, by the names of its labels: A-1, A-2 and so on, in the order of the box list."""

    def __init__(self, stage: Stage[Life]) -> None:
        self._stage = stage

    @property
    def labels(self) -> list[str]:
        return list(self._stage.cast.labels)

    def glass(self, label: str) -> Glass:
        """By its name, "A-17", or by its display id. Raises `LabelUnknown`."""
        return Glass(self._stage, label)

    def prices(self) -> Mapping[str, Decimal]:
        """Of every label on which one price can be read, by label."""
        found = {}
        for label in self.labels:
            try:
                found[label] = self.glass(label).price()
            except NoPrice:
                continue
        return found


def _why_not(label: str, sight: Sight) -> str:
    if sight.is_dead:
        return "Its tag is dead (esl_faults)"
    if not sight.barcodes:
        return f"It is bound to nothing: esl_shop.bind({label!r}, barcode) binds it"
    return (
        f"It is bound to {', '.join(sight.barcodes)}: has the POS sent that? esl_shop.until_proved() waits for it, "
        "esl_shop.unproved() says what it waits for"
    )


def _list(prices: list[Decimal]) -> str:
    return ", ".join(map(str, prices))
