"""People from the bank's files, as the application's role: kept sealed, found by whole values, shown on purpose."""

from datetime import UTC, date, datetime

import duckdb
import pytest

from dunwell.evidence import services as evidence
from dunwell.evidence.models import Log, StoredFile
from dunwell.kernel.actor import Actor
from dunwell.portfolio import queries, services
from dunwell.portfolio.models import (
    Account,
    AccountRole,
    Card,
    ContactPoint,
    Party,
    PartyIdentity,
    PartyKey,
    SearchKey,
    Touch,
)
from tests import build

NOW = datetime(2026, 11, 20, 8, 0, tzinfo=UTC)
CLERK = Actor(user_id=7, name="S00007")
pytestmark = pytest.mark.django_db

PARTIES = "party_no account_no role kind name id_kind id_no province language relation"
POINTS = "party_no kind value label source"
CARDS = "account_no card_no kind holder_party_no status replaces_card_no"
ACCOUNTS = "account_no party_no currency product branch cycle_day open_date"

LIN = ("P1", "A1", "primary", "person", "林致远", "resident_id", "990101199001013172", "370000", None, None)
WANG = ("P2", "A1", "declared_contact", "person", "王芳", None, None, "650000", "en", "mother")


def table(columns: str, *rows: tuple) -> tuple[duckdb.DuckDBPyConnection, str]:
    connection = duckdb.connect()
    kinds = {"cycle_day": "SMALLINT", "open_date": "DATE"}
    typed = ", ".join(f"{column} {kinds.get(column, 'VARCHAR')}" for column in columns.split())
    connection.execute(f"CREATE TABLE rows ({typed})")
    connection.executemany(f"INSERT INTO rows VALUES ({', '.join('?' for _ in columns.split())})", rows)
    return connection, "rows"


def keep_people(*rows: tuple) -> services.Kept:
    return services.keep_people(*table(PARTIES, *rows), entity_id=build.entity().pk, now=NOW)


def keep_points(*rows: tuple) -> services.Kept:
    return services.keep_contact_points(*table(POINTS, *rows), entity_id=build.entity().pk, now=NOW)


def keep_cards(*rows: tuple) -> services.Kept:
    return services.keep_cards(*table(CARDS, *rows), entity_id=build.entity().pk, now=NOW)


def keep_accounts(*rows: tuple) -> services.Kept:
    return services.keep_accounts(*table(ACCOUNTS, *rows), entity_id=build.entity().pk)


def find(text: str) -> list[str]:
    return [one.party_no for one in queries.find_parties(text, entity_id=build.entity().pk)]


@pytest.fixture
def lin() -> Party:
    keep_people(LIN, WANG)
    keep_points(
        ("P1", "mobile", "13900001234", None, "contract"), ("P1", "email", "lin@example.com", "own", "contract")
    )
    keep_cards(("A1", "6225880000000001", "primary", "P1", "active", None))
    keep_accounts(("A1", "P1", "CNY", "gold", None, 5, date(2020, 1, 1)))
    return Party.objects.get(party_no="P1")


def test_people_are_kept_sealed_and_shown_masked(lin):
    assert (lin.name_masked, lin.id_masked) == ("林*远", "9901**********3172")
    assert (lin.province, lin.timezone, lin.language) == ("370000", "Asia/Shanghai", "zh-hans")
    wang = Party.objects.get(party_no="P2")
    assert (wang.name_masked, wang.id_masked, wang.language) == ("王*", "", "en")
    for row in (*PartyIdentity.objects.values_list("name_sealed", "id_sealed"),):
        assert "林".encode() not in bytes(row[0]) and b"9901" not in bytes(row[1] or b"")
    assert queries.names([lin.pk, wang.pk]) == {lin.pk: "林致远", wang.pk: "王芳"}


def test_the_same_file_again_writes_nothing(lin):
    before = [
        list(model.objects.order_by("pk").values())
        for model in (Party, PartyIdentity, PartyKey, SearchKey, ContactPoint, AccountRole, Card, Account)
    ]
    assert keep_people(LIN, WANG) == services.Kept(unchanged=2)
    assert keep_points(("P1", "mobile", "139 0000 1234", "own", "contract")) == services.Kept(unchanged=1)
    assert keep_cards(("A1", "6225880000000001", "primary", "P1", "active", None)) == services.Kept(unchanged=1)
    assert keep_accounts(("A1", "P1", "CNY", "gold", None, 5, date(2020, 1, 1))) == services.Kept(unchanged=1)
    after = [
        list(model.objects.order_by("pk").values())
        for model in (Party, PartyIdentity, PartyKey, SearchKey, ContactPoint, AccountRole, Card, Account)
    ]
    assert before == after


