"""The desk's addresses."""

from django.urls import path

from dunwell.desk.pages import profile, sign_in, users

app_name = "desk"
urlpatterns = [
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
