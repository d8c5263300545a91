"""Every endpoint of the API, for each of the seven roles and for a stranger: read from its own description."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from dunwell.api.auth import make_key
from dunwell.api.urls import api
from dunwell.compliance import services as compliance
from dunwell.identity.models import Role
from dunwell.identity.rules import PERMISSIONS, may
from dunwell.kernel.actor import Actor
from tests import build

pytestmark = pytest.mark.django_db
ROLES = [role.value for role in Role]
SIGNED = (
    "/api/lines/",
    "/api/campaigns",
)  # carriers and diallers: their guard is a signature, tested with the channels
REFUSED = re.compile(r"this needs the permission ([a-z_]+\.[a-z_]+)")


def description() -> dict:
    return api.get_openapi_schema()


def sample(schema: dict, of: dict) -> object:
    """The least value that a schema takes."""
    if "$ref" in schema:
        return sample(of["components"]["schemas"][schema["$ref"].rsplit("/", 1)[1]], of)
    if "enum" in schema or "const" in schema:
        return schema.get("const", (schema.get("enum") or [None])[0])
    if "anyOf" in schema:
        return sample(schema["anyOf"][0], of)
    match schema.get("type"):
        case "object":
            return {name: sample(schema["properties"][name], of) for name in schema.get("required", ())}
        case "array":
            return [sample(schema["items"], of)] * schema.get("minItems", 0)
        case "integer" | "number":
            return schema.get("minimum", schema.get("exclusiveMinimum", 0) + 1)
        case "boolean":
            return False
    written = {"date": "2026-11-23", "date-time": "2099-11-23T10:00:00+08:00"}.get(schema.get("format", ""))
    return written or "x" * max(schema.get("minLength", 1), 1)


@dataclass(frozen=True)
class Body:
    """What is sent: JSON, or a form with files."""

    kind: str
    value: object

    def sent(self) -> dict[str, object]:
        if self.kind == "application/json":
            return {"data": json.dumps(self.value), "content_type": self.kind}
        return {"data": {name: SimpleUploadedFile(name, b"x") for name in self.value}}


def operations() -> Iterator[tuple[str, str, Body | None]]:
    """(method, path, the least body) of everything that a key or a session opens."""
    of = description()
    for path, methods in of["paths"].items():
        for method, operation in methods.items():
            if path.startswith(SIGNED):
                continue
            content = operation.get("requestBody", {}).get("content", {})
            kind = next(iter(content), "")
            yield method, path, Body(kind, sample(content[kind]["schema"], of)) if kind else None


def call(key: str, method: str, path: str, body: Body | None, **parts: object):
    address = re.sub(r"\{(\w+)\}", lambda found: str(parts.get(found[1], 1)), path)
    headers = {"Authorization": f"Bearer {key}"} if key else {}
    return getattr(Client(), method)(address, headers=headers, **(body.sent() if body else {}))


def test_what_has_no_key_is_signed_otherwise():
    of = description()
    open_ones = {path for path, methods in of["paths"].items() for op in methods.values() if not op.get("security")}
    assert all(path.startswith(SIGNED) for path in open_ones)


def test_an_endpoint_answers_those_whose_role_carries_its_permission_and_nobody_else():
    keys = {role: make_key(user=build.user(role), name=role, now=build.NOW) for role in ROLES}
    for method, path, body in operations():
        assert call("", method, path, body).status_code == 401, f"{method} {path} answers a stranger"
        answers = {role: call(key, method, path, body) for role, key in keys.items()}
        refused = {role: answer for role, answer in answers.items() if answer.status_code == 403}
        named = {found[1] for answer in refused.values() if (found := REFUSED.search(answer.content.decode()))}
        assert len(named) == 1, f"{method} {path} names {named or 'no permission'}"
        (permission,) = named
        assert permission in PERMISSIONS
        assert set(refused) == {role for role in ROLES if not may(role, permission)}, f"{method} {path}"
        assert not {answer.status_code for answer in answers.values()} & {401, 500}


@pytest.fixture
def listed():
    """A case of the bank whose person is a member of staff."""
    person, _point, case = build.debtor()
    compliance.add_to_list(list="staff", party_id=person.pk, reason="r", by=Actor.program("test"), now=build.NOW)
    return case


def test_a_case_of_another_entity_is_nowhere_and_a_guarded_one_is_for_its_officers(listed):
    """With every role at once: whoever may call the endpoint at all may not call it about this case."""
    walked = 0
    for whose, status in ((build.entity("agency-1"), 404), (None, 403)):
        keys = [make_key(user=build.user(role, of=whose, team=None), name=role, now=build.NOW) for role in ROLES]
        for method, path, body in operations():
            if "{case_no}" not in path:
                continue
            found = {call(key, method, path, body, case_no=listed.case_no).status_code for key in keys}
            assert found == {403, status}, f"{method} {path}: {found}"
            walked += 1
    assert walked > 25
