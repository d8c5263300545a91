"""What the gate reads and writes: holds, consents, lists, packs, decisions, and the ledger of contacts it counts."""

from django.db import models

from dunwell.evidence.models import StoredFile
from dunwell.identity.models import Entity
from dunwell.portfolio.models import Account, ContactPoint, Party


class Hold(models.Model):
    """停催: no demand while it lasts. A fact; ended early by a HoldLift.

    Its scope is the party, one account, or an amount of what is owed (the disputed part); what it stops is the
    pack's: its kind becomes a flag, and the gates on that flag name the purposes.
    """

    party = models.ForeignKey(Party, models.PROTECT, related_name="holds")
    account = models.ForeignKey(Account, models.PROTECT, null=True, related_name="holds")
    kind = models.CharField(max_length=24)  # a key of compliance.queries.facts.HOLD_AS_FLAG, or other
    reason = models.CharField(max_length=200)
    amount = models.DecimalField(max_digits=18, decimal_places=2, null=True)  # null: everything owed
    evidence = models.CharField(max_length=120, blank=True, default="")
    starts_at = models.DateTimeField()
    ends_at = models.DateTimeField(null=True)
    recorded_at = models.DateTimeField()
    recorded_by = models.BigIntegerField(null=True)


class HoldLift(models.Model):
    hold = models.OneToOneField(Hold, models.PROTECT, primary_key=True, related_name="lift")
    reason = models.CharField(max_length=200)
    recorded_at = models.DateTimeField()
    recorded_by = models.BigIntegerField(null=True)


class Consent(models.Model):
    """A wish or an agreement of the person: a narrower window, night contact, an opt-out of a channel."""

    party = models.ForeignKey(Party, models.PROTECT, related_name="consents")
    kind = models.CharField(max_length=24)  # debtor_window, night_consent, opt_out, more_dials_consent, ...
    channel = models.CharField(max_length=12, blank=True)
    window_from = models.TimeField(null=True)
    window_to = models.TimeField(null=True)
    evidence = models.CharField(max_length=120, blank=True)
    account = models.ForeignKey(Account, models.PROTECT, null=True, related_name="consents")  # null: all of his
    value = models.CharField(max_length=64, blank=True, default="")  # of stated_zone: the zone
    starts_at = models.DateTimeField()
    ends_at = models.DateTimeField(null=True)
    recorded_at = models.DateTimeField()
    recorded_by = models.BigIntegerField(null=True)


class ListEntry(models.Model):
    """An internal list, across all cases: staff (本行员工), sensitive persons, wrong numbers (by keyed hash)."""

    class List(models.TextChoices):
        STAFF = "staff"
        SENSITIVE = "sensitive"
        WRONG_NUMBER = "wrong_number"
        REISSUED_NUMBER = "reissued_number"  # 号码已换主
        NO_CONTACT = "no_contact"

    list = models.CharField(max_length=16, choices=List.choices)
    party = models.ForeignKey(Party, models.PROTECT, null=True, related_name="list_entries")
    digest = models.BinaryField(null=True)  # of a number
    reason = models.CharField(max_length=200)
    approved_by = models.BigIntegerField(null=True)
    starts_at = models.DateTimeField()
    ends_at = models.DateTimeField(null=True)
    recorded_at = models.DateTimeField()
    recorded_by = models.BigIntegerField(null=True)

    class Meta:
        indexes = [models.Index(fields=["digest"], name="listentry_digest")]


class ListApproval(models.Model):
    """A second person's approval of an entry, which holds from when it was written."""

    entry = models.OneToOneField(ListEntry, models.PROTECT, primary_key=True, related_name="approval")
    recorded_at = models.DateTimeField()
    recorded_by = models.BigIntegerField(null=True)


class ListRemoval(models.Model):
    entry = models.OneToOneField(ListEntry, models.PROTECT, primary_key=True, related_name="removal")
    reason = models.CharField(max_length=200)
    recorded_at = models.DateTimeField()
    recorded_by = models.BigIntegerField(null=True)


class NamedOfficer(models.Model):
    """Who may open and contact the persons of a list. The last row of a user and a list counts."""

    entity = models.ForeignKey(Entity, models.PROTECT)
    list = models.CharField(max_length=16, choices=ListEntry.List.choices)
    user_id = models.BigIntegerField()
    reason = models.CharField(max_length=200)
    approved_by = models.BigIntegerField(null=True)
    starts_at = models.DateTimeField()
    ends_at = models.DateTimeField(null=True)
    recorded_at = models.DateTimeField()
    recorded_by = models.BigIntegerField(null=True)

    class Meta:
        indexes = [models.Index(fields=["list", "user_id", "-id"], name="officer_user")]


