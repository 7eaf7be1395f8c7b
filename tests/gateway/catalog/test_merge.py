"""In whatever order rows and removals meet, once or twice, a product ends as the newest accepted of them say."""

from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.catalog.merge import ProductState, merge_removal, merge_row
from gateway.catalog.product import Stored

Act = tuple[int, str, dict[str, Stored]]  # number, "row" | "full" | "removal", what the row names
OPTIONAL = ("salePrice", "stock", "brand")
ATTRIBUTES = ("attributes.x", "attributes.y")

VALUES = st.fixed_dictionaries(
    {},
    optional={"name": st.sampled_from("AB"), "price": st.sampled_from(["1.00", "2.00"])}
    | {name: st.sampled_from(["1", "2", None]) for name in OPTIONAL + ATTRIBUTES}
    | {"attributes": st.none()},
)
HISTORIES = st.lists(
    st.tuples(st.sampled_from(["row", "row", "row", "full", "removal"]), VALUES), min_size=1, max_size=7
).map(lambda acts: [(seq, kind, values) for seq, (kind, values) in enumerate(acts, start=1)])


def apply(state: ProductState, act: Act) -> None:
    seq, kind, values = act
    if kind == "removal":
        merge_removal(state, seq)
    else:
        merge_row(state, seq, values, full=kind == "full")


def told_in_order(history: list[Act]) -> tuple[dict[str, Stored], bool]:
    """What a plain reading of the contract gives, when every row is saved at once."""
    fields: dict[str, Stored] = {}
    removed = False
    for _, kind, values in history:
        removed = kind == "removal"
        if kind == "removal":
            fields = {}
        if kind == "full":
            fields = {name: value for name, value in fields.items() if name in ("name", "price")}
        if kind != "removal":
            if "attributes" in values:
                fields = {name: value for name, value in fields.items() if not name.startswith("attributes.")}
            fields |= {name: value for name, value in values.items() if name != "attributes"}
    return {name: value for name, value in fields.items() if value is not None}, removed


@settings(max_examples=400)
@given(st.data(), HISTORIES)
def test_any_order_and_any_repetition_gives_what_the_newest_rows_say(data: st.DataObject, history: list[Act]) -> None:
    repeated = data.draw(st.lists(st.sampled_from(history), max_size=4))
    arrivals = data.draw(st.permutations(history + repeated))
    state = ProductState()
    for act in arrivals:
        apply(state, act)
    assert (state.fields, state.is_removed) == told_in_order(history)


@given(HISTORIES)
def test_applying_the_whole_history_again_changes_nothing_and_reports_no_change(history: list[Act]) -> None:
    state = ProductState()
    for act in history:
        apply(state, act)
    seqs, fields = dict(state.seqs), dict(state.fields)
    for seq, kind, values in history:
        merged = merge_removal(state, seq) if kind == "removal" else merge_row(state, seq, values, full=kind == "full")
        assert merged.changes == []
    assert (state.seqs, state.fields) == (seqs, fields)


def test_a_row_sets_only_the_fields_that_nothing_newer_has_set() -> None:
    state = ProductState()
    merge_row(state, 7, {"price": "2.00"}, full=False)
    merged = merge_row(state, 5, {"price": "1.00", "name": "Milk"}, full=False)
    assert state.fields == {"price": "2.00", "name": "Milk"}
    assert not merged.overtaken
    assert [name for name, _, _ in merged.changes] == ["name"]


def test_a_row_of_which_everything_was_set_by_newer_ones_is_overtaken() -> None:
    state = ProductState()
    merge_row(state, 7, {"price": "2.00", "name": "Milk"}, full=False)
    assert merge_row(state, 5, {"price": "1.00"}, full=False).overtaken
    assert merge_row(state, 6, {}, full=False).overtaken
    assert not merge_row(state, 7, {"price": "2.00", "name": "Milk"}, full=False).overtaken
    assert not merge_row(state, 8, {"price": "2.00"}, full=False).overtaken


def test_a_row_that_is_the_whole_product_keeps_name_and_price_and_clears_the_rest() -> None:
    state = ProductState()
    merge_row(state, 1, {"name": "Milk", "price": "1.00", "brand": "B", "attributes.x": 1}, full=False)
    merge_row(state, 3, {"stock": "5"}, full=True)
    assert state.fields == {"name": "Milk", "price": "1.00", "stock": "5"}
    merge_row(state, 2, {"price": "0.90", "brand": "late"}, full=False)
    assert state.fields == {"name": "Milk", "price": "0.90", "stock": "5"}


def test_a_removed_product_comes_back_without_its_past() -> None:
    state = ProductState()
    merge_row(state, 1, {"name": "Milk", "price": "1.00", "salePrice": "0.50"}, full=False)
    merge_removal(state, 4)
    assert state.is_removed
    merge_row(state, 3, {"salePrice": "0.60"}, full=False)
    assert state.is_removed
    assert state.fields == {}
    merge_row(state, 5, {"name": "Milk", "price": "1.20"}, full=False)
    assert not state.is_removed
    assert state.fields == {"name": "Milk", "price": "1.20"}
