"""THE list of HTTP paths. Sockets are in `realtime.routing`."""

from __future__ import annotations

from django.conf import settings
from django.contrib import admin
from django.urls import path

from auth_app.http import admin as admin_auth
from auth_app.http import dash_email, dash_oauth, dash_users, oauth
from auth_app.http import runtime as runtime_auth
from auth_app.refresh_tokens import user_of_token
from instant_project import site
from instant_project.folder_files import entry_point, folder_files
from instant_project.operator_login import OperatorLoginForm
from instant_project.operator_static import operator_static
from instant_project.sign_in import configured_sign_in
from presence.http.rooms import admin_presence
from realtime import lifecycle
from realtime.admin_sse import admin_sse, admin_sse_push, admin_subscribe_query
from realtime.health import system_health
from realtime.metrics import metrics
from realtime.runtime_sse import runtime_sse
from triples.attrs.store import CatalogCache
from triples.http import rules, schema
from triples.http.ephemeral_apps import Policy, ephemeral_app, ephemeral_apps
from triples.http.queries import admin_query, framework_query
from triples.http.query_trials import query_perms_check
from triples.http.transactions import admin_transact, transact_perms_check
from triples.schema.apply import apply_new_schema
from wire.http import read_only

ephemeral_policy = Policy(
    may_create=settings.ENVIRONMENT.ephemeral_apps,
    creations_per_hour=settings.ENVIRONMENT.ephemeral_apps_per_hour,
    trusted_proxies=settings.ENVIRONMENT.trusted_proxies,
)
catalogs = CatalogCache()
sign_in = configured_sign_in()
admin.site.login_form = OperatorLoginForm