class Circumstance(models.Model):
    """What is so about a debtor or about somebody beside him, and is proven: a joint debt, an heir, a notice given.

    The last row of its kind, person and agency counts; one that ends as it begins takes it back.
    """

    party = models.ForeignKey(Party, models.PROTECT, related_name="circumstances")  # whose debt it is
    person = models.ForeignKey(Party, models.PROTECT, null=True, related_name="circumstances_beside")
    agency = models.ForeignKey(Entity, models.PROTECT, null=True, related_name="+")  # of a notice of placement
    kind = models.CharField(max_length=24)  # a key of compliance.rules.circumstances.KINDS
    evidence = models.CharField(max_length=120)  # a reference that services.proofs has found
    starts_at = models.DateTimeField()
    ends_at = models.DateTimeField(null=True)
    recorded_at = models.DateTimeField()
    recorded_by = models.BigIntegerField(null=True)


class AgencyListing(models.Model):
    """合作催收机构名单: an agency as the bank has published it. The last row of an agency counts."""

    entity = models.ForeignKey(Entity, models.PROTECT, related_name="listings")
    telephone = models.CharField(max_length=40)  # its contact, as published
    published_at = models.CharField(max_length=200)  # where: the address of the page
    starts_on = models.DateField()
    ends_on = models.DateField(null=True)  # the last day
    recorded_at = models.DateTimeField()
    recorded_by = models.BigIntegerField(null=True)


class LinkDomain(models.Model):
    """A domain to which an outgoing text may link, as registered with the carrier. The last row of a domain counts."""

    domain = models.CharField(max_length=120)
    registration = models.CharField(max_length=120)  # number of the registration (备案号)
    starts_at = models.DateTimeField()
    ends_at = models.DateTimeField(null=True)
    recorded_at = models.DateTimeField()
    recorded_by = models.BigIntegerField(null=True)


class PackText(models.Model):
    """The whole text of a shipped pack as it was first decided by: an old decision needs it when the file has changed."""

    version = models.CharField(max_length=24)
    sha256 = models.CharField(max_length=64, unique=True)  # as a decision keeps it
    text = models.TextField()
    parts = models.JSONField(default=dict)  # what it includes: name -> text
    recorded_at = models.DateTimeField()


class PackConfirmation(models.Model):
    """A person of the bank takes a shipped pack into use: who, and when. The gate does not wait for it."""

    text = models.OneToOneField(PackText, models.PROTECT, primary_key=True, related_name="confirmation")
    recorded_at = models.DateTimeField()
    recorded_by = models.BigIntegerField(null=True)


class PackDraft(models.Model):
    """The text of a rule pack, or of a bank's overlay on one. Never edited: another text is another version."""

    pack_id = models.CharField(max_length=24)
    of = models.CharField(max_length=24, blank=True)  # the pack that an overlay lies on
    version = models.CharField(max_length=24, unique=True)
    text = models.TextField()
    parts = models.JSONField(default=dict)  # what it includes: name -> text
    sha256 = models.CharField(max_length=64)  # of the text and its parts
    recorded_at = models.DateTimeField()
    drafted_by = models.BigIntegerField(null=True)


class PackStep(models.Model):
    """What happened to a draft: tried on what was decided, approved by a second person from a day, withdrawn."""

    class Step(models.TextChoices):
        TRIED = "tried"
        APPROVED = "approved"
        WITHDRAWN = "withdrawn"

    draft = models.ForeignKey(PackDraft, models.PROTECT, related_name="steps")
    step = models.CharField(max_length=12, choices=Step.choices)
    from_day = models.DateField(null=True)  # of an approval the first day in force, of a withdrawal the first after it
    data = models.JSONField(default=dict)
    recorded_at = models.DateTimeField()
    recorded_by = models.BigIntegerField(null=True)

    class Meta:
        indexes = [models.Index(fields=["draft", "-id"], name="packstep_draft")]


class GateDecision(models.Model):
    """One answer of the gate, with everything needed to decide it again."""

    entity = models.ForeignKey(Entity, models.PROTECT, db_index=False)
    party = models.ForeignKey(Party, models.PROTECT, db_index=False, related_name="decisions")
    contact_point = models.ForeignKey(ContactPoint, models.PROTECT, db_index=False, null=True)
    case_id = models.BigIntegerField(null=True)
    channel = models.CharField(max_length=12)
    purpose = models.CharField(max_length=20)
    decided_at = models.DateTimeField()
    actor_id = models.BigIntegerField(null=True)
    verdict = models.CharField(max_length=8)
    primary_rule = models.CharField(max_length=32)
    reasons = models.JSONField()
    retry_after = models.DateTimeField(null=True)
    pack_id = models.CharField(max_length=60)
    pack_version = models.CharField(max_length=120)  # of an overlay: both, joined by +
    pack_sha256 = models.CharField(max_length=64)
    facts = models.JSONField()  # the values `decide` was given, pseudonyms only
    holds = models.JSONField(default=list)  # ids of the holds in force for him
    key = models.CharField(max_length=80, null=True)  # of an asker who has to get the same answer again

    class Meta:
        constraints = [models.UniqueConstraint(fields=["key"], condition=~models.Q(key=None), name="gatedecision_key")]
        indexes = [
            models.Index(fields=["party", "-id"], name="gatedecision_party"),
            models.Index(fields=["decided_at"], name="gatedecision_at"),
        ]


