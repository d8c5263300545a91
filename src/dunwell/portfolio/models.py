"""People and their accounts. Personal data stands in three tables, under a data key a party."""

from django.db import models

from dunwell.identity.models import Entity


class Party(models.Model):
    """A person or company, once, however many cards. Carries no personal data in clear, only masks."""

    class Kind(models.TextChoices):
        PERSON = "person"
        COMPANY = "company"

    entity = models.ForeignKey(Entity, models.PROTECT, db_index=False)  # one_party
    party_no = models.CharField(max_length=40, db_collation="C")  # the host's customer number
    kind = models.CharField(max_length=16, choices=Kind.choices, default=Kind.PERSON)
    name_masked = models.CharField(max_length=80)
    id_masked = models.CharField(max_length=40, blank=True)
    language = models.CharField(max_length=8, default="zh-hans")
    province = models.CharField(max_length=6, blank=True)  # GB/T 2260
    timezone = models.CharField(max_length=40, blank=True)  # empty: unknown, and the gate fails closed
    touches = models.BigIntegerField(default=0)  # counts facts written about the party; fences publishing

    class Meta:
        constraints = [models.UniqueConstraint(fields=["entity", "party_no"], name="one_party")]


class PartyKey(models.Model):
    """The party's data key, wrapped by a version of the master key. Erasing the row erases the person."""

    party = models.OneToOneField(Party, models.CASCADE, primary_key=True, related_name="key")
    wrapped = models.BinaryField()
    master_version = models.IntegerField()


class PartyIdentity(models.Model):
    """Name and identity number, encrypted."""

    party = models.OneToOneField(Party, models.CASCADE, primary_key=True, related_name="identity")
    name_sealed = models.BinaryField()
    id_kind = models.CharField(max_length=24, blank=True)
    id_sealed = models.BinaryField(null=True)
    digest = models.BinaryField()  # keyed hash of name and number: unchanged ones are not sealed anew


class Tombstone(models.Model):
    """A person who was erased: what the bank's files say of the customer number is left out from then on.

    The number stands here as keyed hash, so that the row tells nothing when the party's own row is gone.
    """

    entity = models.ForeignKey(Entity, models.PROTECT)
    party = models.OneToOneField(Party, models.SET_NULL, null=True, related_name="tombstone")
    digest = models.BinaryField()
    digest_version = models.IntegerField()
    erased_at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["entity", "digest"], name="one_tombstone")]


class ContactPoint(models.Model):
    """A number or address of a party, encrypted, with its lawful source (CN-SRC)."""

    class Kind(models.TextChoices):
        MOBILE = "mobile"
        LANDLINE = "landline"
        EMAIL = "email"
        ADDRESS = "address"
        IM = "im"  # his number at the bank's message hub: app, WeChat service account, 企业微信

    class Status(models.TextChoices):
        VALID = "valid"
        SUSPENDED = "suspended"
        INVALID = "invalid"

    party = models.ForeignKey(Party, models.CASCADE, related_name="contact_points")
    kind = models.CharField(max_length=16, choices=Kind.choices)
    label = models.CharField(max_length=16, default="own")  # own, home, workplace, post
    source = models.CharField(
        max_length=32
    )  # contract, left_by_debtor, authorised, public, declared_contact, authorised_query
    value_sealed = models.BinaryField()
    masked = models.CharField(max_length=80)
    digest = models.BinaryField()  # keyed hash of the normalised value
    digest_version = models.IntegerField()
    timezone = models.CharField(max_length=40, blank=True)  # of a landline's or mobile's area, where known
    status = models.CharField(max_length=16, choices=Status.choices, default=Status.VALID)
    status_reason = models.CharField(max_length=40, blank=True)
    status_on = models.DateField(null=True)
    known_since = models.DateField(null=True)  # the bank's day on which it first came here

    class Meta:
        constraints = [models.UniqueConstraint(fields=["party", "kind", "digest"], name="one_contact_point")]
        indexes = [models.Index(fields=["digest"], name="contactpoint_digest")]


