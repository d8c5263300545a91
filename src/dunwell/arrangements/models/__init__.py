"""Promises, arrangements and what the host is asked to do for them. Facts, but for what the programs compute of them."""

from dunwell.arrangements.means.models import MeansStatement, Proof, ProofCheck
from dunwell.arrangements.models.certificates import (
    Certificate,
    CertificateAccount,
    CertificateAnswer,
    CertificateRequest,
    CertificateRevocation,
)
from dunwell.arrangements.models.changes import ChangeAnswer, ChangeRequest
from dunwell.arrangements.models.debits import FailedDebit
from dunwell.arrangements.models.deductions import DeductionAuthority, DeductionRevocation
from dunwell.arrangements.models.instructions import (
    Instruction,
    InstructionAnswer,
    InstructionBatch,
    InstructionSending,
)
from dunwell.arrangements.models.plans import (
    Arrangement,
    ArrangementAnswer,
    ArrangementConsent,
    ArrangementEnd,
    ArrangementForce,
    ArrangementRepaid,
    ArrangementStep,
    CombinedPlan,
    Instalment,
)
from dunwell.arrangements.models.promises import Promise, PromisePart, PromiseWithdrawal
from dunwell.arrangements.models.reminders import DueReminder

__all__ = [
    "Arrangement",
    "ArrangementAnswer",
    "ArrangementConsent",
    "ArrangementEnd",
    "ArrangementForce",
    "ArrangementRepaid",
    "ArrangementStep",
    "Certificate",
    "CertificateAccount",
    "CertificateAnswer",
    "CertificateRequest",
    "CertificateRevocation",
    "ChangeAnswer",
    "ChangeRequest",
    "CombinedPlan",
    "DeductionAuthority",
    "DeductionRevocation",
    "DueReminder",
    "FailedDebit",
    "Instalment",
    "Instruction",
    "InstructionAnswer",
    "InstructionBatch",
    "InstructionSending",
    "MeansStatement",
    "Promise",
    "PromisePart",
    "PromiseWithdrawal",
    "Proof",
    "ProofCheck",
]
