"""Who may do what in the database: grants and row security, set after every migration.

The owner of the tables migrates; `dunwell_app` serves staff; `dunwell_outside` serves agencies and
cardholders and sees rows of one entity only. `apply` may be run again at any time.
What row security stops and what it does not: docs/database-rights.md.
"""

from __future__ import annotations

from collections import deque

import psycopg
from django.apps import apps
from django.db import models
from psycopg import sql

APP = "dunwell_app"
OUTSIDE = "dunwell_outside"

FACTS = (  # inserted and read; never changed, never deleted by the application
    "evidence_log",
    "evidence_seal",
    "evidence_sealedrecord",
    "evidence_dailyroot",
    "evidence_stamp",
    "payments_payment",
    "payments_paymentanswer",
    "payments_reversal",
    "compliance_hold",
    "compliance_holdlift",
    "compliance_consent",
    "compliance_listentry",
    "compliance_listapproval",
    "compliance_listremoval",
    "compliance_namedofficer",
    "compliance_circumstance",
    "compliance_agencylisting",
    "compliance_linkdomain",
    "compliance_packtext",
    "compliance_packconfirmation",
    "compliance_packdraft",
    "compliance_packstep",
    "compliance_gatedecision",
    "compliance_release",
    "compliance_allotment",
    "compliance_contact",
    "compliance_contactoutcome",
    "channels_textdraft",
    "channels_textapproval",
    "channels_textwithdrawal",
    "channels_messageevent",
    "channels_letter",
    "channels_call",
    "channels_callevent",
    "channels_recording",
    "channels_recordingmatch",
    "channels_callernumber",
    "channels_callernumbermark",
    "channels_campaign",
    "channels_campaignend",
    "channels_campaigndial",
    "channels_dialrecord",
    "channels_messagepart",
    "channels_receipt",
    "channels_receiptmatch",
    "channels_inbound",
    "arrears_riskjudgement",
    "arrears_riskjudgementanswer",
    "arrears_riskjudgementend",
    "arrears_differenceexplanation",
    "arrangements_promise",
    "arrangements_promisewithdrawal",
    "arrangements_combinedplan",
    "arrangements_arrangementanswer",
    "arrangements_arrangementconsent",
    "arrangements_arrangementforce",
    "arrangements_arrangementend",
    "arrangements_arrangementrepaid",
    "arrangements_arrangementstep",
    "arrangements_changerequest",
    "arrangements_changeanswer",
    "arrangements_instruction",
    "arrangements_instructionsending",
    "arrangements_instructionanswer",
    "arrangements_deductionauthority",
    "arrangements_deductionrevocation",
    "arrangements_duereminder",
    "arrangements_faileddebit",
    "arrangements_certificaterequest",
    "arrangements_certificateaccount",
    "arrangements_certificateanswer",
    "arrangements_certificate",
    "arrangements_certificaterevocation",
    "strategy_strategyversion",
    "casework_ownership",
    "casework_note",
    "casework_capability",
    "casework_absence",
    "casework_absenceend",
    "casework_assist",
    "casework_assistend",
    "casework_trace",
    "casework_asset",
    "floor_article",
    "floor_articleapproval",
    "floor_helprequest",
    "floor_helpanswer",
    "floor_break",
    "floor_breakend",
    "floor_abuse",
    "floor_macro",
    "floor_examination",
    "portfolio_correction",
    "casework_notice",
    "casework_identitycheck",
    "casework_finding",
    "casework_vulnerabilitymark",
    "casework_vulnerabilityend",
    "arrangements_proof",
    "arrangements_proofcheck",
    "arrangements_meansstatement",
    "casework_paperlook",
    "casework_cluster",
    "casework_clustermember",
    "casework_clusterfinding",
    "casework_dispute",
    "casework_disputestep",
    "casework_departmentrequest",
    "casework_requestanswer",
    "casework_complaint",
    "casework_complaintstep",
    "casework_representative",
    "casework_representativecheck",
    "casework_path",
    "casework_pathstep",
    "legal_limitationfact",
    "legal_limitationfactwithdrawal",
    "legal_paper",
    "legal_bundle",
    "casework_retentionlock",
    "casework_retentionlockrelease",
    "legal_destruction",
    "legal_destructionitem",
    "legal_destructionanswer",
    "legal_destructionoutcome",
    "legal_destructionprotocol",
    "selfservice_link",
    "selfservice_request",
    "selfservice_answer",
    "selfservice_order",
    "selfservice_callback",
    "selfservice_callbackoutcome",
)
READ_ONLY = ("django_migrations", "django_content_type", "auth_permission")  # written by migrations
WITHHELD = (
    "identity_apikey",
    "intake_intakefile",
    "intake_quarantinedrow",
    "portfolio_tombstone",
)  # nothing for those outside

