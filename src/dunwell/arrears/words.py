"""Words of arrears that several pages use."""

from django.utils.translation import pgettext_lazy

CLASSES = {
    "pass": pgettext_lazy("risk class", "Pass"),
    "special_mention": pgettext_lazy("risk class", "Special mention"),
    "substandard": pgettext_lazy("risk class", "Substandard"),
    "doubtful": pgettext_lazy("risk class", "Doubtful"),
    "loss": pgettext_lazy("risk class", "Loss"),
}
