"""When they object: disputes, complaints, what other departments are asked, representatives, and paths of their own."""

from __future__ import annotations

from django.db import models

from dunwell.casework.models.cases import Case
from dunwell.channels.models import Message
from dunwell.compliance.models import Hold
from dunwell.evidence.models import StoredFile
from dunwell.identity.models import Entity, User
from dunwell.portfolio.models import Account, Party


class Dispute(models.Model):
    """异议: a fact. He says that he does not owe it: all of an account, or an amount of it, held from that moment."""

    party = models.ForeignKey(Party, models.PROTECT, related_name="disputes")
    case = models.ForeignKey(Case, models.PROTECT, related_name="disputes")
    account = models.ForeignKey(Account, models.PROTECT, related_name="disputes")
    number = models.CharField(max_length=24, unique=True, db_collation="C")  # D-YYMM-NNNNNN
    kind = models.CharField(max_length=24)  # of objections.yaml
    amount = models.DecimalField(max_digits=18, decimal_places=2, null=True)  # null: all that is owed on the account
    words_sealed = models.BinaryField()
    route = models.CharField(max_length=12)  # the department that verifies it
    received_on = models.DateField()
    due_on = models.DateField()  # the last day for the answer in writing
    rule = models.CharField(max_length=40)  # whence the clock
    hold = models.ForeignKey(Hold, models.PROTECT, related_name="+")
    recorded_at = models.DateTimeField()
    recorded_by = models.BigIntegerField(null=True)
    key = models.CharField(max_length=80, unique=True)


class DisputeStep(models.Model):
    """What happened to a dispute: evidence asked for or kept, decided, answered. The first decision counts."""

    dispute = models.ForeignKey(Dispute, models.PROTECT, related_name="steps")
    kind = models.CharField(max_length=16)  # asked, evidence, upheld, partly, rejected, withdrawn, answered
    amount = models.DecimalField(max_digits=18, decimal_places=2, null=True)  # of a decision: not owed
    text_sealed = models.BinaryField(null=True)
    file = models.ForeignKey(StoredFile, models.PROTECT, null=True, related_name="+")
    message = models.ForeignKey(Message, models.PROTECT, null=True, related_name="+")
    recorded_at = models.DateTimeField()
    recorded_by = models.BigIntegerField(null=True)
    key = models.CharField(max_length=80, unique=True)


class DepartmentRequest(models.Model):
    """A case asks another department for something by a day; the answer is a RequestAnswer."""

    party = models.ForeignKey(Party, models.PROTECT, related_name="department_requests")
    case = models.ForeignKey(Case, models.PROTECT, related_name="requests")
    dispute = models.ForeignKey(Dispute, models.PROTECT, null=True, related_name="requests")
    department = models.CharField(max_length=16)  # of objections.yaml
    what = models.CharField(max_length=24)  # information, correct_amount, correct_record ...
    text_sealed = models.BinaryField()
    needed_by = models.DateField()
    recorded_at = models.DateTimeField()
    recorded_by = models.BigIntegerField(null=True)
    key = models.CharField(max_length=80, unique=True)

    class Meta:
        indexes = [models.Index(fields=["department", "needed_by"], name="request_department")]


class RequestAnswer(models.Model):
    request = models.OneToOneField(DepartmentRequest, models.PROTECT, primary_key=True, related_name="answer")
    done = models.BooleanField()  # what was asked for was done
    text_sealed = models.BinaryField()
    recorded_at = models.DateTimeField()
    recorded_by = models.BigIntegerField(null=True)