urlpatterns = [
    # pages, and the browser client they use
    path("", read_only(site.home)),
    path("recipes/", read_only(site.recipe_list)),
    path("recipes/<path:file>", site.recipe_files()),
    path("site/<path:file>", folder_files(site.ASSETS)),
    path("sdk/instant.js", read_only(entry_point(site.SDK, "instant.js"))),
    path("sdk/<path:file>", folder_files(site.SDK)),
    path("health/system", read_only(system_health)),
    path("metrics", read_only(metrics)),
    # sockets, for clients that cannot open one
    path("runtime/sse", runtime_sse),
    # live queries of admin SDKs
    path("admin/subscribe-query", admin_subscribe_query(user_of_token)),
    path("admin/sse", admin_sse(user_of_token)),
    path("admin/sse/push", admin_sse_push()),
    # apps
    path("dash/apps/ephemeral", ephemeral_apps(ephemeral_policy, apply_new_schema)),
    path("dash/apps/ephemeral/<app_id>", ephemeral_app()),
    # queries
    path("admin/query", admin_query(catalogs, user_of_token, settings.ENVIRONMENT.trusted_proxies)),
    path(
        "runtime/framework/query",
        framework_query(catalogs, user_of_token, settings.ENVIRONMENT.trusted_proxies),
    ),
    path(
        "admin/query_perms_check",
        query_perms_check(catalogs, user_of_token, settings.ENVIRONMENT.trusted_proxies),
    ),
    # writes
    path("admin/transact", admin_transact(user_of_token, settings.ENVIRONMENT.trusted_proxies)),
    path(
        "admin/transact_perms_check",
        transact_perms_check(user_of_token, settings.ENVIRONMENT.trusted_proxies),
    ),
    # sign-in
    path("runtime/auth/send_magic_code", sign_in.view(post=runtime_auth.send_magic_code)),
    path("runtime/auth/verify_magic_code", sign_in.view(post=runtime_auth.verify_magic_code)),
    path("runtime/auth/sign_in_guest", sign_in.view(post=runtime_auth.sign_in_as_guest)),
    path("runtime/auth/verify_refresh_token", sign_in.view(post=runtime_auth.verify_refresh_token)),
    path("runtime/signout", sign_in.view(post=runtime_auth.sign_out)),
    path("runtime/oauth/start", sign_in.view(get=oauth.begin)),
    path("runtime/oauth/callback", sign_in.view(get=oauth.callback, post=oauth.callback)),
    path("runtime/oauth/token", sign_in.view(post=oauth.exchange)),
    path("runtime/oauth/id_token", sign_in.view(post=oauth.id_token)),
    path("runtime/<app_id>/oauth/start", sign_in.view(get=oauth.begin)),
    path("runtime/<app_id>/oauth/token", sign_in.view(post=oauth.exchange)),
    path(
        "runtime/<app_id>/.well-known/openid-configuration",
        sign_in.view(get=oauth.openid_configuration),
    ),
    path("admin/refresh_tokens", sign_in.view(post=admin_auth.make_token)),
    path("admin/sign_out", sign_in.view(post=admin_auth.sign_out)),
    path("admin/users", sign_in.view(get=admin_auth.show_user, delete=admin_auth.delete_user)),
    path("admin/magic_code", sign_in.view(post=admin_auth.make_magic_code)),
    path("admin/send_magic_code", sign_in.view(post=admin_auth.send_magic_code)),
    path("admin/verify_magic_code", sign_in.view(post=admin_auth.verify_magic_code)),
    path("admin/sign_in_guest", sign_in.view(post=admin_auth.sign_in_as_guest)),
    # how apps sign people in
    path("dash/apps/<app_id>/auth", sign_in.view(get=dash_oauth.show)),
    path("dash/apps/<app_id>/oauth_service_providers", sign_in.view(post=dash_oauth.add_provider)),
    path("dash/apps/<app_id>/oauth_clients", sign_in.view(post=dash_oauth.add_client)),
    path(
        "dash/apps/<app_id>/oauth_clients/<id>",
        sign_in.view(post=dash_oauth.change_client, delete=dash_oauth.delete_client),
    ),
    path(
        "dash/apps/<app_id>/authorized_redirect_origins", sign_in.view(post=dash_oauth.add_origin)
    ),
    path(
        "dash/apps/<app_id>/authorized_redirect_origins/<id>",
        sign_in.view(delete=dash_oauth.delete_origin),
    ),
    path("dash/default-email-template", sign_in.view(get=dash_email.default_template)),
    path("dash/apps/<app_id>/email_status", sign_in.view(get=dash_email.status)),
    path("dash/apps/<app_id>/email_templates", sign_in.view(post=dash_email.put_template)),
    path(
        "dash/apps/<app_id>/email_templates/<id>", sign_in.view(delete=dash_email.delete_template)
    ),
    path(
        "dash/apps/<app_id>/sender-verification", sign_in.view(get=dash_email.sender_verification)
    ),
    path(
        "dash/apps/<app_id>/test_users",
        sign_in.view(
            get=dash_users.test_users,
            post=dash_users.put_test_user,
            delete=dash_users.delete_test_user,
        ),
    ),
    path("dash/apps/<app_id>/set-magic-code-expiry", sign_in.view(post=dash_users.set_code_expiry)),
    # rooms
    path("admin/rooms/presence", admin_presence(lambda: lifecycle.running().rooms)),
    # schemas
    path("admin/schema", schema.admin_schema),
    path("admin/soft_deleted_attrs", schema.admin_soft_deleted),
    path("superadmin/apps/<app_id>/schema", schema.superadmin_schema),
    path("superadmin/apps/<app_id>/schema/push/plan", schema.schema_plan),
    path("superadmin/apps/<app_id>/schema/push/apply", schema.schema_apply),
    path("dash/apps/<app_id>/schema/pull", schema.schema_pull),
    path("dash/apps/<app_id>/schema/push/plan", schema.schema_plan),
    path("dash/apps/<app_id>/schema/push/apply", schema.schema_apply),
    path("dash/apps/<app_id>/schema/steps/apply", schema.schema_steps_apply),
    path("dash/apps/<app_id>/indexing-jobs", schema.indexing_jobs),
    path("dash/apps/<app_id>/indexing-jobs/group/<group_id>", schema.indexing_group),
    path("dash/apps/<app_id>/indexing-jobs/<job_id>", schema.indexing_job),
    path("dash/apps/<app_id>/soft_deleted_attrs", schema.dash_soft_deleted),
    # permission rules
    path("dash/apps/<app_id>/perms/pull", rules.dash_pull),
    path("dash/apps/<app_id>/rules", rules.dash_push),
    path("dash/apps/<app_id>/rule-versions", rules.dash_versions),
    path("superadmin/apps/<app_id>/perms", rules.superadmin_perms),
    # the operator's own site
    path("operator/static/<path:file>", operator_static),
    path("operator/", admin.site.urls),
]

handler404 = "wire.http.unknown_route"