class Correction(models.Model):
    """A fact: at the person's word, or on a paper, something held about him was put right (PIPL Art 46)."""

    class What(models.TextChoices):
        NAME = "name"
        CONTACT_POINT = "contact_point"

    party = models.ForeignKey(Party, models.PROTECT, related_name="corrections")
    what = models.CharField(max_length=16, choices=What.choices)
    contact_point = models.ForeignKey(ContactPoint, models.PROTECT, null=True, related_name="+")  # the right one
    replaces = models.ForeignKey(ContactPoint, models.PROTECT, null=True, related_name="+")  # the wrong one
    source = models.CharField(max_length=32)  # of the right one: as a contact point's
    reason = models.CharField(max_length=200)
    recorded_at = models.DateTimeField()
    recorded_by = models.BigIntegerField(null=True)
    key = models.CharField(max_length=80, unique=True)


class SearchKey(models.Model):
    """A versioned keyed hash under which a party is found by identity number or whole name.

    Contact points and cards carry theirs on their own rows.
    """

    party = models.ForeignKey(Party, models.CASCADE, related_name="search_keys")
    kind = models.CharField(max_length=12)  # id, name
    version = models.IntegerField()
    digest = models.BinaryField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["kind", "digest", "party"], name="one_search_key")]


class Account(models.Model):
    """One card account in one currency, as the host books it. Never called a loan."""

    entity = models.ForeignKey(Entity, models.PROTECT, db_index=False, db_constraint=False)  # one_account
    account_no = models.CharField(max_length=40, db_collation="C")  # the host's number, the key
    currency = models.CharField(max_length=3)
    product = models.CharField(max_length=24)
    branch = models.CharField(max_length=24, blank=True)
    cycle_day = models.SmallIntegerField()
    open_date = models.DateField(null=True)
    party = models.ForeignKey(Party, models.PROTECT, related_name="accounts")  # the primary cardholder

    class Meta:
        constraints = [models.UniqueConstraint(fields=["entity", "account_no"], name="one_account")]


class AccountRole(models.Model):
    """What a party is to an account, named by the host's number: the accounts file may come after the parties'."""

    class Role(models.TextChoices):
        PRIMARY = "primary"
        SUPPLEMENTARY = "supplementary"
        GUARANTOR = "guarantor"
        JOINT_DEBTOR = "joint_debtor"
        COMPANY = "company"
        DECLARED_CONTACT = "declared_contact"
        GUARDIAN = "guardian"
        REPRESENTATIVE = "representative"

    account_no = models.CharField(max_length=40, db_collation="C")
    party = models.ForeignKey(Party, models.CASCADE, related_name="roles")
    role = models.CharField(max_length=20, choices=Role.choices)
    relation = models.CharField(max_length=24, blank=True)  # of a declared contact: mother, colleague ...

    class Meta:
        constraints = [models.UniqueConstraint(fields=["party", "account_no", "role"], name="one_role")]
        indexes = [models.Index(fields=["account_no"], name="accountrole_account")]


class Card(models.Model):
    """A card is kept as token, last four digits and keyed hash; its number is not kept.

    Named by the host's account number, as AccountRole is: a replaced or supplementary card never moves a case.
    """

    entity = models.ForeignKey(Entity, models.PROTECT)
    account_no = models.CharField(max_length=40, db_collation="C")
    token = models.CharField(max_length=40, unique=True, db_collation="C")
    last4 = models.CharField(max_length=4)
    digest = models.BinaryField()
    digest_version = models.IntegerField()
    kind = models.CharField(max_length=16)  # primary, supplementary
    holder_party_no = models.CharField(max_length=40, blank=True, db_collation="C")
    status = models.CharField(max_length=16)  # active, replaced, closed, blocked
    replaces_token = models.CharField(max_length=40, blank=True)

    class Meta:
        indexes = [
            models.Index(fields=["last4"], name="card_last4"),
            models.Index(fields=["entity", "account_no"], name="card_account"),
            models.Index(fields=["digest"], name="card_digest"),
        ]


class Touch(models.Model):
    """A party that a writer of facts touched: waiting to be reassessed."""

    party = models.OneToOneField(Party, models.CASCADE, primary_key=True, related_name="touch")
    since = models.DateTimeField()
