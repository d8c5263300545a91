"""The page speaks the user's language."""

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse
from django.utils import translation


class LanguageMiddleware:
    """The signed-in user's language; before that the cookie `language`; else Chinese."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        user = request.user
        language = user.language if user.is_authenticated else request.COOKIES.get("language", "zh-hans")
        with translation.override("en" if language == "en" else "zh-hans"):
            response = self.get_response(request)
            response.headers["Content-Language"] = translation.get_language() or "zh-hans"
            return response
