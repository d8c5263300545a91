"""Addresses of the floor: how those who work cases work together."""

from django.urls import path

from dunwell.floor.pages import beside, board, members, results

app_name = "floor"
urlpatterns = [
    path("team/people/<int:user_id>", members.member, name="member"),
    path("team/people/<int:user_id>/takes", members.takes, name="takes"),
    path("team/people/<int:user_id>/away", members.away, name="away"),
    path("team/people/<int:user_id>/back", members.back, name="back"),
    path("cases/<str:case_no>/assist", members.assist, name="assist"),
    path("team/board", board.board_page, name="board"),
    path("team/board/live", board.live, name="board_live"),
    path("team/help/<int:request_id>", beside.answer, name="help_answer"),
    path("cases/<str:case_no>/help", beside.ask, name="help"),
    path("cases/<str:case_no>/help/withdraw", beside.withdraw, name="help_withdraw"),
    path("cases/<str:case_no>/abused", beside.abused, name="abused"),
    path("break", beside.pause, name="break"),
    path("break/over", beside.go_on, name="break_over"),
    path("law", beside.law, name="law"),
    path("results", results.results, name="results"),
]
