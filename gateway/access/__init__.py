"""Stores and their settings, tokens, the sandbox checklist, remembered answers, bridges' credentials, audit, runs."""

from gateway.access.answers import Remembered, remember_answer, remembered_answer
from gateway.access.audit_log import AuditLine, audit, audit_lines
from gateway.access.bridges import (
    BridgeCredential,
    bridge_credentials,
    ensure_bridge_credential,
    forget_bridge_credential,
)
from gateway.access.feeds import (
    SyncCredential,
    ensure_sync_credential,
    forget_sync_credential,
    sync_credentials,
)
from gateway.access.limits import LIVE_TOKENS_MAX, RESTORE_JUMP
from gateway.access.runs import adopt_run, known_run, start_run
from gateway.access.sandbox import ChecklistItem, note_sandbox, sandbox_report
from gateway.access.stores import (
    FieldInvalid,
    SettingChanges,
    StoreExists,
    StoreSettings,
    StoreUnknown,
    add_store,
    jump_numbers,
    list_stores,
    store_settings,
    take_accepted_seqs,
    take_product_versions,
    update_store,
)
from gateway.access.tokens import (
    Grant,
    SandboxIncomplete,
    TokenKind,
    TokenRow,
    TokenUnknown,
    TooManyTokens,
    create_token,
    find_token,
    list_tokens,
    revoke_token,
    update_token,
)

__all__ = [
    "LIVE_TOKENS_MAX",
    "RESTORE_JUMP",
    "AuditLine",
    "BridgeCredential",
    "ChecklistItem",
    "FieldInvalid",
    "Grant",
    "Remembered",
    "SandboxIncomplete",
    "SettingChanges",
    "StoreExists",
    "StoreSettings",
    "StoreUnknown",
    "SyncCredential",
    "TokenKind",
    "TokenRow",
    "TokenUnknown",
    "TooManyTokens",
    "add_store",
    "adopt_run",
    "audit",
    "audit_lines",
    "bridge_credentials",
    "create_token",
    "ensure_bridge_credential",
    "ensure_sync_credential",
    "find_token",
    "forget_bridge_credential",
    "forget_sync_credential",
    "jump_numbers",
    "known_run",
    "list_stores",
    "list_tokens",
    "note_sandbox",
    "remember_answer",
    "remembered_answer",
    "revoke_token",
    "sandbox_report",
    "start_run",
    "store_settings",
    "sync_credentials",
    "take_accepted_seqs",
    "take_product_versions",
    "update_store",
    "update_token",
]
