"""Which paths mean the same."""

import pytest

from gateway.pos_api.path import canonical_path, is_below

PATHS = {
    "/add": "/add",
    "/add/": "/add",
    "//add//": "/add",
    "/v1/add": "/add",
    "/api/add": "/add",
    "/api//v1/add/": "/add",
    "/": "/",
    "": "/",
    "/v1": "/",
    "/api/v1/": "/",
    "/v1/v1/add": "/v1/add",
    "/v1add": "/v1add",
    "/api/v1/batch/x/status/": "/batch/x/status",
    "/v1/console": "/v1/console",
    "/api/admin/stores": "/api/admin/stores",
    "/api/consolation": "/consolation",
}


@pytest.mark.parametrize("path", PATHS)
def test_a_path_is_made_canonical_and_pages_stay_out_of_reach(path: str) -> None:
    assert canonical_path(path) == PATHS[path]


def test_a_prefix_that_is_not_set_means_nothing() -> None:
    assert canonical_path("/v1/add", prefixes=("",)) == "/v1/add"
    assert canonical_path("/pos/add", prefixes=("/pos",)) == "/add"


def test_only_whole_names_stand_below_one_another() -> None:
    assert is_below("//console/events", ["/console"])
    assert is_below("/console", ["/console"])
    assert not is_below("/consoles", ["/console"])
