"""Addresses of the floor: how those who work cases work together."""

from django.urls import path

from dunwell.floor.pages import articles, beside, board, members, results, tracing, training, work

app_name = "floor"
urlpatterns = [
    path("team/people/<int:user_id>", members.member, name="member"),
    path("team/people/<int:user_id>/takes", members.takes, name="takes"),
    path("team/people/<int:user_id>/away", members.away, name="away"),
    path("team/people/<int:user_id>/back", members.back, name="back"),
    path("cases/<str:case_no>/assist", members.assist, name="assist"),
    path("cases/<str:case_no>/script/<int:contact_id>", beside.said, name="script"),
    path("team/board", board.board_page, name="board"),
    path("team/board/live", board.live, name="board_live"),
    path("team/help/<int:request_id>", beside.answer, name="help_answer"),
    path("cases/<str:case_no>/help", beside.ask, name="help"),
    path("cases/<str:case_no>/help/withdraw", beside.withdraw, name="help_withdraw"),
    path("cases/<str:case_no>/abused", beside.abused, name="abused"),
    path("break", beside.pause, name="break"),
    path("break/over", beside.go_on, name="break_over"),
    path("law", beside.law, name="law"),
    path("cases/<str:case_no>/trace", tracing.trace, name="trace"),
    path("cases/<str:case_no>/trace/tried", tracing.tried, name="trace_tried"),
    path("cases/<str:case_no>/trace/asset", tracing.owns, name="trace_asset"),
    path("team/sources", tracing.sources, name="sources"),
    path("desk/worklist", work.live, name="worklist"),
    path("desk/call", work.call, name="call"),
    path("many", work.many, name="many"),
    path("cases/<str:case_no>/macros", work.offered, name="macros_offered"),
    path("cases/<str:case_no>/macros/<int:macro_id>", work.run, name="macro_run"),
    path("team/macros", work.macro_list, name="macros"),
    path("views", work.keep_view, name="keep_view"),
    path("views/<int:view_id>/drop", work.drop_view, name="drop_view"),
    path("texts/<str:kind>", articles.articles, name="articles"),
    path("texts/<int:article_id>/approve", articles.approve, name="article_approve"),
    path("training", training.training, name="training"),
    path("training/team", training.team, name="training_team"),
    path("training/<str:code>", training.test, name="test"),
    path("results", results.results, name="results"),
]