ENTITY = "nullif(current_setting('dunwell.entity', true), '')::bigint"

PARTY = "(SELECT selfservice_party())"
HIS_ACCOUNT = "EXISTS (SELECT 1 FROM portfolio_account AS his WHERE his.id = {0}.account_id)"
CARDHOLDER = {  # what a cardholder who came in sees of his own; the tables named in a condition bring their own policy
    "portfolio_party": f"id = {PARTY}",
    "portfolio_account": f"party_id = {PARTY}",
    "portfolio_card": "EXISTS (SELECT 1 FROM portfolio_account AS his WHERE his.account_no = portfolio_card.account_no"
    " AND his.entity_id = portfolio_card.entity_id)",
    "portfolio_contactpoint": f"party_id = {PARTY}",
    "payments_payment": HIS_ACCOUNT.format("payments_payment"),
    "payments_paymentanswer": "EXISTS (SELECT 1 FROM payments_payment AS his WHERE his.id = payment_id)",
    "payments_reversal": "EXISTS (SELECT 1 FROM payments_payment AS his WHERE his.id = payment_id)",
    "arrears_accountstate": HIS_ACCOUNT.format("arrears_accountstate"),
    "arrears_due": HIS_ACCOUNT.format("arrears_due"),
    "compliance_consent": f"party_id = {PARTY}",
    "arrangements_promise": f"party_id = {PARTY}",
    "arrangements_promisepart": "EXISTS (SELECT 1 FROM arrangements_promise AS his WHERE his.id = promise_id)",
    "arrangements_promisewithdrawal": "EXISTS (SELECT 1 FROM arrangements_promise AS his WHERE his.id = promise_id)",
    "arrangements_arrangement": f"party_id = {PARTY}",
    "arrangements_instalment": "EXISTS (SELECT 1 FROM arrangements_arrangement AS his WHERE his.id = arrangement_id)",
    "arrangements_arrangementconsent": "EXISTS (SELECT 1 FROM arrangements_arrangement AS his WHERE his.id = arrangement_id)",
    "arrangements_arrangementrepaid": "EXISTS (SELECT 1 FROM arrangements_arrangement AS his WHERE his.id = arrangement_id)",
    "arrangements_changerequest": "EXISTS (SELECT 1 FROM arrangements_arrangement AS his WHERE his.id = arrangement_id)",
    "arrangements_changeanswer": "EXISTS (SELECT 1 FROM arrangements_changerequest AS his WHERE his.id = request_id)",
    "arrangements_certificaterequest": HIS_ACCOUNT.format("arrangements_certificaterequest"),
    "arrangements_certificateaccount": HIS_ACCOUNT.format("arrangements_certificateaccount"),
    "arrangements_certificate": "EXISTS (SELECT 1 FROM arrangements_certificaterequest AS his WHERE his.id = request_id)",
    "arrangements_certificaterevocation": "EXISTS (SELECT 1 FROM arrangements_certificate AS his"
    " WHERE his.request_id = certificate_id)",
    "selfservice_request": f"party_id = {PARTY}",
    "selfservice_answer": "EXISTS (SELECT 1 FROM selfservice_request AS his WHERE his.id = request_id)",
    "selfservice_order": "EXISTS (SELECT 1 FROM selfservice_request AS his WHERE his.id = request_id)",
    "selfservice_callback": "EXISTS (SELECT 1 FROM selfservice_order AS his WHERE his.request_id = order_id)",
    "selfservice_callbackoutcome": "EXISTS (SELECT 1 FROM selfservice_callback AS his WHERE his.id = call_back_id)",
}
DOOR = (  # functions of selfservice/sql/door.sql that the outside process may call; the others are theirs alone
    *("selfservice_inside", "selfservice_party", "selfservice_bank", "selfservice_open", "selfservice_door"),
    *("selfservice_try", "selfservice_code", "selfservice_again", "selfservice_leave", "selfservice_ask"),
    *("selfservice_told", "selfservice_count"),
)


def row_rules() -> dict[str, str]:
    """Table -> the condition under which a row belongs to the entity in `dunwell.entity`.

    A table carries the entity itself, or belongs to it through the shortest chain of foreign keys that
    are never null. The condition names the next table only: that table's own policy does the rest.
    A table with no such chain is not in the answer, and nothing of it is granted to those outside.
    """
    rules: dict[str, str] = {}
    for model in apps.get_models():
        if not model.__module__.startswith("dunwell."):
            continue
        table = model._meta.db_table
        step = _step_towards_entity(model)
        if table in WITHHELD or step is None:
            continue
        column, parent, key = step
        if parent is None:
            rules[table] = f"{column} = {ENTITY}"
        else:
            rules[table] = f"EXISTS (SELECT 1 FROM {parent} WHERE {parent}.{key} = {table}.{column})"
    return rules


