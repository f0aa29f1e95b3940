"""The built-in app with the system attrs and their names, which every app has.

The server takes the system attrs from `triples.attrs.system_catalog`; these rows let SQL, the
admin site and foreign keys find them too, and reserve their ids.
"""

from __future__ import annotations

from django.apps.registry import Apps
from django.db import migrations
from django.db.backends.base.schema import BaseDatabaseSchemaEditor

from triples.attrs.system_catalog import SYSTEM_APP_ID, SYSTEM_ATTRS

_COPIED_FIELDS = (
    "id",
    "etype",
    "label",
    "forward_ident",
    "value_type",
    "cardinality",
    "is_unique",
    "is_indexed",
    "is_required",
    "reverse_etype",
    "reverse_label",
    "reverse_ident",
    "checked_data_type",
    "on_delete",
    "on_delete_reverse",
    "inferred_types",
)


def insert_system_app(apps: Apps, _editor: BaseDatabaseSchemaEditor) -> None:
    """Store the catalog as rows."""
    app = apps.get_model("triples", "App").objects.create(
        id=SYSTEM_APP_ID, title="System catalog", status="read-only"
    )
    attr_model, ident_model = apps.get_model("triples", "Attr"), apps.get_model("triples", "Ident")
    attr_model.objects.bulk_create(
        attr_model(app=app, **{name: getattr(attr, name) for name in _COPIED_FIELDS})
        for attr in SYSTEM_ATTRS
    )
    names = [(attr.forward_ident, attr.id, attr.etype, attr.label) for attr in SYSTEM_ATTRS]
    names += [
        (attr.reverse_ident, attr.id, attr.reverse_etype, attr.reverse_label)
        for attr in SYSTEM_ATTRS
        if attr.reverse_ident and attr.reverse_etype and attr.reverse_label
    ]
    ident_model.objects.bulk_create(
        ident_model(id=ident, app=app, attr_id=attr_id, etype=etype, label=label)
        for ident, attr_id, etype, label in names
    )


def delete_system_app(apps: Apps, _editor: BaseDatabaseSchemaEditor) -> None:
    """Delete the app and, by cascade, its attrs and idents."""
    apps.get_model("triples", "App").objects.filter(id=SYSTEM_APP_ID).delete()


class Migration(migrations.Migration):
    """Inserts the system catalog."""

    dependencies = [("triples", "0003_triples")]
    operations = [migrations.RunPython(insert_system_app, delete_system_app)]
