"""What every page knows."""

from django.http import HttpRequest


def frame(request: HttpRequest) -> dict[str, object]:
    return {"theme": getattr(request.user, "theme", "system")}
