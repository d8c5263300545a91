"""The desk's addresses."""

from django.urls import path

from dunwell.desk.pages import accounts, acts, case, lists, payments, portfolio, profile, sign_in, start, team, users

app_name = "desk"
urlpatterns = [
    path("", start.home, name="home"),
    path("desk", start.desk, name="desk"),
    path("desk/left", start.left, name="left"),
    path("next", start.following, name="next"),
    path("cases/<str:case_no>", case.case, name="case"),
    path("cases/<str:case_no>/timeline", case.entries, name="timeline"),
    path("cases/<str:case_no>/take", case.take, name="take"),
    path("cases/<str:case_no>/incoming", case.incoming, name="incoming"),
    path("cases/<str:case_no>/dial", case.dial, name="dial"),
    path("cases/<str:case_no>/contact", case.contact, name="contact"),
    path("cases/<str:case_no>/draft", case.draft, name="draft"),
    path("cases/<str:case_no>/note", acts.note, name="note"),
    path("cases/<str:case_no>/snooze", acts.snooze, name="snooze"),
    path("cases/<str:case_no>/reveal", acts.reveal, name="reveal"),
    path("cases/<str:case_no>/message", acts.message, name="message"),
    path("cases/<str:case_no>/payment", acts.payment, name="payment"),
    path("cases/<str:case_no>/promise", acts.promise, name="promise"),
    path("cases/<str:case_no>/owner", team.owner, name="owner"),
    path("cases/<str:case_no>/hold", acts.hold, name="hold"),
    path("lists", lists.lists, name="lists"),
    path("payments", payments.payments, name="payments"),
    path("payments/<int:payment_id>/drop", payments.drop, name="payment_drop"),
    path("portfolio", portfolio.portfolio, name="portfolio"),
    path("portfolio/accounts", accounts.accounts, name="portfolio_accounts"),
    path("search", lists.search, name="search"),
    path("team", team.team, name="team"),
    path("login", sign_in.sign_in, name="sign_in"),
    path("login/code", sign_in.sign_in_code, name="sign_in_code"),
    path("logout", sign_in.sign_out, name="sign_out"),
    path("preferences", sign_in.preferences, name="preferences"),
    path("profile", profile.profile, name="profile"),
    path("profile/password", profile.password, name="password"),
    path("profile/code", profile.code, name="code"),
    path("profile/code/off", profile.code_off, name="code_off"),
    path("users", users.users, name="users"),
    path("users/<int:user_id>", users.change, name="user"),
    path("users/<int:user_id>/password", users.new_password, name="user_password"),
]
