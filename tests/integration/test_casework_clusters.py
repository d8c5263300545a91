"""Organised obstruction: who hangs together, and that each genuine customer keeps his path."""

from __future__ import annotations

from io import BytesIO

import pytest
import typst
from django.conf import settings
from django.utils import timezone
from PIL import Image, ImageDraw, ImageEnhance

from dunwell.arrangements.means import services as means
from dunwell.arrangements.means.reading import pages_of
from dunwell.casework.models import Cluster
from dunwell.casework.rules import looks
from dunwell.casework.rules.clusters import Link, clusters
from dunwell.casework.services import clusters as services
from dunwell.casework.services import complaints, paths
from dunwell.casework.services.looks import look_through
from dunwell.compliance.models import Hold, HoldLift
from dunwell.kernel.times import business_date
from dunwell.portfolio.models import AccountRole
from tests import build

BY = build.Actor.program("test")


def links(kind: str, shared: str, *parties: int) -> list[Link]:
    return [Link(kind, shared, party, "2026-11-20") for party in parties]


def test_facts_that_overlap_are_one_cluster_and_too_few_are_none():
    found = clusters(
        [
            *links("paper", "a", 1, 2), *links("telephone", "t", 2, 3, 4),  # one through 2
            *links("number", "n", 7, 8, 9), *links("complaint", "c", 5, 6),  # too few for their kinds
            *links("paper", "b", 10, 11),
        ],
        together=[],
    )  # fmt: skip
    assert [one.parties for one in found] == [(1, 2, 3, 4), (10, 11)]
    assert [kind for kind, _shared, _people in found[0].facts] == ["paper", "telephone"]


def test_people_of_one_account_count_as_one():
    shared = links("paper", "a", 1, 2)
    assert clusters(shared, together=[(1, 2)]) == []
    assert [one.parties for one in clusters([*shared, *links("paper", "a", 3)], together=[(1, 2)])] == [(1, 2, 3)]


def test_the_same_facts_are_the_same_cluster_in_any_order():
    first, second = links("paper", "a", 1, 2), links("paper", "a", 2, 1)
    assert clusters(first, [])[0].key == clusters(second, [])[0].key
    assert clusters(first, [])[0].key != clusters(links("paper", "a", 1, 3), [])[0].key


@pytest.fixture
def forgers(db):
    """Three strangers with one forged payslip; the second is on the path of hardship, and a wife has hers with her husband."""
    now, paper = timezone.now(), typst.compile(b"= Unemployed", format="pdf")
    cases = [build.debtor()[2] for _ in range(3)]
    for number, case in enumerate(cases):
        means.keep_proof(
            party_id=case.party_id, case_id=case.pk, kind="unemployment", content=paper, issued_on=business_date(now),
            by=BY, now=now, key=f"p{number}",
        )  # fmt: skip
    couple = [build.debtor()[2] for _ in range(2)]
    account = couple[0].party.accounts.get().account_no
    AccountRole.objects.create(account_no=account, party=couple[1].party, role="joint_debtor")
    for number, case in enumerate(couple):
        means.keep_proof(
            party_id=case.party_id, case_id=case.pk, kind="payslip", content=typst.compile(b"= Ours", format="pdf"),
            issued_on=business_date(now), by=BY, now=now, key=f"c{number}",
        )  # fmt: skip
    paths.open_path(case_id=cases[1].pk, kind="hardship", by=BY, now=now, key="h")
    return cases


def test_a_forged_paper_is_found_once_and_judging_it_takes_nobodys_path(forgers, client):
    officer = build.user("compliance", language="en")
    client.force_login(officer, backend=settings.AUTHENTICATION_BACKENDS[1])
    for _ in range(2):
        assert client.post("/clusters/find").status_code == 302
    found = Cluster.objects.get()
    assert set(found.members.values_list("party_id", flat=True)) == {case.party_id for case in forgers}
    page = client.get(f"/clusters/{found.number}").content.decode()
    assert "The same paper" in page and forgers[2].case_no in page and "Hardship" in page
    at, genuine = f"/clusters/{found.number}/findings", forgers[1].party_id
    assert (
        client.post(at, {"key": "a", "outcome": "obstruction", "words": "one seal on three papers"}).status_code == 204
    )
    assert (
        client.post(
            at, {"key": "b", "party": genuine, "outcome": "genuine", "words": "her employer confirms"}
        ).status_code
        == 204
    )
    assert client.post(at, {"key": "c", "party": 0, "outcome": "genuine", "words": "x"}).status_code == 422
    assert Hold.objects.filter(party_id=genuine, kind="hardship", lift=None).exists() and not HoldLift.objects.exists()
    assert "organised obstruction" in client.get("/clusters").content.decode()