class Release(models.Model):
    """A second person's release of the REVIEW reasons of a decision, for contacts of its kind until it ends.

    It lifts those reasons and nothing else: whatever else stands in the way is decided again at sending.
    """

    decision = models.OneToOneField(GateDecision, models.PROTECT, primary_key=True, related_name="release")
    entity = models.ForeignKey(Entity, models.PROTECT)
    party = models.ForeignKey(Party, models.PROTECT, related_name="releases")
    person_id = models.BigIntegerField()
    channel = models.CharField(max_length=12)
    purpose = models.CharField(max_length=20)
    case_id = models.BigIntegerField(null=True)
    rules = models.JSONField()  # ids of the rules that were to be reviewed
    holds = models.JSONField(default=list)  # ids of the holds that the decision saw: no later one is lifted
    reason = models.CharField(max_length=200)
    ends_at = models.DateTimeField()
    recorded_at = models.DateTimeField()
    recorded_by = models.BigIntegerField(null=True)

    class Meta:
        indexes = [models.Index(fields=["party", "ends_at"], name="release_party")]


class Allotment(models.Model):
    """Dials reserved beforehand for a dialler that cannot ask at each dial. Each is a Contact of its own."""

    entity = models.ForeignKey(Entity, models.PROTECT)
    party = models.ForeignKey(Party, models.PROTECT, related_name="allotments")
    contact_point = models.ForeignKey(ContactPoint, models.PROTECT)
    channel = models.CharField(max_length=12)
    asked = models.IntegerField()  # how many were granted is how many contacts it has
    expires_at = models.DateTimeField()
    reserved_at = models.DateTimeField()
    by_id = models.BigIntegerField(null=True)
    key = models.CharField(max_length=80, unique=True)


class Contact(models.Model):
    """One attempt to reach a party: reserved by the gate before it is made, and counted from then on.

    A reservation without outcome counts in every basis. It is given back only by a ContactOutcome
    `nothing_left`, written on the channel's own proof.
    """

    # an index for each question that is asked, none for a key alone: a row is written at every dial and message
    entity = models.ForeignKey(Entity, models.PROTECT, db_index=False)
    party = models.ForeignKey(Party, models.PROTECT, db_index=False, related_name="contacts")  # whose case it is about
    person = models.ForeignKey(
        Party, models.PROTECT, db_index=False, related_name="reached_in"
    )  # who was to be reached
    party_type = models.CharField(max_length=20, default="debtor")
    contact_point = models.ForeignKey(ContactPoint, models.PROTECT, null=True)
    point_digest = models.BinaryField(null=True)
    case_id = models.BigIntegerField(null=True)
    account = models.ForeignKey(Account, models.PROTECT, db_index=False, null=True)  # it is about this one alone
    channel = models.CharField(max_length=12)  # call, ai_call, sms, email, letter, visit, im
    direction = models.CharField(max_length=3, default="out")
    purpose = models.CharField(max_length=20)
    decision = models.OneToOneField(GateDecision, models.PROTECT, null=True, related_name="contact")
    token = models.UUIDField(unique=True)
    expires_at = models.DateTimeField()
    local_date = models.DateField()  # in the debtor's day
    reserved_at = models.DateTimeField()
    by_id = models.BigIntegerField(null=True)
    allotment = models.ForeignKey(Allotment, models.PROTECT, null=True, related_name="contacts")
    key = models.CharField(max_length=80)  # idempotency: a double click is one contact

    class Meta:
        constraints = [models.UniqueConstraint(fields=["key"], name="contact_key")]
        indexes = [
            models.Index(fields=["person", "local_date"], name="contact_person_day"),
            models.Index(fields=["point_digest", "local_date"], name="contact_point_day"),
            models.Index(fields=["party", "-id"], name="contact_party"),
            models.Index(fields=["reserved_at"], name="contact_reserved"),
        ]


class ContactOutcome(models.Model):
    """What came of a contact. The last one recorded counts; none is edited."""

    contact = models.ForeignKey(Contact, models.PROTECT, db_index=False, related_name="outcomes")
    outcome = models.CharField(max_length=28)  # contact-rules 2.1, or nothing_left
    identified = models.BooleanField(default=False)  # 核身 passed in this contact
    seconds = models.IntegerField(null=True)
    result = models.CharField(max_length=24, blank=True)  # promise, refused, dispute, call_back, says_paid ...
    recorded_at = models.DateTimeField()
    recorded_by = models.BigIntegerField(null=True)
    key = models.CharField(max_length=80)
    record = models.CharField(max_length=120, blank=True, default="")  # the id of the carrier's own record of it
    file = models.ForeignKey(StoredFile, models.PROTECT, null=True, related_name="+")  # in which that record stands

    class Meta:
        constraints = [models.UniqueConstraint(fields=["key"], name="outcome_key")]
        indexes = [
            models.Index(fields=["contact", "-id"], name="outcome_contact"),
            models.Index(fields=["record"], condition=~models.Q(record=""), name="outcome_record"),
        ]