class Complaint(models.Model):
    """投诉: a fact of the register. Where it stands follows from its steps (rules.complaints)."""

    entity = models.ForeignKey(Entity, models.PROTECT)
    party = models.ForeignKey(Party, models.PROTECT, related_name="complaints")
    case = models.ForeignKey(Case, models.PROTECT, related_name="complaints")
    number = models.CharField(max_length=24, unique=True, db_collation="C")  # T-YYMM-NNNNNN
    source = models.CharField(max_length=16)  # of objections.yaml
    external_no = models.CharField(max_length=60, blank=True)  # the source's own number
    category = models.CharField(max_length=24)
    severity = models.CharField(max_length=8)
    against = models.ForeignKey(User, models.PROTECT, null=True, related_name="complaints_against")
    words_sealed = models.BinaryField()
    text_digest = models.BinaryField(null=True)  # keyed hash of its letters: the same text by many is seen
    received_on = models.DateField()
    reply_by = models.DateField(null=True)  # the source's own day, where it names one
    repeats = models.ForeignKey("self", models.PROTECT, null=True, related_name="repeated_by")
    new_facts = models.BooleanField(default=True)
    hold = models.ForeignKey(Hold, models.PROTECT, null=True, related_name="+")
    recorded_at = models.DateTimeField()
    recorded_by = models.BigIntegerField(null=True)
    key = models.CharField(max_length=80, unique=True)

    class Meta:
        indexes = [
            models.Index(fields=["case", "against"], name="complaint_against"),
            models.Index(fields=["entity", "received_on"], name="complaint_received"),
        ]


class ComplaintStep(models.Model):
    """What was done, by whom: assigned, complex, extended, escalated, drafted, returned, answered, closed, withdrawn."""

    complaint = models.ForeignKey(Complaint, models.PROTECT, related_name="steps")
    kind = models.CharField(max_length=12)
    handler = models.ForeignKey(User, models.PROTECT, null=True, related_name="+")
    to_role = models.CharField(max_length=16, blank=True)  # of escalated
    founded = models.BooleanField(null=True)  # of closed: whether he was right
    root_cause = models.CharField(max_length=24, blank=True)
    redress = models.CharField(max_length=24, blank=True)
    text_sealed = models.BinaryField(null=True)
    message = models.ForeignKey(Message, models.PROTECT, null=True, related_name="+")
    recorded_at = models.DateTimeField()
    recorded_by = models.BigIntegerField(null=True)
    key = models.CharField(max_length=80, unique=True)


class Representative(models.Model):
    """代理: somebody says that he acts for the person. Nothing is disclosed to him before both checks are positive."""

    party = models.ForeignKey(Party, models.PROTECT, related_name="representatives")
    case = models.ForeignKey(Case, models.PROTECT, related_name="representatives")
    name_sealed = models.BinaryField()
    telephone_digest = models.BinaryField(null=True)  # keyed hash: the same telephone acting for many is seen
    hold = models.ForeignKey(Hold, models.PROTECT, null=True, related_name="+")
    recorded_at = models.DateTimeField()
    recorded_by = models.BigIntegerField(null=True)
    key = models.CharField(max_length=80, unique=True)


class RepresentativeCheck(models.Model):
    """identity or authority, looked at and found good or not; `ended`: he acts no more. The last of a kind counts."""

    representative = models.ForeignKey(Representative, models.PROTECT, related_name="checks")
    kind = models.CharField(max_length=12)  # identity, authority, ended
    good = models.BooleanField()
    evidence = models.CharField(max_length=120, blank=True)
    until = models.DateField(null=True)  # of an authority: its last day
    recorded_at = models.DateTimeField()
    recorded_by = models.BigIntegerField(null=True)
    key = models.CharField(max_length=80, unique=True)


class Path(models.Model):
    """A path of its own: hardship, illness, bereavement, death, minor, prison; its documents, hold and tone are data."""

    party = models.ForeignKey(Party, models.PROTECT, related_name="paths")
    case = models.ForeignKey(Case, models.PROTECT, related_name="paths")
    kind = models.CharField(max_length=16)  # of paths.yaml
    words_sealed = models.BinaryField(null=True)
    hold = models.ForeignKey(Hold, models.PROTECT, null=True, related_name="+")
    recorded_at = models.DateTimeField()
    recorded_by = models.BigIntegerField(null=True)
    key = models.CharField(max_length=80, unique=True)


class PathStep(models.Model):
    """A document that came (with its file), or the end of the path."""

    path = models.ForeignKey(Path, models.PROTECT, related_name="steps")
    kind = models.CharField(max_length=10)  # document, ended
    document = models.CharField(max_length=32, blank=True)
    file = models.ForeignKey(StoredFile, models.PROTECT, null=True, related_name="+")
    reason = models.CharField(max_length=200, blank=True)
    recorded_at = models.DateTimeField()
    recorded_by = models.BigIntegerField(null=True)
    key = models.CharField(max_length=80, unique=True)
