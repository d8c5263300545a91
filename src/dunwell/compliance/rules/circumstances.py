"""What is proven about a debtor or somebody beside him: each kind, whom it is about, and what the gate reads of it."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Kind:
    """`of_person`: about somebody beside the debtor; `of_agency`: about an agency. It sets `flag`, or makes the person a
    `party` of the gate."""

    of_person: bool = False
    of_agency: bool = False
    flag: str = ""
    party: str = ""


KINDS: dict[str, Kind] = {
    "joint_debt": Kind(of_person=True, flag="joint_debt_evidence"),  # 夫妻共同债务, 民法典 1064
    "supplementary_liable": Kind(of_person=True, flag="supplementary_liable"),  # 附属卡持卡人承担还款责任
    "heir": Kind(of_person=True, party="heir"),
    "estate_value": Kind(of_person=True, flag="estate_value_only"),  # 以遗产实际价值为限, 民法典 1161
    "employer": Kind(of_person=True, party="employer"),
    "adviser": Kind(of_person=True, party="adviser"),
    "agency_notice": Kind(of_agency=True, flag="agency_notice"),  # 委外告知
}