def test_a_changed_name_is_sealed_anew_found_anew_and_logged(lin):
    assert keep_people(LIN[:4] + ("林致遠",) + LIN[5:], WANG) == services.Kept(changed=1, unchanged=1)
    assert find("林致遠") == ["P1"] and find("林致远") == []
    assert queries.names([lin.pk]) == {lin.pk: "林致遠"}
    assert Log.objects.filter(kind="party.identity_changed", party_id=lin.pk).count() == 1


def test_a_party_at_two_accounts_is_one_party():
    keep_people(LIN, LIN[:1] + ("A2",) + LIN[2:])
    assert Party.objects.count() == 1
    assert sorted(AccountRole.objects.values_list("account_no", flat=True)) == ["A1", "A2"]


def test_roles_stand_before_the_account_comes(lin):
    people = queries.people_of(["A1"], entity_id=lin.entity_id)
    assert [(one.role, one.party.party_no, one.relation) for one in people] == [
        ("declared_contact", "P2", "mother"),
        ("primary", "P1", ""),
    ]


def test_an_account_of_an_unknown_party_is_counted_as_missing():
    assert keep_accounts(("A9", "P9", "CNY", "gold", None, 5, None)) == services.Kept(missing=1)
    assert not Account.objects.exists()


def test_contact_points_of_an_unknown_party_are_counted_as_missing():
    assert keep_points(("P9", "mobile", "13900001234", None, "contract")) == services.Kept(missing=1)


def test_a_point_marked_invalid_stays_so_when_the_file_comes_again(lin):
    point = ContactPoint.objects.get(kind="mobile")
    services.set_point_status(contact_point_id=point.pk, status="invalid", reason="empty_number", by=CLERK, now=NOW)
    assert keep_points(("P1", "mobile", "13900001234", "home", "authorised")) == services.Kept(changed=1)
    point.refresh_from_db()
    assert (point.status, point.label, point.source) == ("invalid", "home", "authorised")


def test_marking_a_point_again_writes_nothing(lin):
    point = ContactPoint.objects.get(kind="mobile")
    for _ in range(2):
        services.set_point_status(
            contact_point_id=point.pk, status="suspended", reason="out_of_service", by=CLERK, now=NOW
        )
    [entry] = Log.objects.filter(kind="party.point_status")
    assert entry.data["masked"] == "139****1234" and entry.data["before"] == "valid"


def test_a_card_number_is_not_kept(lin):
    [card] = Card.objects.values()
    assert card["last4"] == "0001"
    assert not any("6225880000000001" in str(value) for value in card.values())


def test_a_replaced_and_a_supplementary_card_stay_on_the_account(lin):
    keep_people(WANG[:2] + ("supplementary",) + WANG[3:])
    keep_cards(
        ("A1", "6225880000000001", "primary", "P1", "replaced", None),
        ("A1", "6225880000000019", "primary", "P1", "active", "6225880000000001"),
        ("A1", "6225880000000027", "supplementary", "P2", "active", None),
    )
    old, new = Card.objects.get(last4="0001"), Card.objects.get(last4="0019")
    assert (old.status, new.replaces_token) == ("replaced", old.token)
    assert {card.account_no for card in Card.objects.all()} == {"A1"}
    assert Account.objects.get().party == lin
    assert find("6225880000000001") == find("6225880000000027") == ["P1", "P2"]


@pytest.mark.parametrize(
    "text, by",
    [
        ("13900001234", "mobile"),
        ("+86 139-0000-1234", "mobile"),
        ("１３９００００１２３４", "mobile"),
        ("lin@EXAMPLE.com", "email"),
        (" 990101 19900101 3172", "id"),
        ("6225 8800 0000 0001", "card"),
        ("0001", "last4"),
        ("林致远", "name"),
        ("A1", "account_no"),
        ("P1", "party_no"),
    ],
)
def test_a_party_is_found_by_the_whole_value(lin, text, by):
    [found] = queries.find_parties(text, entity_id=lin.entity_id)
    assert (found.party_no, found.by, found.account_nos) == ("P1", by, ("A1",))
    assert found.name_masked == "林*远"


@pytest.mark.parametrize("text", ["", "  ", "林致", "致远", "1390000123", "990101", "006", "%", "A"])
def test_a_part_of_a_value_finds_nobody(lin, text):
    assert find(text) == []


def test_a_party_of_another_entity_is_not_found(lin):
    other = build.entity("agency-1")
    assert queries.find_parties("林致远", entity_id=other.pk) == []