FORM = """#set page(width: 148mm, height: 210mm)
= Certificate of unemployment
No. {number}, *{name}*
#lorem({words})
#circle(radius: 14mm, stroke: 2pt + red)[*SEAL*]
#lorem(60)"""


def form(name="Zhang San", words=80, **given) -> Image.Image:
    made = typst.compile(FORM.format(number=71, name=name, words=words).encode(), format="png", ppi=130, **given)
    return Image.open(BytesIO(made)).convert("RGB")


def saved(picture: Image.Image, kind="JPEG", **given) -> bytes:
    out = BytesIO()
    picture.save(out, kind, **given)
    return out.getvalue()


def altered(picture: Image.Image) -> Image.Image:
    """Another's name over the first one's, and the whole saved anew, smaller and darker."""
    ImageDraw.Draw(picture).rectangle((170, 138, 330, 165), fill="white")
    return ImageEnhance.Brightness(picture.resize((picture.width * 3 // 4, picture.height * 3 // 4))).enhance(0.85)


def seen(content: bytes, media="image/jpeg") -> bytes:
    [page] = pages_of(content, media, width=looks.WIDTH, height=looks.HEIGHT, most=1)
    return looks.look(page.greys)


def test_an_altered_copy_of_a_paper_looks_alike_and_another_paper_does_not():
    first, copy, other = seen(saved(form())), seen(saved(altered(form()), quality=40)), seen(saved(form(words=20)))
    assert looks.differ(first, copy) <= looks.ALIKE < 0.25 < looks.differ(first, other)
    assert set(looks.bands(first)) & set(looks.bands(copy))
    assert seen(saved(Image.new("RGB", (400, 600), "white"))) == b"", "an empty page is like any other"


def test_the_worker_finds_an_altered_copy_and_the_same_words_as_they_come_in(db):
    now, people = timezone.now(), [build.debtor()[0] for _ in range(6)]
    pdfs = [typst.compile(FORM.format(number=n, name="N", words=50).encode(), format="pdf") for n in (1, 22, 333)]
    papers = [saved(form(), "PNG"), saved(altered(form()), quality=40), saved(form(words=20)), *pdfs]
    for number, (party, paper) in enumerate(zip(people, papers, strict=True)):
        means.keep_proof(
            party_id=party.pk, kind="unemployment", content=paper, issued_on=business_date(now), by=BY, now=now,
            key=f"p{number}",
        )  # fmt: skip
    assert (look_through(now=now), look_through(now=now)) == (6, 0)
    found = {
        (fact["kind"], *(party for party, _day in fact["parties"]))
        for one in Cluster.objects.all()
        for fact in one.facts
    }
    first, second, _third, *readers = (party.pk for party in people)
    assert found == {("look", first, second), ("words", *readers), ("look", *readers)}


def test_the_same_complaint_word_for_word_from_three_strangers_is_a_sign(db):
    now, text = timezone.now(), "贵行催收人员于某日致电本人，严重影响本人生活，要求停止催收并赔偿！"
    for number in range(3):
        complaints.open_complaint(
            case_id=build.debtor()[2].pk, source="12378", category="frequency", severity="normal",
            text=f"{text}{number}", by=BY, now=now, key=f"c{number}",
        )  # fmt: skip
    [found] = services.find_clusters(entity_id=build.entity().pk, by=BY, now=now)
    assert [fact["kind"] for fact in found.facts] == ["complaint"] and found.members.count() == 3