def _step_towards_entity(model: type[models.Model]) -> tuple[str, str | None, str] | None:
    """(column, next table or None when the column is the entity itself, that table's key)."""
    if model._meta.label == "identity.Entity":
        return "id", None, ""
    paths: deque[tuple[type[models.Model], tuple[str, str | None, str] | None]] = deque([(model, None)])
    seen = {model}
    while paths:
        at, first = paths.popleft()
        for field in at._meta.concrete_fields:
            if field.column == "entity_id":
                return first or ("entity_id", None, "")
        for field in at._meta.concrete_fields:
            if not field.is_relation or field.null or field.related_model in seen:
                continue
            target = field.related_model
            seen.add(target)
            paths.append((target, first or (field.column, target._meta.db_table, field.target_field.column)))
    return None


def apply(connection: psycopg.Connection, *, app: str = APP, outside: str = OUTSIDE) -> None:
    """Set every right anew, as the tables' owner, in one transaction.

    `outside` may be missing on a server whose administrator made the roles; then nothing is granted to it.
    """
    rules = row_rules()
    with connection.transaction(), connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtext('dunwell.rights'))")
        cursor.execute("SELECT current_user")
        owner = cursor.fetchone()[0]
        cursor.execute("SELECT rolname FROM pg_roles WHERE rolname = ANY(%s)", [[app, outside]])
        present = {name for (name,) in cursor.fetchall()}
        cursor.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'public' ORDER BY 1")
        tables = [name for (name,) in cursor.fetchall()]

        def run(text: str, **names: str) -> None:
            cursor.execute(sql.SQL(text).format(**{key: sql.Identifier(name) for key, name in names.items()}))

        run("REVOKE CREATE ON SCHEMA public FROM PUBLIC")
        for role in sorted(present):
            run("GRANT USAGE ON SCHEMA public TO {role}", role=role)
        if app != owner:
            run("GRANT USAGE, SELECT ON ALL SEQUENCES IN SCHEMA public TO {app}", app=app)
            run("ALTER DEFAULT PRIVILEGES IN SCHEMA public GRANT SELECT, INSERT ON TABLES TO {app}", app=app)
            run("ALTER DEFAULT PRIVILEGES IN SCHEMA public GRANT USAGE, SELECT ON SEQUENCES TO {app}", app=app)
        if outside in present:
            run("REVOKE ALL ON ALL TABLES IN SCHEMA public FROM {outside}", outside=outside)
        for table in tables:
            if app != owner:
                run("REVOKE ALL ON {table} FROM {app}", table=table, app=app)
                if table in READ_ONLY:
                    run("GRANT SELECT ON {table} TO {app}", table=table, app=app)
                elif table in FACTS:
                    run("GRANT SELECT, INSERT ON {table} TO {app}", table=table, app=app)
                else:
                    run("GRANT SELECT, INSERT, UPDATE, DELETE ON {table} TO {app}", table=table, app=app)
            if table not in rules:
                continue
            run("ALTER TABLE {table} ENABLE ROW LEVEL SECURITY", table=table)
            run("ALTER TABLE {table} FORCE ROW LEVEL SECURITY", table=table)
            run("DROP POLICY IF EXISTS staff ON {table}", table=table)
            run("CREATE POLICY staff ON {table} TO {app}, {owner} USING (true)", table=table, app=app, owner=owner)
            run("DROP POLICY IF EXISTS outside ON {table}", table=table)
            if outside in present:
                run("GRANT SELECT ON {table} TO {outside}", table=table, outside=outside)
                cursor.execute(
                    sql.SQL("CREATE POLICY outside ON {} FOR SELECT TO {} USING (").format(
                        sql.Identifier(table), sql.Identifier(outside)
                    )
                    + sql.SQL(f"{ENTITY} IS NOT NULL AND {rules[table]})")
                )
            run("DROP POLICY IF EXISTS cardholder ON {table}", table=table)
            if outside in present and table in CARDHOLDER:
                cursor.execute(
                    sql.SQL("CREATE POLICY cardholder ON {} FOR SELECT TO {} USING (").format(
                        sql.Identifier(table), sql.Identifier(outside)
                    )
                    + sql.SQL(f"{CARDHOLDER[table]})")
                )
        cursor.execute(
            "SELECT oid::regprocedure::text, proname FROM pg_proc WHERE pronamespace = 'public'::regnamespace"
            " AND starts_with(proname, 'selfservice_') ORDER BY 1"
        )
        for signature, name in cursor.fetchall():
            cursor.execute(f"REVOKE ALL ON FUNCTION {signature} FROM PUBLIC")
            if outside in present and name in DOOR:
                run(f"GRANT EXECUTE ON FUNCTION {signature} TO {{outside}}", outside=outside)