def test_a_search_answers_at_most_fifty():
    keep_people(*[(f"P{nr:03}", f"A{nr}", *LIN[2:]) for nr in range(60)])
    assert len(find("林致远")) == 50


def test_a_search_is_logged_by_kind_and_never_by_text(lin):
    services.search(text="13900001234", entity_id=lin.entity_id, by=CLERK, now=NOW)
    services.search(text="13900009999", entity_id=lin.entity_id, by=CLERK, now=NOW)
    first, second = Log.objects.filter(kind="party.searched").order_by("id")
    assert first.data == {"by": ["mobile"], "found": 1}
    assert second.data["found"] == 0 and "1390000" not in str(second.data)


def test_a_reveal_wants_a_reason_and_stands_in_the_log(lin):
    point = ContactPoint.objects.get(kind="mobile")
    with pytest.raises(services.ReasonMissing):
        services.reveal_contact_point(contact_point_id=point.pk, by=CLERK, reason=" ", now=NOW)
    assert services.reveal_contact_point(contact_point_id=point.pk, by=CLERK, reason="dial", now=NOW) == "13900001234"
    [entry] = Log.objects.filter(kind="party.revealed")
    assert (entry.actor, entry.party_id, entry.data["reason"]) == ("S00007", lin.pk, "dial")
    assert "13900001234" not in str(entry.data)
    identity = services.reveal_identity(party_id=lin.pk, by=CLERK, reason="identity check", now=NOW)
    assert (identity.name, identity.id_no) == ("林致远", "990101199001013172")
    assert "林致远" not in str(Log.objects.filter(kind="party.revealed").latest("id").data)


def test_a_sealed_value_moved_to_another_party_does_not_open(lin):
    other = Party.objects.get(party_no="P2")
    sealed = services.seal_text(party_id=lin.pk, text="a note")
    assert services.open_text(party_id=lin.pk, sealed=sealed) == "a note"
    with pytest.raises(ValueError, match="moved"):
        services.open_text(party_id=other.pk, sealed=sealed)


def test_rotation_rewraps_every_key_and_leaves_the_data_alone(lin, tmp_path, settings):
    settings.HOME = tmp_path
    settings.KEYS = type(settings.KEYS)(tmp_path)
    PartyKey.objects.all().delete()
    note = services.seal_text(party_id=lin.pk, text="a note")
    (tmp_path / "x").write_bytes(b"kept")
    stored = evidence.keep_file(path=tmp_path / "x", now=NOW)
    before = bytes(PartyKey.objects.get().wrapped)
    rotated = services.rotate_master_key(by=CLERK, now=NOW)
    assert (rotated.version, rotated.parties, rotated.files) == (2, 1, 1)
    assert bytes(PartyKey.objects.get().wrapped) != before
    (tmp_path / "keys" / "master.1").unlink()
    settings.KEYS = type(settings.KEYS)(tmp_path)
    assert services.open_text(party_id=lin.pk, sealed=note) == "a note"
    assert evidence.read_file(StoredFile.objects.get(pk=stored.pk)) == b"kept"


def test_a_rotation_broken_off_goes_on_without_another_key(lin, tmp_path, settings):
    settings.KEYS = type(settings.KEYS)(tmp_path)
    PartyKey.objects.all().delete()
    services.seal_text(party_id=lin.pk, text="a note")
    settings.KEYS.new_master()  # and there the machine stopped
    assert services.rotate_master_key(by=CLERK, now=NOW).version == 2


def test_an_erased_person_cannot_be_read_or_found(lin):
    note = services.seal_text(party_id=lin.pk, text="a note")
    point = ContactPoint.objects.get(kind="mobile")
    services.erase_party(party_id=lin.pk, by=CLERK, reason="retention ended", now=NOW)
    for text in ("13900001234", "990101199001013172", "6225880000000001", "0001", "林致远"):
        assert find(text) == []
    assert find("A1") == ["P1"]  # the facts stay, under the pseudonym
    with pytest.raises(services.Erased):
        services.open_text(party_id=lin.pk, sealed=note)
    with pytest.raises(services.Erased):
        services.reveal_contact_point(contact_point_id=point.pk, by=CLERK, reason="dial", now=NOW)
    assert queries.names([lin.pk]) == {}
    lin.refresh_from_db()
    assert (lin.name_masked, lin.id_masked) == ("", "")


def test_a_touch_counts_and_queues_once(lin):
    services.touch(party_id=lin.pk, now=NOW)
    services.touch_many(party_ids=[lin.pk, lin.pk], now=NOW.replace(hour=9))
    lin.refresh_from_db()
    assert lin.touches == 2
    assert [touch.since for touch in Touch.objects.all()] == [NOW]
