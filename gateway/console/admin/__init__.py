"""The admin API under /admin. Start at `admin_router`."""

from gateway.console.admin.door import COOKIE, admin_door, is_admin
from gateway.console.admin.problems import PROBLEMS, AdminProblem
from gateway.console.admin.router import admin_router
from gateway.console.admin.services import AdminServices, BridgeDoors, MqttAccess, NoDoors, Reasons

__all__ = [
    "COOKIE",
    "PROBLEMS",
    "AdminProblem",
    "AdminServices",
    "BridgeDoors",
    "MqttAccess",
    "NoDoors",
    "Reasons",
    "admin_door",
    "admin_router",
    "is_admin",
]
